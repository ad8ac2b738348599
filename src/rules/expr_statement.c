#include "mysql/sql/digest.h"
#include "mysql/wire/command.h"
#include "rules/expr_state.h"

/* --- the statement's text ------------------------------------------------------------------------------------------- */

/** The text of a statement, or the text that another command contains. An event about many statements has that of their digest. */
static struct span text_of(const struct record *r)
{
        return record_has(r, FIELD_QUERY)                ? r->query
               : record_has(r, FIELD_STMT_PREPARE_QUERY) ? r->stmt_prepare_query
                                                         : record_text_if_any(r, FIELD_DIGEST_TEXT);
}

static bool is_cut(const struct record *r)
{
        return record_has(r, FIELD_QUERY) ? record_has(r, FIELD_QUERY_LENGTH)
                                          : record_has(r, FIELD_STMT_PREPARE_QUERY_LENGTH);
}

/** Is its text SQL? That of COM_INIT_DB, for instance, is the name of a database. */
static bool is_sql(const struct record *r)
{
        bool has_sql_command = record_has(r, FIELD_COMMAND_ID) &&
                               (r->command_id == COM_QUERY || r->command_id == COM_STMT_PREPARE);
        return record_has(r, FIELD_STMT_PREPARE_QUERY) || record_has(r, FIELD_DIGEST) ||
               (has_sql_command && record_has(r, FIELD_QUERY));
}

static enum truth undecided(struct expr_subject *subject)
{
        atomic_fetch_add_explicit(&subject->e->undecided, 1, memory_order_relaxed);
        return TRUTH_UNKNOWN;
}

/** A search without a result is undecided if it took too long, or if only a part of the statement is kept. */
enum truth expr_match_text(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        struct span text = text_of(r);
        if (!expr_is_statement(r) || text.data == NULL) {
                return TRUTH_FALSE;
        }
        enum truth found = TRUTH_TRUE;
        if (test->kind == KIND_PATTERN) {
                enum pattern_result result = pattern_search(test->pattern, text);
                found = result == PATTERN_FOUND    ? TRUTH_TRUE
                        : result == PATTERN_ABSENT ? TRUTH_FALSE
                                                   : TRUTH_UNKNOWN;
        } else {
                found = expr_compare_text(test, text, false);
        }
        return found == TRUTH_TRUE ? found : found == TRUTH_UNKNOWN || is_cut(r) ? undecided(subject) : found;
}

/* --- what is remembered --------------------------------------------------------------------------------------------- */

/** The slot of @p key, without what it held of another key. */
static struct memory_slot *slot_of(struct expr_memory *memory, const uint64_t key[4])
{
        uint64_t mixed = (key[0] ^ (key[1] >> 7)) * 0x9e3779b97f4a7c15U;
        struct memory_slot *slot = &memory->slots[(mixed >> 32) % MEMORY_SLOTS];
        if (memcmp(slot->key, key, sizeof slot->key) != 0) {
                *slot = (struct memory_slot){.is_known = 0};
                memcpy(slot->key, key, sizeof slot->key);
        }
        return slot;
}

static void store(struct memory_slot *slot, unsigned place, enum truth t)
{
        slot->is_known |= 1ULL << place;
        slot->is_true |= t == TRUTH_TRUE ? 1ULL << place : 0;
        slot->is_unknown |= t == TRUTH_UNKNOWN ? 1ULL << place : 0;
}

/** @return false if nothing is known. */
static bool recall(const struct memory_slot *slot, unsigned place, enum truth *t)
{
        *t = (slot->is_true >> place & 1) != 0      ? TRUTH_TRUE
             : (slot->is_unknown >> place & 1) != 0 ? TRUTH_UNKNOWN
                                                    : TRUTH_FALSE;
        return (slot->is_known >> place & 1) != 0;
}

/* --- the outline of the statement ----------------------------------------------------------------------------------- */

