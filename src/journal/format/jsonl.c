#include "journal/format/jsonl.h"

#include "base/clock.h"
#include "journal/format/jsonl_field.h"
#include "journal/format/jsonl_layout.h"

void jsonl_record_by_field(struct writer *w, const struct record *r)
{
        char when[CLOCK_RFC3339_SIZE];
        clock_rfc3339(r->wall_ns, when);
        writer_text(w, "{\"ts\":\"");
        writer_bytes(w, when, CLOCK_RFC3339_SIZE - 1);
        writer_text(w, "\",\"event\":\"");
        writer_text(w, record_event_name(r->event));
        writer_char(w, '"');
        jsonl_fields(w, r, r->present);
        writer_bytes(w, "}\n", 2);
}

void jsonl_record(struct writer *w, const struct record *r)
{
        if (!jsonl_layout_try(w, r)) {
                jsonl_record_by_field(w, r);
        }
}
