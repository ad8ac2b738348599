/* Redaction of statements with many columns or constants. */
#include "journal/enrich/enriched.h"
#include "tap.h"

#include <stdio.h>

/** Many columns, and several that are called alike. */
static void many_columns_called_by_constants(void)
{
        enum { COLUMNS = 500 };
        static char texts[COLUMNS][8];
        static struct value names[COLUMNS];
        static char sql[16 * COLUMNS];
        size_t at = (size_t)snprintf(sql, sizeof sql, "SELECT a");
        for (size_t i = 0; i < COLUMNS; i++) { /* every third is a constant, and "c7" comes again and again */
                (void)snprintf(texts[i], sizeof texts[i], "c%zu", i % 50 == 7 ? 7 : i);
                names[i] = (struct value){
                    .bytes = span_str(texts[i]), .type = VALUE_VAR_STRING, .true_len = strlen(texts[i])};
                if (i % 3 == 0 || i == 7) {
                        at += (size_t)snprintf(sql + at, sizeof sql - at, ",'c%zu'", i);
                }
        }
        enriched_begin(SETTINGS_REDACT_LITERALS);
        struct record r = enriched_query(1, sql);
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, COLUMNS});
        (void)enrich_record(&enriched, NULL, &r);
        for (size_t i = 0; i < COLUMNS; i++) {
                bool is_constant = i % 50 == 7 || i % 3 == 0;
                CU_ASSERT_EQUAL(span_equal(r.column_names.at[i].bytes, span_str(texts[i])), !is_constant);
        }
        enriched_finish();
}

/** The same constant has the same token, whether it is kept or made anew. */
static void tokens_are_the_same_again(void)
{
        static char sql[1 << 16];
        size_t at = (size_t)snprintf(sql, sizeof sql, "SELECT 1");
        for (unsigned i = 0; i < 5000; i++) { /* more than are kept */
                at += (size_t)snprintf(sql + at, sizeof sql - at, ",%u", i % 2500);
        }
        enriched_begin(SETTINGS_REDACT_LITERALS);
        struct record r = enriched_query(1, sql);
        (void)enrich_record(&enriched, NULL, &r);
        enum {
                TOKEN = sizeof ",'redacted:0123456789abcdef'" - 1,
                HEAD = sizeof "SELECT '1234567890123456789012345'" - 1
        };
        CU_ASSERT_EQUAL_FATAL(r.query.len, HEAD + 5000 * TOKEN);
        const uint8_t *first = r.query.data + HEAD;
        CU_ASSERT_EQUAL(memcmp(first, first + 2500 * TOKEN, 2500 * TOKEN), 0);
        CU_ASSERT_NOT_EQUAL(memcmp(first, first + TOKEN, TOKEN), 0);
        CU_ASSERT_EQUAL(memcmp(first + TOKEN + 1, r.query.data + HEAD - TOKEN + 1, TOKEN - 1),
                        0); /* 1 is 1 */
        enriched_finish();
}

static const struct tap_test tests[] = {
    {"many columns that are called by constants", many_columns_called_by_constants},
    {"tokens are the same again", tokens_are_the_same_again},
};

int main(void)
{
        return TAP_RUN("enrich", tests);
}
