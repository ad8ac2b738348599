noinst_LIBRARIES += src/libprofile.a
src_libprofile_a_SOURCES = \
	src/profile/counts.c \
	src/profile/export.c src/profile/export.h \
	src/profile/fault.c \
	src/profile/hooks.c src/profile/hooks.h \
	src/profile/prof.c src/profile/prof.h src/profile/prof_state.h \
	src/profile/record.h \
	src/profile/sample.c \
	src/profile/symbol.c src/profile/symbol.h \
	src/profile/table.c
