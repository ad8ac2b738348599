noinst_LIBRARIES += src/libprofile_export.a
src_libprofile_export_a_SOURCES = \
	src/profile/export/buffer.c \
	src/profile/export/buffer.h \
	src/profile/export/export.h \
	src/profile/export/export_curve.c \
	src/profile/export/export_diff.c \
	src/profile/export/export_growth.c \
	src/profile/export/export_heap.c \
	src/profile/export/export_parts.c \
	src/profile/export/export_parts.h \
	src/profile/export/export_proto.c \
	src/profile/export/export_stages.c \
	src/profile/export/growth.c \
	src/profile/export/growth.h \
	src/profile/export/gzip.c \
	src/profile/export/gzip.h \
	src/profile/export/intern.c \
	src/profile/export/intern.h \
	src/profile/export/mapping.c \
	src/profile/export/mapping.h \
	src/profile/export/process.c \
	src/profile/export/process.h \
	src/profile/export/proto.c \
	src/profile/export/proto.h \
	src/profile/export/series.c \
	src/profile/export/series.h \
	src/profile/export/snapshot.c \
	src/profile/export/snapshot.h \
	src/profile/export/suspect.c \
	src/profile/export/suspect.h \
	src/profile/export/symbol.c \
	src/profile/export/symbol.h \
	src/profile/export/verdict.c \
	src/profile/export/verdict.h \
	src/profile/export/verdict_all.c \
	src/profile/export/verdict_all.h
