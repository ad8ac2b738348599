noinst_LIBRARIES += src/libmysql_wire.a
src_libmysql_wire_a_SOURCES = \
	src/mysql/wire/capability.c \
	src/mysql/wire/capability.h \
	src/mysql/wire/charset.c \
	src/mysql/wire/charset.h \
	src/mysql/wire/command.c \
	src/mysql/wire/command.h \
	src/mysql/wire/compress.c \
	src/mysql/wire/compress.h \
	src/mysql/wire/field.c \
	src/mysql/wire/field.h \
	src/mysql/wire/frame.c \
	src/mysql/wire/frame.h \
	src/mysql/wire/handshake.c \
	src/mysql/wire/handshake.h \
	src/mysql/wire/lenenc.h \
	src/mysql/wire/lint.c \
	src/mysql/wire/lint.h \
	src/mysql/wire/packet.h \
	src/mysql/wire/packet_fields.c \
	src/mysql/wire/packet_fields.h \
	src/mysql/wire/packet_kind.c \
	src/mysql/wire/packet_kind.h \
	src/mysql/wire/real.c \
	src/mysql/wire/real.h \
	src/mysql/wire/reply.c \
	src/mysql/wire/reply.h \
	src/mysql/wire/result_head.c \
	src/mysql/wire/result_head.h \
	src/mysql/wire/side.h \
	src/mysql/wire/sql_mode.c \
	src/mysql/wire/sql_mode.h \
	src/mysql/wire/value.c \
	src/mysql/wire/value.h
