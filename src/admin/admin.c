#include "admin/admin.h"

#include "admin/admin_listener.h"
#include "admin/admin_state.h"
#include "admin/call.h"
#include "admin/endpoints.h"
#include "admin/guard.h"
#include "admin/handlers.h"
#include "admin/route.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/unix_socket.h"
#include "profile/heap/leak_injection.h"
#include "profile/heap/prof.h"
#include "proxy/net/address.h"
#include "proxy/net/inherited.h"
#include "settings/places.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        HEADERS_MAX_BYTES = 16 * 1024,
        LAST_REPLIES_MS = 100, /* to write them out when the proxy stops */
        PEER_REPORT_S = 60,
        SOCKET_BACKLOG = 128,
        BODY_MAX_BYTES = 4 * 1024 * 1024, /* messages for /mcp */
};

/* --- requests ------------------------------------------------------------------------------------------------------- */

static const char *method_name(struct evhttp_request *request)
{
        switch (evhttp_request_get_command(request)) {
        case EVHTTP_REQ_GET: return "GET";
        case EVHTTP_REQ_HEAD: return "HEAD";
        case EVHTTP_REQ_POST: return "POST";
        case EVHTTP_REQ_PUT:
        case EVHTTP_REQ_DELETE:
        case EVHTTP_REQ_OPTIONS:
        case EVHTTP_REQ_TRACE:
        case EVHTTP_REQ_CONNECT:
        case EVHTTP_REQ_PATCH: break;
        }
        return "";
}

/** Is it a GET of the page? */
static bool is_for_page(struct evhttp_request *request)
{
        const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
        return evhttp_request_get_command(request) == EVHTTP_REQ_GET && path != NULL &&
               strcmp(path, "/") == 0;
}

/** Why the request must not be answered, because of where it comes from; NULL if it may be. If a header is there twice, both must be
 *  right. */
static const char *objection(struct evhttp_request *request)
{
        const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
        const char *host = evhttp_find_header(headers, "Host");
        const struct evkeyval *header;
        struct guard_fetch fetch = {.mode = evhttp_find_header(headers, "Sec-Fetch-Mode"),
                                    .dest = evhttp_find_header(headers, "Sec-Fetch-Dest")};
        if (host == NULL) {
                return "a Host header is required";
        }
        TAILQ_FOREACH(header, headers, next)
        {
                if (strcasecmp(header->key, "Host") == 0 && !guard_host(header->value)) {
                        return "the Host header must be localhost, 127.0.0.1, [::1] or the host in the "
                               "setting 'admin'";
                }
                if (strcasecmp(header->key, "Origin") == 0 && !guard_origin(header->value, host)) {
                        return "the request comes from a page of another origin";
                }
                if (strcasecmp(header->key, "Sec-Fetch-Site") == 0) {
                        fetch.site = header->value;
                }
                if (!guard_fetch(&fetch, is_for_page(request))) {
                        return "the request comes from a page of another origin, or is to be shown in a "
                               "frame";
                }
        }
        return NULL;
}

/** Is the request that of another user, on a UNIX socket that is for its owner only? The permissions of the file do not decide about a
 *  connection from before they were changed, nor about one that another process has passed on. Reported once a minute. */
