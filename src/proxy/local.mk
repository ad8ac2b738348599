noinst_LIBRARIES += src/libproxy.a
src_libproxy_a_SOURCES = \
	src/proxy/generation.c \
	src/proxy/generation.h \
	src/proxy/packet_directory.c \
	src/proxy/packet_directory.h \
	src/proxy/packet_saver.c \
	src/proxy/packet_saver.h \
	src/proxy/proxy.c \
	src/proxy/proxy.h \
	src/proxy/proxy_requests.c \
	src/proxy/proxy_state.h \
	src/proxy/quota.c \
	src/proxy/quota.h \
	src/proxy/reason.c \
	src/proxy/reason.h \
	src/proxy/server_check.c \
	src/proxy/server_check.h \
	src/proxy/servers.c \
	src/proxy/servers.h \
	src/proxy/session.c \
	src/proxy/session.h \
	src/proxy/session_drain.c \
	src/proxy/session_forward.c \
	src/proxy/session_header.c \
	src/proxy/session_limits.c \
	src/proxy/session_open.c \
	src/proxy/session_state.h \
	src/proxy/session_view.c \
	src/proxy/session_view.h \
	src/proxy/worker.c \
	src/proxy/worker.h
