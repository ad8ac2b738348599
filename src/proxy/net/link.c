#include "proxy/net/link.h"

#include "base/diag.h"
#include "profile/heap/prof.h"
#include "proxy/net/tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
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

/* Reads in one wake-up: enough to be quick, few enough that others get their turn. Bytes of the backlog in one write. */
enum { READS_MAX = 4, WRITE_MAX = 512 * 1024, PLAIN_BYTES = 64 * 1024 };

/* --- states ----------------------------------------------------------------------------------------------------------- */

static void trace(const struct link *link, const char *what, const char *before, const char *now)
{
        if (diag_level() >= DIAG_DEBUG) {
                diag(DIAG_DEBUG, "%s on descriptor %d: %s%s -> %s",
                     link->side == SIDE_CLIENT ? "client" : "server", link->fd, what, before, now);
        }
}

static void enter(struct link *link, enum link_state state)
{
        static const char *const names[] = {[LINK_CLOSED] = "closed",
                                            [LINK_PLAIN] = "plain",
                                            [LINK_HANDSHAKE] = "TLS handshake",
                                            [LINK_ENCRYPTED] = "encrypted"};
        trace(link, "", names[link->state], names[state]);
        link->state = state;
}

static void enter_reading(struct link *link, enum link_reading reading)
{
        static const char *const names[] = {[LINK_READ_OPEN] = "open",
                                            [LINK_READ_ENDED] = "ended",
                                            [LINK_READ_CLOSED] = "closed by the peer"};
        trace(link, "reading ", names[link->reading], names[reading]);
        link->reading = reading;
}

static void enter_writing(struct link *link, enum link_writing writing)
{
        static const char *const names[] = {[LINK_WRITE_OPEN] = "open",
                                            [LINK_WRITE_DRAINING] = "draining",
                                            [LINK_WRITE_SHUT] = "shut down",
                                            [LINK_WRITE_FAILED] = "failed"};
        trace(link, "writing ", names[link->writing], names[writing]);
        link->writing = writing;
}

/** Report that nothing more will come; @p error is errno. */
static void end_reading(struct link *link, enum link_reading reading, int error)
{
        if (!link_read_ended(link)) {
                enter_reading(link, reading);
        }
        if (error != 0 && !link_write_failed(link)) {
                enter_writing(link, LINK_WRITE_FAILED);
        }
        link->shared->owner->on_end(link->owner, link, error);
}

/* --- TLS ------------------------------------------------------------------------------------------------------------ */

static enum status write_cipher(struct link *link, struct span bytes);

static void on_plain(void *arg, struct span bytes)
{
        struct link *link = arg;
        link->bytes_read += bytes.len;
        link->shared->owner->on_bytes(link->owner, link, bytes);
}

static enum status on_cipher(void *arg, struct span bytes)
{
        return write_cipher(arg, bytes);
}

static void on_established(void *arg)
{
        struct link *link = arg;
        enter(link, LINK_ENCRYPTED);
        link->shared->owner->on_secured(link->owner, link);
}

/** @return STATUS_NOMEM, which is not reported to the owner yet. */
static enum status handle(struct link *link, enum tls_state state)
{
        switch (state) {
        case TLS_GOES_ON: break;
        case TLS_ENDED: end_reading(link, LINK_READ_CLOSED, 0); break;
        case TLS_FAILED: link->shared->owner->on_tls_failed(link->owner, link, tls_error(link->tls)); break;
        case TLS_NOMEM: return STATUS_NOMEM;
        }
        return STATUS_OK;
}

enum status link_secure(struct link *link, const struct tls_context *tls, const struct address *server,
                        struct span first)
{
        const struct tls_sink sink = {link, on_plain, on_cipher, on_established};
        const struct link_shared *shared = link->shared;
        link->tls = tls_new(tls, server, sink, shared->plain, PLAIN_BYTES);
        if (link->tls == NULL) {
                return STATUS_NOMEM;
        }
        enter(link, LINK_HANDSHAKE);
        if (server != NULL) {
                if (link->other->tls != NULL && tls_context_passes_name(tls) &&
                    tls_pass_name(link->tls, link->other->tls) != STATUS_OK) {
                        return STATUS_NOMEM;
                }
                return handle(link, tls_start(link->tls));
        }
        return first.len > 0 ? handle(link, tls_feed(link->tls, first)) : STATUS_OK;
}

