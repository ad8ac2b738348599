#include "base/clock.h"
#include "profile/export/export.h"
#include "profile/export/snapshot.h"
#include "profile/export/symbol.h"
#include "profile/heap/counts.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"
#include "tap.h"

#include <stdlib.h>

static int64_t own_bytes(void)
{
        return prof_read(STAGE_PROFILE, LIB_COUNT).current_bytes_used;
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

static void a_snapshot_keeps_what_was_counted(void)
{
        struct snapshot s;
        prof_set_sample_bytes(1);
        void *kept = take_statement(1000);
        uint32_t id = prof_record_count();
        prof_count_statement();
        int64_t before = own_bytes();
        CU_ASSERT_TRUE_FATAL(snapshot_take(&s));
        CU_ASSERT_TRUE(own_bytes() > before);
        prof_free(kept);
        void *later = take_packet(77);
        CU_ASSERT_EQUAL(s.records, id);
        CU_ASSERT_EQUAL(s.statements, prof_statements());
        struct snapshot_row row = snapshot_row(&s, id);
        CU_ASSERT_TRUE(row.allocs == 1 && row.frees == 0 && row.bytes_alloc == 1024 && row.bytes_free == 0);
        CU_ASSERT_EQUAL(snapshot_row(&s, id + 1).allocs, 0);
        CU_ASSERT_EQUAL(snapshot_row(&s, UINT32_MAX).allocs, 0);
        CU_ASSERT_EQUAL(s.stages[STAGE_DISSECT].current_bytes_used, 1000);
        CU_ASSERT_EQUAL(s.stages[STAGE_CAPTURE].current_bytes_used, 0);
        prof_free(later);
        snapshot_drop(&s);
        snapshot_drop(&s);
        CU_ASSERT_EQUAL(own_bytes(), before);
}

static void names_are_checked(void)
{
        char longest[SNAPSHOT_NAME_MAX];
        char too_long[SNAPSHOT_NAME_MAX + 1];
        memset(longest, 'x', sizeof longest);
        longest[sizeof longest - 1] = '\0';
        memset(too_long, 'x', sizeof too_long);
        too_long[sizeof too_long - 1] = '\0';
        CU_ASSERT_TRUE(snapshot_is_name("a"));
        CU_ASSERT_TRUE(snapshot_is_name("round-1/2&=%"));
        CU_ASSERT_TRUE(snapshot_is_name(longest));
        static const char *const wrong[] = {"", "a b", "tab\t", "start", "caf\xc3\xa9", "\x7f"};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                CU_ASSERT_FALSE(snapshot_is_name(wrong[i]));
                CU_ASSERT_PTR_NULL(snapshot_mark(wrong[i]));
        }
        CU_ASSERT_FALSE(snapshot_is_name(too_long));
        CU_ASSERT_PTR_NULL(snapshot_at(0));
}

static void marks_are_found_by_name(void)
{
        int64_t before = own_bytes();
        const struct snapshot *start = snapshot_find("start");
        CU_ASSERT_PTR_NOT_NULL_FATAL(start);
        CU_ASSERT_TRUE(start->records == 0 && snapshot_row(start, 1).allocs == 0);
        CU_ASSERT_PTR_NULL(snapshot_find("a"));
        CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot_mark("a"));
        CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot_mark("b"));
        uint64_t first = snapshot_find("a")->mono_ns;
        CU_ASSERT_TRUE(first <= snapshot_find("b")->mono_ns);
        CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot_mark("a")); /* anew: the newest now */
        CU_ASSERT_TRUE(snapshot_find("a")->mono_ns > first);
        CU_ASSERT_STRING_EQUAL(snapshot_at(0)->name, "b");
        CU_ASSERT_STRING_EQUAL(snapshot_at(1)->name, "a");
        CU_ASSERT_PTR_NULL(snapshot_at(2));
        snapshot_fini();
        CU_ASSERT_PTR_NULL(snapshot_find("a"));
        CU_ASSERT_EQUAL(own_bytes(), before);
}

