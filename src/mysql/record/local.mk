noinst_LIBRARIES += src/libmysql_record.a
src_libmysql_record_a_SOURCES = \
	src/mysql/record/client_host.c \
	src/mysql/record/client_host.h \
	src/mysql/record/field_table.h \
	src/mysql/record/fields.h \
	src/mysql/record/gap.h \
	src/mysql/record/record.c \
	src/mysql/record/record.h \
	src/mysql/record/record_cut.c \
	src/mysql/record/record_cut.h \
	src/mysql/record/record_packed.c \
	src/mysql/record/record_packed.h \
	src/mysql/record/record_raw.h \
	src/mysql/record/row_hashes.c \
	src/mysql/record/row_hashes.h
