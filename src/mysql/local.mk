noinst_LIBRARIES += src/libmysql.a
src_libmysql_a_SOURCES = \
	src/mysql/capability.c src/mysql/capability.h \
	src/mysql/charset.c src/mysql/charset.h \
	src/mysql/command.c src/mysql/command.h \
	src/mysql/compress.c src/mysql/compress.h \
	src/mysql/heads.c src/mysql/heads.h \
	src/mysql/digest.c src/mysql/digest.h \
	src/mysql/dissect.c src/mysql/dissect.h src/mysql/dissect_state.h src/mysql/dissect_frames.c \
	src/mysql/dissect_feed.h src/mysql/dissect_lanes.c src/mysql/dissect_secret.c src/mysql/dissect_tell.c \
	src/mysql/dissect_usual.c \
	src/mysql/execute.c \
	src/mysql/frame.c src/mysql/frame.h \
	src/mysql/gate.c src/mysql/gate.h src/mysql/gate_state.h \
	src/mysql/gate_auth.c \
	src/mysql/handshake.c src/mysql/handshake.h \
	src/mysql/hold.c src/mysql/hold.h \
	src/mysql/lenenc.h \
	src/mysql/lint.c src/mysql/lint.h \
	src/mysql/login.c \
	src/mysql/parts.c \
	src/mysql/record.c src/mysql/record.h src/mysql/record_kinds.h src/mysql/record_pack.c \
	src/mysql/reply.c src/mysql/reply.h \
	src/mysql/request.c \
	src/mysql/result.c \
	src/mysql/rows.c \
	src/mysql/secret.c src/mysql/secret.h src/mysql/secret_behind.c src/mysql/secret_behind.h \
	src/mysql/secret_data.c src/mysql/secret_data.h \
	src/mysql/secret_find.c src/mysql/secret_frames.c src/mysql/secret_frames.h \
	src/mysql/secret_roles.c src/mysql/secret_roles.h src/mysql/secret_words.c src/mysql/secret_words.h \
	src/mysql/setnames.c src/mysql/setnames.h \
	src/mysql/sql.c src/mysql/sql.h src/mysql/sql_words.c src/mysql/sql_words.h \
	src/mysql/statement.c src/mysql/statement.h \
	src/mysql/track.c src/mysql/transaction.c \
	src/mysql/value.c src/mysql/value.h
