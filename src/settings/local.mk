noinst_LIBRARIES += src/libsettings.a
src_libsettings_a_SOURCES = \
	src/settings/address_text.c \
	src/settings/address_text.h \
	src/settings/args.c \
	src/settings/changes.c \
	src/settings/changes.h \
	src/settings/file.c \
	src/settings/listeners.c \
	src/settings/listeners.h \
	src/settings/names.c \
	src/settings/names.h \
	src/settings/places.c \
	src/settings/places.h \
	src/settings/rows.c \
	src/settings/rows.h \
	src/settings/settings.c \
	src/settings/settings.h \
	src/settings/values.h \
	src/settings/write.c
