noinst_LIBRARIES += src/libjournal.a
src_libjournal_a_SOURCES = \
	src/journal/convert.c src/journal/convert.h \
	src/journal/format.c src/journal/format.h \
	src/journal/gap.h \
	src/journal/journal.c src/journal/journal.h \
	src/journal/outbox.c src/journal/outbox.h \
	src/journal/recent.c src/journal/recent.h \
	src/journal/sink.c src/journal/sink.h \
	src/journal/text.c src/journal/text.h
