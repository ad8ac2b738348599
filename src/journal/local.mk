noinst_LIBRARIES += src/libjournal.a
src_libjournal_a_SOURCES = \
	src/journal/accounts.c \
	src/journal/accounts.h \
	src/journal/conflict.c \
	src/journal/conflict.h \
	src/journal/conflict_event.c \
	src/journal/conflict_event.h \
	src/journal/conflict_gather.c \
	src/journal/conflict_gather.h \
	src/journal/conflict_sources.h \
	src/journal/conflict_statements.c \
	src/journal/conflict_statements.h \
	src/journal/feed.c \
	src/journal/feed.h \
	src/journal/identity.c \
	src/journal/identity.h \
	src/journal/journal.c \
	src/journal/journal.h \
	src/journal/journal_counts.c \
	src/journal/journal_counts.h \
	src/journal/journal_life.c \
	src/journal/journal_port.c \
	src/journal/journal_port.h \
	src/journal/journal_read.c \
	src/journal/journal_state.h \
	src/journal/journal_wake.h \
	src/journal/overflow.c \
	src/journal/overflow.h \
	src/journal/pending_conflict.h \
	src/journal/port.h \
	src/journal/recent.c \
	src/journal/recent.h \
	src/journal/sessions.c \
	src/journal/sessions.h \
	src/journal/traffic.c \
	src/journal/traffic.h
