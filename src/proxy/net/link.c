#include "proxy/net/link.h"

#include "profile/heap/prof.h"
#include "proxy/net/tls.h"
#include "proxy/session.h"
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

/* Reads a wake-up: enough to be quick, few enough that others get their turn. Bytes a write of what waited. */
enum { READS_MAX = 4, WRITE_MAX = 512 * 1024 };

/* --- TLS ------------------------------------------------------------------------------------------------------------ */

static enum status write_cipher(struct link *link, struct span bytes);

static void on_plain(void *arg, struct span bytes)
{
        struct link *link = arg;
        link->bytes_read += bytes.len;
        session_on_bytes(link->session, link, bytes);
}

static enum status on_cipher(void *arg, struct span bytes)
{
        return write_cipher(arg, bytes);
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
        for (int i = 0; i < READS_MAX && link->paused == 0 && !worker->held; i++) {
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
        if (worker->held && link_pause(link, PAUSE_LOG) != STATUS_OK) {
                session_close(session, REASON_OUT_OF_MEMORY);
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

static void drop_backlog(struct link *link)
{
        if (link->backlog != NULL) {
                bufferevent_free(link->backlog); /* within its own callback, too */
                link->backlog = NULL;
        }
}

/** What waits goes nowhere: let go of it now, not when the session ends. */
static void fail_writing(struct link *link)
{
        link->write_ended = true;
        drop_backlog(link);
}

static void on_writable(struct bufferevent *bev, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct link *link = arg;
        struct session *session = link->session;
        (void)bev;
        worker_tick(link->worker);
        session_begin(session);
        if (link_backlog(link) == 0) {
                drop_backlog(link);
        }
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

static struct bufferevent *new_backlog(struct link *link)
{
        struct bufferevent *bev = bufferevent_socket_new(link->worker->base, link->fd, 0);
        if (bev != NULL) {
                size_t low = (size_t)session_settings(link->session)->limits.backlog_bytes / 2;
                bufferevent_setcb(bev, NULL, on_writable, on_event, link);
                bufferevent_setwatermark(bev, EV_WRITE, low, 0);
                /* as much as the socket takes: 16 KB, as libevent does by itself, are many turns of the loop */
                (void)bufferevent_set_max_single_write(bev, WRITE_MAX);
        }
        return bev;
}

size_t link_waits(const struct link *link)
{
        return evbuffer_get_length(bufferevent_get_output(link->backlog));
}

/** Leave @p bytes to libevent. */
static enum status keep(struct link *link, struct span bytes)
{
        PROF_SCOPE(STAGE_LINK);
        if (link->backlog == NULL && (link->backlog = new_backlog(link)) == NULL) {
                return STATUS_NOMEM;
        }
        if (bufferevent_write(link->backlog, bytes.data, bytes.len) != 0) {
                return STATUS_NOMEM;
        }
        /* libevent does not tell when it could not wait for the socket; asking again does, and costs nothing else */
        return bufferevent_enable(link->backlog, EV_WRITE) == 0 ? STATUS_OK : STATUS_NOMEM;
}

/** Of @p bytes so many went, as the system says: what is with the others? */
__attribute__((noinline)) static enum status settle_write(struct link *link, struct span bytes, ssize_t went)
{
        if (went < 0 && errno != EAGAIN && errno != EINTR) {
                fail_writing(link);
                return STATUS_OK;
        }
        return keep(link, span_skip(bytes, went > 0 ? (size_t)went : 0));
}

/** Write at once if nothing waits. */
static inline enum status write_raw(struct link *link, struct span bytes)
{
        if (link_backlog(link) > 0) {
                return keep(link, bytes);
        }
        ssize_t went = transmit(link->fd, bytes);
        return went == (ssize_t)bytes.len ? STATUS_OK : settle_write(link, bytes, went);
}

static enum status write_cipher(struct link *link, struct span bytes)
{
        return link->write_ended || bytes.len == 0 ? STATUS_OK : write_raw(link, bytes);
}

enum status link_write(struct link *link, struct span bytes)
{
        if (link->fd < 0 || link->write_ended || bytes.len == 0) {
                return STATUS_OK;
        }
        return link->tls == NULL ? write_raw(link, bytes) : handle(link, tls_write(link->tls, bytes));
}

void link_shut(struct link *link, bool say)
{
        if (link->fd >= 0) {
                if (link->tls != NULL && say) {
                        tls_shut(link->tls);
                }
                link->shut_wanted = true;
                shut_if_empty(link);
        }
}

void link_abandon(struct link *link)
{
        if (link->fd >= 0) {
                (void)link_pause(link, PAUSE_ENDED);
                link->read_ended = true;
                fail_writing(link);
        }
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

enum status link_pause(struct link *link, enum pause reason)
{
        bool was_paused = link->paused != 0;
        link->paused |= (uint8_t)reason;
        if (was_paused || link->fd < 0) {
                return STATUS_OK;
        }
        PROF_SCOPE(STAGE_WORKER);
        return event_del(&link->readable) == 0 ? STATUS_OK : STATUS_NOMEM;
}

enum status link_resume(struct link *link, enum pause reason)
{
        bool was_paused = link->paused != 0;
        link->paused &= (uint8_t) ~(unsigned)reason;
        if (!was_paused || link->paused != 0 || link->fd < 0) {
                return STATUS_OK;
        }
        return worker_event_add(&link->readable, NULL);
}

enum status link_open(struct link *link, struct session *session, enum side side, int fd, unsigned paused)
{
        struct worker *worker = session_worker(session);
        *link = (struct link){.session = session,
                              .worker = worker,
                              .other = link->other,
                              .fd = fd,
                              .side = side,
                              .paused = (uint8_t)paused};
        if (event_assign(&link->readable, worker->base, fd, EV_READ | EV_PERSIST, on_readable, link) != 0 ||
            (paused == 0 && worker_event_add(&link->readable, NULL) != STATUS_OK)) {
                link_close(link);
                return STATUS_NOMEM;
        }
        return STATUS_OK;
}

void link_close(struct link *link)
{
        if (link->fd < 0) {
                return;
        }
        /* the loop must forget the descriptor before its number is used again */
        (void)event_del(&link->readable);
        drop_backlog(link);
        tls_free(link->tls);
        link->tls = NULL;
        (void)close(link->fd);
        link->fd = -1;
}
