noinst_LIBRARIES += src/libprofile.a
src_libprofile_a_SOURCES = \
	src/profile/counts.c \
	src/profile/export.h \
	src/profile/export_growth.c \
	src/profile/export_heap.c \
	src/profile/export_stages.c \
	src/profile/fault.c \
	src/profile/fault.h \
	src/profile/hooks.c \
	src/profile/hooks.h \
	src/profile/process.c \
	src/profile/process.h \
	src/profile/prof.c \
	src/profile/prof.h \
	src/profile/record.c \
	src/profile/record.h \
	src/profile/sample.c \
	src/profile/sample.h \
	src/profile/seam.h \
	src/profile/series.c \
	src/profile/series.h \
	src/profile/stack.c \
	src/profile/stat.c \
	src/profile/stat.h \
	src/profile/stack.h \
	src/profile/symbol.c \
	src/profile/symbol.h \
	src/profile/table.h \
	src/profile/thread.c \
	src/profile/verdict.c \
	src/profile/verdict.h \
	src/profile/thread.h