/** Statements with one digest have one outline. It is not remembered where the digest does not stand for the whole text. */
static struct memory_slot *slot_of_digest(const struct expr_test *test, const struct expr_subject *subject)
{
        enum { WHOLE = DIGEST_TEXT_MAX - 128 }; /* tokens that do not fit are left out of a digest */
        const struct record *r = subject->r;
        uint64_t key[4];
        if (!test->is_remembered || !record_has(r, FIELD_DIGEST) || r->digest.len != sizeof key ||
            is_cut(r) || record_text_if_any(r, FIELD_DIGEST_TEXT).len > WHOLE) {
                return NULL;
        }
        memcpy(key, r->digest.data, sizeof key);
        return slot_of(subject->e->digests, key);
}

static const struct outline *outline_of(struct expr_subject *subject)
{
        const struct record *r = subject->r;
        if (!subject->has_outline) {
                outline_read(text_of(r), r->sql_mode, is_cut(r), &subject->e->outline);
                subject->has_outline = true;
        }
        return &subject->e->outline;
}

typedef enum truth decide_outline(const struct expr_test *test, const struct outline *o, bool is_cut);

static enum truth match_outline(const struct expr_test *test, struct expr_subject *subject,
                                decide_outline *decide)
{
        enum truth t = TRUTH_FALSE;
        if (!is_sql(subject->r)) {
                return t;
        }
        struct memory_slot *slot = slot_of_digest(test, subject);
        if (slot != NULL && recall(slot, test->place, &t)) {
                return t;
        }
        t = decide(test, outline_of(subject), is_cut(subject->r));
        if (slot != NULL) {
                store(slot, test->place, t);
        }
        return t;
}

static enum truth found_or(bool is_found, bool may_be_hidden)
{
        return is_found ? TRUTH_TRUE : may_be_hidden ? TRUTH_UNKNOWN : TRUTH_FALSE;
}

static enum truth decide_op(const struct expr_test *test, const struct outline *o, bool is_cut_off)
{
        uint64_t wanted = test->kind == KIND_PRESENT ? UINT64_MAX : test->bits;
        return found_or((o->verbs & wanted) != 0, is_cut_off);
}

static enum truth decide_clause(const struct expr_test *test, const struct outline *o, bool is_cut_off)
{
        uint64_t wanted = test->kind == KIND_PRESENT ? UINT64_MAX : test->bits;
        return found_or((o->clauses & wanted) != 0, is_cut_off);
}

static enum truth decide_statements(const struct expr_test *test, const struct outline *o, bool is_cut_off)
{
        return is_cut_off ? TRUTH_UNKNOWN : expr_truth(expr_compare_number(test, o->statements));
}

/** A value with a dot is compared with schema.table, any other with the table's name. */
static bool is_table(const struct expr_test *test, const struct outline_table *table)
{
        uint8_t full[2 * OUTLINE_NAME_MAX + 1];
        size_t schema = outline_name(table->schema, full);
        full[schema] = '.';
        size_t name = outline_name(table->name, full + schema + 1);
        struct span whole = span_of(full, schema + 1 + name);
        struct span own = span_skip(whole, schema + 1);
        return expr_compare_text(test, own, false) == TRUTH_TRUE ||
               (schema > 0 && expr_compare_text(test, whole, false) == TRUTH_TRUE);
}

static enum truth decide_table(const struct expr_test *test, const struct outline *o, bool is_cut_off)
{
        bool is_found = test->kind == KIND_PRESENT && o->n_tables > 0;
        for (size_t i = 0; i < o->n_tables && !is_found; i++) {
                is_found = is_table(test, &o->tables[i]);
        }
        return found_or(is_found, o->is_partial || is_cut_off);
}

enum truth expr_match_op(const struct expr_test *test, struct expr_subject *subject)
{
        return match_outline(test, subject, decide_op);
}

enum truth expr_match_clause(const struct expr_test *test, struct expr_subject *subject)
{
        return match_outline(test, subject, decide_clause);
}

enum truth expr_match_table(const struct expr_test *test, struct expr_subject *subject)
{
        return match_outline(test, subject, decide_table);
}

/** The record of a transaction or a scope has their number. */
enum truth expr_match_statements(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        if (record_has(r, FIELD_STATEMENT_COUNT)) {
                return expr_truth(expr_compare_number(test, r->statement_count));
        }
        return match_outline(test, subject, decide_statements);
}

