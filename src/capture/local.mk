noinst_LIBRARIES += src/libcapture.a
src_libcapture_a_SOURCES = \
	src/capture/capture.c \
	src/capture/capture.h \
	src/capture/capture_copy.c \
	src/capture/capture_copy.h \
	src/capture/entry.h \
	src/capture/hex.c \
	src/capture/hex.h \
	src/capture/pcapng.c \
	src/capture/pcapng.h \
	src/capture/session_pcap.c \
	src/capture/session_pcap.h \
	src/capture/tcp_stream.c \
	src/capture/tcp_stream.h
