noinst_LIBRARIES += src/libsettings.a
src_libsettings_a_SOURCES = \
	src/settings/file.c \
	src/settings/rows.c \
	src/settings/settings.c src/settings/settings.h
