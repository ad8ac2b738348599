noinst_LIBRARIES += src/libadmin.a
src_libadmin_a_SOURCES = \
	src/admin/admin.c \
	src/admin/admin.h \
	src/admin/admin_context.h \
	src/admin/admin_listener.c \
	src/admin/admin_listener.h \
	src/admin/admin_state.h \
	src/admin/call.c \
	src/admin/call.h \
	src/admin/counters.c \
	src/admin/digest_filter.c \
	src/admin/digest_filter.h \
	src/admin/digests.c \
	src/admin/endpoint.h \
	src/admin/endpoints.c \
	src/admin/endpoints.h \
	src/admin/fault.c \
	src/admin/growth.c \
	src/admin/guard.c \
	src/admin/guard.h \
	src/admin/handlers.h \
	src/admin/health.c \
	src/admin/heap.c \
	src/admin/memory.c \
	src/admin/pages.c \
	src/admin/params.c \
	src/admin/params.h \
	src/admin/put.c \
	src/admin/put.h \
	src/admin/records.c \
	src/admin/scopes.c \
	src/admin/scopes.h \
	src/admin/sessions.c \
	src/admin/settings.c \
	src/admin/tables.h \
	src/admin/verdicts.c
