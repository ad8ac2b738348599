noinst_LIBRARIES += src/libjournal_format.a
src_libjournal_format_a_SOURCES = \
	src/journal/format/convert.c \
	src/journal/format/convert.h \
	src/journal/format/format.c \
	src/journal/format/format.h \
	src/journal/format/jsonl.c \
	src/journal/format/jsonl.h \
	src/journal/format/jsonl_field.c \
	src/journal/format/jsonl_field.h \
	src/journal/format/jsonl_item.c \
	src/journal/format/jsonl_item.h \
	src/journal/format/jsonl_layout.c \
	src/journal/format/jsonl_layout.h \
	src/journal/format/jsonl_map.c \
	src/journal/format/jsonl_map.h \
	src/journal/format/jsonl_objects.c \
	src/journal/format/jsonl_objects.h \
	src/journal/format/conflict_lines.c \
	src/journal/format/conflict_lines.h \
	src/journal/format/line.c \
	src/journal/format/line.h \
	src/journal/format/ltsv.c \
	src/journal/format/ltsv.h \
	src/journal/format/prefix.c \
	src/journal/format/prefix.h \
	src/journal/format/schema.c \
	src/journal/format/schema.h \
	src/journal/format/slow.c \
	src/journal/format/slow.h \
	src/journal/format/sql_line.c \
	src/journal/format/sql_line.h \
	src/journal/format/table.c \
	src/journal/format/table.h \
	src/journal/format/text.c \
	src/journal/format/text.h \
	src/journal/format/verbose.c \
	src/journal/format/verbose.h
