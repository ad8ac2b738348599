/* Saved heap profiles in all their forms, in any order, and what is none. */
#include "profile/explain/explain.h"
#include "profile/explain/print.h"
#include "profile/export/buffer.h"
#include "profile/export/gzip.h"
#include "profile/export/proto.h"
#include "tap.h"

#include <stdarg.h>
#include <stdlib.h>

static char text[1 << 20];
static size_t text_len;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
        va_list arguments;
        va_start(arguments, format);
        text_len += (size_t)vsnprintf(text + text_len, sizeof text - text_len, format, arguments);
        va_end(arguments);
}

static void add(struct explain *e, struct span file)
{
        CU_ASSERT_EQUAL_FATAL(explain_add(e, file), STATUS_OK);
}

static const struct explain_run *finish(struct explain *e)
{
        CU_ASSERT_EQUAL_FATAL(explain_finish(e), STATUS_OK);
        return e->n_run > 0 ? &e->run[e->n_run - 1] : NULL;
}

static const struct explain_run *explain_text(struct explain *e, const char *all)
{
        explain_init(e);
        add(e, span_str(all));
        return finish(e);
}

static char *print(const struct explain *e, void (*how)(const struct explain *e, FILE *out))
{
        char *printed = NULL;
        size_t len;
        FILE *out = open_memstream(&printed, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        how(e, out);
        (void)fclose(out);
        return printed;
}

/** A dump of a Go program after @p round rounds, of a process of that name. */
static void put_go(const char *process, int round)
{
        put("heap profile: %d: %d [%d: %d] @ heap/1048576\n", round, round * 64, 2 * round, 128 * round);
        put("%d: %d [%d: %d] @ 0x10 0x20\n#\t0x10\t%s.work+0x1\t/%s.go:5\n\n", round, round * 64, 2 * round,
            128 * round, process, process);
        put("\n# runtime.MemStats\n# TotalAlloc = %d\n# HeapAlloc = %d\n# Stack = %d / %d\n# NumGC = %d\n",
            1000 * round, 1000000, 65536, 65536, round);
}

/* --- text --------------------------------------------------------------------------------------------------------------------- */

#define DUMP "1: 16 [1: 16] @ 0x10\n\n# HeapAlloc = 7\n"

/** The page before it ends without a newline; curl's progress and logs stand before it. */
static void a_header_anywhere(void)
{
        static const char *const before[] = {
            "<html>\n<td>7</td><td><a href='goroutine?debug=1'>goroutine</a>\n</html>",
            "  % Total\r100 12 --:--:--\r",
            "2026-01-01T00:00:00 soak[7]: ", "heap profile: of the program\nheap profile: ", ""};
        for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
                struct explain e;
                text_len = 0;
                put("%sheap profile: 1: 16 [1: 16] @ heap/2\n" DUMP, before[i]);
                const struct explain_run *run = explain_text(&e, text);
                CU_ASSERT_TRUE(run != NULL && run->n_rounds == 1 && e.set.troubles.cut == 0);
                CU_ASSERT_TRUE(run != NULL && run->rounds[0].stats[STAT_GOROUTINES] == (i == 0 ? 7 : 0));
                explain_fini(&e);
        }
}

/** A log puts its prefix before every line; its times differ, and are as long. */
static void a_log(void)
{
        struct explain e;
        const struct explain_run *run = explain_text(
            &e, "Jan 1 12:00:00 app[7]: heap profile: 1: 16 [2: 32] @ heap/2\n"
                "Jan 1 12:00:00 app[7]: 1: 16 [1: 16] @ 0x10\n"
                "Jan 1 12:00:01 app[7]: #\t0x10\tmain.f+0x1\tf.go:1\nJan 1 12:00:01 app[7]: \n"
                "Jan 1 12:00:01 app[7]: 0: 0 [1: 16] @ 0x20\nJan 1 12:00:01 app[7]: # HeapAlloc = 77\n");
        CU_ASSERT_TRUE_FATAL(run != NULL && run->n_rounds == 1 && e.set.troubles.cut == 0);
        CU_ASSERT_TRUE(run->rounds[0].records == 2 && run->rounds[0].stats[STAT_HEAP_ALLOC] == 77);
        CU_ASSERT_TRUE(span_equal(e.set.sites[0].function, span_str("main.f")));
        explain_fini(&e);
        run = explain_text(
            &e,
            "2026-01-01T12:00:00Z [app] heap profile: 1: 16 [2: 32] @ heap/2\n"
            "2026-01-01T12:00:00Z [app] 1: 16 [1: 16] @ 0x10\n"
            "2026-01-01T12:00:00Z [app] #\t0x10\tmain.f+0x1\tf.go:1\n2026-01-01T12:00:01Z [app] \n"
            "2026-01-01T12:00:01Z [app] 0: 0 [1: 16] @ 0x20\n2026-01-01T12:00:01Z [app] # HeapAlloc = 77\n");
        CU_ASSERT_TRUE_FATAL(run != NULL && run->n_rounds == 1 && e.set.troubles.cut == 0);
        CU_ASSERT_TRUE(run->rounds[0].records == 2 && run->rounds[0].stats[STAT_HEAP_ALLOC] == 77);
        explain_fini(&e);
}