static void the_oldest_mark_goes(void)
{
        char name[16];
        int64_t before = own_bytes();
        for (int i = 0; i < SNAPSHOT_MARKS + 3; i++) {
                (void)snprintf(name, sizeof name, "m%d", i);
                CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot_mark(name));
        }
        CU_ASSERT_PTR_NULL(snapshot_find("m2"));
        CU_ASSERT_STRING_EQUAL(snapshot_at(0)->name, "m3");
        CU_ASSERT_STRING_EQUAL(snapshot_at(SNAPSHOT_MARKS - 1)->name, name);
        CU_ASSERT_PTR_NULL(snapshot_at(SNAPSHOT_MARKS));
        snapshot_fini();
        CU_ASSERT_EQUAL(own_bytes(), before);
}

static void moments_are_times_and_statements(void)
{
        struct snapshot s;
        struct prof_record r;
        char when[CLOCK_RFC3339_SIZE];
        static const char *const wrong[] = {
            "",
            "a",
            "12a",
            "-1",
            "2026-01-02T03:04:05+01:00",
            "2026-01-02 03",
            "12345678901234567890123456789012345678901234567890123456789012345"};
        prof_set_sample_bytes(1);
        uint32_t before = prof_record_count();
        prof_free(take_statement(5000));
        for (int i = 0; i < 10; i++) {
                prof_count_statement();
        }
        prof_free(take_statement(9000));
        prof_set_sample_bytes(0);
        CU_ASSERT_EQUAL_FATAL(prof_record_count(), before + 2);
        (void)snprintf(when, sizeof when, "%llu", (unsigned long long)prof_statements());
        CU_ASSERT_TRUE(snapshot_at_moment(when, &s) && s.records == before + 1);
        (void)snprintf(when, sizeof when, "%llu", (unsigned long long)prof_statements() + 1);
        CU_ASSERT_TRUE(snapshot_at_moment(when, &s) && s.records == before + 2);
        CU_ASSERT_TRUE(snapshot_at_moment("0", &s) && s.records == 0);
        CU_ASSERT_TRUE(prof_record_get(before + 2, &r));
        clock_rfc3339(r.born_wall_ns, when);
        CU_ASSERT_TRUE(snapshot_at_moment(when, &s) && s.records <= before + 1);
        clock_rfc3339(r.born_wall_ns + 1000, when);
        CU_ASSERT_TRUE(snapshot_at_moment(when, &s) && s.records == before + 2);
        CU_ASSERT_STRING_EQUAL(s.name, when);
        CU_ASSERT_TRUE(snapshot_at_moment("2020-01-01", &s) && s.records == 0);
        CU_ASSERT_TRUE(snapshot_at_moment("9999-01-01T00:00Z", &s) && s.records == before + 2);
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                CU_ASSERT_FALSE(snapshot_at_moment(wrong[i], &s));
        }
}

/* --- differences ------------------------------------------------------------------------------------------------------ */

typedef void put_range(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most);

static char *text_of(put_range *put, const struct snapshot *from, const struct snapshot *to, uint32_t most)
{
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        put(out, from, to, most);
        CU_ASSERT_EQUAL_FATAL(fclose(out), 0);
        return text;
}

static void expect(const char *text, const char *part)
{
        if (strstr(text, part) == NULL) {
                printf("# lacks: %s\n# in:\n%s\n", part, text);
                CU_FAIL("a part is missing");
        }
}

/** One block of take_statement is freed, two of take_packet are born while a statement is on the wire. */
static void make_two_marks(void)
{
        static const struct prof_wire wire = {
            .session = 7, .command = "COM_QUERY", .text = {(const uint8_t *)"SELECT \"1\"\n", 11}};
        void *old = take_statement(300);
        CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot_mark("a"));
        prof_set_wire(&wire);
        prof_free(old);
        void *one = take_packet(2000);
        void *two = take_packet(3000);
        prof_set_wire(NULL);
        prof_free(one);
        CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot_mark("b"));
        prof_free(two);
}

