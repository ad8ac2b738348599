#include "proxy/net/listener.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/unix_socket.h"
#include "profile/heap/prof.h"
#include "proxy/net/inherited.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 1024, ACCEPTS_MAX = 16, PAUSE_S = 1, REPORT_AGAIN_S = 60 };

struct listener {
        int fd;
        struct event *event;
        struct event *resume;
        listener_accepted *accepted;
        void *arg;
        bool held;
        bool inherited;       /* the socket is not ours alone */
        uint64_t reported_ns; /* when the last failure was reported; 0 = never */
        _Atomic uint64_t errors;
        char addr[ADDRESS_TEXT_MAX];
        struct unix_socket_file file; /* to be removed at the end */
};

const char *listener_addr(const struct listener *l)
{
        return l->addr;
}

bool listener_is_inherited(const struct listener *l)
{
        return l->inherited;
}

uint64_t listener_errors(const struct listener *l)
{
        return atomic_load_explicit(&l->errors, memory_order_relaxed);
}

/* --- accepting ----------------------------------------------------------------------------------------------------- */

static void pause_accepting(struct listener *l, int error)
{
        const struct timeval second = {PAUSE_S, 0};
        atomic_fetch_add_explicit(&l->errors, 1, memory_order_relaxed);
        uint64_t now_ns = clock_mono_ns();
        if (l->reported_ns == 0 || now_ns - l->reported_ns > REPORT_AGAIN_S * CLOCK_S_NS) {
                l->reported_ns = now_ns;
                diag(DIAG_ERROR,
                     "clients can't be accepted: %s; retrying every second (reported once a minute)",
                     strerror(error));
        }
        if (evtimer_add(l->resume, &second) == 0) {
                (void)event_del(l->event);
        }
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_LISTENER);
        struct listener *l = arg;
        (void)fd;
        (void)what;
        if (!l->held && event_add(l->event, NULL) != 0) {
                pause_accepting(l, ENOMEM);
        }
}

void listener_hold(struct listener *l, bool hold)
{
        l->held = hold;
        if (hold) {
                (void)event_del(l->event);
        } else if (l->fd >= 0 && evtimer_pending(l->resume, NULL) == 0) {
                on_resume(-1, 0, l);
        }
}

/** Accept a client and report it. @return false, with errno, if there was none. */
static bool accept_one(struct listener *l)
{
        struct sockaddr_storage ss = {0};
        socklen_t len = sizeof ss;
        char text[ADDRESS_TEXT_MAX];
        int client = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0) {
                return false;
        }
        address_format(&ss, len, text);
        l->accepted(l->arg, client, text);
        return true;
}

static void on_client(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_LISTENER);
        struct listener *l = arg;
        (void)fd;
        (void)what;
        for (int i = 0; i < ACCEPTS_MAX && !l->held; i++) {
                if (!accept_one(l)) {
                        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                                pause_accepting(l, errno);
                        }
                        return; /* or a client that went away meanwhile: the loop calls again if there are more */
                }
        }
}

void listener_close(struct listener *l)
{
        PROF_SCOPE(STAGE_LISTENER);
        l->held = true;
        if (l->fd < 0) {
                return;
        }
        (void)event_del(l->event);
        (void)event_del(l->resume);
        for (int i = 0; i < BACKLOG && !l->inherited && accept_one(l); i++) {
        }
        (void)close(l->fd);
        l->fd = -1;
}

/* --- binding ------------------------------------------------------------------------------------------------------- */

/** Names are looked up by a blocking call, which is acceptable at the start. */
static bool resolve(const struct address *address, struct sockaddr_storage *ss, socklen_t *len)
{
        if (address_numeric(address, ss, len)) {
                return true;
        }
        struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
        struct evutil_addrinfo *list = NULL;
        if (evutil_getaddrinfo(address->host, NULL, &hints, &list) != 0 || list == NULL) {
                return false;
        }
        memcpy(ss, list->ai_addr, list->ai_addrlen);
        *len = (socklen_t)list->ai_addrlen;
        if (ss->ss_family == AF_INET) {
                ((struct sockaddr_in *)ss)->sin_port = htons(address->port);
        } else {
                ((struct sockaddr_in6 *)ss)->sin6_port = htons(address->port);
        }
        evutil_freeaddrinfo(list);
        return true;
}

