noinst_LIBRARIES += src/libproxy.a
src_libproxy_a_SOURCES = \
	src/proxy/address.c src/proxy/address.h \
	src/proxy/link.c src/proxy/link.h \
	src/proxy/listener.c src/proxy/listener.h \
	src/proxy/mailbox.c src/proxy/mailbox.h \
	src/proxy/proxy.c src/proxy/proxy.h src/proxy/proxy_state.h \
	src/proxy/requests.c \
	src/proxy/reason.c src/proxy/reason.h \
	src/proxy/session.c src/proxy/session.h src/proxy/session_state.h \
	src/proxy/session_open.c \
	src/proxy/session_report.c \
	src/proxy/session_view.c \
	src/proxy/tls.c src/proxy/tls.h \
	src/proxy/tls_context.c src/proxy/tls_context.h \
	src/proxy/tls_identity.c src/proxy/tls_identity.h \
	src/proxy/upstream.c src/proxy/upstream.h \
	src/proxy/worker.c src/proxy/worker.h
