#include "journal/recent.h"

#include "base/diag.h"
#include "base/utf8.h"
#include "mysql/record/gap.h"
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

/* An entry: this, then the record. */
struct entry {
        const uint8_t *seems_at; /* see record_copy */
};

static size_t entry_size(const struct record *r)
{
        return sizeof(struct entry) + record_copy_size(r);
}

static void add(struct recent *recent, const struct record *r, size_t len)
{
        lock_take(&recent->lock);
        struct entry *e = evicting_ring_add(&recent->ring, len);
        if (e != NULL) {
                e->seems_at = record_copy(r, (uint8_t *)(e + 1));
        }
        lock_give(&recent->lock);
}

static void add_shortened(struct recent *recent, const struct record *r, size_t most)
{
        struct record other = shorten(r);
        if (entry_size(&other) > most) {
                other = gap_record(1, "too large for the recent records");
        }
        add(recent, &other, entry_size(&other));
}

void recent_add(struct recent *recent, const struct record *r)
{
        size_t most = recent->ring.size / LARGEST_SHARE;
        size_t len = entry_size(r);
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

/* A record on its way to a filter: a copy, for a filter may take its time, and the writer must not wait for it. */
struct taken {
        uint8_t *bytes;
        const struct record *record; /* in them */
};

static void print(const struct record *r, struct filter *filter, enum format format, struct writer *w)
{
        if (r != NULL && filter_pass(filter, r)) {
                format_record(w, format, r);
        }
}

static void take(struct taken *taken, struct span packed, const uint8_t *seems_at, uint64_t number)
{
        taken->bytes = prof_alloc(STAGE_JOURNAL, packed.len);
        if (taken->bytes == NULL) {
                diag(DIAG_WARNING, "record %llu could not be checked against a filter: out of memory",
                     (unsigned long long)number);
                return;
        }
        memcpy(taken->bytes, packed.data, packed.len);
        taken->record = record_moved(taken->bytes, packed.len, seems_at);
}

/** The record of an entry, with its pointers right. */
static const struct record *open_entry(struct entry *e, size_t len)
{
        uint8_t *bytes = (uint8_t *)(e + 1);
        if (e->seems_at == bytes) {
                return (const struct record *)(const void *)bytes;
        }
        const struct record *r = record_moved(bytes, len, e->seems_at);
        e->seems_at = r != NULL ? bytes : e->seems_at;
        return r;
}

static bool read_next(struct recent *recent, uint64_t *cursor, bool copy, struct taken *taken,
                      enum format format, struct writer *w)
{
        struct evicting_ring *ring = &recent->ring;
        if (*cursor >= ring->added) {
                return false;
        }
        uint64_t gone = *cursor + 1 < ring->oldest ? ring->oldest - *cursor - 1 : 0;
        bool is_first = *cursor == 0;
        *cursor += gone;
        if (gone > 0 && !is_first) {
                struct record gap = gap_record(gone, "overwritten before they were read");
                format_record(w, format, &gap);
                return true;
        }
        if (*cursor >= ring->added) {
                return false;
        }
        *cursor += 1;
        struct span kept = evicting_ring_get(ring, *cursor);
        if (kept.len > 0) {
                /* our own, writable */
                struct entry *e = (struct entry *)(void *)(recent->memory + (kept.data - recent->memory));
                size_t len = kept.len - sizeof *e;
                if (copy) {
                        take(taken, span_of(e + 1, len), e->seems_at, *cursor);
                } else {
                        print(open_entry(e, len), NULL, format, w);
                }
        }
        return true;
}

bool recent_read(struct recent *recent, uint64_t *cursor, struct filter *filter, enum format format,
                 struct writer *w)
{
        struct taken taken = {NULL, NULL};
        lock_take(&recent->lock);
        bool found = read_next(recent, cursor, filter != NULL, &taken, format, w);
        lock_give(&recent->lock);
        print(taken.record, filter, format, w);
        prof_free(taken.bytes);
        return found;
}
