#include "profile/explain/dump_proto.h"

#include "profile/heap/prof.h"

#include <stdlib.h>

enum {
        VARINT_BITS = 64,
        TYPES_MAX = 32,
        TABLE_FIRST = 256,
        TABLE_MAX = 1 << 22,
        INLINED_MAX = 16,
        NAME_MAX = 256
};

/* --- encoding --------------------------------------------------------------------------------------------------------------- */

struct field {
        unsigned number;
        unsigned wire; /**< 0 = number, 2 = bytes; others are skipped */
        uint64_t value;
        struct span bytes;
};

static bool take_varint(struct span *s, uint64_t *out)
{
        *out = 0;
        for (unsigned shift = 0; s->len > 0 && shift < VARINT_BITS; shift += 7) {
                uint8_t byte = s->data[0];
                *s = span_skip(*s, 1);
                *out |= (uint64_t)(byte & 0x7f) << shift;
                if ((byte & 0x80) == 0) {
                        return true;
                }
        }
        return false;
}

static bool take_bytes(struct span *s, uint64_t len, struct span *out)
{
        if (len > s->len) {
                return false;
        }
        *out = span_head(*s, (size_t)len);
        *s = span_skip(*s, (size_t)len);
        return true;
}

/** @return false if @p s has no field. */
static bool take_field(struct span *s, struct field *f)
{
        uint64_t tag;
        if (!take_varint(s, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX) {
                return false;
        }
        *f = (struct field){.number = (unsigned)(tag >> 3), .wire = tag & 7};
        switch (f->wire) {
        case 0: return take_varint(s, &f->value);
        case 1: return take_bytes(s, 8, &f->bytes);
        case 2: return take_varint(s, &f->value) && take_bytes(s, f->value, &f->bytes);
        case 5: return take_bytes(s, 4, &f->bytes);
        default: return false;
        }
}

/** The next value of a repeated number, whether it is packed or not. @p list: the field; it is consumed. */
static bool take_number(struct field *list, uint64_t *out)
{
        if (list->wire == 0) {
                *out = list->value;
                list->wire = 8; /* not a wire type: the only value was taken */
                return true;
        }
        return list->wire == 2 && list->bytes.len > 0 && take_varint(&list->bytes, out);
}

/* --- tables ------------------------------------------------------------------------------------------------------------------ */

/** A message with an id, decoded. Each is decoded once, because many samples may refer to it. */
struct entry {
        uint64_t id;    /**< of a line: the function's */
        uint64_t first; /**< function: its name; location: its address; line: its number */
        uint64_t
            second; /**< function: its file; location: the index of its first line; line: function's index + 1 */
        uint64_t hash;     /**< of a location's names, if it has any */
        struct span bytes; /**< string: itself; location: len is how many lines it has */
};

struct table {
        struct entry *entries;
        size_t n;
        size_t size;
};

struct profile {
        const struct dump_sink *sink;
        struct dump_troubles *troubles;
        struct table strings; /**< id is the index */
        struct table locations;
        struct table functions;
        struct table lines;        /**< of all locations */
        uint64_t types[TYPES_MAX]; /**< of a sample's values: strings */
        size_t n_types;
        uint64_t period;
        uint64_t time_ns;
        size_t samples;
        bool nomem;
        bool large;
        int at[4]; /**< which value is live, live_bytes, allocs, alloc_bytes; -1 = none */
        struct dump_record record;
};

static void add_entry(struct profile *p, struct table *t, const struct entry *entry)
{
        if (t->n == t->size) {
                size_t size = t->size > 0 ? 2 * t->size : TABLE_FIRST;
                struct entry *moved =
                    size <= TABLE_MAX ? prof_realloc(STAGE_MAIN, t->entries, size * sizeof *moved) : NULL;
                if (moved == NULL) {
                        p->large = size > TABLE_MAX;
                        p->nomem = !p->large;
                        return;
                }
                t->entries = moved;
                t->size = size;
        }
        t->entries[t->n++] = *entry;
}

static int compare_entries(const void *a, const void *b)
{
        const struct entry *x = a;
        const struct entry *y = b;
        return (x->id > y->id) - (x->id < y->id);
}

/** @return the message with that id, NULL if there is none. */
static const struct entry *find_entry(const struct table *t, uint64_t id)
{
        struct entry key = {.id = id};
        return t->n > 0 ? bsearch(&key, t->entries, t->n, sizeof key, compare_entries) : NULL;
}

static struct span string_at(const struct profile *p, uint64_t index)
{
        return index < p->strings.n ? p->strings.entries[index].bytes : (struct span){NULL, 0};
}

/** The first number in field @p number of @p message; 0 if there is none. */
static uint64_t number_in(struct span message, unsigned number)
{
        struct field f;
        while (message.len > 0 && take_field(&message, &f)) {
                if (f.number == number && f.wire == 0) {
                        return f.value;
                }
        }
        return 0;
}

static bool is_valid(struct span message)
{
        struct field f;
        while (message.len > 0) {
                if (!take_field(&message, &f)) {
                        return false;
                }
        }
        return true;
}

enum { SAMPLE_TYPE = 1, SAMPLE = 2, LOCATION = 4, FUNCTION = 5, STRING = 6, TIME = 9, PERIOD = 12 };

static void take_location(struct profile *p, struct span message)
{
        struct entry e = {.id = number_in(message, 1), .first = number_in(message, 3), .second = p->lines.n};
        struct field f;
        while (message.len > 0 && e.bytes.len < INLINED_MAX && take_field(&message, &f)) {
                if (f.number == 4 && f.wire == 2) {
                        struct entry line = {.id = number_in(f.bytes, 1), .first = number_in(f.bytes, 2)};
                        add_entry(p, &p->lines, &line);
                        e.bytes.len++;
                }
        }
        add_entry(p, &p->locations, &e);
}

static void take_function(struct profile *p, struct span message)
{
        struct entry e = {
            .id = number_in(message, 1), .first = number_in(message, 2), .second = number_in(message, 4)};
        add_entry(p, &p->functions, &e);
}

static bool take_top(struct profile *p, const struct field *f)
{
        struct entry string = {.id = p->strings.n, .bytes = f->bytes};
        bool message =
            f->number == SAMPLE_TYPE || f->number == SAMPLE || f->number == LOCATION || f->number == FUNCTION;
        if (message && (f->wire != 2 || !is_valid(f->bytes))) {
                return false;
        }
        switch (f->number) {
        case SAMPLE_TYPE:
                if (p->n_types == TYPES_MAX) {
                        return false;
                }
                p->types[p->n_types++] = number_in(f->bytes, 1);
                return true;
        case SAMPLE: p->samples++; return true;
        case LOCATION: take_location(p, f->bytes); return true;
        case FUNCTION: take_function(p, f->bytes); return true;
        case STRING: add_entry(p, &p->strings, &string); return f->wire == 2;
        case TIME: p->time_ns = f->value; return f->wire == 0;
        case PERIOD: p->period = f->value; return f->wire == 0;
        default: return true;
        }
}

static uint64_t hash_text(uint64_t h, struct span s)
{
        for (size_t i = 0; i < s.len; i++) {
                h = (h ^ s.data[i]) * 0x100000001b3ULL;
        }
        return h;
}

/** Find the function of each line, and hash the names of each location, once: many samples may refer to it. */
static void link_tables(struct profile *p)
{
        for (size_t i = 0; i < p->functions.n; i++) {
                struct entry *f = &p->functions.entries[i];
                struct span name = span_head(string_at(p, f->first), NAME_MAX);
                f->hash = hash_text(0xcbf29ce484222325ULL, name);
                f->hash = hash_text(f->hash, span_head(string_at(p, f->second), NAME_MAX));
        }
        for (size_t i = 0; i < p->lines.n; i++) {
                struct entry *line = &p->lines.entries[i];
                const struct entry *f = find_entry(&p->functions, line->id);
                bool named = f != NULL && string_at(p, f->first).len + string_at(p, f->second).len > 0;
                line->second = named ? (uint64_t)(f - p->functions.entries) + 1 : 0;
                line->hash = named ? f->hash + line->first : 0;
        }
        for (size_t i = 0; i < p->locations.n; i++) {
                struct entry *location = &p->locations.entries[i];
                for (size_t k = 0; k < location->bytes.len; k++) {
                        location->hash = location->hash * 31 + p->lines.entries[location->second + k].hash;
                }
        }
}

/** The tables. @return false if @p bytes are no profile. */
static bool read_tables(struct profile *p, struct span bytes)
{
        struct field f;
        while (bytes.len > 0 && !p->nomem && !p->large) {
                if (!take_field(&bytes, &f) || !take_top(p, &f)) {
                        return false;
                }
        }
        if (p->nomem || p->large || p->n_types == 0 || p->strings.n == 0 ||
            p->strings.entries[0].bytes.len > 0) {
                return false;
        }
        for (size_t i = 0; i < p->n_types; i++) {
                if (p->types[i] >= p->strings.n) {
                        return false;
                }
        }
        struct table *const sorted[] = {&p->locations, &p->functions};
        for (size_t i = 0; i < 2; i++) {
                if (sorted[i]->n > 0) {
                        qsort(sorted[i]->entries, sorted[i]->n, sizeof(struct entry), compare_entries);
                }
        }
        link_tables(p);
        return true;
}

/** Find out which value means what. @return false if it is not a heap profile. */
static bool find_types(struct profile *p)
{
        static const char *const names[4][3] = {
            {"inuse_objects", "objects", "inuse_object"},
            {"inuse_space", "space", "inuse_bytes"},
            {"alloc_objects", "alloc_object", "allocations"},
            {"alloc_space", "alloc_bytes", "allocated_space"},
        };
        for (int figure = 0; figure < 4; figure++) {
                p->at[figure] = -1;
                for (size_t i = 0; i < p->n_types; i++) {
                        struct span type = string_at(p, p->types[i]);
                        for (int n = 0; n < 3; n++) {
                                if (span_equal(type, span_str(names[figure][n]))) {
                                        p->at[figure] = (int)i;
                                }
                        }
                }
        }
        return p->at[1] >= 0 || p->at[3] >= 0;
}

static enum dump_other kind_of(const struct profile *p)
{
        static const struct {
                const char *type;
                enum dump_other kind;
        } kinds[] = {
            {"cpu", DUMP_CPU},           {"goroutine", DUMP_GOROUTINE},  {"goroutines", DUMP_GOROUTINE},
            {"contentions", DUMP_BLOCK}, {"threadcreate", DUMP_THREADS},
        };
        for (size_t i = 0; i < p->n_types; i++) {
                for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
                        if (span_equal(string_at(p, p->types[i]), span_str(kinds[k].type))) {
                                return kinds[k].kind;
                        }
                }
        }
        return DUMP_PROTO;
}

