/* The recent records: they stay as they were, whatever becomes of what they were made from. */
#include "journal/enrich/enrich.h"
#include "journal/recent.h"
#include "mysql/record/record_packed.h"
#include "mysql/wire/command.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static struct span any_text(void)
{
        size_t at = tap_random_below(sizeof letters - 1);
        return span_of(letters + at, tap_random_below(sizeof letters - at));
}

enum { VALUES = 5 };

static void set_any(struct record *r, enum record_field f, struct value *values)
{
        if (record_is_span(f)) {
                record_set_text(r, f, any_text());
        } else if (record_is_list(f)) {
                size_t n = tap_random_below(VALUES + 1);
                for (size_t i = 0; i < n; i++) {
                        struct span bytes = any_text();
                        values[i] = (struct value){.type = VALUE_VAR_STRING,
                                                   .name = any_text(),
                                                   .bytes = bytes,
                                                   .true_len = bytes.len};
                }
                record_set_list(r, f, (struct value_list){values, n});
        } else {
                record_set_uint(r, f, tap_random_below(1000));
        }
}

static struct value original_values[FIELD_COUNT][VALUES];
static struct value later_values[FIELD_COUNT][VALUES];

static struct record any_record(void)
{
        struct record r;
        record_clear(&r);
        r.event = EVENT_QUERY;
        r.wall_ns = 1700000000000000000ULL + tap_random_below(1000000000);
        uint64_t odds = tap_random_below(8);
        for (enum record_field f = 0; f < FIELD_COUNT; f++) {
                if (tap_random_below(8) < odds) {
                        set_any(&r, f, original_values[f]);
                }
        }
        return r;
}

