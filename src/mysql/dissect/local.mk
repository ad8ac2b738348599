noinst_LIBRARIES += src/libmysql_dissect.a
src_libmysql_dissect_a_SOURCES = \
	src/mysql/dissect/dissect.c \
	src/mysql/dissect/dissect.h \
	src/mysql/dissect/dissect_frames.c \
	src/mysql/dissect/dissect_secret.c \
	src/mysql/dissect/dissect_state.h \
	src/mysql/dissect/emit.c \
	src/mysql/dissect/execute.c \
	src/mysql/dissect/fastpath.c \
	src/mysql/dissect/fastpath_state.h \
	src/mysql/dissect/login.c \
	src/mysql/dissect/message.h \
	src/mysql/dissect/multi_result.c \
	src/mysql/dissect/packets.c \
	src/mysql/dissect/request.c \
	src/mysql/dissect/result.c \
	src/mysql/dissect/result_header_cache.c \
	src/mysql/dissect/result_header_cache.h \
	src/mysql/dissect/rows.c \
	src/mysql/dissect/session_vars.c \
	src/mysql/dissect/statement.c \
	src/mysql/dissect/statement.h \
	src/mysql/dissect/transaction.c
