/* The heap profile as profile.proto. Names of fields are those of google/pprof's profile.proto. */
#include "base/clock.h"
#include "base/utf8.h"
#include "profile/export/export.h"
#include "profile/export/gzip.h"
#include "profile/export/intern.h"
#include "profile/export/mapping.h"
#include "profile/export/proto.h"
#include "profile/export/symbol.h"
#include "profile/heap/rate.h"
#include "profile/heap/scale.h"

enum profile_field {
        PROFILE_SAMPLE_TYPE = 1,
        PROFILE_SAMPLE = 2,
        PROFILE_MAPPING = 3,
        PROFILE_LOCATION = 4,
        PROFILE_FUNCTION = 5,
        PROFILE_STRING_TABLE = 6,
        PROFILE_TIME_NANOS = 9,
        PROFILE_DURATION_NANOS = 10,
        PROFILE_PERIOD_TYPE = 11,
        PROFILE_PERIOD = 12,
        PROFILE_COMMENT = 13,
        PROFILE_DEFAULT_SAMPLE_TYPE = 14,
};

enum value_type_field { VALUE_TYPE = 1, VALUE_UNIT = 2 };

enum sample_field { SAMPLE_LOCATION = 1, SAMPLE_VALUE = 2, SAMPLE_LABEL = 3 };

enum label_field { LABEL_KEY = 1, LABEL_STR = 2, LABEL_NUM = 3, LABEL_NUM_UNIT = 4 };

enum mapping_field {
        MAPPING_ID = 1,
        MAPPING_START = 2,
        MAPPING_LIMIT = 3,
        MAPPING_OFFSET = 4,
        MAPPING_FILENAME = 5,
        MAPPING_BUILD_ID = 6,
        MAPPING_HAS_FUNCTIONS = 7,
        MAPPING_HAS_FILENAMES = 8,
        MAPPING_HAS_LINE_NUMBERS = 9,
};

enum location_field { LOCATION_ID = 1, LOCATION_MAPPING = 2, LOCATION_ADDRESS = 3, LOCATION_LINE = 4 };

enum line_field { LINE_FUNCTION = 1, LINE_LINE = 2 };

enum function_field { FUNCTION_ID = 1, FUNCTION_NAME = 2, FUNCTION_SYSTEM_NAME = 3, FUNCTION_FILENAME = 4 };

enum { ALLOC_OBJECTS, ALLOC_SPACE, INUSE_OBJECTS, INUSE_SPACE, VALUES };

/** The profile that is being written. Ids are one more than the number of a key: 0 stands for none. */
struct build {
        struct buffer out;
        struct intern strings;
        struct intern locations; /**< keys: return addresses */
        struct intern functions; /**< keys: struct function_key */
        struct mappings mappings;
        struct buffer unnamed; /**< a struct missing for each mapping */
};

struct function_key {
        uint64_t name; /**< numbers of strings */
        uint64_t file;
};

/** What is missing for the addresses in a mapping; readers then look for it themselves. */
struct missing {
        bool function;
        bool file;
};

/** The number of a string. Readers reject invalid UTF-8, so each such byte becomes a question mark. */
static uint64_t number_of(struct build *b, const char *text)
{
        char plain[512];
        struct span s = span_str(text);
        if (!utf8_valid(s)) {
                size_t n = 0;
                for (unsigned step; s.len > 0 && n + 4 < sizeof plain; s = span_skip(s, step)) {
                        unsigned whole = utf8_sequence(s);
                        step = whole > 0 ? whole : 1;
                        memcpy(plain + n, whole > 0 ? (const char *)s.data : "?", step);
                        n += step;
                }
                s = span_of(plain, n);
        }
        return intern_number(&b->strings, s, NULL);
}

/* --- where: mappings, functions, locations ------------------------------------------------------------------------ */

static uint64_t put_function(struct build *b, const char *name, const char *file)
{
        struct function_key key = {number_of(b, name), file != NULL ? number_of(b, file) : 0};
        bool fresh;
        uint64_t id = intern_number(&b->functions, span_of(&key, sizeof key), &fresh) + 1ULL;
        if (fresh) {
                size_t open = proto_open(&b->out);
                proto_number(&b->out, FUNCTION_ID, id);
                proto_number(&b->out, FUNCTION_NAME, key.name);
                proto_number(&b->out, FUNCTION_SYSTEM_NAME, key.name);
                proto_number(&b->out, FUNCTION_FILENAME, key.file);
                proto_close(&b->out, PROFILE_FUNCTION, open);
        }
        return id;
}