/* --- samples ------------------------------------------------------------------------------------------------------------------ */

/** Add the lines of a location: the inlined functions, and the one that they are in. */
static void add_lines(struct profile *p, const struct entry *location)
{
        struct dump_record *d = &p->record;
        for (size_t i = 0; i < location->bytes.len && d->n_frames < DUMP_STACK_MAX; i++) {
                const struct entry *line = &p->lines.entries[location->second + i];
                if (line->second > 0) {
                        const struct entry *function = &p->functions.entries[line->second - 1];
                        struct span name = string_at(p, function->first);
                        d->frames[d->n_frames++] = (struct dump_frame){
                            name.len > 0 ? name : span_str("?"), string_at(p, function->second), line->first};
                }
        }
}

static void add_location(struct profile *p, uint64_t id)
{
        struct dump_record *d = &p->record;
        const struct entry *location = find_entry(&p->locations, id);
        if (location != NULL) {
                add_lines(p, location);
        }
        uint64_t address = location != NULL ? location->first : 0;
        uint64_t hash = location != NULL ? location->hash : 0;
        d->stack[d->depth++] = address != 0 ? address : hash != 0 ? hash : id;
}

/** Read the labels: "bytes" is the size of an object; stage and lib are those of this proxy. */
static void add_label(struct profile *p, struct span label)
{
        struct dump_record *d = &p->record;
        struct span key = string_at(p, number_in(label, 1));
        struct span text = string_at(p, number_in(label, 2));
        if (span_equal(key, span_str("bytes"))) {
                d->size = number_in(label, 3);
        } else if (span_equal(key, span_str("stage"))) {
                d->stage = text;
        } else if (span_equal(key, span_str("lib"))) {
                d->lib = text;
        }
}