/** A statement, or a name, may hold what looks like a header. */
static void a_header_within_a_text(void)
{
        struct explain e;
        const struct explain_run *run = explain_text(
            &e, "heap profile: 1: 16 [1: 16] @ heap/2\n1: 16 [1: 16] @ 0x10\n"
                "# record 1 stage=tls session=1 COM_QUERY \"heap profile: 0: 0 [0: 0] @ heap/2\n"
                "#\t0x10\theap profile: 0: 0 [0: 0] @ heap/2\theap profile: 0: 0 [0: 0] @ heap/2\n\n");
        CU_ASSERT_TRUE(run != NULL && run->n_rounds == 1 && run->rounds[0].records == 1 && e.n_run == 1);
        explain_fini(&e);
}

/** tcmalloc's records are places: that their mean size moves makes them no others, and begins no other run. */
static void places_of_many_sizes(void)
{
        struct explain e;
        const struct explain_run *run = explain_text(
            &e,
            "heap profile: 1: 16 [3: 50] @ heapprofile\n1: 16 [3: 50] @ 0x10 0x20\n\nMAPPED_LIBRARIES:\n"
            "heap profile: 2: 99 [6: 500] @ heapprofile\n2: 99 [6: 500] @ 0x10 0x20\n\nMAPPED_LIBRARIES:\n");
        CU_ASSERT_TRUE(run != NULL && e.n_run == 1 && run->n_rounds == 2 && run->rounds[1].records == 1);
        CU_ASSERT_TRUE(span_equal(e.set.sites[0].chain, span_str("0x10 < 0x20"))); /* there are no names */
        explain_fini(&e);
}

/** jemalloc 5.3 corrects each figure by itself, the sum too: then the end of the list tells that it is whole. */
static void sums_that_differ(void)
{
        static const char whole[] = "heap_v2/4096\n  t*: 30: 63403 [0: 0]\n@ 0x10 0x20\n  t*: 16: 16449 [0: "
                                    "0]\n  t0: 16: 16449 [0: 0]\n"
                                    "@ 0x30\n  t*: 1: 81920 [0: 0]\n\nMAPPED_LIBRARIES:\n";
        size_t end = (size_t)(strstr(whole, "MAPPED_LIBRARIES:") - whole);
        for (size_t len = strlen("heap_v2/4096\n"); len < sizeof whole; len++) {
                char part[sizeof whole];
                struct explain e;
                memcpy(part, whole, len);
                part[len] = '\0';
                const struct explain_run *run = explain_text(&e, part);
                CU_ASSERT_EQUAL(run != NULL, len >= end + strlen("MAPPED_LIBRARIES:"));
                CU_ASSERT_TRUE(run == NULL || run->rounds[0].records == 2);
                explain_fini(&e);
        }
}

/** In 30 profiles of one sample in 128 KiB no new one tells nothing of a leak of 10 KiB; at one in 16 bytes it does. */
static void samples_too_rare(void)
{
        static const unsigned rates[] = {131072, 16};
        for (size_t k = 0; k < 2; k++) {
                char dumps[30 * 100];
                size_t at = 0;
                for (size_t i = 0; i < 30; i++) {
                        at += (size_t)snprintf(
                            dumps + at, sizeof dumps - at,
                            "heap_v2/%u\n  t*: 1: 16 [0: 0]\n@ 0x10\n  t*: 1: 16 [0: 0]\n\n", rates[k]);
                }
                struct explain e;
                const struct explain_run *run = explain_text(&e, dumps);
                CU_ASSERT_TRUE(run != NULL && run->n_rounds == 30);
                CU_ASSERT_TRUE(run != NULL && run->bytes.verdict == (k == 0 ? BYTES_CANT_TELL : BYTES_FLAT));
                explain_fini(&e);
        }
}