static char *line_of(const struct record *r)
{
        size_t size = format_size(FORMAT_JSON, r) + 1;
        char *line = malloc(size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(line);
        struct writer w = writer_over(line, size);
        format_record(&w, FORMAT_JSON, r);
        writer_char(&w, '\0');
        CU_ASSERT_FALSE(w.failed);
        return line;
}

static uint8_t *block(size_t size)
{
        uint8_t *bytes = malloc(size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
        return bytes;
}

/** Some fields change once it is unpacked, as the journal thread changes them. */
static void change(struct record *r)
{
        for (uint64_t n = tap_random_below(6); n > 0; n--) {
                enum record_field f = (enum record_field)tap_random_below(FIELD_COUNT);
                if (f != FIELD_COMMAND_ID) {
                        set_any(r, f, later_values[f]);
                }
        }
        if (tap_random_below(4) == 0) {
                record_remove(r, (enum record_field)tap_random_below(FIELD_COUNT));
        }
}

/** Pack @p original and unpack it into @p out. @return the bytes, to be freed. */
static uint8_t *through_a_ring(const struct record *original, struct record *out)
{
        uint8_t *packed = block(record_pack_size(original));
        record_pack(original, packed);
        record_assign(out, record_unpack((struct record_packed *)(void *)packed));
        return packed;
}

/* --- the recent records ------------------------------------------------------------------------------------------------ */

enum { KEPT = 4096 };
static char *lines[KEPT]; /* by number, from 1 */

/** Read all from @p cursor on: what is still there is as it was. @return the last number. */
static uint64_t read_all(struct recent *recent, uint64_t cursor, struct filter *filter)
{
        static char line[65536];
        unsigned n = 0;
        for (;;) {
                uint64_t before = cursor;
                struct writer w = writer_over(line, sizeof line - 1);
                if (!recent_read(recent, &cursor, filter, FORMAT_JSON, &w)) {
                        break;
                }
                line[w.at] = '\0';
                bool is_gap = strstr(line, "\"event\":\"gap\"") != NULL;
                CU_ASSERT_TRUE(is_gap || (cursor > before && cursor < KEPT));
                if (!is_gap) {
                        CU_ASSERT_STRING_EQUAL(line, lines[cursor]);
                        n++;
                }
        }
        CU_ASSERT_TRUE(n > 0);
        return cursor;
}

static void recent_records_stay_as_they_were(void)
{
        struct recent recent;
        struct filter *all = NULL;
        char error[FILTER_ERROR_MAX];
        struct filter_spec spec = {.text = {[FILTER_EVENT] = "query"}};
        CU_ASSERT_EQUAL_FATAL(filter_new(&spec, &all, error), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(recent_init(&recent, 32 * 1024), STATUS_OK);
        for (unsigned i = 1; i < 1500; i++) {
                struct record original = any_record();
                size_t size = record_pack_size(&original);
                struct record r;
                uint8_t *packed = through_a_ring(&original, &r);
                if (tap_random_below(3) != 0) {
                        change(&r);
                        record_set_uint(&r, FIELD_CONN_ID, r.conn_id);
                }
                lines[i] = line_of(&r);
                recent_add(&recent, &r, NULL);
                memset(packed, 0xee, size); /* the ring's memory is used again */
                free(packed);
                CU_ASSERT_EQUAL(recent_last(&recent), i);
                if (i % 10 == 0) {
                        CU_ASSERT_EQUAL(read_all(&recent, 0, i % 20 == 0 ? all : NULL), i);
                        CU_ASSERT_EQUAL(read_all(&recent, i - 5, i % 30 == 0 ? NULL : all), i);
                }
        }
        for (unsigned i = 1; i < 1500; i++) {
                free(lines[i]);
                lines[i] = NULL;
        }
        recent_fini(&recent);
        filter_free(all);
}

static void the_largest_are_shortened(void)
{
        static char long_text[20000];
        static char line[65536];
        struct recent recent;
        uint64_t cursor = 0;
        memset(long_text, 'x', sizeof long_text);
        CU_ASSERT_EQUAL_FATAL(recent_init(&recent, 64 * 1024), STATUS_OK);
        struct record original = any_record();
        record_set_text(&original, FIELD_QUERY, span_of(long_text, sizeof long_text));
        record_remove(&original, FIELD_QUERY_LENGTH);
        record_set_text(&original, FIELD_ERROR, span_str("e"));
        struct record r;
        uint8_t *packed = through_a_ring(&original, &r);
        recent_add(&recent, &r, NULL);
        record_set_text(&r, FIELD_ERROR, span_of(long_text, sizeof long_text));
        recent_add(&recent, &r, NULL);
        free(packed);
        struct writer w = writer_over(line, sizeof line - 1);
        CU_ASSERT_TRUE(recent_read(&recent, &cursor, NULL, FORMAT_JSON, &w));
        line[w.at] = '\0';
        CU_ASSERT_PTR_NOT_NULL(strstr(line, "shortened"));
        CU_ASSERT_PTR_NOT_NULL(strstr(line, "\"query_length\":20000"));
        CU_ASSERT_PTR_NULL(strstr(line, "\"first_rows\":"));
        w = writer_over(line, sizeof line - 1);
        CU_ASSERT_TRUE(recent_read(&recent, &cursor, NULL, FORMAT_JSON, &w));
        line[w.at] = '\0';
        CU_ASSERT_PTR_NOT_NULL(strstr(line, "too large"));
        recent_fini(&recent);
}

/* --- what is taken out --------------------------------------------------------------------------------------------------- */

static const char secret[] = "Tr0ub4dor";

/** Each place of a record that may show a password or, with log.redact, a constant. */
static void fill(struct record *r, unsigned place, struct value *value)
{
        static const char *const statements[] = {
            "SET PASSWORD = 'Tr0ub4dor'",
            "CREATE USER u IDENTIFIED BY 'Tr0ub4dor'",
            "SELECT 1 FROM u WHERE pw = 'Tr0ub4dor'",
            "SELECT 1 -- password Tr0ub4dor",
            "SELECT 'http://u:Tr0ub4dor@h/'",
        };
        enum { STATEMENTS = sizeof statements / sizeof statements[0] };
        static const enum record_field lists[] = {FIELD_STMT_EXECUTE_VALUES, FIELD_QUERY_ATTRIBUTES,
                                                  FIELD_SESSION_CHANGES, FIELD_FIRST_ROWS};
        record_set_text(r, FIELD_QUERY, span_str("SELECT 1"));
        if (place < STATEMENTS) {
                record_set_text(r, FIELD_QUERY, span_str(statements[place]));
        } else if (place < 2 * STATEMENTS) {
                record_remove(r, FIELD_QUERY);
                record_set_text(r, FIELD_STMT_PREPARE_QUERY, span_str(statements[place - STATEMENTS]));
        } else if (place == 2 * STATEMENTS) {
                record_set_uint(r, FIELD_ERRNO, 1064);
                record_set_text(r, FIELD_ERROR, span_str("near 'IDENTIFIED BY 'Tr0ub4dor'' at line 1"));
        } else {
                struct span text = span_str(secret);
                *value = (struct value){.type = VALUE_VAR_STRING,
                                        .name = span_str("password"),
                                        .bytes = text,
                                        .true_len = text.len};
                record_set_list(r, lists[place % 4], (struct value_list){value, 1});
                if (lists[place % 4] == FIELD_FIRST_ROWS) {
                        record_set_list(r, FIELD_COLUMN_NAMES, (struct value_list){value, 0});
                }
        }
}

static void what_is_taken_out_is_not_kept(void)
{
        static struct settings settings;
        for (unsigned place = 0; place < 15; place++) {
                struct recent recent;
                struct enrich f;
                struct value value;
                struct record r;
                settings_defaults(&settings);
                settings.log.digests = place % 2 == 0 ? 8 : 0;
                CU_ASSERT_EQUAL_FATAL(enrich_init(&f, &settings), STATUS_OK);
                CU_ASSERT_EQUAL_FATAL(recent_init(&recent, 64 * 1024), STATUS_OK);
                memset(recent.memory, 0, 64 * 1024);
                record_clear(&r);
                r.event = EVENT_QUERY;
                record_set_uint(&r, FIELD_CONN_ID, 1);
                record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
                record_set_text(&r, FIELD_COMMAND, span_str("COM_QUERY"));
                fill(&r, place, &value);
                struct record copy;
                uint8_t *packed = through_a_ring(&r, &copy);
                CU_ASSERT_PTR_NOT_NULL(memmem(packed, record_pack_size(&r), secret, strlen(secret)));
                (void)enrich_record(&f, NULL, &copy);
                recent_add(&recent, &copy, NULL);
                CU_ASSERT_TRUE(record_has(&copy, FIELD_REDACTED));
                if (memmem(recent.memory, 64 * 1024, secret, strlen(secret)) != NULL) {
                        CU_FAIL("it was kept");
                        printf("# place %u\n", place);
                }
                free(packed);
                recent_fini(&recent);
                enrich_fini(&f);
        }
}

static const struct tap_test tests[] = {
    {"recent records stay as they were", recent_records_stay_as_they_were},
    {"the largest are shortened", the_largest_are_shortened},
    {"what is taken out is not kept", what_is_taken_out_is_not_kept},
};

int main(void)
{
        return TAP_RUN("recent", tests);
}
