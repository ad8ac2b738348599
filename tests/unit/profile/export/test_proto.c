#include "profile/export/export.h"
#include "profile/export/gzip.h"
#include "profile/export/intern.h"
#include "profile/export/mapping.h"
#include "profile/export/proto.h"
#include "profile/export/symbol.h"
#include "profile/heap/counts.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "tap.h"

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <zlib.h>

static int64_t own_bytes(void)
{
        return prof_read(STAGE_PROFILE, LIB_COUNT).current_bytes_used;
}

/* --- a reader ------------------------------------------------------------------------------------------------------ */

/** One field of a message: a number, or a text with bytes. */
struct field {
        unsigned number;
        bool is_text;
        uint64_t value;
        struct span text;
};

static uint64_t read_varint(struct span *in)
{
        uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
                CU_ASSERT_TRUE_FATAL(in->len > 0);
                uint8_t byte = in->data[0];
                *in = span_skip(*in, 1);
                value |= (uint64_t)(byte & 0x7f) << shift;
                if (byte < 0x80) {
                        return value;
                }
        }
        CU_FAIL_FATAL("a varint of more than ten bytes");
        return 0;
}

static bool next_field(struct span *in, struct field *f)
{
        if (in->len == 0) {
                return false;
        }
        uint64_t tag = read_varint(in);
        *f = (struct field){.number = (unsigned)(tag >> 3), .is_text = (tag & 7) == 2};
        CU_ASSERT_TRUE_FATAL((tag & 7) == 2 || (tag & 7) == 0);
        f->value = read_varint(in);
        if (f->is_text) {
                CU_ASSERT_TRUE_FATAL(f->value <= in->len);
                f->text = span_head(*in, f->value);
                *in = span_skip(*in, f->value);
        }
        return true;
}

/** The @p nth (from 0) field @p number of a message; false if there are not so many. */
static bool find_field(struct span message, unsigned number, size_t nth, struct field *f)
{
        while (next_field(&message, f)) {
                if (f->number == number && nth-- == 0) {
                        return true;
                }
        }
        *f = (struct field){.number = 0};
        return false;
}

static uint64_t number_in(struct span message, unsigned number)
{
        struct field f;
        return find_field(message, number, 0, &f) ? f.value : 0;
}

/* --- the writer ----------------------------------------------------------------------------------------------------- */

static void numbers_are_varints(void)
{
        static const uint64_t values[] = {1,          127,          128,        16383,    16384,
                                          UINT32_MAX, (uint64_t)-1, 1ULL << 63, 300000000};
        struct buffer b = {0};
        for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
                proto_number(&b, 1000 * i + 1, values[i]);
                proto_number(&b, 7, 0); /* is left out */
        }
        struct span in = span_of(b.data, b.len);
        struct field f;
        for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
                CU_ASSERT_TRUE_FATAL(next_field(&in, &f));
                CU_ASSERT_EQUAL(f.number, 1000 * i + 1);
                CU_ASSERT_EQUAL(f.value, values[i]);
        }
        CU_ASSERT_FALSE(next_field(&in, &f));
        /* the documentation's own example: field 1 is 150 */
        b.len = 0;
        proto_number(&b, 1, 150);
        CU_ASSERT_TRUE(b.len == 3 && memcmp(b.data, "\x08\x96\x01", 3) == 0);
        buffer_fini(&b);
}