static void a_difference_tells_stages_records_and_births(void)
{
        prof_set_sample_bytes(1);
        make_two_marks();
        const struct snapshot *a = snapshot_find("a");
        const struct snapshot *b = snapshot_find("b");
        CU_ASSERT_EQUAL(b->records, a->records + 2);
        char *text = text_of(export_diff_text, a, b, 100);
        expect(text,
               "\ncapture          2          2            2            1          +3000           3000\n");
        expect(text,
               "\ndissect          0          0            0            1           -300              0\n");
        expect(text, "3 records counted");
        expect(text, " dissect   own            320         0         1          -320  take_statement "
                     "export/test_snapshot.c:");
        expect(text, " capture   own           3072         1         0         +3072  take_packet "
                     "export/test_snapshot.c:");
        expect(text, "\n2 allocation records were created between a and b\n");
        expect(text, "; session 7 COM_QUERY \"SELECT \\\"1\\\"\\x0a\"\n");
        CU_ASSERT_TRUE(strstr(text, "+3072") < strstr(text, "-320")); /* the greatest growth first */
        free(text);
        text = text_of(export_diff_json, a, b, 100);
        expect(text, "{\"from\":{\"name\":\"a\",\"ts\":\"");
        expect(text, "{\"stage\":\"capture\",\"births\":2,\"samples\":2,\"allocs\":2,\"frees\":1,\"live_"
                     "bytes_change\":3000,\"live_bytes\":3000}");
        expect(text, "\"function\":\"take_packet\"");
        expect(text, "\"session\":7,\"command\":\"COM_QUERY\",\"query\":\"SELECT "
                     "\\\"1\\\"\\n\",\"allocs\":1,\"frees\":1,");
        expect(text, "\"bytes_alloc\":2048,\"bytes_free\":2048,\"stack\":[{\"pc\":\"0x");
        expect(text, "\"function\":\"a_difference_tells_stages_records_and_births\",\"file\":\"");
        expect(text, "\"allocs\":0,\"frees\":1,\"live_bytes_change\":-320}");
        free(text);
}

static void lists_are_cut(void)
{
        const struct snapshot *a = snapshot_find("a");
        const struct snapshot *b = snapshot_find("b");
        char *text = text_of(export_diff_text, a, b, 1);
        expect(text, "\n2 more are not shown");
        expect(text, "\nthe newest 1 of them:\n");
        free(text);
        text = text_of(export_births_text, a, b, 1);
        CU_ASSERT_PTR_NULL(strstr(text, " 2048 "));
        expect(text, " 3072 ");
        free(text);
        CU_ASSERT_PTR_NULL(strstr((text = text_of(export_births_text, a, b, 2)), "#\t0x"));
        free(text);
        text = text_of(export_births_stacks, a, b, 2);
        expect(text, "\n#\t0x");
        expect(text, "\ttake_packet+0x");
        expect(text, "\ta_difference_tells_stages_records_and_births+0x");
        free(text);
        text = text_of(export_births_text, a, b, 0);
        CU_ASSERT_PTR_NULL(strstr(text, "take_packet"));
        free(text);
        text = text_of(export_births_json, b, b, 100);
        expect(text, "\"births\":[]}\n");
        free(text);
        text = text_of(export_births_text, snapshot_find("start"), b, UINT32_MAX);
        expect(text, "take_statement");
        free(text);
        snapshot_fini();
}

static const struct tap_test tests[] = {
    {"a snapshot keeps what was counted", a_snapshot_keeps_what_was_counted},
    {"names are checked", names_are_checked},
    {"marks are found by name", marks_are_found_by_name},
    {"the oldest mark goes", the_oldest_mark_goes},
    {"moments are times and statements", moments_are_times_and_statements},
    {"a difference tells stages, records and births", a_difference_tells_stages_records_and_births},
    {"lists are cut", lists_are_cut},
};

int main(void)
{
        int status = TAP_RUN("snapshot", tests);
        symbol_fini();
        return status;
}
