noinst_LIBRARIES += src/libobserve.a
src_libobserve_a_SOURCES = \
	src/observe/command_head.c \
	src/observe/command_head.h \
	src/observe/observer.c \
	src/observe/observer.h \
	src/observe/watched.c \
	src/observe/watched.h
