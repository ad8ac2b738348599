#include "mysql/sql/outline_reader.h"

/* --- tokens --------------------------------------------------------------------------------------------------------- */

/* --- tables --------------------------------------------------------------------------------------------------------- */

/** The current token is the name of a table, or of its schema. */
static void take_table(struct outline_reader *r)
{
        struct outline_table table = {.name = r->t.text};
        if (sql_is_sign(&r->ahead, '.')) {
                outline_advance(r);
                outline_advance(r);
                table = (struct outline_table){.schema = table.name, .name = r->t.text};
        }
        bool is_function = sql_is_sign(&r->ahead, '(') && !r->may_be_columns;
        r->expects_table = false;
        if (sql_is_name(&r->t) && !is_function &&
            (table.schema.len > 0 || !outline_is_defined(&r->with, table.name))) {
                outline_add_table(r->out, table);
        }
}

/* --- the words of a statement --------------------------------------------------------------------------------------- */

/** The form of the statement whose verb is the current token. */
static enum outline_form take_verb(struct outline_reader *r)
{
        bool starts = sql_is_word(&r->t, "START") && sql_is_word(&r->ahead, "TRANSACTION");
        unsigned verb = outline_verb_of(starts ? span_str("BEGIN") : r->t.text);
        r->out->verbs |= 1ULL << verb;
        r->creates = sql_is_word(&r->t, "CREATE");
        enum outline_form form = outline_form(verb);
        return form == FORM_SET && !sql_is_word(&r->ahead, "STATEMENT") ? FORM_OTHER : form;
}

/** A statement begins with the current token, its verb. */
static void begin_form(struct outline_reader *r)
{
        bool is_insert = r->form == FORM_INSERT;
        r->expects_statement = false;
        r->in_with = false;
        r->may_be_columns = is_insert || r->form == FORM_OBJECT;
        r->lists_objects = r->form == FORM_LIST;
        r->on_names_table = r->form == FORM_GRANT;
        r->from_names_table = false;
        if (r->form == FORM_QUERY || r->form == FORM_DELETE) {
                begin_query(r);
        } else if (r->form == FORM_UPDATE) {
                begin_query(r);
                expect_tables(r, true);
        } else if (r->form == FORM_TABLE || is_insert) {
                expect_tables(r, false);
        } else if (r->form == FORM_HIDDEN) {
                r->out->is_partial = true;
        } else if (r->form == FORM_EXPLAIN) {
                r->expects_statement = true;
                r->expects_table = true; /* DESCRIBE t */
        }
}

/** WITH, and what it defines. @return false if the current token is the verb. */
static bool take_with(struct outline_reader *r)
{
        if (sql_is_word(&r->t, "WITH")) {
                r->in_with = true;
                r->out->clauses |= 1U << CLAUSE_WITH;
        } else if (sql_is_word(&r->t, "RESTRICT")) { /* CYCLE a, b RESTRICT, behind a definition */
                bool ends = r->in_with && !sql_is_sign(&r->ahead, ',');
                r->in_with = r->in_with && !ends;
                return r->in_with || ends;
        } else if (sql_is_sign(&r->before, ')') && !sql_is_word(&r->t, "AS") &&
                   !sql_is_word(&r->t, "CYCLE")) {
                r->in_with = false;
        }
        return r->in_with;
}

/** Is the current token the verb of a statement that is explained? It is not in ANALYZE TABLE t, u. */
static bool is_explained(const struct outline_reader *r)
{
        static const char *const explainable[] = {"SELECT", "INSERT", "REPLACE", "UPDATE",
                                                  "DELETE", "VALUES", NULL};
        static const char *const analyzes[] = {"ANALYZE", "LOCAL", "NO_WRITE_TO_BINLOG", NULL};
        return sql_is_one_of(&r->t, explainable) ||
               (sql_is_word(&r->t, "TABLE") && !sql_is_one_of(&r->before, analyzes));
}

