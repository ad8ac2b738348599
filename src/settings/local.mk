noinst_LIBRARIES += src/libsettings.a
src_libsettings_a_SOURCES = \
	src/settings/settings.h \
	src/settings/none.c
