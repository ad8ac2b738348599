/* Reading saved profiles, and what is made of them. */
#include "profile/explain/dump_file.h"
#include "profile/explain/explain.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/prof.h"
#include "profile/stats/plot.h"
#include "tap.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

/* --- the reader ------------------------------------------------------------------------------------------------------- */

struct seen {
        struct dump_header header;
        struct dump_record records[8];
        unsigned dumps;
        unsigned whole;
        unsigned n;
        uint64_t heap_alloc;
};

static void on_dump(void *arg, const struct dump_header *header)
{
        struct seen *s = arg;
        s->header = *header;
        s->dumps++;
}

static void on_record(void *arg, const struct dump_record *r)
{
        struct seen *s = arg;
        s->records[s->n++ % 8] = *r;
}

static void on_figure(void *arg, const struct dump_figure *figure)
{
        struct seen *s = arg;
        if (span_equal(figure->name, span_str("HeapAlloc"))) {
                s->heap_alloc = figure->value;
        }
}

static void on_end(void *arg, bool whole)
{
        struct seen *s = arg;
        s->whole += whole;
}

static struct dump_troubles read_text(const char *text, struct seen *s)
{
        const struct dump_sink sink = {s, on_dump, on_record, on_figure, on_end};
        struct dump_troubles t = {0};
        *s = (struct seen){.dumps = 0};
        dump_file_read(span_str(text), &sink, &t);
        return t;
}

static void dumps_of_go(void)
{
        struct seen s;
        struct dump_troubles t =
            read_text("heap profile: 1: 1536 [10: 3200] @ heap/1048576\n"
                      "1: 1536 [2: 3072] @ 0x47b0a5 0x47b07d 0x46f3c1\n"
                      "#\t0x47b0a4\truntime.allocm+0xc4\t\t/usr/lib/go/src/runtime/proc.go:1743\n"
                      "#\t0x47b07c\truntime.newm+0x3c\t\t/usr/lib/go/src/runtime/proc.go:2090\n"
                      "\n"
                      "0: 0 [8: 128] @ 0x1\r\n"
                      "\n# runtime.MemStats\n# Alloc = 12\n# HeapAlloc = 311552\n# PauseNs = [1 2 3]\n",
                      &s);
        CU_ASSERT_TRUE(t.records == 0 && t.deep == 0 && t.cut == 0 && s.whole == 1);
        CU_ASSERT_TRUE(s.dumps == 1 && s.n == 2 && s.heap_alloc == 311552);
        CU_ASSERT_TRUE(s.header.live == 1 && s.header.live_bytes == 1536 && s.header.allocs == 10 &&
                       s.header.alloc_bytes == 3200 && s.header.sample_bytes == 524288);
        const struct dump_record *r = &s.records[0];
        CU_ASSERT_TRUE(r->live == 1 && r->live_bytes == 1536 && r->allocs == 2 && r->alloc_bytes == 3072 &&
                       r->depth == 3);
        CU_ASSERT_TRUE(r->stack[0] == 0x47b0a5 && r->stack[2] == 0x46f3c1);
        CU_ASSERT_TRUE(span_equal(r->frames[0].function, span_str("runtime.allocm")));
        CU_ASSERT_TRUE(span_equal(r->frames[0].place, span_str("/usr/lib/go/src/runtime/proc.go:1743")));
        CU_ASSERT_TRUE(s.records[1].live == 0 && s.records[1].allocs == 8 && s.records[1].n_frames == 0);
}

static void our_own_dumps(void)
{
        struct seen s;
        (void)read_text(
            "a line of the soak's\nheap profile: 1: 16 [1: 16] @ heap_v2/512\n"
            "1: 16 [1: 16] @ 0x10 0x20\n"
            "# record 7 stage=dissect lib=own size=16 born=2026 statement=3 last=2026 session=4 "
            "COM_QUERY \"SELECT 1\"\n"
            "#\t0x10\n#\t0x20\tkeep_body+0x5\tsrc/mysql/dissect/request.c:67\n\nMAPPED_LIBRARIES:\n"
            "1: 2 [3: 4] @ 0x1\nheap profile: 0: 0 [0: 0] @ heap/2\n",
            &s);
        CU_ASSERT_TRUE(s.dumps == 2 && s.whole == 2 && s.n == 1 && s.header.sample_bytes == 1);
        CU_ASSERT_TRUE(span_equal(s.records[0].stage, span_str("dissect")));
        CU_ASSERT_TRUE(span_equal(s.records[0].lib, span_str("own")) && s.records[0].site.len == 0);
        CU_ASSERT_TRUE(span_equal(s.records[0].birth, span_str("COM_QUERY \"SELECT 1\"")));
        CU_ASSERT_TRUE(span_equal(s.records[0].frames[0].function, span_str("keep_body")));
}