static void note_missing(struct build *b, size_t mapping, const struct symbol *s)
{
        struct missing *missing = (struct missing *)(void *)b->unnamed.data;
        if (missing != NULL && mapping < b->mappings.n) {
                missing[mapping].function = missing[mapping].function || s->function == NULL;
                missing[mapping].file = missing[mapping].file || s->file == NULL;
        }
}

/** The location of a return address: the call before it. */
static uint64_t put_location(struct build *b, uintptr_t pc)
{
        bool fresh;
        uint64_t id = intern_number(&b->locations, span_of(&pc, sizeof pc), &fresh) + 1ULL;
        if (!fresh) {
                return id;
        }
        struct symbol s = symbol_find(pc - 1);
        size_t mapping = mappings_find(&b->mappings, pc - 1);
        uint64_t function = s.function != NULL ? put_function(b, s.function, s.file) : 0;
        note_missing(b, mapping, &s);
        size_t location = proto_open(&b->out);
        proto_number(&b->out, LOCATION_ID, id);
        proto_number(&b->out, LOCATION_MAPPING, mapping < b->mappings.n ? mapping + 1 : 0);
        proto_number(&b->out, LOCATION_ADDRESS, pc - 1);
        if (function != 0) {
                size_t line = proto_open(&b->out);
                proto_number(&b->out, LINE_FUNCTION, function);
                proto_number(&b->out, LINE_LINE, s.line > 0 ? (uint64_t)s.line : 0);
                proto_close(&b->out, LOCATION_LINE, line);
        }
        proto_close(&b->out, PROFILE_LOCATION, location);
        return id;
}

static void put_mappings(struct build *b)
{
        const struct missing *missing = (const struct missing *)(const void *)b->unnamed.data;
        for (size_t i = 0; i < b->mappings.n; i++) {
                const struct mapping *m = mappings_at(&b->mappings, i);
                size_t open = proto_open(&b->out);
                proto_number(&b->out, MAPPING_ID, i + 1);
                proto_number(&b->out, MAPPING_START, m->start);
                proto_number(&b->out, MAPPING_LIMIT, m->limit);
                proto_number(&b->out, MAPPING_OFFSET, m->offset);
                proto_number(&b->out, MAPPING_FILENAME, number_of(b, m->path));
                proto_number(&b->out, MAPPING_BUILD_ID, number_of(b, m->build_id));
                proto_number(&b->out, MAPPING_HAS_FUNCTIONS, !missing[i].function);
                proto_number(&b->out, MAPPING_HAS_FILENAMES, !missing[i].file);
                proto_number(&b->out, MAPPING_HAS_LINE_NUMBERS, !missing[i].file);
                proto_close(&b->out, PROFILE_MAPPING, open);
        }
}

/* --- what: samples -------------------------------------------------------------------------------------------------- */

static void scale_row(struct snapshot_row row, uint64_t sample_bytes, int64_t out[VALUES])
{
        struct scaled allocs = scale_samples(row.allocs, row.bytes_alloc, sample_bytes);
        struct scaled inuse =
            scale_samples(row.allocs - row.frees, row.bytes_alloc - row.bytes_free, sample_bytes);
        out[ALLOC_OBJECTS] = allocs.objects;
        out[ALLOC_SPACE] = allocs.bytes;
        out[INUSE_OBJECTS] = inuse.objects;
        out[INUSE_SPACE] = inuse.bytes;
}

static void put_text_label(struct build *b, const char *key, const char *value)
{
        size_t open = proto_open(&b->out);
        proto_number(&b->out, LABEL_KEY, number_of(b, key));
        proto_number(&b->out, LABEL_STR, number_of(b, value));
        proto_close(&b->out, SAMPLE_LABEL, open);
}

static void put_size_label(struct build *b, uint64_t size)
{
        size_t open = proto_open(&b->out);
        proto_number(&b->out, LABEL_KEY, number_of(b, "bytes"));
        proto_number(&b->out, LABEL_NUM, size);
        proto_number(&b->out, LABEL_NUM_UNIT, number_of(b, "bytes"));
        proto_close(&b->out, SAMPLE_LABEL, open);
}