static void messages_nest(void)
{
        static char large[100000];
        struct buffer b = {0};
        struct field f;
        memset(large, 'x', sizeof large);
        proto_text(&b, 9, span_str(""));
        size_t outer = proto_open(&b);
        proto_number(&b, 1, 5);
        size_t inner = proto_open(&b);
        proto_text(&b, 3, span_of(large, sizeof large));
        proto_close(&b, 2, inner);
        proto_packed(&b, 4, (const uint64_t[]){0, 300, 7}, 3);
        proto_packed(&b, 5, NULL, 0); /* is left out */
        proto_close(&b, 8, outer);
        proto_number(&b, 10, 11);
        CU_ASSERT_FALSE(b.failed);
        struct span in = span_of(b.data, b.len);
        CU_ASSERT_TRUE(next_field(&in, &f) && f.number == 9 && f.is_text && f.value == 0);
        CU_ASSERT_TRUE_FATAL(next_field(&in, &f) && f.number == 8);
        struct span message = f.text;
        CU_ASSERT_TRUE(next_field(&in, &f) && f.number == 10 && f.value == 11);
        CU_ASSERT_EQUAL(in.len, 0);
        CU_ASSERT_TRUE(next_field(&message, &f) && f.number == 1 && f.value == 5);
        CU_ASSERT_TRUE(next_field(&message, &f) && f.number == 2);
        CU_ASSERT_TRUE(find_field(f.text, 3, 0, &f) && span_equal(f.text, span_of(large, sizeof large)));
        CU_ASSERT_TRUE(next_field(&message, &f) && f.number == 4);
        CU_ASSERT_TRUE(span_equal(f.text, span_of("\x00\xac\x02\x07", 4)));
        CU_ASSERT_EQUAL(message.len, 0);
        buffer_fini(&b);
}

static void keys_are_numbered(void)
{
        enum { KEYS = 20000 };
        struct intern t = {0};
        int64_t before = own_bytes();
        bool fresh;
        CU_ASSERT_EQUAL(intern_number(&t, span_str(""), &fresh), 0);
        CU_ASSERT_TRUE(fresh);
        for (unsigned round = 0; round < 2; round++) {
                for (uint32_t i = 1; i < KEYS; i++) {
                        char key[16];
                        (void)snprintf(key, sizeof key, "key %u", i);
                        CU_ASSERT_EQUAL_FATAL(intern_number(&t, span_str(key), &fresh), i);
                        CU_ASSERT_EQUAL_FATAL(fresh, round == 0);
                        CU_ASSERT_TRUE_FATAL(span_equal(intern_key(&t, i), span_str(key)));
                }
        }
        CU_ASSERT_EQUAL(t.count, KEYS);
        CU_ASSERT_EQUAL(intern_key(&t, 0).len, 0);
        intern_fini(&t);
        CU_ASSERT_EQUAL(own_bytes(), before);
}