static void ends_and_columns(void)
{
        static const char *const whole[] = {
            "heap profile: 1: 16 [1: 16] @ heap/2\n1: 16 [1: 16] @ 0x10\n",
            "heap profile: 1: 16 [1: 16] @ heap/2\n1: 16 [1: 16] @ 0x10\n#\t0x10\tf+0x1\tf.go:1",
            "heap profile:      1:       16 [     1:       16] @ heapprofile\n     1:       16 [     1:      "
            " 16] @ "
            "0x0000000000000010 0x20\n\nMAPPED_LIBRARIES:\n",
            "heap profile: 2: 32 [2: 33] @ heap/1048576\n2: 32 [2: 32] @ 0x10\n\n", /* Go 1.27: all of it lives */
            "heap_v2/524288\n  t*: 1: 16 [0: 0]\n  t0: 1: 16 [0: 0]\n@ 0x10 0x20\n  t*: 1: 16 [0: 0]\n  t0: "
            "1: 16 [0: "
            "0]\n\nMAPPED_LIBRARIES:\n0-1 r-xp\n",
        };
        static const char *const cut[] = {
            "heap profile: 1: 16 [1: 16] @ heap/2\n1: 16 [1: 16] @ 0x10",
            "heap profile: 2: 32 [3: 49] @ heap/1048576\n2: 32 [3: 48] @ 0x10\n\n", /* some of it was freed */
            "heap_v2/524288\n  t*: 2: 16 [0: 0]\n@ 0x10\n  t*: 1: 16 [0: 0]\n",
        };
        struct explain e;
        for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
                const struct explain_run *run = explain_text(&e, whole[i]);
                CU_ASSERT_TRUE(run != NULL && run->rounds[0].live_records == 1 && e.set.troubles.cut == 0);
                CU_ASSERT_TRUE(run != NULL && run->living == (i == 4));
                explain_fini(&e);
        }
        for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
                CU_ASSERT_PTR_NULL(explain_text(&e, cut[i]));
                CU_ASSERT_EQUAL(e.set.troubles.cut, 1);
                explain_fini(&e);
        }
}

static void deep_stacks(void)
{
        struct explain e;
        text_len = 0;
        put("heap profile: 1: 16 [2: 32] @ heap/2\n");
        for (int last = 0; last < 2; last++) {
                put("%d: %d [1: 16] @", 1 - last, 16 - 16 * last);
                for (int i = 0; i < DUMP_STACK_MAX; i++) {
                        put(" 0x%x", i + 1 + (i + 1 == DUMP_STACK_MAX ? last : 0));
                }
                put("\n\n");
        }
        const struct explain_run *run = explain_text(&e, text);
        CU_ASSERT_TRUE(run != NULL && run->rounds[0].records == 2 && e.set.troubles.deep == 0);
        explain_fini(&e);
}

static void other_profiles(void)
{
        static const struct {
                const char *text;
                const char *said;
        } others[] = {
            {"goroutine profile: total 7\n3 @ 0x1 0x2\n", "goroutine profile"},
            {"goroutine 1 [running]:\nmain.main()\n\ngoroutine 2 [select]:\n", "goroutine profile"},
            {"--- contention:\ncycles/second=1\n", "block or mutex profile"},
            {"--- mutex:\ncycles/second=1\n", "block or mutex profile"},
            {"threadcreate profile: total 5\n", "threadcreate profile"},
            {"go 1.19 trace\x00\x00", "execution trace"},
        };
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
                struct explain e;
                CU_ASSERT_PTR_NULL(explain_text(&e, others[i].text));
                char *printed = print(&e, explain_print_text);
                CU_ASSERT_PTR_NOT_NULL(strstr(printed, "This contains no heap profile"));
                CU_ASSERT_PTR_NOT_NULL(strstr(printed, others[i].said));
                free(printed);
                explain_fini(&e);
        }
}

