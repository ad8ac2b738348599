noinst_LIBRARIES += src/librules.a
src_librules_a_SOURCES = \
	src/rules/expr_block.c \
	src/rules/expr_compile.c \
	src/rules/expr_error.c \
	src/rules/expr.h \
	src/rules/expr_match.c \
	src/rules/expr_number.c \
	src/rules/expr_print.c \
	src/rules/expr_read.c \
	src/rules/expr_state.h \
	src/rules/expr_statement.c \
	src/rules/expr_term.c \
	src/rules/expr_text.c \
	src/rules/expr_value.c \
	src/rules/filter.c \
	src/rules/filter.h \
	src/rules/pattern.c \
	src/rules/pattern.h