static void add_values(struct profile *p, struct field *list, size_t *n)
{
        uint64_t *const figures[4] = {&p->record.live, &p->record.live_bytes, &p->record.allocs,
                                      &p->record.alloc_bytes};
        uint64_t value;
        while (take_number(list, &value)) {
                for (int i = 0; i < 4; i++) {
                        if (p->at[i] >= 0 && (size_t)p->at[i] == *n) {
                                *figures[i] = value;
                        }
                }
                (*n)++;
        }
}

static void read_sample(struct profile *p, struct span sample)
{
        struct dump_record *d = &p->record;
        struct field f;
        uint64_t id;
        size_t values = 0;
        bool deep = false;
        d->live = d->live_bytes = d->allocs = d->alloc_bytes = d->size = 0;
        d->depth = d->n_frames = 0;
        d->stage = d->lib = d->sample = d->site = d->birth = (struct span){NULL, 0};
        while (sample.len > 0 && take_field(&sample, &f)) {
                if (f.number == 1) {
                        while (!deep && take_number(&f, &id)) {
                                deep = d->depth == DUMP_STACK_MAX;
                                p->troubles->deep += deep;
                                if (!deep) {
                                        add_location(p, id);
                                }
                        }
                } else if (f.number == 2) {
                        add_values(p, &f, &values);
                } else if (f.number == 3 && f.wire == 2) {
                        add_label(p, f.bytes);
                }
        }
        if (d->live > INT64_MAX || d->live_bytes > INT64_MAX || d->allocs > INT64_MAX ||
            d->alloc_bytes > INT64_MAX || (p->at[2] >= 0 && d->live > d->allocs)) {
                p->troubles->records++;
                return;
        }
        if (d->size == 0 && d->allocs > 0 && p->at[3] >= 0) {
                d->size = d->alloc_bytes / d->allocs;
        }
        p->sink->on_record(p->sink->arg, d);
}