/** What a file says goes to a terminal, which obeys control characters. */
static void hostile_names(void)
{
        struct explain e;
        (void)explain_text(&e, "heap profile: 1: 16 [1: 16] @ heap/2\n1: 16 [1: 16] @ 0x10\n"
                               "#\t0x10\tmain.\x1b]0;x\x07\xe2\x80\xae\xff\x9b"
                               "2J\xc2\x9b+0x1\tx\x1b[2J.go:1\n\n");
        e.verbose = true;
        e.list_first = 1;
        e.list_last = 9;
        void (*const forms[])(const struct explain *e, FILE *out) = {explain_print_text, explain_print_csv,
                                                                     explain_print_json, explain_print_svg};
        for (size_t i = 0; i < 4; i++) {
                char *printed = print(&e, forms[i]);
                for (const char *c = printed; *c != '\0'; c++) {
                        CU_ASSERT_TRUE_FATAL((unsigned char)*c >= ' ' || *c == '\n');
                        CU_ASSERT_TRUE_FATAL(*c != '\x7f' && strncmp(c, "\xc2\x9b", 2) != 0);
                }
                CU_ASSERT_PTR_NULL(i == 0 ? strstr(printed, "\xe2\x80\xae") : NULL);
                free(printed);
        }
        explain_fini(&e);
}

/* --- order ---------------------------------------------------------------------------------------------------------------------- */

/** As a shell sorts heap.1 to heap.12, and one of them twice. */
static void files_in_any_order(void)
{
        static const int order[] = {1, 10, 11, 12, 2, 3, 4, 5, 6, 7, 8, 9, 3};
        struct explain e;
        explain_init(&e);
        for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
                text_len = 0;
                put_go("main", order[i]);
                add(&e, span_of(text, text_len));
        }
        const struct explain_run *run = finish(&e);
        CU_ASSERT_TRUE_FATAL(run != NULL);
        CU_ASSERT_TRUE(e.n_run == 1 && run->n_rounds == 12 && e.runs.twice == 1);
        for (size_t i = 0; i < run->n_rounds; i++) {
                CU_ASSERT_EQUAL(run->rounds[i].samples, 2 * (i + 1));
        }
        char *printed = print(&e, explain_print_text);
        CU_ASSERT_PTR_NOT_NULL(strstr(printed, "counts once"));
        free(printed);
        explain_fini(&e);
}

/** Two programs by turns, with the same addresses. */
static void two_programs(void)
{
        struct explain e;
        text_len = 0;
        for (int round = 1; round <= 9; round++) {
                put_go("main", round);
                put_go("other", 100 * round);
        }
        explain_init(&e);
        add(&e, span_of(text, text_len));
        (void)finish(&e);
        CU_ASSERT_TRUE(e.n_run == 2 && e.run[0].n_rounds == 9 && e.run[1].n_rounds == 9);
        CU_ASSERT_FALSE(e.runs.runs[1].same_program);
        char *printed = print(&e, explain_print_text);
        CU_ASSERT_PTR_NOT_NULL(strstr(printed, "Another program"));
        free(printed);
        explain_fini(&e);
}

/* --- protobuf ------------------------------------------------------------------------------------------------------------------- */

static void put_type(struct buffer *b, uint64_t type)
{
        size_t at = proto_open(b);
        proto_number(b, 1, type);
        proto_number(b, 2, 5);
        proto_close(b, 1, at);
}

/** As Go saves it: strings, a function, a location, @p samples samples of one stack. */
static void make_proto(struct buffer *b, unsigned round, const char *first_type)
{
        const char *const strings[] = {"",      first_type,  "alloc_space", "inuse_objects", "inuse_space",
                                       "count", "main.keep", "/main.go",    "bytes"};
        *b = (struct buffer){.len = 0};
        for (uint64_t i = 1; i <= 4; i++) {
                put_type(b, i);
        }
        size_t sample = proto_open(b);
        const uint64_t stack[] = {1, 1};
        const uint64_t values[] = {2000ULL * round, 128000ULL * round, 1000ULL * round, 64000ULL * round};
        proto_packed(b, 1, stack, 2);
        proto_packed(b, 2, values, 4);
        size_t label = proto_open(b);
        proto_number(b, 1, 8);
        proto_number(b, 3, 64);
        proto_close(b, 3, label);
        proto_close(b, 2, sample);
        size_t location = proto_open(b);
        proto_number(b, 1, 1);
        proto_number(b, 3, 0x1234);
        size_t line = proto_open(b);
        proto_number(b, 1, 1);
        proto_number(b, 2, 77);
        proto_close(b, 4, line);
        proto_close(b, 4, location);
        size_t function = proto_open(b);
        proto_number(b, 1, 1);
        proto_number(b, 2, 6);
        proto_number(b, 4, 7);
        proto_close(b, 5, function);
        for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
                proto_text(b, 6, span_str(strings[i]));
        }
        proto_number(b, 9, 1000000000ULL * round);
        proto_number(b, 12, 524288);
}

