noinst_LIBRARIES += src/libcapture_read.a
src_libcapture_read_a_SOURCES = \
	src/capture/read/capture_file.c \
	src/capture/read/capture_file.h \
	src/capture/read/capture_input.c \
	src/capture/read/capture_input.h \
	src/capture/read/flow.c \
	src/capture/read/flow.h \
	src/capture/read/flow_state.h \
	src/capture/read/flows.c \
	src/capture/read/flows.h \
	src/capture/read/held_segments.c \
	src/capture/read/held_segments.h \
	src/capture/read/live_packets.c \
	src/capture/read/live_packets.h \
	src/capture/read/packet.c \
	src/capture/read/packet.h \
	src/capture/read/packet_text.c \
	src/capture/read/packet_text.h