/* --- values --------------------------------------------------------------------------------------------------------- */

/** Compare with a value as text: numbers and dates as a person would write them, NULL as the word. */
static enum truth compare_value(const struct expr_test *test, const struct value *v)
{
        enum { NUMBER_MAX = 128 };
        char text[NUMBER_MAX];
        if (v->unknown) {
                return TRUTH_UNKNOWN;
        }
        if (!v->is_null && (v->in_text || value_is_text(v->type))) {
                return expr_compare_text(test, v->bytes, v->cut || v->true_len > v->bytes.len);
        }
        struct writer w = writer_over(text, sizeof text);
        value_print(&w, v, VALUE_AS_SQL);
        struct span printed = writer_span(&w);
        bool is_quoted = printed.len >= 2 && printed.data[0] == '\'';
        return expr_compare_text(test, is_quoted ? span_of(printed.data + 1, printed.len - 2) : printed,
                                 w.failed);
}

/** Compare with the values of a list that @p name selects; with all of them if it is empty. */
static enum truth compare_list(const struct expr_test *test, struct value_list list, struct span name)
{
        enum truth result = TRUTH_FALSE;
        for (size_t i = 0; i < list.n; i++) {
                const struct value *v = &list.at[i];
                if (v->role != VALUE_PLAIN || (name.len > 0 && !span_equal(v->name, name))) {
                        continue;
                }
                enum truth t = test->kind == KIND_PRESENT ? TRUTH_TRUE : compare_value(test, v);
                if (t == TRUTH_TRUE) {
                        return t;
                }
                result = t == TRUTH_UNKNOWN ? t : result;
        }
        return result;
}

enum truth expr_match_value(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        enum truth result = TRUTH_FALSE;
        if (record_has(r, FIELD_STMT_EXECUTE_VALUES)) {
                result = compare_list(test, r->stmt_execute_values, test->name);
        }
        return result != TRUTH_TRUE && record_has(r, FIELD_BULK_ROWS)
                   ? compare_list(test, r->bulk_rows, test->name)
                   : result;
}

enum truth expr_match_column(const struct expr_test *test, struct expr_subject *subject)
{
        const struct record *r = subject->r;
        return record_has(r, FIELD_COLUMN_NAMES) ? compare_list(test, r->column_names, test->name)
                                                 : TRUTH_FALSE;
}

enum truth expr_match_map(const struct expr_test *test, struct expr_subject *subject)
{
        enum record_field f = test->term.field;
        return record_has(subject->r, f) ? compare_list(test, record_list(subject->r, f), test->name)
                                         : TRUTH_FALSE;
}

/* --- attributes of the connection ----------------------------------------------------------------------------------- */

static struct memory_slot *slot_of_session(const struct expr_subject *subject)
{
        const uint64_t key[4] = {subject->r->conn_id, 1, 0, 0};
        return slot_of(subject->e->sessions, key);
}

void expr_remember_session(struct expr *e, struct expr_subject *subject)
{
        struct memory_slot *slot = slot_of_session(subject);
        slot->is_known = slot->is_true = slot->is_unknown = 0; /* COM_CHANGE_USER is another login */
        for (size_t i = 0; i < e->n_tests; i++) {
                const struct expr_test *test = &e->tests[i];
                if (test->is_remembered && test->term.match == expr_match_attribute) {
                        store(slot, test->place, expr_match_map(test, subject));
                }
        }
}

/** Only the record of the login has attributes. For the others it counts what was seen then; unknown if the login was not seen. */
enum truth expr_match_attribute(const struct expr_test *test, struct expr_subject *subject)
{
        enum truth t = TRUTH_UNKNOWN;
        if (subject->r->event == EVENT_AUTH || !test->is_remembered) {
                return subject->r->event == EVENT_AUTH ? expr_match_map(test, subject) : t;
        }
        return recall(slot_of_session(subject), test->place, &t) ? t : TRUTH_UNKNOWN;
}
