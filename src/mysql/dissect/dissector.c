#include "mysql/dissect/dissector.h"

#include "mysql/sql/secret.h"
#include "mysql/sql/secret_data.h"

/** Must a packet of the client's of which only the beginning came be hidden? Its first byte shows which command it would have been. */
static bool is_secret_part(const struct dissect *d, struct span head)
{
        enum { STMT_ID_AT = 1 };
        const struct command *under_way = d->queue.head;
        if (under_way != NULL &&
            (under_way->state == REPLYING_AUTH || under_way->state == REPLYING_LOCAL_FILE)) {
                return under_way->state == REPLYING_AUTH || dissector_is_secret(d, under_way);
        }
        if (d->draining) {
                return d->drain_secret;
        }
        struct command cmd = {.code = head.len > 0 ? head.data[0] : COM_SLEEP, .text_at = 1};
        struct reader r = reader_over(span_skip(head, STMT_ID_AT));
        cmd.stmt_id = reader_u32(&r);
        cmd.has_stmt_id = !r.failed;
        return secret_watch_holds(&d->secrets, &d->statements, &cmd, head) || secret_suspected(head);
}

bool dissector_hides_part(const struct dissect *d, enum side from, struct span head)
{
        if (d->phase == PHASE_LOGIN || d->phase == PHASE_AUTH || d->redact_packets) {
                return true;
        }
        if (d->skips_rest && from == SIDE_SERVER) {
                return true; /* of a command that was missed */
        }
        if (d->phase == PHASE_READY && from == SIDE_CLIENT) {
                return is_secret_part(d, head);
        }
        return (d->queue.head != NULL && dissector_is_secret(d, d->queue.head)) || secret_is_in_packet(head);
}
