noinst_LIBRARIES += src/libmysql_sql.a
src_libmysql_sql_a_SOURCES = \
	src/mysql/sql/digest.c \
	src/mysql/sql/digest.h \
	src/mysql/sql/outline.c \
	src/mysql/sql/outline.h \
	src/mysql/sql/outline_verbs.c \
	src/mysql/sql/outline_verbs.h \
	src/mysql/sql/secret.c \
	src/mysql/sql/secret.h \
	src/mysql/sql/secret_behind.c \
	src/mysql/sql/secret_behind.h \
	src/mysql/sql/secret_data.c \
	src/mysql/sql/secret_data.h \
	src/mysql/sql/secret_find.c \
	src/mysql/sql/secret_frames.c \
	src/mysql/sql/secret_frames.h \
	src/mysql/sql/secret_labels.c \
	src/mysql/sql/secret_labels.h \
	src/mysql/sql/secret_patterns.c \
	src/mysql/sql/secret_patterns.h \
	src/mysql/sql/secret_roles.c \
	src/mysql/sql/secret_roles.h \
	src/mysql/sql/secret_settings.c \
	src/mysql/sql/secret_settings.h \
	src/mysql/sql/secret_words.c \
	src/mysql/sql/secret_words.h \
	src/mysql/sql/setnames.c \
	src/mysql/sql/setnames.h \
	src/mysql/sql/sql.c \
	src/mysql/sql/sql.h \
	src/mysql/sql/sql_words.c \
	src/mysql/sql/sql_words.h \
	src/mysql/sql/tags.c \
	src/mysql/sql/tags.h \
	src/mysql/sql/use.c \
	src/mysql/sql/use.h
