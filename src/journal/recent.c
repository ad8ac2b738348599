#include "journal/recent.h"

#include "base/diag.h"
#include "base/utf8.h"
#include "mysql/record/gap.h"
#include "mysql/record/record_packed.h"
#include "profile/heap/prof.h"
#include "profile/heap/store.h"

enum {
        LARGEST_SHARE = 4,    /* no record takes more than a fourth of the room */
        SHORT_TEXT = 4096,    /* of a statement in a shortened one */
        IDENTITIES_SHARE = 2, /* those of past sessions take at most half as much as the records */
        IDENTITIES_MIN = 64 * 1024,
        SLOT = 512, /* bytes for an identity: enough for most */
};

enum status recent_init(struct recent *recent, size_t size)
{
        *recent = (struct recent){.memory = prof_alloc(STAGE_JOURNAL, size)};
        if (recent->memory == NULL) {
                return STATUS_NOMEM;
        }
        evicting_ring_init(&recent->ring, recent->memory, size);
        size_t slots = size / IDENTITIES_SHARE / SLOT;
        recent->slots = prof_alloc(STAGE_JOURNAL, slots * SLOT);
        if (recent->slots == NULL) {
                recent_fini(recent);
                return STATUS_NOMEM;
        }
        for (size_t i = slots; i > 0; i--) {
                struct identity *slot = (struct identity *)(void *)(recent->slots + (i - 1) * SLOT);
                slot->next = recent->free_slots;
                recent->free_slots = slot;
        }
        recent->retired_max =
            size / IDENTITIES_SHARE > IDENTITIES_MIN ? size / IDENTITIES_SHARE : IDENTITIES_MIN;
        prof_store_bound(STORE_IDENTITIES, recent->retired_max, 0);
        return STATUS_OK;
}

struct record recent_shorten(const struct record *r)
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
        static const enum record_field large[] = {
            FIELD_STMT_EXECUTE_VALUES, FIELD_QUERY_ATTRIBUTES, FIELD_BULK_ROWS, FIELD_COLUMN_NAMES,
            FIELD_FIRST_ROWS,          FIELD_SESSION_CHANGES,  FIELD_TAGS,      FIELD_TRANSACTIONS,
            FIELD_STATEMENTS};
        for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
                record_remove(&s, large[i]);
        }
        record_set_text(&s, FIELD_INFO, span_str("shortened: too large for the recent records"));
        return s;
}

/* An entry: this, then the packed record. */
struct recent_entry {
        struct identity *identity;   /* that the record refers to; NULL = none */
        struct recent_entry *before; /* the entry that was added before this one; NULL = it was not kept */
        struct recent_chain older;   /* the rest of the chain that the record is on */
};

static size_t entry_size(const struct record *r)
{
        return sizeof(struct recent_entry) + record_pack_size(r);
}

/* --- identities of sessions that have changed or ended -----------------------------------------------------------------
 *
 * They are in a queue, in the order of the newest record that may refer to them, and go when that record has gone. */

static void free_identity(struct recent *recent, struct identity *identity)
{
        if (identity->in_slot) {
                identity->next = recent->free_slots;
                recent->free_slots = identity;
        } else {
                prof_free(identity);
        }
}

struct identity *recent_new_identity(struct recent *recent, const struct record *r)
{
        size_t size = identity_size(r);
        struct identity *identity = size <= SLOT ? recent->free_slots : NULL;
        bool in_slot = identity != NULL;
        if (in_slot) {
                recent->free_slots = identity->next;
        } else {
                identity = prof_alloc(STAGE_JOURNAL, size);
        }
        if (identity != NULL) {
                identity_init(identity, size, r);
                identity->in_slot = in_slot;
        }
        return identity;
}

/** Bytes of a retired identity that were allocated for it alone. */
static int64_t own_bytes(const struct identity *identity)
{
        return identity->in_slot ? 0 : (int64_t)identity->size;
}

