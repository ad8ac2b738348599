#include "mysql/dissect/dissector.h"

#include "mysql/dissect/multi_result.h"
#include "mysql/dissect/row_hashing.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/secret_data.h"
#include "profile/heap/prof.h"

void dissector_forget_commands(struct dissect *d)
{
        command_queue_clear(&d->queue);
        value_buffer_drop(&d->values);
        multi_result_drop(&d->multi_result);
        row_hashing_drop(d);
        auth_path_forget(&d->auth_path);
        session_vars_forget(&d->vars);
        d->vars.next = (struct next_charsets){false};
        d->vars.next_database_unknown = false;
        d->filter.step = FILTER_OFF;
        d->answered_early = false;
        d->draining = false;
        d->eof_open = false;
        d->crowding = CROWDING_NONE;
        for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
                packet_stream_release(&d->streams[side]);
        }
}

void dissector_forget(struct dissect *d)
{
        dissector_forget_commands(d);
        statements_clear(&d->statements);
        prof_free(d->attributes);
        d->attributes = NULL;
        packet_stream_fini(&d->streams[SIDE_CLIENT]);
        packet_stream_fini(&d->streams[SIDE_SERVER]);
}

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
        if (d->phase == PHASE_READY && from == SIDE_CLIENT) {
                return is_secret_part(d, head);
        }
        return (d->queue.head != NULL && dissector_is_secret(d, d->queue.head)) || secret_is_in_packet(head);
}
