#include "run/findings.h"

#include <inttypes.h>

static const char *const advice[FINDING_COUNT] = {
    [FINDING_N_PLUS_ONE] =
        "one statement for each row of a result: load the rows together, with a join or IN (...)",
    [FINDING_IN_WRITE_LOOP] =
        "one statement for each row: write the rows together, with IN (...) or an INSERT of several rows",
    [FINDING_DUPLICATE] = "the same statement with the same values: keep its result instead",
    [FINDING_NO_INDEX] = "the server found no good index: EXPLAIN shows which columns need one",
    [FINDING_SLOW] = "it takes long: EXPLAIN shows why",
    [FINDING_TRANSACTION_IDLE] = "a transaction is held while the application does something else",
    [FINDING_TRANSACTION_OPEN] = "end each transaction with COMMIT or ROLLBACK",
    [FINDING_PREPARE_ONCE] = "prepared, executed once and closed: keep the prepared statement",
    [FINDING_CONNECTION_PER_STATEMENT] = "a connection for each statement: use a pool",
    [FINDING_REPEATED_SETUP] = "it sets what is set already: do it once for each connection",
    [FINDING_LARGE_RESULT] = "many rows: read them in pages, or let the server aggregate them",
};

const char *findings_advice(enum record_finding finding)
{
        return advice[finding];
}

bool findings_parse(const char *text, uint64_t *set, struct span *unknown)
{
        *set = 0;
        while (*text != '\0') {
                struct span word = span_of(text, strcspn(text, ","));
                bool is_known = span_equal(word, span_str("none"));
                for (unsigned i = 0; i < FINDING_COUNT; i++) {
                        if (span_equal(word, span_str("all")) ||
                            span_equal(word, span_str(record_flag_name(FIELD_FINDINGS, i)))) {
                                *set |= 1ULL << i;
                                is_known = true;
                        }
                }
                if (!is_known) {
                        *unknown = word;
                        return false;
                }
                text += word.len + (text[word.len] == ',' ? 1 : 0);
        }
        return true;
}

void findings_add(struct outcome *o, uint64_t set,
                  bool (*is_known)(void *arg, struct span scope, const char *finding, struct span shape),
                  void *arg)
{
        const struct tally *t = o->tally;
        for (size_t i = 0; i < t->n_uses; i++) {
                const struct tally_use *use = &t->uses[i];
                for (unsigned f = 0; f < FINDING_COUNT; f++) {
                        const char *name = record_flag_name(FIELD_FINDINGS, f);
                        uint64_t n = use->counts.findings[f];
                        if (n == 0 || (set >> f & 1) == 0) {
                                continue;
                        }
                        bool known =
                            is_known(arg, t->scopes[use->scope].name, name, t->shapes[use->shape].text);
                        if (known) {
                                continue;
                        }
                        struct outcome_item item = {.level = OUTCOME_FAIL,
                                                    .rule = name,
                                                    .advice = advice[f],
                                                    .scope = t->scopes[use->scope].name,
                                                    .shape = t->shapes[use->shape].text,
                                                    .place = use->place,
                                                    .example = use->example,
                                                    .count = n};
                        outcome_add(o, item, "%s: %" PRIu64 " of %" PRIu64 " statements", name, n,
                                    use->counts.statements);
                }
        }
}