static void pop_retired(struct recent *recent)
{
        struct identity *gone = recent->retired;
        recent->retired = gone->next;
        recent->retired_bytes -= gone->size;
        prof_store_add(STORE_IDENTITIES, -own_bytes(gone));
        free_identity(recent, gone);
}

/** Number of the oldest record that can still be read. */
static uint64_t oldest(const struct recent *recent)
{
        return recent->ring.oldest > recent->cut_to ? recent->ring.oldest : recent->cut_to + 1;
}

/** Free those that no record refers to any more. */
static void pop_unused(struct recent *recent)
{
        while (recent->retired != NULL && recent->retired->last_recent < oldest(recent) &&
               recent->retired->readers == 0) {
                pop_retired(recent);
        }
}

/** There are too many: the oldest one goes, and with it the records up to the newest that may refer to it. */
static void cut_oldest(struct recent *recent)
{
        uint64_t last = recent->retired->last_recent;
        if (last >= oldest(recent)) {
                recent->cut += last + 1 - oldest(recent);
                recent->cut_to = last;
        }
        pop_unused(recent);
}

void recent_retire(struct recent *recent, struct identity *identity)
{
        if (identity == NULL) {
                return;
        }
        lock_take(&recent->lock);
        identity->last_recent = recent->ring.added;
        identity->next = NULL;
        if (recent->retired == NULL) {
                recent->retired = identity;
        } else {
                recent->newest_retired->next = identity;
        }
        recent->newest_retired = identity;
        recent->retired_bytes += identity->size;
        prof_store_add(STORE_IDENTITIES, own_bytes(identity));
        pop_unused(recent);
        while (recent->retired_bytes > recent->retired_max && recent->retired->readers == 0) {
                cut_oldest(recent);
        }
        lock_give(&recent->lock);
}

void recent_fini(struct recent *recent)
{
        while (recent->retired != NULL) {
                pop_retired(recent);
        }
        prof_free(recent->slots);
        prof_free(recent->memory);
        recent->slots = NULL;
        recent->free_slots = NULL;
        recent->memory = NULL;
}

uint64_t recent_cut(struct recent *recent)
{
        lock_take(&recent->lock);
        uint64_t cut = recent->cut;
        lock_give(&recent->lock);
        return cut;
}

/* --- adding ----------------------------------------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) void add(struct recent *recent, const struct record *r,
                                                      struct identity *identity, size_t len)
{
        lock_take(&recent->lock);
        struct recent_entry *entry = evicting_ring_add(&recent->ring, len);
        if (entry != NULL) {
                entry->identity = r->session_source == RECORD_SESSION_REFERRED ? identity : NULL;
                entry->before = recent->newest;
                entry->older = (struct recent_chain){{0, NULL}, 0};
                record_pack(r, (uint8_t *)(entry + 1));
        }
        recent->newest = entry;
        if (recent->retired != NULL) {
                pop_unused(recent);
        }
        lock_give(&recent->lock);
}

static __attribute__((noinline)) void add_shortened(struct recent *recent, const struct record *r,
                                                    struct identity *identity, size_t most)
{
        struct record other = recent_shorten(r);
        if (entry_size(&other) > most) {
                other = gap_record(1, "too large for the recent records");
        }
        add(recent, &other, identity, entry_size(&other));
}

void recent_add(struct recent *recent, const struct record *r, struct identity *identity)
{
        size_t most = recent->ring.size / LARGEST_SHARE;
        size_t len = entry_size(r);
        if (len > most && most > 0) {
                add_shortened(recent, r, identity, most);
                return;
        }
        add(recent, r, identity, len);
}

/* --- chains ------------------------------------------------------------------------------------------------------------- */

void recent_refer_to_chain(struct recent *recent, const struct recent_chain *chain)
{
        if (recent->newest != NULL) {
                recent->newest->older = *chain;
        }
}

void recent_chain(struct recent *recent, struct recent_chain *chain)
{
        recent_refer_to_chain(recent, chain);
        chain->newest = recent_newest(recent);
        chain->count++;
}

