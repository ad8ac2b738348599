noinst_LIBRARIES += src/libmysql_gate.a
src_libmysql_gate_a_SOURCES = \
	src/mysql/gate/gate.c \
	src/mysql/gate/gate.h \
	src/mysql/gate/gate_auth.c \
	src/mysql/gate/gate_auth.h \
	src/mysql/gate/gate_error.c \
	src/mysql/gate/gate_error.h \
	src/mysql/gate/gate_policy.h \
	src/mysql/gate/gate_queue.c \
	src/mysql/gate/gate_queue.h \
	src/mysql/gate/secure_buffer.c \
	src/mysql/gate/secure_buffer.h