/** EXPLAIN FORMAT = JSON, EXPLAIN ANALYZE, DESCRIBE t … */
static void take_explained(struct outline_reader *r)
{
        static const char *const options[] = {"EXTENDED", "PARTITIONS",         "FORMAT", "ANALYZE", "INTO",
                                              "LOCAL",    "NO_WRITE_TO_BINLOG", NULL};
        static const char *const tables[] = {"TABLE", "TABLES", NULL};
        if (sql_is_sign(&r->before, '=') || sql_is_one_of(&r->t, options)) {
                return; /* the format of an explanation, or the word before it */
        }
        r->expects_statement = false;
        if (sql_is_one_of(&r->t, tables)) {
                r->form = FORM_LIST;
                expect_tables(r, true);
        } else if (sql_is_word(&r->t, "FOR") &&
                   !sql_is_word(&r->ahead, "CONNECTION")) { /* EXPLAIN FOR SCHEMA s SELECT … */
                outline_advance(r);
                outline_advance(r);
                r->expects_statement = true;
        } else if (sql_is_word(&r->t, "FOR")) { /* EXPLAIN FOR CONNECTION 7 */
                r->expects_table = false;
                r->out->is_partial = true;
        } else {
                take_table(r);
        }
}

/** The words of a statement's head: before its verb, or the verb. @return false if the statement has begun before. */
static bool take_head(struct outline_reader *r)
{
        static const char *const compound[] = {"IF", "CASE", "WHILE", "LOOP", "REPEAT", "FOR", NULL};
        if (!r->expects_statement || r->depth != r->head_depth) {
                return false;
        }
        if (take_with(r)) {
                return true;
        }
        if (r->form == FORM_EXPLAIN && !is_explained(r)) {
                take_explained(r);
                return true;
        }
        r->expects_table = false;
        r->form = take_verb(r);
        begin_form(r);
        bool is_label = r->form == FORM_OTHER && sql_is_sign(&r->ahead, ':');
        if ((r->form == FORM_BEGIN && sql_is_word(&r->ahead, "NOT")) || is_label ||
            sql_is_one_of(&r->t, compound)) {
                outline_skip_rest(r);
        }
        return true;
}

static void take_word(struct outline_reader *r)
{
        /* before a table; all are reserved, so that they are no names of tables */
        static const char *const modifiers[] = {"IGNORE", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "TABLE",
                                                "IF",     "NOT",          "EXISTS",        "INDEX",   NULL};
        /* with a meaning elsewhere, but not reserved by both servers */
        static const char *const plain[] = {"VALUE",  "WINDOW",  "RETURNING", "EVENT",  "FUNCTION", "VIEW",
                                            "FIELDS", "COLUMNS", "INDEXES",   "TABLES", NULL};
        static const char *const no_table[] = {"DUAL", "WITH", "FOR", NULL}; /* FLUSH TABLES WITH READ LOCK */
        static const char *const materialized[] = {"AS", "MATERIALIZED", NULL};
        bool is_part = sql_is_sign(&r->before, '.') || sql_is_sign(&r->before, '@'); /* t.from, @@limit */
        bool is_quoted = r->t.kind == SQL_QUOTED || is_part ||
                         (r->expects_table && !r->expects_statement && sql_is_one_of(&r->t, plain));
        frame_of(r)->is_recursive |= sql_is_word(&r->t, "RECURSIVE") && sql_is_word(&r->before, "WITH");
        if (is_quoted || !sql_is_one_of(&r->t, materialized)) {
                frame_of(r)->name = r->t.text;
        }
        if (!is_quoted && (take_head(r) || outline_take_words(r))) {
                return;
        }
        bool is_prefix = (sql_is_word(&r->t, "OJ") && sql_is_sign(&r->before, '{')) ||
                         (sql_is_word(&r->t, "LATERAL") && sql_is_sign(&r->ahead, '('));
        if (r->expects_table && !is_quoted && sql_is_one_of(&r->t, no_table)) {
                r->expects_table = false;
        } else if (r->expects_table && !is_prefix && (is_quoted || !sql_is_one_of(&r->t, modifiers))) {
                take_table(r);
                r->expects_statement = r->expects_statement && !is_quoted; /* DESCRIBE `t` */
        }
}

