/** @file gap.h  The record that stands where others are missing. */
#ifndef MYSQL_RECORD_GAP_H
#define MYSQL_RECORD_GAP_H

#include "base/clock.h"
#include "mysql/record/record.h"

/** @p reason is static. */
static inline struct record gap_record(uint64_t dropped, const char *reason)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_GAP;
        r.wall_ns = clock_wall_ns();
        record_set_uint(&r, FIELD_DROPPED, dropped);
        record_set_text(&r, FIELD_REASON, span_str(reason));
        return r;
}

#endif
