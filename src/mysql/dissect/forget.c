#include "mysql/dissect/forget.h"

#include "mysql/dissect/multi_result.h"
#include "mysql/dissect/row_hashing.h"
#include "profile/heap/prof.h"

void forget_commands(struct dissect *d)
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

void forget_session(struct dissect *d)
{
        forget_commands(d);
        statements_clear(&d->statements);
        prof_free(d->attributes);
        d->attributes = NULL;
        packet_stream_fini(&d->streams[SIDE_CLIENT]);
        packet_stream_fini(&d->streams[SIDE_SERVER]);
}