static bool is_of_stranger(struct admin *a, struct evhttp_request *request)
{
        struct ucred peer = {.uid = (uid_t)-1};
        socklen_t len = sizeof peer;
        uint64_t now_ns = clock_mono_ns();
        struct bufferevent *bev = evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
        if (!a->is_unix || (a->context.settings->admin_socket_mode & (S_IWGRP | S_IWOTH)) != 0 ||
            (getsockopt(bufferevent_getfd(bev), SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
             (peer.uid == 0 || peer.uid == geteuid()))) {
                return false;
        }
        if (a->peer_reported_ns == 0 || now_ns - a->peer_reported_ns > PEER_REPORT_S * CLOCK_S_NS) {
                a->peer_reported_ns = now_ns;
                diag(DIAG_WARNING,
                     "the admin port has rejected a request of another user (uid %lld, pid %lld), because of "
                     "the setting 'admin_socket_mode' (reported once a minute)",
                     (long long)peer.uid, (long long)peer.pid);
        }
        return true;
}

static void on_request(struct evhttp_request *request, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct admin *a = arg;
        a->context.requests++;
        admin_listener_on_request(a->context.listener, request);
        leak_injection_on_event(LEAK_INJECTION_REQUEST);
        struct call *call = call_new(&a->context, request);
        if (call == NULL) {
                evhttp_send_error(request, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        const char *why_not = is_of_stranger(a, request)
                                  ? "this admin port is for the user who runs the proxy and for root only"
                                  : objection(request);
        if (why_not != NULL) {
                a->context.refused++;
                call_fail(call, 403, "%s", why_not);
        } else {
                const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
                route(call, method_name(request), path != NULL && path[0] != '\0' ? path : "/");
        }
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

static enum status bind_port(struct admin *a, const struct address *address)
{
        struct sockaddr_storage where = {.ss_family = AF_UNSPEC};
        socklen_t len = 0;
        struct address numeric = *address;
        if (strcasecmp(address->host, "localhost") == 0) {
                (void)snprintf(numeric.host, sizeof numeric.host, "127.0.0.1");
        }
        if (!address_numeric(&numeric, &where, &len)) {
                diag(DIAG_ERROR, "setting 'admin' is not an address: %s", a->context.settings->admin);
                return STATUS_INVALID;
        }
        int fd = inherited_take(&numeric);
        a->is_unix = numeric.is_unix;
        enum status status = STATUS_IO;
        if (fd < 0 && numeric.is_unix) {
                fd = unix_socket_listen(numeric.host, (mode_t)a->context.settings->admin_socket_mode,
                                        SOCKET_BACKLOG, &a->socket);
        }
        if (fd >= 0 || !numeric.is_unix) {
                status = admin_listener_open(a->context.listener, (const struct sockaddr *)&where, len, fd);
        }
        if (status == STATUS_OK) {
                address_own(admin_listener_fd(a->context.listener), a->addr);
        } else if (status == STATUS_IO) {
                diag(DIAG_ERROR, "the admin port can't listen on %s: %s%s", a->context.settings->admin,
                     strerror(errno),
                     errno == EADDRINUSE ? " (another program uses it; choose another address with --admin, "
                                           "or use --admin off)"
                                         : "");
        }
        return status;
}

static void set_up_http(struct evhttp *http, struct admin *a)
{
        evhttp_set_max_headers_size(http, HEADERS_MAX_BYTES);
        evhttp_set_max_body_size(http, BODY_MAX_BYTES);
        evhttp_set_timeout(http, ADMIN_LISTENER_TIMEOUT_S);
        evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
                                             EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
        evhttp_set_default_content_type(http, NULL);
        evhttp_set_gencb(http, on_request, a);
}

/** Can a UNIX socket be made there? */
static enum status check_socket(const struct settings *settings, const struct address *address)
{
        char place[SETTINGS_PLACE_MAX];
        int error = address->is_unix ? unix_socket_objection(address->host) : 0;
        if (error != 0) {
                diag(DIAG_ERROR, "%ssetting 'admin': the socket %s can't be used: %s",
                     settings_place(settings, "admin", 0, place), address->host, strerror(error));
        }
        return error == 0 ? STATUS_OK : STATUS_INVALID;
}

enum status admin_check(const struct settings *settings)
{
        struct address address = {.is_unix = false};
        struct sockaddr_storage where;
        socklen_t len;
        char place[SETTINGS_PLACE_MAX];
        if (strcmp(settings->admin, "off") == 0 ||
            (address_parse(settings->admin, &address) == STATUS_OK &&
             (address.is_unix ||
              (guard_is_loopback(address.host) &&
               (strcasecmp(address.host, "localhost") == 0 || address_numeric(&address, &where, &len)))))) {
                return check_socket(settings, &address);
        }
        diag(DIAG_ERROR,
             "%ssetting 'admin' must be a loopback address such as 127.0.0.1:6060, a UNIX socket such as "
             "unix:/run/querytap/admin, or off, not '%s': it shows all statements to whoever can connect to "
             "it",
             settings_place(settings, "admin", 0, place), settings->admin);
        return STATUS_INVALID;
}

enum status admin_new(const struct settings *settings, struct event_base *base, struct proxy *proxy,
                      struct journal *journal, struct admin **out)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct address address;
        *out = NULL;
        if (strcmp(settings->admin, "off") == 0) {
                return STATUS_OK;
        }
        if (admin_check(settings) != STATUS_OK || address_parse(settings->admin, &address) != STATUS_OK) {
                return STATUS_INVALID;
        }
        struct admin *a = prof_calloc(STAGE_ADMIN, 1, sizeof *a);
        if (a == NULL) {
                diag(DIAG_ERROR, "the admin port can't be opened: %s", status_text(STATUS_NOMEM));
                return STATUS_NOMEM;
        }
        a->context = (struct admin_context){.settings = settings,
                                            .base = base,
                                            .proxy = proxy,
                                            .journal = journal,
                                            .endpoints = endpoints,
                                            .n_endpoints = endpoints_n,
                                            .route = route,
                                            .start_wall_ns = clock_wall_ns()};
        (void)snprintf(a->context.run, sizeof a->context.run, "%" PRIx64,
                       (uint64_t)(a->context.start_wall_ns / CLOCK_US_NS));
        snapshot_limit(settings->profile.marks);
        bool has_marks = log_marks_init(&a->context.log_marks, settings->log.marks);
        struct evhttp *http = has_marks ? evhttp_new(base) : NULL;
        a->context.listener =
            http != NULL ? admin_listener_new(base, http, (unsigned)settings->limits.admin_connections)
                         : NULL;
        enum status status = a->context.listener != NULL ? STATUS_OK : STATUS_NOMEM;
        if (status == STATUS_OK) {
                set_up_http(http, a);
                status = bind_port(a, &address);
        }
        if (status == STATUS_NOMEM) {
                diag(DIAG_ERROR, "the admin port can't be opened: %s", status_text(status));
        }
        if (status != STATUS_OK) {
                admin_free(a);
                return status;
        }
        *out = a;
        return STATUS_OK;
}

void admin_set_control(struct admin *a, const struct control *control)
{
        if (a != NULL) {
                a->context.control = control;
        }
}

void admin_end_captures(struct admin *a)
{
        if (a != NULL) {
                PROF_SCOPE(STAGE_ADMIN);
                pcap_end_streams(&a->context);
        }
}

void admin_free(struct admin *a)
{
        if (a == NULL) {
                return;
        }
        PROF_SCOPE(STAGE_ADMIN);
        records_end_streams(&a->context);
        heap_end_deltas(&a->context);
        health_end(&a->context);
        if (a->context.listener != NULL) {
                /* a reply that is cut would look as if the proxy had crashed */
                (void)admin_listener_drain(a->context.listener, LAST_REPLIES_MS);
        }
        admin_listener_free(a->context.listener);
        unix_socket_remove(&a->socket);
        log_marks_fini(&a->context.log_marks);
        prof_free(a);
}

uint64_t admin_requests(const struct admin *a)
{
        return a != NULL ? a->context.requests : 0;
}

const char *admin_addr(const struct admin *a)
{
        return a != NULL ? a->addr : "off";
}
