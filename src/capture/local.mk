noinst_LIBRARIES += src/libcapture.a
src_libcapture_a_SOURCES = \
	src/capture/capture.c \
	src/capture/capture.h \
	src/capture/hex.c \
	src/capture/hex.h
