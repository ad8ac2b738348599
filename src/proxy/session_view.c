#include "proxy/session_view.h"

#include "base/clock.h"
#include "proxy/session_state.h"
#include "tap/tap_copy.h"

static void copy_text(char *to, size_t size, struct span text)
{
        struct span head = span_head(text, size - 1);
        if (head.len > 0) {
                memcpy(to, head.data, head.len);
        }
        to[head.len] = '\0';
}

void session_view(const struct session *s, struct session_view *out)
{
        struct dissect_view v = tap_view(s->tap);
        uint64_t now_ns = s->shared->loop.now_ns;
        memset(out, 0, sizeof *out);
        out->conn_id = s->id;
        out->worker = s->shared->config.worker;
        copy_text(out->client_addr, sizeof out->client_addr, span_str(tap_client_addr(s->tap)));
        copy_text(out->remote_addr, sizeof out->remote_addr,
                  span_str(s->server != NULL ? s->server->text : s->at->servers->text));
        copy_text(out->username, sizeof out->username, v.username);
        copy_text(out->database, sizeof out->database, v.database);
        copy_text(out->phase, sizeof out->phase,
                  span_str(s->state == SESSION_HEADER                                    ? "header"
                           : s->state == SESSION_CONNECTING                              ? "connecting"
                           : s->state == SESSION_REFUSED || s->state == SESSION_REJECTED ? "refused"
                                                                                         : v.phase));
        copy_text(out->opaque_reason, sizeof out->opaque_reason, span_str(v.opaque_reason));
        copy_text(out->command, sizeof out->command, span_str(v.command));
        copy_text(out->query, sizeof out->query, v.query_hidden ? span_str("(hidden)") : v.query);
        out->username_charset = v.username_charset;
        out->database_charset = v.database_charset;
        out->query_charset = v.query_charset;
        out->age_us = tap_age_ns(s->tap, now_ns) / CLOCK_US_NS;
        out->command_us = v.command != NULL ? (now_ns - v.command_mono_ns) / CLOCK_US_NS : 0;
        out->records = v.records;
        out->bytes_sent = s->links[SIDE_CLIENT].bytes_read;
        out->bytes_received = s->links[SIDE_SERVER].bytes_read;
        out->backlog_bytes = link_backlog(&s->links[SIDE_CLIENT]) + link_backlog(&s->links[SIDE_SERVER]);
        out->statements = v.statements;
        out->statement_bytes = v.statement_bytes;
        out->pipelined = v.pipelined;
}

struct tap_copy *session_copy(const struct session *s)
{
        return tap_copy(s->tap);
}

void session_copy_wanted(const struct session *s, const struct tap_wanted *wanted, struct tap_copy **list)
{
        tap_copy_wanted(s->tap, wanted, list);
}

char *session_hex(const struct session *s, enum tap_dump form, size_t *len)
{
        return tap_hex(s->tap, form, len);
}