struct recent_place recent_newest(const struct recent *recent)
{
        return (struct recent_place){recent->ring.added, recent->newest};
}

struct recent_place recent_before(struct recent_place place)
{
        return (struct recent_place){place.number - 1, place.entry->before};
}

const struct record_packed *recent_at(const struct recent *recent, struct recent_place place,
                                      const struct record_session **session, struct recent_chain *older)
{
        if (place.number < oldest(recent) || place.entry == NULL) {
                return NULL;
        }
        *session = place.entry->identity != NULL ? &place.entry->identity->session : NULL;
        *older = place.entry->older;
        return (const struct record_packed *)(const void *)(place.entry + 1);
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

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
        struct identity *identity;  /* to be given back */
        uint64_t gone;              /* FOUND_GAP: how many */
};

/** Copy the record of an entry: a filter or a format may take its time, and the journal thread must not wait for it. */
static struct reading copy_entry(struct span kept, uint64_t number)
{
        struct reading reading = {.found = FOUND_EMPTY};
        if (kept.len == 0) {
                return reading;
        }
        const struct recent_entry *entry = (const struct recent_entry *)(const void *)kept.data;
        size_t len = kept.len - sizeof *entry;
        reading.copy = prof_alloc(STAGE_JOURNAL, len);
        if (reading.copy == NULL) {
                diag(DIAG_WARNING, "record %llu could not be read: out of memory",
                     (unsigned long long)number);
                return reading;
        }
        memcpy(reading.copy, entry + 1, len);
        reading.identity = entry->identity;
        if (reading.identity != NULL) {
                reading.identity->readers++;
        }
        reading.found = FOUND_RECORD;
        return reading;
}

static struct reading read_next(struct recent *recent, uint64_t *cursor)
{
        struct evicting_ring *ring = &recent->ring;
        uint64_t first = oldest(recent);
        uint64_t gone = *cursor + 1 < first ? first - *cursor - 1 : 0;
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

bool recent_visit(struct recent *recent, uint64_t *cursor,
                  void (*visit)(void *arg, const struct recent_item *item), void *arg)
{
        lock_take(&recent->lock);
        struct reading reading = read_next(recent, cursor);
        lock_give(&recent->lock);
        if (reading.found == FOUND_NOTHING) {
                return false;
        }
        struct record *r = reading.copy != NULL ? record_unpack(reading.copy) : NULL;
        if (reading.identity != NULL) {
                record_refer(r, &reading.identity->session, field_set_both(&r->present, &fields_session));
        }
        const struct recent_item item = {*cursor, reading.gone, r};
        visit(arg, &item);
        prof_free(reading.copy);
        if (reading.identity != NULL) {
                lock_take(&recent->lock);
                reading.identity->readers--;
                lock_give(&recent->lock);
        }
        return true;
}

uint64_t recent_first(struct recent *recent)
{
        lock_take(&recent->lock);
        uint64_t first = oldest(recent);
        lock_give(&recent->lock);
        return first;
}

/** Where recent_read formats to. */
struct formatting {
        struct filter *filter; /* NULL: every record passes */
        enum format format;
        struct writer *w;
};

struct record recent_gap(const struct recent_item *item)
{
        return item->gone > 0 ? gap_record(item->gone, "overwritten before they were read")
                              : gap_record(1, "not kept, as it is too large, or not read, as memory is out");
}

static void format_item(void *arg, const struct recent_item *item)
{
        const struct formatting *f = arg;
        if (item->record == NULL) {
                struct record gap = recent_gap(item);
                format_record(f->w, f->format, &gap);
        } else if (f->filter == NULL || filter_pass(f->filter, item->record)) {
                format_record(f->w, f->format, item->record);
        }
}

bool recent_read(struct recent *recent, uint64_t *cursor, struct filter *filter, enum format format,
                 struct writer *w)
{
        struct formatting f = {filter, format, w};
        return recent_visit(recent, cursor, format_item, &f);
}
