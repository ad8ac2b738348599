noinst_LIBRARIES += src/libcapture.a
src_libcapture_a_SOURCES = \
	src/capture/capture.h \
	src/capture/hex.h \
	src/capture/none.c