static void put_sample(struct build *b, const struct prof_record *r, const int64_t figures[VALUES])
{
        uint64_t locations[PROF_STACK_MAX];
        uint64_t values[VALUES];
        for (unsigned i = 0; i < r->depth; i++) {
                locations[i] = put_location(b, r->stack[i]);
        }
        for (unsigned i = 0; i < VALUES; i++) {
                values[i] = (uint64_t)figures[i];
        }
        size_t open = proto_open(&b->out);
        proto_packed(&b->out, SAMPLE_LOCATION, locations, r->depth);
        proto_packed(&b->out, SAMPLE_VALUE, values, VALUES);
        put_text_label(b, "stage", prof_stage_name(r->stage));
        put_text_label(b, "lib", prof_lib_name(r->lib));
        if (r->size > 0) {
                put_size_label(b, r->size);
        }
        proto_close(&b->out, PROFILE_SAMPLE, open);
}

/** Each record is scaled by its own rate, whatever the period says. */
static void put_samples(struct build *b, const struct snapshot *base)
{
        struct prof_record r;
        uint32_t n = prof_record_count();
        for (uint32_t id = 1; id <= n; id++) {
                int64_t now[VALUES];
                int64_t then[VALUES] = {0};
                int64_t sum = 0;
                if (!prof_record_get(id, &r)) {
                        continue; /* another thread is creating it */
                }
                scale_row((struct snapshot_row){r.allocs, r.frees, r.bytes_alloc, r.bytes_free},
                          r.sample_bytes, now);
                if (base != NULL) {
                        scale_row(snapshot_row(base, id), r.sample_bytes, then);
                }
                for (unsigned i = 0; i < VALUES; i++) {
                        now[i] -= then[i];
                        sum |= now[i];
                }
                if (sum != 0) {
                        put_sample(b, &r, now);
                }
        }
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

static void put_value_type(struct build *b, unsigned field, const char *type, const char *unit)
{
        size_t open = proto_open(&b->out);
        proto_number(&b->out, VALUE_TYPE, number_of(b, type));
        proto_number(&b->out, VALUE_UNIT, number_of(b, unit));
        proto_close(&b->out, field, open);
}

static void put_comments(struct build *b, const char *(*comment)(size_t i))
{
        const char *text;
        for (size_t i = 0; comment != NULL && (text = comment(i)) != NULL; i++) {
                uint64_t number = number_of(b, text);
                proto_packed(&b->out, PROFILE_COMMENT, &number, 1);
        }
}

static void put_head(struct build *b, const struct export_proto *what)
{
        (void)number_of(b, ""); /* has number 0 */
        put_value_type(b, PROFILE_SAMPLE_TYPE, "alloc_objects", "count");
        put_value_type(b, PROFILE_SAMPLE_TYPE, "alloc_space", "bytes");
        put_value_type(b, PROFILE_SAMPLE_TYPE, "inuse_objects", "count");
        put_value_type(b, PROFILE_SAMPLE_TYPE, "inuse_space", "bytes");
        proto_number(&b->out, PROFILE_DEFAULT_SAMPLE_TYPE, number_of(b, what->default_type));
        put_value_type(b, PROFILE_PERIOD_TYPE, "space", "bytes");
        proto_number(&b->out, PROFILE_PERIOD, prof_sample_bytes());
        proto_number(&b->out, PROFILE_TIME_NANOS, clock_wall_ns());
        if (what->base != NULL && what->base->mono_ns != 0) {
                proto_number(&b->out, PROFILE_DURATION_NANOS, clock_mono_ns() - what->base->mono_ns);
        }
        put_comments(b, what->comment);
}

static bool write_all(struct build *b, FILE *out)
{
        for (uint32_t i = 0; i < b->strings.count; i++) {
                proto_text(&b->out, PROFILE_STRING_TABLE, intern_key(&b->strings, i));
        }
        return !b->out.failed && !b->strings.failed && !b->locations.failed && !b->functions.failed &&
               gzip_write(out, span_of(b->out.data, b->out.len));
}

bool export_heap_proto(FILE *out, const struct export_proto *what)
{
        struct build b = {0};
        bool done = mappings_read(&b.mappings) &&
                    buffer_add(&b.unnamed, b.mappings.n * sizeof(struct missing)) != NULL;
        if (done) {
                put_head(&b, what);
                put_samples(&b, what->base);
                put_mappings(&b);
                done = write_all(&b, out);
        }
        mappings_fini(&b.mappings);
        buffer_fini(&b.unnamed);
        buffer_fini(&b.out);
        intern_fini(&b.strings);
        intern_fini(&b.locations);
        intern_fini(&b.functions);
        return done;
}