/* --- parentheses and statements ------------------------------------------------------------------------------------- */

/** The name before AS ( … ) is no table from now on. */
static void define_with(struct outline_reader *r)
{
        r->out->is_partial = !outline_define(&r->with, frame_of(r)->name) || r->out->is_partial;
}

/** What was defined within the parentheses ends; the name that they define begins. */
static void close_parenthesis(struct outline_reader *r)
{
        r->expects_table = false;
        if (r->depth == 0) {
                return;
        }
        bool defines = frame_of(r)->defines;
        r->with.n = frame_of(r)->n_with;
        r->depth--;
        if (defines) {
                define_with(r);
        }
}

static void open_parenthesis(struct outline_reader *r)
{
        static const char *const operators[] = {"UNION", "EXCEPT", "INTERSECT", NULL};
        static const char *const quantifiers[] = {"ALL", "DISTINCT", NULL};
        static const char *const defined[] = {"AS", "MATERIALIZED", NULL};
        const struct sql_token *operator= sql_is_one_of(&r->before, quantifiers) ? &r->earlier : &r->before;
        static const char *const queries[] = {"SELECT", "WITH", "VALUES", "TABLE", NULL};
        bool is_query = sql_is_one_of(&r->ahead, queries);
        bool in_head = r->expects_statement && r->depth == r->head_depth;
        bool is_head = in_head && (!r->in_with || sql_is_sign(&r->before, ')'));
        bool is_operand = is_head || (is_query && sql_is_one_of(operator, operators));
        bool is_list = r->expects_table && !is_query; /* FROM (a, b) */
        struct frame inner = {.is_query = is_query, .is_list = is_list};
        inner.defines = sql_is_one_of(&r->before, defined);
        inner.n_with = r->with.n;
        if (inner.defines && frame_of(r)->is_recursive) {
                define_with(r);
        }
        inner.is_inner = frame_of(r)->is_inner || !(is_operand || is_list);
        r->in_with = r->in_with && !is_head;
        r->depth++;
        r->head_depth += is_head ? 1 : 0;
        *frame_of(r) = inner;
        r->expects_table = is_list;
}

static void take_operator(struct outline_reader *r)
{
        if (sql_is_sign(&r->t, '(')) {
                open_parenthesis(r);
        } else if (sql_is_sign(&r->t, ')')) {
                close_parenthesis(r);
        } else if (sql_is_sign(&r->t, ',')) {
                r->expects_table = frame_of(r)->is_list;
        } else if (!sql_is_sign(&r->t, '{')) { /* FROM { OJ a LEFT JOIN b … } */
                r->expects_table = r->expects_table && r->form == FORM_EXPLAIN;
        }
}

static void begin_statement(struct outline_reader *r)
{
        r->depth = 0;
        r->head_depth = 0;
        r->frames[0] = (struct frame){.is_query = false};
        r->with.n = 0;
        r->first_table = r->out->n_tables;
        r->expects_statement = true;
        r->expects_table = false;
        r->in_with = false;
        r->form = FORM_OTHER;
}

void outline_read(struct span sql, struct sql_mode mode, bool is_cut, struct outline *out)
{
        struct outline_reader r = {.lexer = sql_lexer_over(sql, mode), .out = out};
        out->verbs = 0;
        out->clauses = 0;
        out->statements = 0;
        out->is_partial = is_cut;
        out->n_tables = 0;
        outline_advance(&r);
        bool has_begun = false;
        for (outline_advance(&r); r.t.kind != SQL_END; outline_advance(&r)) {
                if (sql_is_sign(&r.t, ';')) {
                        has_begun = false;
                        continue;
                }
                if (!has_begun) {
                        has_begun = true;
                        out->statements++;
                        begin_statement(&r);
                }
                if (r.t.kind == SQL_OPERATOR) {
                        take_operator(&r);
                } else if (sql_is_name(&r.t)) {
                        take_word(&r);
                } else {
                        r.expects_table = false;
                }
        }
}
