#include "journal/recent.h"

#include "base/diag.h"
#include "base/utf8.h"
#include "mysql/record/gap.h"
#include "mysql/record/record_packed.h"
#include "profile/heap/prof.h"

enum {
        LARGEST_SHARE = 4, /* no record takes more than a fourth of the room */
        SHORT_TEXT = 4096, /* of a statement in a shortened one */
};

enum status recent_init(struct recent *recent, size_t size)
{
        *recent = (struct recent){.memory = prof_alloc(STAGE_JOURNAL, size)};
        if (recent->memory == NULL) {
                return STATUS_NOMEM;
        }
        evicting_ring_init(&recent->ring, recent->memory, size);
        return STATUS_OK;
}

void recent_fini(struct recent *recent)
{
        prof_free(recent->memory);
        recent->memory = NULL;
}

static struct record shorten(const struct record *r)
{
        struct record s;
        record_assign(&s, r);
        if (record_has(r, FIELD_QUERY) && r->query.len > SHORT_TEXT) {
                s.query = utf8_trim(span_head(r->query, SHORT_TEXT));
                record_set_uint(&s, FIELD_QUERY_LENGTH,
                                record_has(r, FIELD_QUERY_LENGTH) ? r->query_length : r->query.len);
        }
        if (record_has(r, FIELD_STMT_PREPARE_QUERY) && r->stmt_prepare_query.len > SHORT_TEXT) {
                s.stmt_prepare_query = utf8_trim(span_head(r->stmt_prepare_query, SHORT_TEXT));
                record_set_uint(&s, FIELD_STMT_PREPARE_QUERY_LENGTH,
                                record_has(r, FIELD_STMT_PREPARE_QUERY_LENGTH) ? r->stmt_prepare_query_length
                                                                               : r->stmt_prepare_query.len);
        }
        static const enum record_field large[] = {FIELD_STMT_EXECUTE_VALUES, FIELD_QUERY_ATTRIBUTES,
                                                  FIELD_BULK_ROWS,           FIELD_COLUMN_NAMES,
                                                  FIELD_FIRST_ROWS,          FIELD_SESSION_CHANGES};
        for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
                record_remove(&s, large[i]);
        }
        record_set_text(&s, FIELD_INFO, span_str("shortened: too large for the recent records"));
        return s;
}

static void add(struct recent *recent, const struct record *r, size_t len)
{
        lock_take(&recent->lock);
        uint8_t *entry = evicting_ring_add(&recent->ring, len);
        if (entry != NULL) {
                record_pack(r, entry);
        }
        lock_give(&recent->lock);
}

static void add_shortened(struct recent *recent, const struct record *r, size_t most)
{
        struct record other = shorten(r);
        if (record_pack_size(&other) > most) {
                other = gap_record(1, "too large for the recent records");
        }
        add(recent, &other, record_pack_size(&other));
}

void recent_add(struct recent *recent, const struct record *r)
{
        size_t most = recent->ring.size / LARGEST_SHARE;
        size_t len = record_pack_size(r);
        if (len > most) {
                add_shortened(recent, r, most);
                return;
        }
        add(recent, r, len);
}

uint64_t recent_last(struct recent *recent)
{
        lock_take(&recent->lock);
        uint64_t last = recent->ring.added;
        lock_give(&recent->lock);
        return last;
}

/* What a reader found. */
enum found {
        FOUND_NOTHING, /* there is no newer record */
        FOUND_RECORD,  /* a copy of it */
        FOUND_EMPTY,   /* it was too large even when shortened, or the copy could not be made */
        FOUND_GAP,     /* records were overwritten before they were read */
};

struct reading {
        enum found found;
        struct record_packed *copy; /* FOUND_RECORD: to be freed */
        uint64_t gone;              /* FOUND_GAP: how many */
};

/** Copy the record of an entry: a filter or a format may take its time, and the journal thread must not wait for it. */
static struct reading copy_entry(struct span packed, uint64_t number)
{
        struct reading reading = {.found = FOUND_EMPTY};
        if (packed.len == 0) {
                return reading;
        }
        reading.copy = prof_alloc(STAGE_JOURNAL, packed.len);
        if (reading.copy == NULL) {
                diag(DIAG_WARNING, "record %llu could not be read: out of memory",
                     (unsigned long long)number);
                return reading;
        }
        memcpy(reading.copy, packed.data, packed.len);
        reading.found = FOUND_RECORD;
        return reading;
}

static struct reading read_next(struct recent *recent, uint64_t *cursor)
{
        struct evicting_ring *ring = &recent->ring;
        uint64_t gone = *cursor + 1 < ring->oldest ? ring->oldest - *cursor - 1 : 0;
        bool is_first = *cursor == 0;
        if (*cursor >= ring->added) {
                return (struct reading){.found = FOUND_NOTHING};
        }
        *cursor += gone;
        if (gone > 0 && !is_first) {
                return (struct reading){.found = FOUND_GAP, .gone = gone};
        }
        if (*cursor >= ring->added) {
                return (struct reading){.found = FOUND_NOTHING};
        }
        *cursor += 1;
        return copy_entry(evicting_ring_get(ring, *cursor), *cursor);
}

bool recent_read(struct recent *recent, uint64_t *cursor, struct filter *filter, enum format format,
                 struct writer *w)
{
        lock_take(&recent->lock);
        struct reading reading = read_next(recent, cursor);
        lock_give(&recent->lock);
        if (reading.found == FOUND_GAP) {
                struct record gap = gap_record(reading.gone, "overwritten before they were read");
                format_record(w, format, &gap);
        }
        if (reading.found == FOUND_RECORD) {
                struct record r;
                record_unpack(reading.copy, &r);
                if (filter == NULL || filter_pass(filter, &r)) {
                        format_record(w, format, &r);
                }
                prof_free(reading.copy);
        }
        return reading.found != FOUND_NOTHING;
}
