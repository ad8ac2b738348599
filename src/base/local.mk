noinst_LIBRARIES += src/libbase.a
src_libbase_a_SOURCES = \
	src/base/clock.c \
	src/base/clock.h \
	src/base/diag.c \
	src/base/diag.h \
	src/base/evicting_ring.c \
	src/base/evicting_ring.h \
	src/base/files.c \
	src/base/files.h \
	src/base/json.c \
	src/base/json.h \
	src/base/json_writer.c \
	src/base/json_writer.h \
	src/base/lock.c \
	src/base/lock.h \
	src/base/reader.c \
	src/base/reader.h \
	src/base/ring.c \
	src/base/ring.h \
	src/base/seed.c \
	src/base/seed.h \
	src/base/shown.c \
	src/base/shown.h \
	src/base/span.h \
	src/base/start.c \
	src/base/start.h \
	src/base/status.c \
	src/base/status.h \
	src/base/stride.h \
	src/base/ticker.c \
	src/base/ticker.h \
	src/base/transcode.c \
	src/base/transcode.h \
	src/base/utf8.c \
	src/base/utf8.h \
	src/base/writer.c \
	src/base/writer.h
