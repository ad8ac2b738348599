#include "journal/format/grouped.h"

#include "base/clock.h"
#include "journal/format/text.h"

#include <stdio.h>

enum { SCOPE_MAX = 256, NUMBERS = 22 }; /* two numbers of 10 digits, a blank behind each */

static void put_scope(struct writer *w, const struct record *r)
{
        if (record_has(r, FIELD_SCOPE) && r->scope.len > 0) {
                writer_hex(w, span_head(r->scope, SCOPE_MAX));
        } else {
                writer_char(w, '-');
        }
}

void grouped_record(struct writer *w, const struct record *r, bool color)
{
        uint64_t begin_us = r->mono_ns / CLOCK_US_NS;
        uint64_t end_us = begin_us + record_uint_if_any(r, FIELD_DURATION_US);
        writer_char(w, '@');
        size_t numbers_at = w->at;
        writer_format(w, "%*s", (int)NUMBERS, ""); /* which are known when the text is written */
        writer_format(w, "%s %llu %llu %llu %llu ", record_event_name(r->event),
                      (unsigned long long)(record_has(r, FIELD_CONN_ID) ? r->conn_id : 0),
                      (unsigned long long)(record_has(r, FIELD_TRX_ID) ? r->trx_id : 0),
                      (unsigned long long)begin_us, (unsigned long long)end_us);
        put_scope(w, r);
        writer_char(w, '\n');
        size_t text_at = w->at;
        size_t event_at = text_record(w, r, color);
        if (!w->failed) {
                char numbers[NUMBERS + 1];
                (void)snprintf(numbers, sizeof numbers, "%-10zu %-10zu ", w->at - text_at, event_at);
                memcpy(w->data + numbers_at, numbers, NUMBERS);
        }
}
