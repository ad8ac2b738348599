noinst_LIBRARIES += src/libjournal.a
src_libjournal_a_SOURCES = \
	src/journal/journal.c \
	src/journal/journal.h \
	src/journal/journal_port.c \
	src/journal/journal_state.h \
	src/journal/kept.c \
	src/journal/kept.h \
	src/journal/overflow.c \
	src/journal/overflow.h \
	src/journal/recent.c \
	src/journal/recent.h
