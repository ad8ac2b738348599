noinst_LIBRARIES += src/librules.a
src_librules_a_SOURCES = \
	src/rules/criterion.c \
	src/rules/criterion.h \
	src/rules/filter.c \
	src/rules/filter.h \
	src/rules/network.c \
	src/rules/network.h \
	src/rules/pattern.c \
	src/rules/pattern.h