/** OpenSSL's records of one stack are told by the place it names, and a text that speaks of sites is none. */
static void sites_of_libraries(void)
{
        struct seen s;
        (void)read_text(
            "heap profile: 0: 0 [3: 48] @ heap/2\n"
            "0: 0 [1: 16] @ 0x10\n# record 7 stage=tls lib=openssl size=16 site=../bn.c:5 born=1\n"
            "#\t0x10\ttls_open+0x5\ttls.c:7\n\n"
            "0: 0 [2: 32] @ 0x20\n# record 8 stage=tls lib=own overflow=true session=1 COM_QUERY "
            "\"x site=y overflow=z\"\n#\t0x10\ttls_open+0x5\ttls.c:7\n\n",
            &s);
        CU_ASSERT_TRUE(s.n == 2 && s.whole == 1);
        CU_ASSERT_TRUE(span_equal(s.records[0].site, span_str("../bn.c:5")));
        CU_ASSERT_TRUE(span_equal(s.records[0].frames[0].function, span_str("tls_open")));
        CU_ASSERT_TRUE(s.records[0].size == 16 && s.records[1].site.len == 0);
        CU_ASSERT_TRUE(s.records[1].size == 0); /* of many sizes */
        CU_ASSERT_TRUE(span_equal(s.records[1].frames[0].place, span_str("tls.c:7")));
}

static void cut_anywhere(void)
{
        static const char text[] =
            "heap profile: 1: 16 [3: 48] @ heap/2\n1: 16 [1: 16] @ 0x10 0x20\n"
            "#\t0x10\tf+0x5\tf.c:7\n\n0: 0 [2: 32] @ 0x30 0x40\n#\t0x30\tg+0x5\tg.c:9\n\n"
            "# runtime.MemStats\n# HeapAlloc = 5\n2026: [a log's line] @ noon\n";
        size_t records_end = (size_t)(strstr(text, "0x40\n") - text) + 5; /* the stack is whole */
        size_t header_end = (size_t)(strchr(text, '\n') - text) - 1;      /* "heap/" and a digit */
        for (size_t len = 0; len < sizeof text; len++) {
                char part[sizeof text];
                struct seen s;
                memcpy(part, text, len);
                part[len] = '\0';
                struct dump_troubles t = read_text(part, &s);
                CU_ASSERT_EQUAL(s.whole, len >= records_end);
                CU_ASSERT_EQUAL(t.cut, len > header_end && len < records_end);
                CU_ASSERT_EQUAL(s.dumps, len > header_end);
        }
}

static void what_is_no_dump(void)
{
        static const char *const bad[] = {
            "heap profile: 1: 16 [1: 16] @ elsewhere/5\n",
            "heap profile: 1: 16\n",
            "heap profile: 99999999999999999999: 16 [1: 16] @ heap/2\n",
            "heap profile: 0: 0 [0: 0] @ heap/2\n2: 2 [1: 2] @ 0x1\n", /* more live than ever were */
            "heap profile: 0: 0 [0: 0] @ heap/2\n0: 0 [0: 5] @ 0x1\n",
            "heap profile: 0: 0 [0: 0] @ heap/2\n1: 1 [18446744073709551616: 2] @ 0x1\n",
        };
        struct seen s;
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                struct dump_troubles t = read_text(bad[i], &s);
                CU_ASSERT_TRUE(t.records == 1 && s.n == 0);
        }
        CU_ASSERT_TRUE(read_text("", &s).records == 0 && s.dumps == 0);
        CU_ASSERT_TRUE(read_text("1: 1 [1: 1] @ 0x1\n", &s).records == 0 && s.n == 0); /* before any dump */
        char deep[2048];
        size_t at = (size_t)snprintf(deep, sizeof deep, "heap profile: 0: 0 [0: 0] @ heap/2\n1: 1 [1: 1] @");
        for (int i = 0; i < DUMP_STACK_MAX + 5; i++) {
                at += (size_t)snprintf(deep + at, sizeof deep - at, " 0xabc");
        }
        CU_ASSERT_TRUE(read_text(deep, &s).deep == 1 && s.n == 1 && s.records[0].depth == DUMP_STACK_MAX);
}

