noinst_LIBRARIES += src/libjournal.a
src_libjournal_a_SOURCES = \
	src/journal/format.h \
	src/journal/journal.h \
	src/journal/none.c
