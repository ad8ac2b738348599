noinst_LIBRARIES += src/libmysql.a
src_libmysql_a_SOURCES = \
	src/mysql/dissect.h \
	src/mysql/record.h \
	src/mysql/value.h \
	src/mysql/none.c
