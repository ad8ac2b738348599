noinst_LIBRARIES += src/libprofile_heap.a
src_libprofile_heap_a_SOURCES = \
	src/profile/heap/alloc_site.h \
	src/profile/heap/counts.c \
	src/profile/heap/counts.h \
	src/profile/heap/fault.c \
	src/profile/heap/fault.h \
	src/profile/heap/hooks.c \
	src/profile/heap/hooks.h \
	src/profile/heap/leak_injection.c \
	src/profile/heap/leak_injection.h \
	src/profile/heap/prof.c \
	src/profile/heap/prof.h \
	src/profile/heap/rate.c \
	src/profile/heap/rate.h \
	src/profile/heap/record.c \
	src/profile/heap/record.h \
	src/profile/heap/sample.c \
	src/profile/heap/sample.h \
	src/profile/heap/scale.c \
	src/profile/heap/scale.h \
	src/profile/heap/stack.c \
	src/profile/heap/stack.h \
	src/profile/heap/stage.c \
	src/profile/heap/stage.h \
	src/profile/heap/store.c \
	src/profile/heap/store.h \
	src/profile/heap/table.c \
	src/profile/heap/table.h \
	src/profile/heap/thread.c \
	src/profile/heap/thread.h
