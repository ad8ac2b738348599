#include "admin/digest_filter.h"

#include "rules/expr.h"

#include <event2/http.h>

bool digest_filter_of(struct call *call, struct expr **out)
{
        static const char *const known[] = {"digest",     "digest_text", "op",   "table", "clause",
                                            "statements", "finding",     "text", "re",    NULL};
        const char *text = call_param(call, "q");
        struct expr_error error;
        *out = NULL;
        if (text == NULL || text[0] == '\0') {
                return true;
        }
        enum status status = expr_new(span_str(text), out, &error);
        if (status != STATUS_OK) {
                call_fail(call, status == STATUS_INVALID ? HTTP_BADREQUEST : HTTP_SERVUNAVAIL,
                          "column %zu: %s", error.column, error.text);
                return false;
        }
        const char *other = expr_other_term(*out, known);
        if (other != NULL) {
                call_fail(
                    call, HTTP_BADREQUEST,
                    "'%s' is not known of a digest, only of its statements: use digest, op, table, clause, "
                    "statements, finding, text and re",
                    other);
                expr_free(*out);
                *out = NULL;
        }
        return other == NULL;
}

/** The findings that some of its statements have. */
static uint64_t findings_of(const struct digest_stat *s)
{
        uint64_t findings = 0;
        for (unsigned i = 0; i < FINDING_COUNT; i++) {
                findings |= s->findings[i] > 0 ? 1ULL << i : 0;
        }
        return findings;
}

bool digest_filter_matches(struct expr *e, const struct digest_stat *s, struct span hex)
{
        struct record r;
        if (e == NULL) {
                return true;
        }
        record_clear(&r);
        r.event = EVENT_QUERY;
        record_set_text(&r, FIELD_DIGEST, hex);
        record_set_text(&r, FIELD_DIGEST_TEXT, span_of(s->text, s->text_len));
        record_set_uint(&r, FIELD_FINDINGS, findings_of(s));
        return expr_match(e, &r);
}
