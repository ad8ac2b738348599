noinst_LIBRARIES += src/libprofile_explain.a
src_libprofile_explain_a_SOURCES = \
	src/profile/explain/births.c \
	src/profile/explain/births.h \
	src/profile/explain/dump.c \
	src/profile/explain/dump.h \
	src/profile/explain/dump_file.c \
	src/profile/explain/dump_file.h \
	src/profile/explain/dump_proto.c \
	src/profile/explain/dump_proto.h \
	src/profile/explain/dump_set.c \
	src/profile/explain/dump_set.h \
	src/profile/explain/dump_text.c \
	src/profile/explain/dump_text.h \
	src/profile/explain/explain.c \
	src/profile/explain/explain.h \
	src/profile/explain/explain_types.c \
	src/profile/explain/explain_types.h \
	src/profile/explain/growing_sites.c \
	src/profile/explain/growing_sites.h \
	src/profile/explain/inflate.c \
	src/profile/explain/inflate.h \
	src/profile/explain/judge.c \
	src/profile/explain/judge.h \
	src/profile/explain/names.c \
	src/profile/explain/names.h \
	src/profile/explain/print.c \
	src/profile/explain/print.h \
	src/profile/explain/rows.c \
	src/profile/explain/runs.c \
	src/profile/explain/runs.h \
	src/profile/explain/sentences.c \
	src/profile/explain/tables.c \
	src/profile/explain/text.c \
	src/profile/explain/words.c \
	src/profile/explain/words.h