static void read_samples(struct profile *p, struct span bytes)
{
        struct dump_header h = {.scaled = true, .time_ns = p->time_ns, .living = p->at[3] < 0};
        struct field f;
        uint64_t unread = p->troubles->records;
        /* in a heap profile the period is the mean distance of samples in bytes; without one, or with 1, every allocation is sampled */
        h.sample_bytes = p->period > 0 && p->period < INT64_MAX ? p->period : 1;
        p->sink->on_dump(p->sink->arg, &h);
        while (bytes.len > 0 && take_field(&bytes, &f)) {
                if (f.number == SAMPLE && f.wire == 2) {
                        read_sample(p, f.bytes);
                }
        }
        bool whole = p->troubles->records == unread;
        p->troubles->cut += !whole;
        p->sink->on_end(p->sink->arg, whole);
}

enum status dump_proto_read(struct span bytes, const struct dump_sink *sink, struct dump_troubles *troubles)
{
        enum status status = STATUS_OK;
        struct profile *p = prof_calloc(STAGE_MAIN, 1, sizeof *p);
        if (p == NULL) {
                return STATUS_NOMEM;
        }
        p->sink = sink;
        p->troubles = troubles;
        if (!read_tables(p, bytes)) {
                status = p->nomem ? STATUS_NOMEM : p->large ? STATUS_LIMIT : STATUS_PROTOCOL;
                troubles->large += p->large;
        } else if (!find_types(p)) {
                troubles->others[kind_of(p)]++;
                status = STATUS_NOTFOUND;
        } else {
                read_samples(p, bytes);
        }
        prof_free(p->strings.entries);
        prof_free(p->locations.entries);
        prof_free(p->functions.entries);
        prof_free(p->lines.entries);
        prof_free(p);
        return status;
}