/* --- what is made of them --------------------------------------------------------------------------------------------------- */

static char soak_text[1 << 20];
static int soak_heap = 1000000;
static size_t soak_len;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
        va_list arguments;
        va_start(arguments, format);
        soak_len += (size_t)vsnprintf(soak_text + soak_len, sizeof soak_text - soak_len, format, arguments);
        va_end(arguments);
}

/** @p rounds of 30 places whose records come one after the other: place i is caught in each 2^(i/3)-th round. */
static void make_soak(int rounds, int leak)
{
        int counts[30] = {0};
        soak_len = 0;
        for (int round = 1; round <= rounds; round++) {
                int all = 0;
                for (int i = 0; i < 30; i++) {
                        counts[i] += round % (1 << (i / 3)) == 0;
                        all += counts[i];
                }
                put("round %d\nheap profile: 0: 0 [%d: %d] @ heap/1048576\n", round, all, all * 64);
                for (int i = 0; i < 30; i++) {
                        if (counts[i] > 0) {
                                put("0: 0 [%d: %d] @ 0x%x 0x%x\n#\t0x%x\tsite_%d+0x1\tsite.c:%d\n\n",
                                    counts[i], counts[i] * 64, i + 1, 99, i, i, i / 2);
                        }
                }
                put("# HeapAlloc = %d\n# Statements = %d\n", soak_heap + round * leak, round * 100);
        }
}

/** The newest process. */
static const struct explain_run *newest(const struct explain *e)
{
        CU_ASSERT_FATAL(e->n_run > 0);
        return &e->run[e->n_run - 1];
}

static const struct explain_run *explain_soak(struct explain *e)
{
        explain_init(e);
        CU_ASSERT_EQUAL(explain_add(e, span_of((const uint8_t *)soak_text, soak_len)), STATUS_OK);
        CU_ASSERT_EQUAL(explain_finish(e), STATUS_OK);
        return e->n_run > 0 ? newest(e) : NULL;
}

static char *print(const struct explain *e, void (*how)(const struct explain *e, FILE *out))
{
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        how(e, out);
        (void)fclose(out);
        return text;
}

static void expect(const char *text, const char *part)
{
        CU_ASSERT_PTR_NOT_NULL(strstr(text, part));
        if (strstr(text, part) == NULL) {
                printf("# no \"%s\" in\n# %.3000s\n", part, text);
        }
}

static void expect_printed(const struct explain *e, void (*how)(const struct explain *e, FILE *out),
                           const char *part)
{
        char *text = print(e, how);
        expect(text, part);
        CU_ASSERT_PTR_NULL(strstr(text, "nan"));
        free(text);
}

static void a_soak(void)
{
        struct explain e;
        make_soak(40, 0);
        const struct explain_run *run = explain_soak(&e);
        CU_ASSERT_EQUAL(run->n_rounds, 40);
        CU_ASSERT_EQUAL(run->rounds[0].records, 3);
        CU_ASSERT_EQUAL(run->rounds[1].births, 3);
        CU_ASSERT_EQUAL(run->rounds[39].records, 18);
        CU_ASSERT_EQUAL(run->stacks, 18);
        CU_ASSERT_EQUAL(run->places, 9);
        CU_ASSERT_EQUAL(run->bytes.verdict, BYTES_FLAT);
        CU_ASSERT_EQUAL(run->records, RECORDS_DISCOVERING);
        CU_ASSERT_TRUE(run->exact && run->n_trends == 4 && run->trends[3].exact &&
                       run->trends[3].by_statements);
        CU_ASSERT_TRUE(!run->trends[0].exact && !run->trends[0].by_statements);
        CU_ASSERT_TRUE(run->sizes == 1 && run->caught.records == 15 && run->caught.f[1] == 3);
        CU_ASSERT_FALSE(explain_rises(&e));
        expect_printed(&e, explain_print_text, "Bytes: FLAT. ");
        expect_printed(&e, explain_print_text, "not a leak");
        expect_printed(&e, explain_print_text,
                       "Records: DISCOVERING. Records grew from 3 to 18 in 40 rounds");
        e.verbose = true;
        expect_printed(&e, explain_print_text,
                       "40 rounds, 18 records = 18 stacks x sizes (1), of 9 source lines; 0 live, 18 freed");
        expect_printed(&e, explain_print_text, "site_17  site.c:8");
        expect_printed(&e, explain_print_csv, "\n40,18,0,");
        expect_printed(&e, explain_print_json, "\"verdict\":\"FLAT\"");
        expect_printed(&e, explain_print_json, "\"bytes\":\"FLAT\"");
        expect_printed(&e, explain_print_svg, "Allocation records");
        explain_fini(&e);
}

