/* The PROXY header of a load balancer: it comes before the session, and names the client. Those of others are refused: a server that trusts
 * our address would believe them. */
#include "base/diag.h"
#include "proxy/session_state.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>

enum { HANDSHAKE_ERRNO = 1043 };

static void refuse(struct session *s, const char *error)
{
        char text[160];
        (void)snprintf(text, sizeof text, "querytap: %s", error);
        session_report_error(s, reason_text(REASON_PROXY_HEADER), error);
        session_refuse_error(s, 0, HANDSHAKE_ERRNO, NULL, text, REASON_PROXY_HEADER);
}

static void take(struct session *s, const struct proxy_protocol *p)
{
        char client[ADDRESS_TEXT_MAX];
        void (*done)(struct session * s) = s->header->done;
        session_drop_header(s);
        if (p->has_source) {
                address_format(&p->source, p->source_len, client);
                if (tap_set_client(s->tap, client) != STATUS_OK) {
                        session_close(s, REASON_OUT_OF_MEMORY);
                        return;
                }
        }
        done(s);
}

/** Look at what is there, and take from the socket no more than belongs to the header: what follows is the session's. */
static void read_header(struct session *s, int fd)
{
        struct session_header *h = s->header;
        struct proxy_protocol p;
        ssize_t seen = recv(fd, h->bytes + h->n, sizeof h->bytes - h->n, MSG_PEEK | MSG_DONTWAIT);
        if (seen < 0 && (errno == EAGAIN || errno == EINTR)) {
                return;
        }
        if (seen <= 0) {
                session_close(s, seen < 0 ? REASON_CLIENT_RESET : REASON_CLIENT_CLOSED);
                return;
        }
        enum proxy_protocol_step step = proxy_protocol_read(span_of(h->bytes, h->n + (size_t)seen), &p);
        if (step == PROXY_PROTOCOL_WRONG) {
                refuse(s, p.error);
                return;
        }
        size_t more = step == PROXY_PROTOCOL_HEADER ? p.len - h->n : (size_t)seen;
        if (recv(fd, h->bytes + h->n, more, MSG_DONTWAIT) != (ssize_t)more) {
                session_close(s, REASON_CLIENT_RESET); /* what was seen is gone */
                return;
        }
        h->n += more;
        if (step == PROXY_PROTOCOL_HEADER) {
                take(s, &p);
        }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_SESSION);
        struct session *s = arg;
        (void)what;
        loop_tick(&s->shared->loop);
        session_begin(s);
        read_header(s, fd);
        session_drained_finish(s);
}

enum status session_await_header(struct session *s, void (*done)(struct session *s))
{
        s->header = prof_calloc(STAGE_SESSION, 1, sizeof *s->header);
        if (s->header == NULL) {
                return STATUS_NOMEM;
        }
        s->header->done = done;
        s->header->event =
            event_new(s->shared->loop.base, s->links[SIDE_CLIENT].fd, EV_READ | EV_PERSIST, on_readable, s);
        if (s->header->event == NULL || loop_add(s->header->event, NULL) != STATUS_OK) {
                return STATUS_NOMEM;
        }
        session_set_timer(s);
        return STATUS_OK;
}

bool session_refuse_header(struct session *s, struct span bytes)
{
        size_t n = sizeof s->opening - s->n_opening;
        n = bytes.len < n ? bytes.len : n;
        memcpy(s->opening + s->n_opening, bytes.data, n);
        s->n_opening += (uint8_t)n;
        s->watches_opening = s->n_opening < sizeof s->opening;
        if (!proxy_protocol_begins(span_of(s->opening, s->n_opening))) {
                return false;
        }
        refuse(s, "a PROXY header came from an address that is not in proxy_protocol.networks");
        return true;
}
