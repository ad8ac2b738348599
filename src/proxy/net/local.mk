noinst_LIBRARIES += src/libproxy_net.a
src_libproxy_net_a_SOURCES = \
	src/proxy/net/address.c \
	src/proxy/net/address.h \
	src/proxy/net/inherited.c \
	src/proxy/net/inherited.h \
	src/proxy/net/link.c \
	src/proxy/net/link.h \
	src/proxy/net/listener.c \
	src/proxy/net/listener.h \
	src/proxy/net/loop.c \
	src/proxy/net/loop.h \
	src/proxy/net/mailbox.c \
	src/proxy/net/mailbox.h \
	src/proxy/net/proxy_protocol.c \
	src/proxy/net/proxy_protocol.h \
	src/proxy/net/tls.c \
	src/proxy/net/tls.h \
	src/proxy/net/tls_bio.c \
	src/proxy/net/tls_bio.h \
	src/proxy/net/tls_context.c \
	src/proxy/net/tls_context.h \
	src/proxy/net/tls_identity.c \
	src/proxy/net/tls_identity.h \
	src/proxy/net/tls_names.c \
	src/proxy/net/tls_names.h \
	src/proxy/net/upstream.c \
	src/proxy/net/upstream.h