static void a_leak(void)
{
        struct explain e;
        make_soak(40, 5000);
        const struct explain_run *run = explain_soak(&e);
        CU_ASSERT_EQUAL(run->bytes.verdict, BYTES_RISES);
        CU_ASSERT_TRUE(explain_rises(&e) && fabs(run->bytes.slope - 5000) < 1e-6);
        CU_ASSERT_TRUE(fabs(run->trends[3].trend.slope - 50) < 1e-9);
        CU_ASSERT_TRUE(fabs(run->trends[2].trend.slope - 5000) < 1e-9);
        CU_ASSERT_EQUAL(run->trends[0].trend.slope, 0);
        expect_printed(&e, explain_print_text, "this is a leak");
        expect_printed(&e, explain_print_json, "\"verdict\":\"LEAK\"");
        explain_fini(&e);
        make_soak(40, 50); /* half a byte a statement, without any doubt: below the bound */
        run = explain_soak(&e);
        CU_ASSERT_EQUAL(run->bytes.verdict, BYTES_FLAT);
        CU_ASSERT_TRUE(run->trends[3].trend.slope_low > 0.4 && run->trends[3].bound == 1);
        explain_fini(&e);
        make_soak(7, 5000);
        run = explain_soak(&e);
        CU_ASSERT_TRUE(run->bytes.verdict == BYTES_CANT_TELL && run->bytes.doubt == DOUBT_FEW);
        expect_printed(&e, explain_print_json, "\"verdict\":\"TOO-SHORT\"");
        expect_printed(&e, explain_print_text, "at least 24 rounds");
        explain_fini(&e);
        soak_heap = 100000000; /* a thousandth of which is more than the leak */
        make_soak(20, 5000);
        soak_heap = 1000000;
        run = explain_soak(&e);
        CU_ASSERT_TRUE(run->bytes.verdict == BYTES_CANT_TELL && run->bytes.doubt == DOUBT_SHORT_RISE);
        explain_fini(&e);
        make_soak(20, 5000); /* what fills looks like this, too */
        run = explain_soak(&e);
        CU_ASSERT_TRUE(run->bytes.verdict == BYTES_CANT_TELL && run->bytes.doubt == DOUBT_SHORT_RISE);
        explain_fini(&e);
}

/** Every allocation is looked at: what a round does at all it does many times, so that samples are no independent catches. 240
 *  places, in groups of three, of which each is run once in so many rounds. */
static void every_allocation(void)
{
        struct explain e;
        int counts[240] = {0};
        uint64_t state = 1;
        soak_len = 0;
        for (int round = 1; round <= 40; round++) {
                int all = 0;
                for (int i = 0; i < 240; i += 3) {
                        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
                        bool runs = (state >> 33) % (unsigned)(1 + i / 2) == 0;
                        for (int k = i; k < i + 3; k++) {
                                counts[k] += runs ? 40 + k % 7 : 0;
                                all += counts[k];
                        }
                }
                put("heap profile: 0: 0 [%d: %d] @ heap/2\n", all, all * 8);
                for (int i = 0; i < 240; i++) {
                        if (counts[i] > 0) {
                                put("0: 0 [%d: %d] @ 0x%x\n\n", counts[i], counts[i] * 8, i + 1);
                        }
                }
        }
        const struct explain_run *run = explain_soak(&e);
        CU_ASSERT_TRUE(run->clumped && run->sample_bytes == 1 && run->n_rounds == 40);
        CU_ASSERT_TRUE(run->known >= 35 && 100 * run->held >= 90 * run->known);
        explain_fini(&e);
}

