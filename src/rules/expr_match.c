#include "rules/expr_state.h"

#include "mysql/record/client_host.h"

/* --- comparing one value -------------------------------------------------------------------------------------------- */

static bool is_text_like(const struct expr_test *test, const struct expr_text *wanted, struct span text)
{
        bool any_case = test->kind == KIND_NAME;
        switch ((int)test->kind) {
        case KIND_PREFIX: return expr_begins(text, wanted->text);
        case KIND_COMMAND: return expr_names_command(wanted->text, text);
        case KIND_TEXT: return expr_contains(text, wanted->text);
        default: break;
        }
        if (wanted->is_glob) {
                return expr_glob(wanted->text, text, any_case);
        }
        return any_case ? text.len == wanted->text.len && expr_begins(text, wanted->text)
                        : span_equal(text, wanted->text);
}

enum truth expr_compare_text(const struct expr_test *test, struct span text, bool is_cut)
{
        if (test->kind == KIND_PRESENT) {
                return TRUTH_TRUE;
        }
        for (size_t i = 0; i < test->n; i++) {
                if (is_text_like(test, &test->texts[i], text)) {
                        return TRUTH_TRUE;
                }
        }
        return is_cut ? TRUTH_UNKNOWN : TRUTH_FALSE;
}

/** Is @p number in one of the ranges? */
static inline bool is_in_range(const struct expr_test *test, uint64_t number)
{
        for (size_t i = 0; i < test->n; i++) {
                if (number >= test->ranges[i].low && number <= test->ranges[i].high) {
                        return true;
                }
        }
        return false;
}

bool expr_compare_number(const struct expr_test *test, uint64_t number)
{
        return is_in_range(test, number) || (test->kind == KIND_PRESENT && number != 0);
}

/* --- terms of one field --------------------------------------------------------------------------------------------- */

static enum truth unless_cut(const struct record *r, enum record_field f)
{
        return field_set_has(&r->cut, f) ? TRUTH_UNKNOWN : TRUTH_FALSE;
}

/** Compare @p text, which begins like the wanted one. Apart from expr_match_one_text, which then saves no registers. */
static __attribute__((noinline)) enum truth match_whole_text(const struct expr_test *test,
                                                             const struct record *r, struct span text)
{
        return is_text_like(test, &test->texts[0], text) ? TRUTH_TRUE : unless_cut(r, test->term.field);
}

enum truth expr_match_one_text(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        enum record_field f = test->term.field;
        if (!record_has(r, f)) {
                return TRUTH_FALSE;
        }
        struct span text = record_text(r, f);
        const struct expr_text *wanted = &test->texts[0];
        size_t n = wanted->text.len;
        bool may_match =
            (test->kind == KIND_PREFIX ? text.len >= n : text.len == n) &&
            (n == 0 || ((text.data[0] ^ wanted->text.data[0]) & ~0x20U) == 0); /* but for the case */
        return may_match ? match_whole_text(test, r, text) : unless_cut(r, f);
}

enum truth expr_match_number(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        enum record_field f = test->term.field;
        return expr_truth(record_has(r, f) && is_in_range(test, record_uint(r, f)));
}

enum truth expr_match_field(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        enum record_field f = test->term.field;
        if (!record_has(r, f)) {
                return TRUTH_FALSE;
        }
        if (record_is_span(f)) {
                return expr_compare_text(test, record_text(r, f), field_set_has(&r->cut, f));
        }
        if (record_is_list(f)) {
                return TRUTH_TRUE; /* KIND_PRESENT */
        }
        uint64_t number = record_uint(r, f);
        if (test->kind == KIND_BITS) {
                return expr_truth((number & test->bits) != 0);
        }
        return expr_truth(expr_compare_number(test, number));
}

enum truth expr_match_database(const struct expr_test *test, struct expr_subject *subject)
{
        return record_has(subject->r, FIELD_DATABASE_UNKNOWN) ? TRUTH_UNKNOWN
                                                              : expr_match_field(test, subject);
}

enum truth expr_match_client(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        struct network address;
        if (!record_has(r, FIELD_CLIENT_ADDR)) {
                return TRUTH_FALSE;
        }
        if (test->kind == KIND_PRESENT) {
                return TRUTH_TRUE;
        }
        if (!network_of_host(client_host(record_text(r, FIELD_CLIENT_ADDR)), &address)) {
                return TRUTH_FALSE;
        }
        for (size_t i = 0; i < test->n; i++) {
                if (network_has(&test->networks[i], &address)) {
                        return TRUTH_TRUE;
                }
        }
        return TRUTH_FALSE;
}

enum truth expr_match_command(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        return record_has(r, FIELD_COMMAND) ? expr_compare_text(test, r->command, false) : TRUTH_FALSE;
}

enum truth expr_match_event(const struct expr_test *test, struct expr_subject *subject)
{
        return expr_truth(test->kind == KIND_PRESENT || (test->bits >> subject->r->event & 1) != 0);
}

enum truth expr_match_error(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        bool has_errno = record_has(r, FIELD_ERRNO);
        if (test->kind == KIND_PRESENT) {
                return expr_truth(has_errno || r->event == EVENT_ERROR);
        }
        return expr_truth(has_errno && expr_compare_number(test, r->errno_));
}

/** Is @p r about all statements of a transaction or a scope? */
static bool is_account(const struct record *r)
{
        return r->event == EVENT_TRANSACTION || r->event == EVENT_SCOPE;
}

bool expr_is_statement(const struct record *r)
{
        return r->event == EVENT_QUERY || r->event == EVENT_N_PLUS_ONE || r->event == EVENT_WRITE_LOOP ||
               r->event == EVENT_PREPARE_ONCE;
}

/** The duration of a login or of a session is not what one looks for among statements. */
enum truth expr_match_duration(const struct expr_test *test, struct expr_subject *subject)
{
        if (!expr_is_statement(subject->r) && !is_account(subject->r)) {
                return TRUTH_FALSE;
        }
        return test->kind == KIND_DURATION ? expr_match_number(test, subject)
                                           : expr_match_field(test, subject);
}

enum truth expr_match_bytes(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        if (!expr_is_statement(r) && !is_account(r)) {
                return TRUTH_FALSE;
        }
        uint64_t sent = record_uint_if_any(r, FIELD_BYTES_SENT);
        return expr_truth(expr_compare_number(test, sent + record_uint_if_any(r, FIELD_BYTES_RECEIVED)));
}

/** The trace's own id stands behind the version, as in 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01. */
enum truth expr_match_trace(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        if (!record_has(r, FIELD_TRACEPARENT)) {
                return TRUTH_FALSE;
        }
        const uint8_t *dash =
            r->traceparent.len > 0 ? memchr(r->traceparent.data, '-', r->traceparent.len) : NULL;
        size_t version = dash != NULL ? (size_t)(dash - r->traceparent.data) + 1 : 0;
        enum truth whole = expr_compare_text(test, r->traceparent, false);
        return whole == TRUTH_TRUE ? whole
                                   : expr_compare_text(test, span_skip(r->traceparent, version), false);
}