/** Gzipped ones stand between texts; one that is not is a file. */
static void protobufs(void)
{
        struct explain e;
        char *all = NULL;
        size_t len;
        FILE *out = open_memstream(&all, &len);
        struct buffer b;
        explain_init(&e);
        for (unsigned round = 1; round <= 9; round++) {
                make_proto(&b, round, "alloc_objects");
                (void)fprintf(out, "Benchmark\n%u</html>", round);
                CU_ASSERT_TRUE(gzip_write(out, span_of(b.data, b.len)));
                buffer_fini(&b);
        }
        (void)fclose(out);
        add(&e, span_of(all, len));
        make_proto(&b, 10, "alloc_objects");
        add(&e, span_of(b.data, b.len));
        buffer_fini(&b);
        free(all);
        const struct explain_run *run = finish(&e);
        CU_ASSERT_TRUE_FATAL(run != NULL && e.n_run == 1 && run->n_rounds == 10);
        const struct explain_round *r = &run->rounds[9];
        CU_ASSERT_TRUE(r->in_use_objects == 10000 && r->in_use_bytes == 640000 && r->alloc_objects == 20000);
        CU_ASSERT_EQUAL(r->samples, 2); /* 20,000 objects of 64 bytes, of which one in 8,192 is sampled */
        const struct dump_set_site *site = &e.set.sites[0];
        CU_ASSERT_TRUE(span_equal(site->function, span_str("main.keep")) && site->size == 64);
        CU_ASSERT_TRUE(span_equal(site->place, span_str("/main.go:77")));
        explain_fini(&e);
        explain_init(&e);
        make_proto(&b, 1, "contentions");
        memcpy(memmem(b.data, b.len, "alloc_space", 11), "delayed....", 11);
        memcpy(memmem(b.data, b.len, "inuse_space", 11), "delayed....", 11);
        add(&e, span_of(b.data, b.len));
        buffer_fini(&b);
        CU_ASSERT_PTR_NULL(finish(&e));
        CU_ASSERT_EQUAL(e.set.troubles.others[DUMP_BLOCK], 1);
        explain_fini(&e);
}

/** Each cut and each changed byte is read to its end. */
static void broken_protobufs(void)
{
        struct buffer b;
        make_proto(&b, 3, "alloc_objects");
        for (size_t i = 0; i < b.len; i++) {
                for (int how = 0; how < 3; how++) {
                        struct explain e;
                        uint8_t was = b.data[i];
                        b.data[i] = how == 1 ? (uint8_t)(was ^ 0x80) : how == 2 ? 0xff : was;
                        explain_init(&e);
                        add(&e, span_of(b.data, how == 0 ? i : b.len));
                        (void)finish(&e);
                        free(print(&e, explain_print_text));
                        explain_fini(&e);
                        b.data[i] = was;
                }
        }
        buffer_fini(&b);
}

/** A gigabyte of blanks in a megabyte. */
static void a_bomb(void)
{
        struct explain e;
        static char blanks[1 << 20];
        char *all = NULL;
        size_t len;
        char *once = NULL;
        size_t once_len;
        memset(blanks, ' ', sizeof blanks);
        FILE *out = open_memstream(&once, &once_len);
        for (int i = 0; i < 160; i++) {
                (void)fwrite(blanks, 1, sizeof blanks, out);
        }
        (void)fclose(out);
        out = open_memstream(&all, &len);
        CU_ASSERT_TRUE(gzip_write(out, span_of(once, once_len)));
        (void)fclose(out);
        explain_init(&e);
        add(&e, span_of(all, len));
        CU_ASSERT_PTR_NULL(finish(&e));
        CU_ASSERT_EQUAL(e.set.troubles.large, 1);
        explain_fini(&e);
        free(all);
        free(once);
}

static const struct tap_test tests[] = {
    {"a header anywhere in a line", a_header_anywhere},
    {"a log", a_log},
    {"a header within a text is none", a_header_within_a_text},
    {"places of many sizes", places_of_many_sizes},
    {"sums that differ", sums_that_differ},
    {"samples that are too rare", samples_too_rare},
    {"ends and columns", ends_and_columns},
    {"deep stacks", deep_stacks},
    {"profiles of other kinds", other_profiles},
    {"hostile names", hostile_names},
    {"files in any order", files_in_any_order},
    {"two programs", two_programs},
    {"protobufs", protobufs},
    {"broken protobufs", broken_protobufs},
    {"a bomb", a_bomb},
};

int main(void)
{
        return TAP_RUN("dump", tests);
}
