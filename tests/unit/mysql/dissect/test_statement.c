#include "mysql/dissect/statement.h"
#include "profile/heap/counts.h"
#include "profile/heap/prof.h"
#include "profile/heap/store.h"
#include "tap.h"

/** What the owner tells is what is there. */
static bool store_is_right(int64_t before)
{
        return prof_read(STAGE_DISSECT, LIB_COUNT).current_bytes_used - before ==
               (int64_t)prof_store_read(STORE_STATEMENTS, 1).used;
}

static void statements(void)
{
        struct statements s = {.count = 0};
        int64_t before = prof_read(STAGE_DISSECT, LIB_COUNT).current_bytes_used;
        for (uint32_t id = 1; id <= 1000; id++) {
                CU_ASSERT_PTR_NOT_NULL_FATAL(statements_add(&s, id, span_str("SELECT ?")));
        }
        CU_ASSERT_EQUAL(s.count, 1000);
        struct statement *st = statements_find(&s, 500);
        CU_ASSERT_EQUAL(statement_long_data(&s, st, 3, span_str("abcdef"), 4, 6), STATUS_OK);
        CU_ASSERT_EQUAL(statement_long_data(&s, st, 3, span_str("gh"), 4, 2), STATUS_OK);
        const struct long_data *data = statement_find_long_data(st, 3);
        CU_ASSERT_EQUAL(data->len, 4);
        CU_ASSERT_EQUAL(data->true_len, 8);
        CU_ASSERT_PTR_NOT_NULL(statement_types(&s, st, 7));
        CU_ASSERT_TRUE(store_is_right(before));
        CU_ASSERT_PTR_NOT_NULL(statement_types(&s, st, 3));
        CU_ASSERT_TRUE(store_is_right(before));
        for (uint32_t id = 1; id <= 1000; id += 2) {
                statements_remove(&s, id);
        }
        CU_ASSERT_TRUE(store_is_right(before));
        CU_ASSERT_PTR_NULL(statements_find(&s, 501));
        CU_ASSERT_PTR_NOT_NULL(statements_find(&s, 500));
        for (uint32_t id = 2; id <= 1000; id += 2) {
                statements_remove(&s, id);
        }
        CU_ASSERT_EQUAL(s.count, 0);
        CU_ASSERT_EQUAL(s.held, 0);
        CU_ASSERT_TRUE(store_is_right(before));
        statements_clear(&s);
        CU_ASSERT_EQUAL(prof_store_read(STORE_STATEMENTS, 1).used, 0);
}

static void long_data_of_many_parameters(void)
{
        enum { PARAMETERS = 3000, PIECES = 100, KEPT = 1000 };
        struct statements s = {.count = 0};
        struct statement *st = statements_add(&s, 7, span_str("SELECT ?"));
        CU_ASSERT_PTR_NOT_NULL_FATAL(st);
        size_t empty = s.held;
        CU_ASSERT_PTR_NULL(statement_find_long_data(st, 0));
        for (uint32_t i = 0; i < PARAMETERS; i++) {
                uint16_t param = (uint16_t)(i * 7);
                CU_ASSERT_EQUAL_FATAL(
                    statement_long_data(&s, st, param, span_of(&param, sizeof param), 10, 2), STATUS_OK);
        }
        for (uint32_t i = 0; i < PARAMETERS; i++) {
                uint16_t param = (uint16_t)(i * 7);
                const struct long_data *data = statement_find_long_data(st, param);
                CU_ASSERT_PTR_NOT_NULL_FATAL(data);
                CU_ASSERT_TRUE(data->len == sizeof param && memcmp(data->bytes, &param, sizeof param) == 0);
                CU_ASSERT_PTR_NULL(statement_find_long_data(st, (uint16_t)(param + 1)));
        }
        for (size_t i = 0; i < PIECES * KEPT / 50; i++) { /* piece by piece, and no more than is to be kept */
                CU_ASSERT_EQUAL_FATAL(statement_long_data(&s, st, 1, span_str("x"), KEPT, 1), STATUS_OK);
        }
        CU_ASSERT_EQUAL(statement_find_long_data(st, 1)->len, KEPT);
        CU_ASSERT_EQUAL(statement_find_long_data(st, 1)->size, KEPT);
        CU_ASSERT_EQUAL(statement_find_long_data(st, 1)->true_len, PIECES * KEPT / 50);
        statement_drop_long_data(&s, st);
        CU_ASSERT_PTR_NULL(statement_find_long_data(st, 1));
        CU_ASSERT_EQUAL(s.held, empty);
        CU_ASSERT_EQUAL(statement_long_data(&s, st, 3, span_str("a"), 10, 1), STATUS_OK);
        statements_clear(&s);
        CU_ASSERT_EQUAL(s.held, 0);
}

static const struct tap_test tests[] = {
    {"prepared statements by id", statements},
    {"long data of many parameters", long_data_of_many_parameters},
};

int main(void)
{
        return TAP_RUN("mysql/dissect/statement", tests);
}
