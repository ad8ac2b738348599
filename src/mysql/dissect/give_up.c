#include "mysql/dissect/give_up.h"

#include "base/writer.h"
#include "mysql/dissect/completion.h"
#include "mysql/dissect/emit.h"
#include "mysql/dissect/phase.h"
#include "mysql/dissect/resync.h"
#include "mysql/sql/secret.h"

/** May the beginning of @p m be shown? */
static bool is_shown(const struct dissect *d, const struct message *m)
{
        bool hide = d->redact_packets || d->packet_secret || secret_suspected(m->body) ||
                    (d->queue.head != NULL && dissector_is_secret(d, d->queue.head));
        return !hide && (d->phase == PHASE_READY || d->phase == PHASE_GREETING);
}

void give_up(struct dissect *d, const char *reason, const struct message *m, enum side from)
{
        if (d->phase >= PHASE_UNREAD) {
                d->phase = d->phase == PHASE_UNREAD ? PHASE_OPAQUE : d->phase;
                return;
        }
        const struct packet_stream *stream = &d->streams[from];
        char info[160];
        struct writer w = writer_over(info, sizeof info - 1);
        uint64_t now_ns = m != NULL ? m->end_ns : stream->start_ns;
        struct span bytes = m != NULL ? span_head(m->body, DISSECT_EVIDENCE) : (struct span){NULL, 0};
        bool show = m != NULL && is_shown(d, m);
        bool is_missed = m == NULL && d->resync.is_missing;
        uint64_t at = is_missed ? d->resync.missed_at : stream->message_at;
        writer_format(&w, "the session is opaque from here on: phase %s, %s byte %llu",
                      phase_table[d->phase].name, from == SIDE_CLIENT ? "client" : "server",
                      (unsigned long long)at);
        if (m != NULL) {
                writer_format(&w, ", packet seq %u length %llu", m->seq, (unsigned long long)m->len);
        }
        info[w.at] = '\0';
        completion_fail_all(d, "not followed to its end", 0);
        resync_begin(d, now_ns);
        d->opaque_reason = reason;
        d->has_news = true;
        d->phase = d->phase == PHASE_LOGIN || d->phase == PHASE_AUTH ? PHASE_UNREAD : PHASE_OPAQUE;
        emit_opaque(d, now_ns, reason, info, show ? &bytes : NULL);
}
