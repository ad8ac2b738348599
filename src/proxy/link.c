#include "proxy/link.h"

#include "profile/prof.h"
#include "proxy/session.h"
#include "proxy/tls.h"
#include "proxy/worker.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What recv and send do, but for being points of cancellation: in a process with threads that is a third of their work. */
static ssize_t receive(int fd, void *to, size_t size)
{
        return syscall(SYS_recvfrom, fd, to, size, MSG_DONTWAIT, NULL, NULL);
}

static ssize_t transmit(int fd, struct span bytes)
{
        return syscall(SYS_sendto, fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
}

/* Reads a wake-up: enough to be quick, few enough that others get their turn. */
enum { READS_MAX = 4 };

/* --- TLS ------------------------------------------------------------------------------------------------------------ */

static enum status write_raw(struct link *link, struct span bytes);

static void on_plain(void *arg, struct span bytes)
{
        struct link *link = arg;
        link->bytes_read += bytes.len;
        session_on_bytes(link->session, link, bytes);
}

static enum status on_cipher(void *arg, struct span bytes)
{
        return write_raw(arg, bytes);
}

static void on_established(void *arg)
{
        struct link *link = arg;
        session_on_secured(link->session, link);
}

/** @return STATUS_NOMEM for the caller to tell. */
static enum status handle(struct link *link, enum tls_state state)
{
        switch (state) {
        case TLS_GOES_ON: break;
        case TLS_ENDED:
                link->said_end = true;
                session_on_end(link->session, link, 0);
                break;
        case TLS_FAILED: session_on_tls_failed(link->session, link, tls_error(link->tls)); break;
        case TLS_NOMEM: return STATUS_NOMEM;
        }
        return STATUS_OK;
}

enum status link_secure(struct link *link, struct span first)
{
        const struct tls_sink sink = {link, on_plain, on_cipher, on_established};
        struct worker *w = link->worker;
        link->tls = tls_new(w->tls, link->side, sink, w->plain, w->plain_size);
        if (link->tls == NULL) {
                return STATUS_NOMEM;
        }
        if (link->side == SIDE_SERVER) {
                return handle(link, tls_start(link->tls));
        }
        return first.len > 0 ? handle(link, tls_feed(link->tls, first)) : STATUS_OK;
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

static void take(struct link *link, struct span bytes)
{
        if (link->tls == NULL) {
                on_plain(link, bytes);
        } else if (handle(link, tls_feed(link->tls, bytes)) != STATUS_OK) {
                session_close(link->session, REASON_OUT_OF_MEMORY);
        }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct link *link = arg;
        struct session *session = link->session;
        struct worker *worker = link->worker;
        (void)what;
        worker_tick(worker);
        session_begin(session);
        for (int i = 0; i < READS_MAX && link->paused == 0; i++) {
                ssize_t n = receive(fd, worker->scratch, worker->scratch_size);
                if (n > 0) {
                        take(link, span_of(worker->scratch, (size_t)n));
                        if ((size_t)n < worker->scratch_size) {
                                break; /* the socket is empty, or will wake us again */
                        }
                } else if (n == 0) {
                        session_on_end(session, link, 0);
                } else if (errno != EAGAIN && errno != EINTR) {
                        session_on_end(session, link, errno);
                } else {
                        break;
                }
        }
        session_finish(session);
}

/* --- writing ---------------------------------------------------------------------------------------------------------- */

static void shut_if_empty(struct link *link)
{
        if (link->shut_wanted && !link->shut_done && link_backlog(link) == 0) {
                link->shut_done = true;
                (void)shutdown(link->fd, SHUT_WR);
        }
}

/** What waits goes nowhere: let go of it now, not when the session ends. */
static void fail_writing(struct link *link)
{
        struct evbuffer *output = bufferevent_get_output(link->bev);
        link->write_ended = true;
        link->waiting = false;
        (void)bufferevent_disable(link->bev, EV_WRITE);
        if (evbuffer_unfreeze(output, 1) == 0) { /* a bufferevent keeps the front of its output to itself */
                (void)evbuffer_drain(output, evbuffer_get_length(output));
                (void)evbuffer_freeze(output, 1);
        }
}

static void on_writable(struct bufferevent *bev, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct link *link = arg;
        struct session *session = link->session;
        (void)bev;
        worker_tick(link->worker);
        session_begin(session);
        link->waiting = link_waits(link) > 0;
        shut_if_empty(link);
        session_on_drained(session, link);
        session_finish(session);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct link *link = arg;
        struct session *session = link->session;
        (void)bev;
        if ((what & BEV_EVENT_WRITING) != 0 && (what & (BEV_EVENT_ERROR | BEV_EVENT_EOF)) != 0) {
                worker_tick(link->worker);
                session_begin(session);
                fail_writing(link);
                session_on_drained(session, link);
                session_finish(session);
        }
}

size_t link_waits(const struct link *link)
{
        return link->bev != NULL ? evbuffer_get_length(bufferevent_get_output(link->bev)) : 0;
}

enum status link_write(struct link *link, struct span bytes)
{
        if (link->bev == NULL || link->write_ended || bytes.len == 0) {
                return STATUS_OK;
        }
        return link->tls == NULL ? write_raw(link, bytes) : handle(link, tls_write(link->tls, bytes));
}

static inline enum status write_raw(struct link *link, struct span bytes)
{
        if (link->write_ended) {
                return STATUS_OK;
        }
        if (link_backlog(link) == 0) {
                ssize_t n = transmit(link->fd, bytes);
                if (n < 0 && errno != EAGAIN && errno != EINTR) {
                        fail_writing(link);
                        return STATUS_OK;
                }
                bytes = span_skip(bytes, n > 0 ? (size_t)n : 0);
        }
        if (bytes.len == 0) {
                return STATUS_OK;
        }
        link->waiting = true;
        PROF_SCOPE(STAGE_LINK);
        if (bufferevent_write(link->bev, bytes.data, bytes.len) != 0) {
                return STATUS_NOMEM;
        }
        /* libevent does not tell when it could not wait for the socket; asking again does, and costs nothing else */
        return bufferevent_enable(link->bev, EV_WRITE) == 0 ? STATUS_OK : STATUS_NOMEM;
}

void link_shut(struct link *link, bool say)
{
        if (link->bev != NULL) {
                if (link->tls != NULL && say) {
                        tls_shut(link->tls);
                }
                link->shut_wanted = true;
                shut_if_empty(link);
        }
}

void link_abandon(struct link *link)
{
        if (link->bev != NULL) {
                (void)link_pause(link, PAUSE_ENDED);
                link->read_ended = true;
                fail_writing(link);
        }
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

enum status link_pause(struct link *link, enum pause reason)
{
        bool was_paused = link->paused != 0;
        link->paused |= (unsigned)reason;
        if (was_paused || link->read_event == NULL) {
                return STATUS_OK;
        }
        PROF_SCOPE(STAGE_WORKER);
        return event_del(link->read_event) == 0 ? STATUS_OK : STATUS_NOMEM;
}

enum status link_resume(struct link *link, enum pause reason)
{
        bool was_paused = link->paused != 0;
        link->paused &= ~(unsigned)reason;
        if (!was_paused || link->paused != 0 || link->read_event == NULL) {
                return STATUS_OK;
        }
        return worker_event_add(link->read_event, NULL);
}

enum status link_open(struct link *link, struct session *session, enum side side, int fd, unsigned paused)
{
        PROF_SCOPE(STAGE_LINK);
        struct event_base *base = session_worker(session)->base;
        *link = (struct link){.session = session,
                              .worker = session_worker(session),
                              .other = link->other,
                              .fd = fd,
                              .side = side,
                              .paused = paused};
        link->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
        if (link->bev == NULL) {
                (void)close(fd);
                link->fd = -1;
                return STATUS_NOMEM;
        }
        size_t low = (size_t)session_settings(session)->limits.backlog_bytes / 2;
        bufferevent_setcb(link->bev, NULL, on_writable, on_event, link);
        bufferevent_setwatermark(link->bev, EV_WRITE, low, 0);
        link->read_event = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, link);
        if (link->read_event == NULL || bufferevent_disable(link->bev, EV_READ) != 0 ||
            (paused == 0 && worker_event_add(link->read_event, NULL) != STATUS_OK)) {
                link_close(link);
                return STATUS_NOMEM;
        }
        return STATUS_OK;
}

void link_close(struct link *link)
{
        if (link->read_event != NULL) {
                event_free(link->read_event);
                link->read_event = NULL;
        }
        tls_free(link->tls);
        link->tls = NULL;
        if (link->bev != NULL) {
                bufferevent_free(link->bev);
                link->bev = NULL;
        }
        link->fd = -1;
}
