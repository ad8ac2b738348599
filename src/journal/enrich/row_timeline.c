#include "journal/enrich/row_timeline.h"

void row_timeline_add(struct row_timeline *line, uint64_t conn_id, uint64_t mono_ns,
                      const struct statement_keys *keys)
{
        struct row_moment moment = {.mono_ns = mono_ns,
                                    .conn_id = conn_id,
                                    .n = keys->n < ROW_TIMELINE_KEYS ? keys->n : ROW_TIMELINE_KEYS};
        memcpy(moment.keys, keys->at, moment.n * sizeof keys->at[0]);
        if (line->n == ROW_TIMELINE) {
                if (mono_ns < line->at[0].mono_ns) {
                        return;
                }
                line->n--;
                memmove(&line->at[0], &line->at[1], line->n * sizeof line->at[0]);
        }
        unsigned i = line->n++;
        for (; i > 0 && line->at[i - 1].mono_ns > mono_ns; i--) {
                line->at[i] = line->at[i - 1];
        }
        line->at[i] = moment;
}
