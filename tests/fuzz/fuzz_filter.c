/* The filter language: the first line is an expression, the rest a statement. The printed form of an expression is read as the same
 * one, it matches the same records, and no record matches both an expression and its negation. */
#include "fuzz.h"
#include "rules/expr.h"

#include <stdlib.h>

enum { RECORDS = 6 };

/** Records that differ in what terms are about. */
static void make_record(struct record *r, unsigned i, struct span sql, struct value *values)
{
        static const char *const users[RECORDS] = {"app", "app_shop", "root", "", "a*b", "x y"};
        memset(r, 0, sizeof *r);
        r->event = i == 4 ? EVENT_AUTH : EVENT_QUERY;
        record_set_uint(r, FIELD_CONN_ID, i / 2);
        record_set_text(r, FIELD_USERNAME, span_str(users[i]));
        record_set_text(r, FIELD_CLIENT_ADDR, span_str(i % 2 == 0 ? "10.1.2.3:1" : "[::1]:2"));
        record_set_uint(r, FIELD_DURATION_US, (uint64_t)1 << (8 * i));
        record_set_uint(r, FIELD_ROWS, i);
        if (i % 2 == 1) {
                record_set_text(r, FIELD_DATABASE, span_str("shop"));
                record_set_uint(r, FIELD_ERRNO, 1213);
        } else if (i == 2) {
                record_set_uint(r, FIELD_DATABASE_UNKNOWN, 1);
        }
        if (i != 3) {
                record_set_uint(r, FIELD_COMMAND_ID, 3);
                record_set_text(r, FIELD_COMMAND, span_str("COM_QUERY"));
                record_set_text(r, FIELD_QUERY, i == 5 ? span_skip(sql, 3) : sql);
        }
        if (i == 1) {
                record_set_uint(r, FIELD_QUERY_LENGTH, 1000000);
        }
        values[0] = (struct value){
            .name = span_str("route"), .bytes = span_head(sql, 9), .true_len = 9, .type = VALUE_STRING};
        values[1] = (struct value){.bytes = span_head(sql, 4),
                                   .true_len = 4,
                                   .type = i == 0 ? VALUE_LONG : VALUE_STRING,
                                   .unknown = sql.len < 4};
        values[2] = (struct value){.is_null = true, .type = VALUE_NULL};
        record_set_list(r, FIELD_TAGS, (struct value_list){values, 1});
        record_set_list(r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, 3});
}

static struct expr *compile(struct span text)
{
        struct expr *e = NULL;
        struct expr_error error;
        enum status status = expr_new(text, &e, &error);
        if (status == STATUS_INVALID && (error.text[0] == '\0' || error.column > text.len + 1)) {
                fuzz_fail("an error has no text, or no place", "", "");
        }
        return e;
}

static struct expr *compile_printed(const struct expr *e, const char *before)
{
        enum { SIZE = 8 * EXPR_TEXT_MAX };
        static char text[SIZE];
        struct writer w = writer_over(text, sizeof text);
        writer_text(&w, before);
        expr_print(e, &w);
        writer_text(&w, before[0] != '\0' ? ")" : "");
        if (w.failed || w.at > EXPR_TEXT_MAX) {
                return NULL;
        }
        struct expr *printed = compile(writer_span(&w));
        if (printed == NULL && before[0] == '\0') {
                fuzz_fail("the printed form is not an expression", text, "");
        }
        return printed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
        struct span text = span_of(data, line != NULL ? (size_t)(line - data) : size);
        struct span sql =
            line != NULL ? span_skip(span_of(data, size), text.len + 1) : span_str("SELECT 1 FROM t");
        struct expr *e = compile(text);
        struct expr *printed = e != NULL ? compile_printed(e, "") : NULL;
        struct expr *negated = e != NULL ? compile_printed(e, "not (") : NULL;
        for (unsigned i = 0; i < 2 * RECORDS && printed != NULL; i++) {
                struct record r;
                struct value values[3];
                make_record(&r, i % RECORDS, sql, values);
                bool is_match = expr_match(e, &r);
                if (is_match != expr_match(printed, &r)) {
                        fuzz_fail("the printed form matches other records", "", "");
                }
                if (is_match && negated != NULL && expr_match(negated, &r)) {
                        fuzz_fail("a record matches an expression and its negation", "", "");
                }
        }
        expr_free(negated);
        expr_free(printed);
        expr_free(e);
        return 0;
}