/** What gzip made of @p text, as it was. The caller frees it. */
static uint8_t *unzip(struct span packed, size_t *len)
{
        z_stream z = {.avail_in = (uInt)packed.len};
        size_t size = 1 << 20;
        int status;
        uint8_t *out = malloc(size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        memcpy(&z.next_in, &packed.data, sizeof z.next_in);
        CU_ASSERT_EQUAL_FATAL(inflateInit2(&z, 15 + 16), Z_OK);
        do {
                size = 2 * size;
                out = realloc(out, size);
                CU_ASSERT_PTR_NOT_NULL_FATAL(out);
                z.next_out = out + z.total_out;
                z.avail_out = (uInt)(size - z.total_out);
                status = inflate(&z, Z_NO_FLUSH);
        } while (status == Z_OK);
        CU_ASSERT_EQUAL_FATAL(status, Z_STREAM_END);
        CU_ASSERT_EQUAL(z.avail_in, 0);
        *len = z.total_out;
        (void)inflateEnd(&z);
        return out;
}

static void gzip_gives_it_back(void)
{
        static uint8_t data[3000000];
        static const size_t lengths[] = {0, 1, 16384, 16385, sizeof data};
        unsigned x = 1;
        for (size_t i = 0; i < sizeof data; i++) {
                x = x * 1103515245 + 12345;
                data[i] = (uint8_t)(x >> 16 & (i % 3 == 0 ? 0xff : 3));
        }
        int64_t before = own_bytes();
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                char *packed = NULL;
                size_t packed_len = 0;
                size_t len;
                FILE *out = open_memstream(&packed, &packed_len);
                CU_ASSERT_PTR_NOT_NULL_FATAL(out);
                CU_ASSERT_TRUE(gzip_write(out, span_of(data, lengths[i])));
                (void)fclose(out);
                uint8_t *again = unzip(span_of(packed, packed_len), &len);
                CU_ASSERT_TRUE(span_equal(span_of(again, len), span_of(data, lengths[i])));
                free(again);
                char *expanded = NULL;
                out = open_memstream(&expanded, &len);
                CU_ASSERT_PTR_NOT_NULL_FATAL(out);
                CU_ASSERT_TRUE(gzip_expand(out, span_of(packed, packed_len)));
                CU_ASSERT_FALSE(gzip_expand(out, span_of(packed, packed_len - 1)));
                CU_ASSERT_FALSE(gzip_expand(out, span_of(packed + 1, packed_len - 1)));
                (void)fclose(out);
                CU_ASSERT_TRUE(span_equal(span_of(expanded, lengths[i]), span_of(data, lengths[i])));
                free(expanded);
                free(packed);
        }
        CU_ASSERT_EQUAL(own_bytes(), before);
        FILE *full = fopen("/dev/full", "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(full);
        CU_ASSERT_FALSE(gzip_write(full, span_of(data, sizeof data)));
        (void)fclose(full);
        CU_ASSERT_EQUAL(own_bytes(), before);
}

static void mappings_have_build_ids(void)
{
        struct mappings m;
        int64_t before = own_bytes();
        CU_ASSERT_TRUE_FATAL(mappings_read(&m));
        CU_ASSERT_TRUE(m.n > 2);
        size_t own = mappings_find(&m, (uintptr_t)mappings_have_build_ids);
        size_t library = mappings_find(&m, (uintptr_t)CU_initialize_registry);
        CU_ASSERT_TRUE_FATAL(own < m.n && library < m.n);
        CU_ASSERT_PTR_NOT_NULL(strstr(mappings_at(&m, own)->path, "test-prof-proto"));
        CU_ASSERT_PTR_NOT_NULL(strstr(mappings_at(&m, library)->path, "libcunit"));
        CU_ASSERT_EQUAL(strlen(mappings_at(&m, library)->build_id), 40);
        CU_ASSERT_EQUAL(mappings_find(&m, (uintptr_t)&m), m.n); /* the stack */
        mappings_fini(&m);
        CU_ASSERT_EQUAL(own_bytes(), before);
}

/* --- the profile ------------------------------------------------------------------------------------------------------ */

enum {
        SAMPLE_TYPE = 1,
        SAMPLE = 2,
        MAPPING = 3,
        LOCATION = 4,
        FUNCTION = 5,
        STRING = 6,
        PERIOD = 12,
        COMMENT = 13,
        DEFAULT_TYPE = 14
};

static struct span string_at(struct span profile, uint64_t number)
{
        struct field f;
        CU_ASSERT_TRUE_FATAL(find_field(profile, STRING, number, &f));
        return f.text;
}

static bool is_string(struct span profile, uint64_t number, const char *text)
{
        return span_equal(string_at(profile, number), span_str(text));
}

/** The message in field @p kind whose id, field 1, is @p id. */
static struct span by_id(struct span profile, unsigned kind, uint64_t id)
{
        struct field f;
        for (size_t i = 0; find_field(profile, kind, i, &f); i++) {
                if (number_in(f.text, 1) == id) {
                        return f.text;
                }
        }
        CU_FAIL_FATAL("an id that nothing has");
        return profile;
}

static struct span function_of(struct span profile, uint64_t location)
{
        struct field line;
        CU_ASSERT_TRUE_FATAL(find_field(by_id(profile, LOCATION, location), 4, 0, &line));
        struct span function = by_id(profile, FUNCTION, number_in(line.text, 1));
        return string_at(profile, number_in(function, 2));
}

/** The sample whose leaf is @p function, and its values. */
static bool find_sample(struct span profile, const char *function, struct span *sample, int64_t values[4])
{
        struct field f;
        for (size_t i = 0; find_field(profile, SAMPLE, i, &f); i++) {
                struct field list;
                *sample = f.text;
                CU_ASSERT_TRUE_FATAL(find_field(*sample, 1, 0, &list));
                struct span locations = list.text;
                if (!span_equal(function_of(profile, read_varint(&locations)), span_str(function))) {
                        continue;
                }
                CU_ASSERT_TRUE_FATAL(find_field(*sample, 2, 0, &list));
                for (size_t v = 0; v < 4; v++) {
                        values[v] = (int64_t)read_varint(&list.text);
                }
                CU_ASSERT_EQUAL(list.text.len, 0);
                return true;
        }
        return false;
}

static uint8_t *take_profile(const struct export_proto *what, struct span *profile)
{
        char *packed = NULL;
        size_t len = 0;
        size_t out_len;
        FILE *out = open_memstream(&packed, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        int64_t before = own_bytes();
        bool done = export_heap_proto(out, what);
        CU_ASSERT_TRUE_FATAL(done);
        CU_ASSERT_EQUAL(own_bytes(), before);
        (void)fclose(out);
        uint8_t *data = unzip(span_of(packed, len), &out_len);
        free(packed);
        *profile = span_of(data, out_len);
        return data;
}

__attribute__((noinline)) static void *take_statement(size_t size)
{
        return prof_alloc(STAGE_DISSECT, size);
}

__attribute__((noinline)) static void *take_packet(size_t size)
{
        void *p = prof_alloc(STAGE_CAPTURE, size);
        CU_ASSERT_PTR_NOT_NULL(p);
        return p;
}

static const char *two_comments(size_t i)
{
        static const char *const texts[] = {"dissect: STABLE", "a text that is \xff no UTF-8 \xc3\xa9"};
        return i < 2 ? texts[i] : NULL;
}

static const struct export_proto heap = {.default_type = "inuse_space", .comment = two_comments};

static void check_labels(struct span profile, struct span sample, const char *stage, uint64_t size)
{
        static const char *const keys[] = {"stage", "lib", "bytes"};
        for (size_t i = 0; i < 3; i++) {
                struct field label;
                CU_ASSERT_TRUE_FATAL(find_field(sample, 3, i, &label));
                CU_ASSERT_TRUE(is_string(profile, number_in(label.text, 1), keys[i]));
                if (i < 2) {
                        CU_ASSERT_TRUE(is_string(profile, number_in(label.text, 2), i == 0 ? stage : "own"));
                } else {
                        CU_ASSERT_EQUAL(number_in(label.text, 3), size);
                        CU_ASSERT_TRUE(is_string(profile, number_in(label.text, 4), "bytes"));
                }
        }
}

static void the_profile_has_records_with_labels(void)
{
        void *kept[3];
        struct span profile;
        struct span sample;
        struct field f;
        int64_t v[4];
        prof_set_sample_bytes(1);
        for (volatile size_t i = 0; i < 3; i++) {
                kept[i] = take_statement(100);
        }
        prof_free(kept[0]);
        struct prof_counts zlib = prof_read(STAGE_PROFILE, LIB_ZLIB);
        uint8_t *data = take_profile(&heap, &profile);
        CU_ASSERT_TRUE(prof_read(STAGE_PROFILE, LIB_ZLIB).count_alloc > zlib.count_alloc);
        CU_ASSERT_EQUAL(prof_read(STAGE_PROFILE, LIB_ZLIB).current_bytes_used, 0);
        CU_ASSERT_EQUAL(string_at(profile, 0).len, 0);
        CU_ASSERT_TRUE_FATAL(find_sample(profile, "take_statement", &sample, v));
        CU_ASSERT_TRUE(v[0] == 3 && v[1] == 336 && v[2] == 2 && v[3] == 224);
        check_labels(profile, sample, "dissect", 112);
        CU_ASSERT_EQUAL(number_in(profile, PERIOD), 1);
        CU_ASSERT_TRUE(is_string(profile, number_in(profile, DEFAULT_TYPE), "inuse_space"));
        static const char *const types[] = {"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"};
        for (size_t i = 0; i < 4; i++) {
                CU_ASSERT_TRUE_FATAL(find_field(profile, SAMPLE_TYPE, i, &f));
                CU_ASSERT_TRUE(is_string(profile, number_in(f.text, 1), types[i]));
        }
        CU_ASSERT_TRUE_FATAL(find_field(profile, COMMENT, 1, &f));
        struct span number = f.is_text ? f.text : span_of(NULL, 0);
        CU_ASSERT_TRUE(is_string(profile, read_varint(&number), "a text that is ? no UTF-8 \xc3\xa9"));
        CU_ASSERT_FALSE(find_field(profile, COMMENT, 2, &f));
        /* this program's own mapping is named, with all its functions and lines */
        CU_ASSERT_TRUE_FATAL(find_field(profile, MAPPING, 0, &f));
        CU_ASSERT_PTR_NOT_NULL(
            strstr((const char *)string_at(profile, number_in(f.text, 5)).data, "test-prof-proto"));
        free(data);
        prof_free(kept[1]);
        prof_free(kept[2]);
}

static void values_are_scaled(void)
{
        enum { SIZE = 1024, PERIOD_BYTES = 4096, TIMES = 200 };
        struct span profile;
        struct span sample;
        int64_t v[4];
        uint64_t drawn = 0;
        prof_set_sample_bytes(PERIOD_BYTES);
        uint32_t before = prof_record_count();
        for (volatile size_t i = 0; i < TIMES; i++) {
                prof_free(take_packet(SIZE));
        }
        for (uint32_t id = before + 1; id <= prof_record_count(); id++) {
                struct prof_record r;
                CU_ASSERT_TRUE_FATAL(prof_record_get(id, &r));
                drawn += r.allocs;
        }
        uint8_t *data = take_profile(&heap, &profile);
        CU_ASSERT_EQUAL(number_in(profile, PERIOD), PERIOD_BYTES);
        CU_ASSERT_TRUE_FATAL(find_sample(profile, "take_packet", &sample, v));
        double factor = 1 / (1 - exp(-(double)SIZE / PERIOD_BYTES));
        CU_ASSERT_TRUE(drawn > 0 && drawn < TIMES);
        CU_ASSERT_EQUAL(v[0], (int64_t)((double)drawn * factor));
        CU_ASSERT_EQUAL(v[1], (int64_t)((double)(drawn * SIZE) * factor));
        CU_ASSERT_TRUE(v[2] == 0 && v[3] == 0);
        free(data);
        prof_set_sample_bytes(0); /* what was caught before keeps its rate */
        data = take_profile(&heap, &profile);
        CU_ASSERT_EQUAL(number_in(profile, PERIOD), 0);
        CU_ASSERT_TRUE_FATAL(find_sample(profile, "take_packet", &sample, v));
        CU_ASSERT_EQUAL(v[0], (int64_t)((double)drawn * factor));
        free(data);
}

__attribute__((noinline)) static void *take_name(size_t size)
{
        return prof_alloc(STAGE_LISTENER, size);
}

__attribute__((noinline)) static void *take_key(size_t size)
{
        return prof_alloc(STAGE_TLS, size);
}

/** Each record by the rate of its stage; and of two rates of one stage each counts what it caught. */
static void each_record_has_its_own_scale(void)
{
        enum { SIZE = 1024, PERIOD_BYTES = 64 * 1024, TIMES = 20000, KEYS = 300 };
        volatile size_t size = SIZE; /* or the compiler makes functions of other names of them */
        struct span profile;
        struct span sample;
        int64_t v[4];
        prof_set_sample_bytes(PERIOD_BYTES);
        prof_set_stage_sample_bytes(STAGE_TLS, 1);
        for (volatile size_t i = 0; i < TIMES; i++) {
                prof_free(take_name(size));
        }
        for (volatile size_t i = 0; i < KEYS; i++) {
                prof_free(take_key(size));
        }
        uint8_t *data = take_profile(&heap, &profile);
        CU_ASSERT_EQUAL(number_in(profile, PERIOD), PERIOD_BYTES);
        CU_ASSERT_TRUE_FATAL(find_sample(profile, "take_key", &sample, v));
        CU_ASSERT_EQUAL(v[0], KEYS);
        CU_ASSERT_EQUAL(v[1], KEYS * SIZE);
        CU_ASSERT_TRUE_FATAL(find_sample(profile, "take_name", &sample, v));
        CU_ASSERT_TRUE(v[0] > TIMES / 2 && v[0] < 2 * TIMES); /* about 310 samples: nine deviations */
        free(data);
        /* the first rate again: the figures of before stand */
        prof_set_sample_bytes(PERIOD_BYTES);
        data = take_profile(&heap, &profile);
        CU_ASSERT_TRUE_FATAL(find_sample(profile, "take_key", &sample, v));
        CU_ASSERT_EQUAL(v[0], KEYS);
        free(data);
        prof_set_sample_bytes(0);
}

static void a_difference_has_what_changed(void)
{
        struct snapshot then;
        struct span profile;
        struct span sample;
        int64_t v[4];
        prof_set_sample_bytes(1);
        void *old = take_statement(500);
        CU_ASSERT_TRUE_FATAL(snapshot_take(&then));
        prof_free(old);
        prof_free(take_packet(48));
        const struct export_proto since = {.base = &then, .default_type = "alloc_space"};
        uint8_t *data = take_profile(&since, &profile);
        CU_ASSERT_TRUE_FATAL(find_sample(profile, "take_statement", &sample, v));
        CU_ASSERT_TRUE(v[0] == 0 && v[1] == 0 && v[2] == -1 && v[3] == -512);
        CU_ASSERT_TRUE_FATAL(find_sample(profile, "take_packet", &sample, v));
        CU_ASSERT_TRUE(v[0] == 1 && v[1] == 48 && v[2] == 0 && v[3] == 0);
        struct field f;
        size_t samples = 0;
        while (find_field(profile, SAMPLE, samples, &f)) {
                samples++;
        }
        CU_ASSERT_EQUAL(samples, 2); /* what did not change is not there */
        CU_ASSERT_TRUE(number_in(profile, 10) > 0);
        free(data);
        snapshot_drop(&then);
}

/** Each step of the export may find no memory: it says so, and gives back what it had. */
static void memory_may_be_out(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        return; /* which take memory themselves */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
        return;
#endif
#endif
        static char buffer[65536];
        struct rlimit all;
        unsigned failed = 0;
        FILE *out = fopen("/dev/null", "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        CU_ASSERT_EQUAL(setvbuf(out, buffer, _IOFBF, sizeof buffer), 0);
        CU_ASSERT_TRUE(export_heap_proto(out, &heap)); /* names are known from now on */
        CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_AS, &all), 0);
        int64_t before = own_bytes();
        for (rlim_t more = 0; more < 2 << 20; more += 16 << 10) {
                unsigned long pages = 0;
                FILE *statm = fopen("/proc/self/statm", "r");
                CU_ASSERT_TRUE_FATAL(statm != NULL && fscanf(statm, "%lu", &pages) == 1);
                (void)fclose(statm);
                struct rlimit some = {.rlim_cur = pages * 4096 + more, .rlim_max = all.rlim_max};
                CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_AS, &some), 0);
                bool done = export_heap_proto(out, &heap);
                CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_AS, &all), 0);
                failed += !done;
                CU_ASSERT_EQUAL(own_bytes(), before);
        }
        CU_ASSERT_TRUE(failed > 10 && failed < 100);
        CU_ASSERT_TRUE(export_heap_proto(out, &heap));
        (void)fclose(out);
}

static const struct tap_test tests[] = {
    {"numbers are varints", numbers_are_varints},
    {"messages nest", messages_nest},
    {"keys are numbered", keys_are_numbered},
    {"gzip gives it back", gzip_gives_it_back},
    {"mappings have build ids", mappings_have_build_ids},
    {"the profile has records with labels", the_profile_has_records_with_labels},
    {"values are scaled", values_are_scaled},
    {"each record has its own scale", each_record_has_its_own_scale},
    {"a difference has what changed", a_difference_has_what_changed},
    {"memory may be out", memory_may_be_out},
};

int main(void)
{
        (void)symbol_find((uintptr_t)&main); /* its cache is not what is counted here */
        int status = TAP_RUN("proto", tests);
        symbol_fini();
        return status;
}