/** Its earlier rounds are judged by themselves. */
static void another_process(void)
{
        struct explain e;
        make_soak(10, 0);
        explain_init(&e);
        CU_ASSERT_EQUAL(explain_add(&e, span_of((const uint8_t *)soak_text, soak_len)), STATUS_OK);
        make_soak(3, 0);
        CU_ASSERT_EQUAL(explain_add(&e, span_of((const uint8_t *)soak_text, soak_len)), STATUS_OK);
        CU_ASSERT_EQUAL(explain_finish(&e), STATUS_OK);
        CU_ASSERT_TRUE(e.n_run == 2 && e.runs.runs[1].same_program);
        CU_ASSERT_TRUE(e.run[0].n_rounds == 10 && e.run[1].n_rounds == 3);
        CU_ASSERT_TRUE(e.run[1].rounds[0].records == 3 &&
                       e.run[1].rounds[2].records == 6); /* though the addresses are the same */
        expect_printed(&e, explain_print_text, "The program was restarted: 3 heap profiles");
        explain_fini(&e);
        soak_len = 0;
        CU_ASSERT_PTR_NULL(explain_soak(&e));
        expect_printed(&e, explain_print_text, "This contains no heap profile");
        expect_printed(&e, explain_print_svg, "</svg>");
        expect_printed(&e, explain_print_json, "\"rounds\":[]");
        explain_fini(&e);
}

static void every_allocation_fails_once(void)
{
        struct explain e;
        make_soak(30, 0);
        prof_fail_nth(1 << 30);
        (void)explain_soak(&e);
        free(print(&e, explain_print_text));
        explain_fini(&e);
        uint64_t all = prof_fail_seen();
        for (uint64_t n = 1; n <= all; n++) {
                prof_fail_nth(n);
                explain_init(&e);
                enum status status = explain_add(&e, span_of((const uint8_t *)soak_text, soak_len));
                if (status == STATUS_OK) {
                        status = explain_finish(&e);
                }
                if (status == STATUS_OK) {
                        free(print(&e, explain_print_text));
                }
                explain_fini(&e);
        }
        prof_fail_nth(0);
        CU_ASSERT_EQUAL(prof_read(STAGE_MAIN, LIB_OWN).current_count_used, 0);
}

static const struct explain_run *explain_one(struct explain *e, const char *text)
{
        explain_init(e);
        CU_ASSERT_EQUAL(explain_add(e, span_str(text)), STATUS_OK);
        CU_ASSERT_EQUAL(explain_finish(e), STATUS_OK);
        return newest(e);
}

/** What only a cut dump has is no record: its last address may be a half. */
static void a_cut_dump(void)
{
        struct explain e;
        const struct explain_run *run = explain_one(
            &e, "heap profile: 0: 0 [1: 8] @ heap/2\n0: 0 [1: 8] @ 0x10\n\n"
                "heap profile: 0: 0 [9: 72] @ heap/2\n0: 0 [1: 8] @ 0x10\n\n0: 0 [3: 24] @ 0x2\n"
                "heap profile: 0: 0 [5: 40] @ heap/2\n0: 0 [2: 16] @ 0x10\n\n0: 0 [3: 24] @ 0x20\n\n"
                "heap profile: 0: 0 [9: 72] @ heap/2\n0: 0 [7: 56] @ 0x10\n\n0: 0 [2: 16] @ 0x2");
        CU_ASSERT_TRUE(run->n_rounds == 2 && e.set.troubles.cut == 2 && e.n_run == 1);
        CU_ASSERT_TRUE(run->n_births == 2 && run->rounds[1].births == 1 && run->rounds[1].samples == 5);
        CU_ASSERT_TRUE(run->births[0].allocs == 2 &&
                       run->births[1].allocs == 3); /* as the last whole one has them */
        expect_printed(&e, explain_print_text, "\n2 profiles were incomplete and are omitted.\n");
        explain_fini(&e);
}

/** An overflow record is one, whatever sizes are in it; two libraries at one stack are two, as are two rates of sampling; one
 *  stack twice is one. */
