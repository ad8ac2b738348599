noinst_LIBRARIES += src/libprofile.a
src_libprofile_a_SOURCES = \
	src/profile/export.h \
	src/profile/hooks.h \
	src/profile/prof.h \
	src/profile/record.h \
	src/profile/symbol.h \
	src/profile/none.c