enum status link_end_handshake(struct link *link)
{
        struct tls *tls = link->tls;
        link->tls = NULL;
        enter(link, LINK_PLAIN);
        enum status status = link_write(link, tls_pending(tls));
        tls_free(tls);
        return status;
}

void link_describe_tls(const struct link *link, char *out, size_t size)
{
        tls_describe(link->tls, out, size);
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

static void take(struct link *link, struct span bytes)
{
        if (link->tls == NULL) {
                on_plain(link, bytes);
        } else if (handle(link, tls_feed(link->tls, bytes)) != STATUS_OK) {
                link->shared->owner->on_no_memory(link->owner);
        }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct link *link = arg;
        const struct link_shared *shared = link->shared;
        const struct link_owner *owner = shared->owner;
        (void)what;
        loop_tick(shared->loop);
        owner->begin(link->owner);
        for (int i = 0; i < READS_MAX && link->paused == 0 && !shared->log_full; i++) {
                ssize_t n = receive(fd, shared->buffer, LINK_READ_BYTES);
                if (n > 0) {
                        take(link, span_of(shared->buffer, (size_t)n));
                        if (n < LINK_READ_BYTES) {
                                break; /* the socket is empty, or will wake us again */
                        }
                } else if (n == 0) {
                        end_reading(link, LINK_READ_ENDED, link->was_reset ? ECONNRESET : 0);
                } else if (errno != EAGAIN && errno != EINTR) {
                        end_reading(link, LINK_READ_ENDED, errno);
                } else {
                        break;
                }
        }
        if (shared->log_full && link_pause(link, PAUSE_LOG) != STATUS_OK) {
                owner->on_no_memory(link->owner);
        }
        owner->finish(link->owner);
}

/* --- writing ---------------------------------------------------------------------------------------------------------- */

static void shut_if_drained(struct link *link)
{
        if (link->writing == LINK_WRITE_DRAINING && link_backlog(link) == 0) {
                enter_writing(link, LINK_WRITE_SHUT);
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

/** What waits will never be written: free it now, not when the session ends. */
static void fail_writing(struct link *link)
{
        if (!link_write_failed(link)) {
                enter_writing(link, LINK_WRITE_FAILED);
        }
        drop_backlog(link);
}

/** Writing failed with @p error (errno): the system reports each error once. */
static void note_write_error(struct link *link, int error)
{
        link->was_reset = link->was_reset || error == ECONNRESET;
        fail_writing(link);
}

static void on_writable(struct bufferevent *bev, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct link *link = arg;
        const struct link_owner *owner = link->shared->owner;
        (void)bev;
        loop_tick(link->shared->loop);
        owner->begin(link->owner);
        if (link_backlog(link) == 0) {
                drop_backlog(link);
        }
        shut_if_drained(link);
        owner->on_drained(link->owner, link);
        owner->finish(link->owner);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct link *link = arg;
        const struct link_owner *owner = link->shared->owner;
        int error = EVUTIL_SOCKET_ERROR();
        (void)bev;
        if ((what & BEV_EVENT_WRITING) != 0 && (what & (BEV_EVENT_ERROR | BEV_EVENT_EOF)) != 0) {
                loop_tick(link->shared->loop);
                owner->begin(link->owner);
                note_write_error(link, error);
                owner->on_drained(link->owner, link);
                owner->finish(link->owner);
        }
}

static struct bufferevent *new_backlog(struct link *link)
{
        struct bufferevent *bev = bufferevent_socket_new(link->shared->loop->base, link->fd, 0);
        if (bev != NULL) {
                bufferevent_setcb(bev, NULL, on_writable, on_event, link);
                bufferevent_setwatermark(bev, EV_WRITE, link->shared->backlog_low, 0);
                /* as much as the socket takes: with the 16 KB that are libevent's default, the loop would turn many times */
                (void)bufferevent_set_max_single_write(bev, WRITE_MAX);
        }
        return bev;
}

size_t link_backlog_bytes(const struct link *link)
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
        /* libevent does not report that it could not wait for the socket; asking again does, and costs nothing else */
        return bufferevent_enable(link->backlog, EV_WRITE) == 0 ? STATUS_OK : STATUS_NOMEM;
}

/** The system took @p went of @p bytes, or reported an error: keep the others, or fail. */
__attribute__((noinline)) static enum status settle_write(struct link *link, struct span bytes, ssize_t went)
{
        if (went < 0 && errno != EAGAIN && errno != EINTR) {
                note_write_error(link, errno);
                return STATUS_OK;
        }
        return keep(link, span_skip(bytes, went > 0 ? (size_t)went : 0));
}

/** Nothing waits. */
static inline enum status write_now(struct link *link, struct span bytes)
{
        ssize_t went = transmit(link->fd, bytes);
        return went == (ssize_t)bytes.len ? STATUS_OK : settle_write(link, bytes, went);
}

static enum status write_raw(struct link *link, struct span bytes)
{
        return link_backlog(link) > 0 ? keep(link, bytes) : write_now(link, bytes);
}

static enum status write_cipher(struct link *link, struct span bytes)
{
        return link_write_failed(link) || bytes.len == 0 ? STATUS_OK : write_raw(link, bytes);
}

/** There is a backlog, TLS, or no socket any more. */
__attribute__((noinline)) static enum status write_otherwise(struct link *link, struct span bytes)
{
        if (link->fd < 0) {
                return STATUS_OK;
        }
        return link->tls == NULL ? write_raw(link, bytes) : handle(link, tls_write(link->tls, bytes));
}

enum status link_write(struct link *link, struct span bytes)
{
        if (link_write_failed(link) || bytes.len == 0) {
                return STATUS_OK;
        }
        return link->state == LINK_PLAIN && link->backlog == NULL ? write_now(link, bytes)
                                                                  : write_otherwise(link, bytes);
}

void link_shut(struct link *link, bool notify)
{
        if (link->fd >= 0) {
                if (link->tls != NULL && notify) {
                        tls_shut(link->tls);
                }
                if (link->writing == LINK_WRITE_OPEN) {
                        enter_writing(link, LINK_WRITE_DRAINING);
                }
                shut_if_drained(link);
        }
}

void link_break(struct link *link)
{
        if (!link_read_ended(link)) {
                end_reading(link, LINK_READ_ENDED, EPROTO);
        } else if (!link_write_failed(link)) {
                enter_writing(link, LINK_WRITE_FAILED);
        }
}

void link_reset(struct link *link)
{
        link->reset = true;
}

/** Has the system sent all that was written? */
static bool is_sent(const struct link *link)
{
        int unsent = 0;
        return link_backlog(link) == 0 && (ioctl(link->fd, SIOCOUTQNSD, &unsent) != 0 || unsent == 0);
}

bool link_has_unread(const struct link *link)
{
        int unread = 0;
        return link->fd >= 0 && ioctl(link->fd, FIONREAD, &unread) == 0 && unread > 0;
}

void link_abandon(struct link *link)
{
        if (link->fd >= 0) {
                (void)link_pause(link, PAUSE_ENDED);
                if (!link_read_ended(link)) {
                        enter_reading(link, LINK_READ_ENDED);
                }
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
        return loop_add(&link->readable, NULL);
}

void link_init(struct link *link, struct link *other, enum side side)
{
        *link = (struct link){.other = other, .side = side, .fd = -1};
}

enum status link_open(struct link *link, struct link_shared *shared, void *owner, int fd, unsigned paused)
{
        link->shared = shared;
        link->owner = owner;
        link->fd = fd;
        link->paused = (uint8_t)paused;
        enter(link, LINK_PLAIN);
        if (event_assign(&link->readable, shared->loop->base, fd, EV_READ | EV_PERSIST, on_readable, link) !=
                0 ||
            (paused == 0 && loop_add(&link->readable, NULL) != STATUS_OK)) {
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
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        if (link->reset && is_sent(link)) {
                (void)setsockopt(link->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
        /* the loop must forget the descriptor before its number is used again */
        (void)event_del(&link->readable);
        drop_backlog(link);
        tls_free(link->tls);
        link->tls = NULL;
        enter(link, LINK_CLOSED);
        (void)close(link->fd);
        link->fd = -1;
}

enum status link_shared_init(struct link_shared *shared, const struct link_owner *owner, struct loop *loop,
                             size_t backlog_low)
{
        *shared = (struct link_shared){.owner = owner, .loop = loop, .backlog_low = backlog_low};
        shared->buffer = prof_alloc(STAGE_WORKER, LINK_READ_BYTES);
        shared->plain = prof_alloc(STAGE_TLS, PLAIN_BYTES);
        return shared->buffer != NULL && shared->plain != NULL ? STATUS_OK : STATUS_NOMEM;
}

void link_shared_fini(struct link_shared *shared)
{
        prof_free(shared->buffer);
        prof_free(shared->plain);
}
