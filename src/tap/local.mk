noinst_LIBRARIES += src/libtap.a
src_libtap_a_SOURCES = \
	src/tap/dump_form.h \
	src/tap/field_text.c \
	src/tap/field_text.h \
	src/tap/tap.c \
	src/tap/tap.h \
	src/tap/tap_copy.c \
	src/tap/tap_copy.h \
	src/tap/tap_fields.c \
	src/tap/tap_fields.h \
	src/tap/tap_open.c \
	src/tap/tap_packets.c \
	src/tap/tap_state.h