const char *listener_objection(const struct address *address)
{
        struct sockaddr_storage ss;
        socklen_t len = 0;
        if (address->is_unix) {
                int error = unix_socket_objection(address->host);
                return error != 0 ? strerror(error) : NULL;
        }
        struct address any_port = *address;
        any_port.port = 0; /* the port itself may be used by the proxy that runs now */
        if (!resolve(&any_port, &ss, &len)) {
                return "the host name can't be resolved";
        }
        int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int error = fd < 0 || bind(fd, (struct sockaddr *)&ss, len) != 0 ? errno : 0;
        if (fd >= 0) {
                (void)close(fd);
        }
        return error != 0 ? strerror(error) : NULL;
}

/** On Linux accepted sockets inherit these options. */
static void set_options(int fd, bool is_unix)
{
        int one = 1;
        if (fd >= 0 && !is_unix) {
                (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        }
}

/** @return a socket that listens on @p ss; -1 with errno. */
static int listen_on(const struct sockaddr_storage *ss, socklen_t len)
{
        int one = 1;
        int fd = socket(ss->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
                return -1;
        }
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, (const struct sockaddr *)ss, len) != 0 || listen(fd, BACKLOG) != 0) {
                int error = errno;
                (void)close(fd);
                errno = error;
                return -1;
        }
        return fd;
}

/** Why the address may be used already, and what to do. */
static const char *hint(const struct address *address, int error)
{
        struct stat st;
        if (error != EADDRINUSE) {
                return "";
        }
        return address->is_unix && lstat(address->host, &st) == 0 && !S_ISSOCK(st.st_mode)
                   ? " (the file exists and is not a socket)"
                   : " (another program uses it; choose another address with --listen)";
}

static enum status bind_socket(struct listener *l, const struct listener_config *config)
{
        const struct address *address = config->address;
        struct sockaddr_storage ss;
        socklen_t len = 0;
        l->fd = inherited_take(address);
        l->fd = l->fd < 0 && config->is_only ? inherited_take_only() : l->fd;
        l->inherited = l->fd >= 0;
        if (!l->inherited && address->is_unix) {
                l->fd = unix_socket_listen(address->host, config->mode, BACKLOG, &l->file);
        } else if (!l->inherited && resolve(address, &ss, &len)) {
                l->fd = listen_on(&ss, len);
        } else if (!l->inherited) {
                diag(DIAG_ERROR, "can't listen on %s: the host name can't be resolved", config->text);
                return STATUS_IO;
        }
        if (l->fd < 0) {
                int error = errno;
                diag(DIAG_ERROR, "can't listen on %s: %s%s", config->text, strerror(error),
                     hint(address, error));
                return STATUS_IO;
        }
        set_options(l->fd, address->is_unix);
        address_own(l->fd, l->addr);
        return STATUS_OK;
}

enum status listener_new(const struct listener_config *config, struct listener **out)
{
        PROF_SCOPE(STAGE_LISTENER);
        struct listener *l = prof_calloc(STAGE_LISTENER, 1, sizeof *l);
        if (l == NULL) {
                diag(DIAG_ERROR, "can't listen on %s: out of memory", config->text);
                return STATUS_NOMEM;
        }
        *l = (struct listener){.fd = -1, .accepted = config->accepted, .arg = config->arg};
        enum status status = bind_socket(l, config);
        if (status != STATUS_OK) {
                listener_free(l);
                return status;
        }
        *out = l;
        return STATUS_OK;
}

enum status listener_start(struct listener *l, struct event_base *base)
{
        PROF_SCOPE(STAGE_LISTENER);
        l->event = event_new(base, l->fd, EV_READ | EV_PERSIST, on_client, l);
        l->resume = evtimer_new(base, on_resume, l);
        if (l->event == NULL || l->resume == NULL || event_add(l->event, NULL) != 0) {
                diag(DIAG_ERROR, "can't listen on %s: out of memory", l->addr);
                return STATUS_NOMEM;
        }
        return STATUS_OK;
}

void listener_free(struct listener *l)
{
        if (l == NULL) {
                return;
        }
        if (l->event != NULL) {
                event_free(l->event);
        }
        if (l->resume != NULL) {
                event_free(l->resume);
        }
        if (l->fd >= 0) {
                (void)close(l->fd);
        }
        unix_socket_remove(&l->file);
        prof_free(l);
}
