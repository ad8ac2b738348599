noinst_LIBRARIES += src/libjournal.a
src_libjournal_a_SOURCES = \
	src/journal/convert.c src/journal/convert.h \
	src/journal/datagram.c src/journal/datagram.h \
	src/journal/hook.c src/journal/hook.h \
	src/journal/keeper.c src/journal/keeper.h \
	src/journal/kept.c src/journal/kept.h \
	src/journal/logfile.c src/journal/logfile.h \
	src/journal/old_files.c src/journal/old_files.h \
	src/journal/overflow.c src/journal/overflow.h \
	src/journal/pack.c src/journal/pack.h \
	src/journal/rotate.c src/journal/rotate.h \
	src/journal/shapes.c src/journal/shapes.h \
	src/journal/sink_message.c src/journal/sink_message.h \
	src/journal/sinks.c src/journal/sinks.h \
	src/journal/digests.c src/journal/digests.h \
	src/journal/filter.c src/journal/filter.h \
	src/journal/format.c src/journal/format.h \
	src/journal/fields.h \
	src/journal/gap.h \
	src/journal/journal.c src/journal/journal.h src/journal/journal_state.h \
	src/journal/journal_port.c \
	src/journal/jsonl_session.c src/journal/jsonl_session.h \
	src/journal/jsonl.c src/journal/jsonl.h \
	src/journal/jsonl_field.c src/journal/jsonl_field.h \
	src/journal/line.c src/journal/line.h \
	src/journal/ltsv.c src/journal/ltsv.h \
	src/journal/network.c src/journal/network.h \
	src/journal/outbox.c src/journal/outbox.h \
	src/journal/pattern.c src/journal/pattern.h \
	src/journal/recent.c src/journal/recent.h \
	src/journal/redact.c src/journal/redact.h src/journal/redact_columns.c src/journal/redact_rows.c \
	src/journal/redact_state.h src/journal/redact_text.c \
	src/journal/refine.c src/journal/refine.h \
	src/journal/schema.c src/journal/schema.h \
	src/journal/sink.c src/journal/sink.h \
	src/journal/slow.c src/journal/slow.h \
	src/journal/table.c src/journal/table.h \
	src/journal/tags.c src/journal/tags.h \
	src/journal/text.c src/journal/text.h \
	src/journal/track.c src/journal/track.h \
	src/journal/verbose.c src/journal/verbose.h