static void what_tells_records(void)
{
        struct explain e;
        const struct explain_run *run = explain_one(
            &e, "heap profile: 0: 0 [4: 80] @ heap/2\n0: 0 [2: 40] @\n# record 1 stage=tls lib=own "
                "overflow=true\n\n0: 0 [1: 20] @ 0x1\n# record 2 stage=tls lib=own size=20\n\n0: 0 "
                "[1: 20] @ 0x1\n# record 3 stage=tls lib=openssl size=20 site=a.c:1\n\n"
                "heap profile: 0: 0 [9: 220] @ heap/2\n0: 0 [4: 120] @\n# record 1 stage=tls lib=own "
                "overflow=true\n\n0: 0 [1: 20] @ 0x1\n# record 2 stage=tls lib=own size=20\n\n0: 0 "
                "[2: 40] @ 0x1\n# record 3 stage=tls lib=openssl size=20 site=a.c:1\n\n0: 0 "
                "[1: 20] @ 0x1\n# record 4 stage=tls lib=openssl size=20 site=b.c:1\n\n0: 0 "
                "[1: 20] @ 0x1\n# record 5 stage=tls lib=own size=20 sample=4096\n\n"
                "0: 0 [0: 0] @ 0x5\n\n");
        CU_ASSERT_TRUE(run->n_rounds == 2 && run->rounds[0].records == 3 && run->rounds[1].births == 2);
        CU_ASSERT_TRUE(run->rounds[1].pending == 1 && run->stacks == 4 && run->sizes == 2 &&
                       e.set.troubles.cut == 0);
        e.list_first = e.list_last = 2;
        char *printed = print(&e, explain_print_text);
        expect(printed, "The new records of rounds 2 to 2:\n     2        20 bytes  tls  (no name)  b.c:1\n");
        CU_ASSERT_PTR_NULL(strstr(printed, "\n     1        20 bytes"));
        free(printed);
        expect_printed(&e, explain_print_json,
                       "\"new\":[{\"round\":2,\"size\":20,\"samples\":1,\"stage\":\"tls\",\"function\":\"\","
                       "\"place\":\"b.c:1\"");
        explain_fini(&e);
}

/* --- pictures -------------------------------------------------------------------------------------------------------------------- */

static void plots(void)
{
        const double x[] = {1, 2, 3, 4};
        const double y[] = {0, 5, NAN, 1 << 20};
        const double low[] = {NAN, 1, 2, 3};
        const double high[] = {NAN, 9, 9, 2 << 20};
        const struct plot_series series = {"a < b & c", y, low, high};
        const struct plot p = {"title", "x", "y", x, 4, &series, 1, true};
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        plot_text(out, &p);
        plot_svg_begin(out, 1);
        plot_svg(out, &p, 0);
        plot_svg_end(out);
        (void)fclose(out);
        expect(text, "title (y)");
        expect(text, "2 MiB");
        expect(text, "a &lt; b &amp; c");
        expect(text, ">y</text>");
        for (const char *line = text; *line != '\0' && strncmp(line, "<svg", 4) != 0;
             line = strchr(line, '\n') + 1) {
                CU_ASSERT_TRUE(strcspn(line, "\n") <= 100);
        }
        free(text);
        text = NULL;
        out = open_memstream(&text, &len);
        const struct plot none = {"nothing", "x", "y", x, 0, &series, 1, false};
        plot_text(out, &none);
        plot_svg(out, &none, 0);
        (void)fclose(out);
        CU_ASSERT_PTR_NULL(strstr(text, "nan"));
        free(text);
}

static const struct tap_test tests[] = {
    {"dumps of a Go program", dumps_of_go},
    {"our own dumps", our_own_dumps},
    {"sites of libraries", sites_of_libraries},
    {"a dump cut anywhere", cut_anywhere},
    {"what is no dump", what_is_no_dump},
    {"a soak", a_soak},
    {"a leak", a_leak},
    {"every allocation is looked at", every_allocation},
    {"another process, and nothing at all", another_process},
    {"a cut dump is no round", a_cut_dump},
    {"what tells records apart", what_tells_records},
    {"each allocation fails once", every_allocation_fails_once},
    {"plots", plots},
};

int main(void)
{
        return TAP_RUN("explain", tests);
}
