#include "mysql/sql/outline.h"

#include "mysql/sql/outline_verbs.h"

#include <strings.h>

/* --- tokens --------------------------------------------------------------------------------------------------------- */

enum { DEPTHS = 64, WITH_MAX = 32 };

/** What is known at one depth of parentheses. */
struct frame {
        bool is_query;    /* they contain a query */
        bool is_inner;    /* ... or an expression, and not the statement itself or an operand of its UNION */
        bool is_list;     /* a comma is followed by a table */
        struct span name; /* the last one at this depth */
};

struct outline_reader {
        struct sql_lexer lexer;
        struct sql_token before; /* the current token, and its neighbours */
        struct sql_token t;
        struct sql_token ahead;
        struct outline *out;
        enum outline_form form;
        unsigned depth;      /* beyond DEPTHS the last frame serves */
        unsigned head_depth; /* where the verb comes */
        struct frame frames[DEPTHS];
        struct span with[WITH_MAX]; /* the names that WITH defines */
        size_t n_with;
        size_t first_table;     /* of the statement, in out->tables */
        bool expects_statement; /* a verb comes next, or a parenthesis before it */
        bool expects_table;
        bool may_be_columns; /* a parenthesis behind the table contains names of columns */
        bool lists_objects;  /* TABLE is followed by a list */
        bool on_names_table; /* ON is followed by a table */
        bool from_names_table;
        bool creates; /* the verb is CREATE */
        bool in_with; /* before the verb that WITH belongs to */
};

static void advance(struct outline_reader *r)
{
        r->before = r->t;
        r->t = r->ahead;
        do {
                r->ahead = sql_next(&r->lexer);
        } while (r->ahead.kind == SQL_COMMENT);
}

static bool is_operator(const struct sql_token *t, char c)
{
        return t->kind == SQL_OPERATOR && t->text.len == 1 && t->text.data[0] == (uint8_t)c;
}

/** Is @p t the word @p word, a keyword of the lexer or not? */
static bool is_word(const struct sql_token *t, const char *word)
{
        return (t->kind == SQL_KEYWORD || t->kind == SQL_NAME) && t->text.len == strlen(word) &&
               strncasecmp((const char *)t->text.data, word, t->text.len) == 0;
}

static bool is_one_of(const struct sql_token *t, const char *const *words)
{
        for (; *words != NULL; words++) {
                if (is_word(t, *words)) {
                        return true;
                }
        }
        return false;
}

static bool is_name(const struct sql_token *t)
{
        return t->kind == SQL_NAME || t->kind == SQL_QUOTED || t->kind == SQL_KEYWORD;
}

static struct frame *frame_of(struct outline_reader *r)
{
        return &r->frames[r->depth < DEPTHS ? r->depth : DEPTHS - 1];
}

size_t outline_name(struct span name, uint8_t out[OUTLINE_NAME_MAX])
{
        uint8_t quote = name.len >= 2 ? name.data[0] : 0;
        bool is_quoted = (quote == '`' || quote == '"') && name.data[name.len - 1] == quote;
        size_t n = 0;
        for (size_t i = is_quoted ? 1 : 0; i < name.len - (is_quoted ? 1 : 0) && n < OUTLINE_NAME_MAX; i++) {
                out[n++] = name.data[i];
                i += is_quoted && name.data[i] == quote ? 1 : 0; /* two quotes stand for one */
        }
        return n;
}

/* --- tables --------------------------------------------------------------------------------------------------------- */

static bool same_name(struct span a, struct span b)
{
        uint8_t x[OUTLINE_NAME_MAX];
        uint8_t y[OUTLINE_NAME_MAX];
        size_t n = outline_name(a, x);
        return n == outline_name(b, y) && strncasecmp((const char *)x, (const char *)y, n) == 0;
}

static bool is_defined_by_with(const struct outline_reader *r, struct span name)
{
        for (size_t i = 0; i < r->n_with; i++) {
                if (same_name(r->with[i], name)) {
                        return true;
                }
        }
        return false;
}

static void add_table(struct outline *out, struct outline_table table)
{
        for (size_t i = 0; i < out->n_tables; i++) {
                if (span_equal(out->tables[i].schema, table.schema) &&
                    span_equal(out->tables[i].name, table.name)) {
                        return;
                }
        }
        if (out->n_tables == OUTLINE_TABLES_MAX) {
                out->is_partial = true;
                return;
        }
        out->tables[out->n_tables++] = table;
}

/** The current token is the name of a table, or of its schema. */
static void take_table(struct outline_reader *r)
{
        struct outline_table table = {.name = r->t.text};
        if (is_operator(&r->ahead, '.')) {
                advance(r);
                advance(r);
                table = (struct outline_table){.schema = table.name, .name = r->t.text};
        }
        bool is_function = is_operator(&r->ahead, '(') && !r->may_be_columns;
        r->expects_table = false;
        if (is_name(&r->t) && !is_function && (table.schema.len > 0 || !is_defined_by_with(r, table.name))) {
                add_table(r->out, table);
        }
}

static void expect_tables(struct outline_reader *r, bool list)
{
        r->expects_table = true;
        frame_of(r)->is_list = list;
}

/* --- the words of a statement --------------------------------------------------------------------------------------- */

static void note_clause(struct outline_reader *r, enum outline_clause clause)
{
        if (!frame_of(r)->is_inner) {
                r->out->clauses |= 1U << clause;
        }
}

/** The form of the statement whose verb is the current token. */
static enum outline_form take_verb(struct outline_reader *r)
{
        bool starts = is_word(&r->t, "START") && is_word(&r->ahead, "TRANSACTION");
        unsigned verb = outline_verb_of(starts ? span_str("BEGIN") : r->t.text);
        r->out->verbs |= 1ULL << verb;
        r->creates = is_word(&r->t, "CREATE");
        return outline_form(verb);
}

static void begin_query(struct outline_reader *r)
{
        struct frame *f = frame_of(r);
        f->is_query = true;
        f->is_list = false;
        r->expects_table = false;
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

/** BEGIN NOT ATOMIC, and what CREATE PROCEDURE and its like define: the semicolons in it end no statement of the text. */
static void skip_rest(struct outline_reader *r)
{
        r->out->is_partial = true;
        while (r->ahead.kind != SQL_END) {
                advance(r);
        }
}

/** WITH, and what it defines. @return false if the current token is the verb. */
static bool take_with(struct outline_reader *r)
{
        if (is_word(&r->t, "WITH")) {
                r->in_with = true;
                r->out->clauses |= 1U << CLAUSE_WITH;
        } else if (is_operator(&r->before, ')') && !is_word(&r->t, "AS")) {
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
        return is_one_of(&r->t, explainable) || (is_word(&r->t, "TABLE") && !is_one_of(&r->before, analyzes));
}

/** EXPLAIN FORMAT = JSON, EXPLAIN ANALYZE, DESCRIBE t … */
static void take_explained(struct outline_reader *r)
{
        static const char *const options[] = {"EXTENDED", "PARTITIONS",         "FORMAT", "ANALYZE",
                                              "LOCAL",    "NO_WRITE_TO_BINLOG", NULL};
        static const char *const tables[] = {"TABLE", "TABLES", NULL};
        if (is_operator(&r->before, '=') || is_one_of(&r->t, options)) {
                return; /* the format of an explanation, or the word before it */
        }
        r->expects_statement = false;
        if (is_one_of(&r->t, tables)) {
                r->form = FORM_LIST;
                expect_tables(r, true);
        } else if (is_word(&r->t, "FOR")) { /* EXPLAIN FOR CONNECTION 7 */
                r->expects_table = false;
                r->out->is_partial = true;
        } else {
                take_table(r);
        }
}

/** The words of a statement's head: before its verb, or the verb. @return false if the statement has begun before. */
static bool take_head(struct outline_reader *r)
{
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
        if (r->form == FORM_BEGIN && is_word(&r->ahead, "NOT")) {
                skip_rest(r);
        }
        return true;
}

/** Clauses, which begin or end a list of tables. @return false if the current token is another word. */
static bool take_clause(struct outline_reader *r)
{
        static const char *const ends[] = {"SET",       "VALUES",    "VALUE", "WINDOW",
                                           "PROCEDURE", "RETURNING", NULL};
        static const struct {
                const char *word;
                enum outline_clause clause;
        } clauses[] = {{"WHERE", CLAUSE_WHERE},   {"LIMIT", CLAUSE_LIMIT},    {"GROUP", CLAUSE_GROUP_BY},
                       {"HAVING", CLAUSE_HAVING}, {"ORDER", CLAUSE_ORDER_BY}, {"UNION", CLAUSE_UNION},
                       {"EXCEPT", CLAUSE_UNION},  {"INTERSECT", CLAUSE_UNION}};
        bool ends_list = is_one_of(&r->t, ends);
        for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++) {
                if (is_word(&r->t, clauses[i].word)) {
                        note_clause(r, clauses[i].clause);
                        ends_list = true;
                }
        }
        if (ends_list) {
                frame_of(r)->is_list = false;
                r->expects_table = false;
        }
        return ends_list;
}

/** Words that are followed by a table within a query, an UPDATE or a DELETE. @return false if the current token is another word. */
static bool take_source(struct outline_reader *r)
{
        struct frame *f = frame_of(r);
        bool joins = is_word(&r->t, "JOIN") || (is_word(&r->t, "STRAIGHT_JOIN") && f->is_list);
        bool using_tables = is_word(&r->t, "USING") && r->form == FORM_DELETE && !is_operator(&r->ahead, '(');
        if (is_word(&r->t, "SELECT")) {
                begin_query(r);
        } else if (is_word(&r->t, "TABLE") && (f->is_query || r->form == FORM_INSERT) && !r->expects_table) {
                r->expects_table = true;                    /* INSERT INTO t TABLE u, UNION TABLE u */
        } else if (is_word(&r->t, "FROM") && f->is_query) { /* and not EXTRACT(YEAR FROM …) */
                expect_tables(r, true);
        } else if (using_tables && r->depth == 0) {
                r->out->n_tables = r->first_table; /* those behind FROM may be aliases */
                expect_tables(r, true);
        } else if (joins && f->is_list) {
                note_clause(r, CLAUSE_JOIN);
                r->expects_table = true;
        } else if (is_word(&r->t, "INTO")) {
                bool names_table = r->form == FORM_INSERT || r->form == FORM_LOAD;
                r->expects_table = names_table && r->depth == 0;
                if (!names_table) {
                        note_clause(r, CLAUSE_INTO);
                        f->is_list = false;
                }
        } else {
                return false;
        }
        return true;
}

/** FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE; the statement behind SET STATEMENT … FOR. */
static bool take_lock(struct outline_reader *r)
{
        if (is_word(&r->t, "FOR") && r->form == FORM_SET && r->depth == 0) {
                r->expects_statement = true;
                r->form = FORM_OTHER;
        } else if (is_word(&r->t, "FOR") && (is_word(&r->ahead, "UPDATE") || is_word(&r->ahead, "SHARE"))) {
                note_clause(r, is_word(&r->ahead, "UPDATE") ? CLAUSE_FOR_UPDATE : CLAUSE_FOR_SHARE);
                advance(r);
                frame_of(r)->is_list = false;
        } else if (is_word(&r->t, "LOCK") && is_word(&r->ahead, "IN")) {
                note_clause(r, CLAUSE_FOR_SHARE);
                frame_of(r)->is_list = false;
        } else {
                return false;
        }
        return true;
}

/** Words of statements about tables and other objects. @return false if the current token is another word. */
static bool take_object(struct outline_reader *r)
{
        static const char *const tables[] = {"TABLE", "TABLES", "VIEW", NULL};
        static const char *const programs[] = {"PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", NULL};
        static const char *const columns[] = {"COLUMNS", "FIELDS", "INDEX", "INDEXES", "KEYS", NULL};
        bool is_object = r->form == FORM_OBJECT || r->form == FORM_LIST;
        bool is_show = r->form == FORM_SHOW;
        if ((is_object && r->depth == 0 && is_one_of(&r->t, tables)) ||
            (is_show && is_word(&r->before, "CREATE") && is_one_of(&r->t, tables))) {
                expect_tables(r, r->lists_objects);
        } else if (is_object && r->creates && r->depth == 0 && is_one_of(&r->t, programs)) {
                skip_rest(r);
        } else if (is_object && is_word(&r->t, "INDEX")) {
                r->on_names_table = r->depth == 0;
        } else if ((is_word(&r->t, "ON") && r->on_names_table) ||
                   (is_object &&
                    (is_word(&r->t, "REFERENCES") || (is_word(&r->t, "LIKE") && r->depth == 0)))) {
                r->on_names_table = false;
                expect_tables(r, false);
        } else if (r->form == FORM_LIST && is_word(&r->t, "TO") &&
                   r->depth == 0) { /* RENAME TABLE a TO b, c TO d */
                r->expects_table = frame_of(r)->is_list;
        } else if (is_show && is_one_of(&r->t, columns)) {
                r->from_names_table = true;
        } else if (is_show && r->from_names_table && (is_word(&r->t, "FROM") || is_word(&r->t, "IN"))) {
                r->from_names_table = false;
                expect_tables(r, false);
        } else {
                return false;
        }
        return true;
}

/** The name that WITH defines, or another before AS and a parenthesis: from now on it is no table. */
static void define_with(struct outline_reader *r)
{
        if (r->n_with < WITH_MAX) {
                r->with[r->n_with++] = frame_of(r)->name;
        } else {
                r->out->is_partial = true;
        }
}

static void take_word(struct outline_reader *r)
{
        static const char *const modifiers[] = {
            "IGNORE",  "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "LATERAL", "QUICK", "TABLE",
            "HISTORY", "IF",           "NOT",           "EXISTS",  "ONLY",    "OJ",    NULL};
        static const char *const materialized[] = {"AS", "MATERIALIZED", NULL};
        bool is_quoted = r->t.kind == SQL_QUOTED;
        if (is_one_of(&r->t, materialized) && is_operator(&r->ahead, '(')) {
                define_with(r);
        } else if (is_quoted || !is_one_of(&r->t, materialized)) {
                frame_of(r)->name = r->t.text;
        }
        if (!is_quoted &&
            (take_head(r) || take_source(r) || take_lock(r) || take_object(r) || take_clause(r))) {
                return;
        }
        if (r->expects_table && is_word(&r->t, "DUAL")) {
                r->expects_table = false;
        } else if (r->expects_table && !is_one_of(&r->t, modifiers)) {
                take_table(r);
                r->expects_statement = r->expects_statement && !is_quoted; /* DESCRIBE `t` */
        }
}

/* --- parentheses and statements ------------------------------------------------------------------------------------- */

static void open_parenthesis(struct outline_reader *r)
{
        static const char *const operators[] = {"UNION", "EXCEPT", "INTERSECT", "ALL", "DISTINCT", NULL};
        static const char *const queries[] = {"SELECT", "WITH", "VALUES", "TABLE", NULL};
        bool is_query = is_one_of(&r->ahead, queries);
        bool in_head = r->expects_statement && r->depth == r->head_depth;
        bool is_head = in_head && (!r->in_with || is_operator(&r->before, ')'));
        bool is_operand = is_head || (is_query && is_one_of(&r->before, operators));
        bool is_list = r->expects_table && !is_query; /* FROM (a, b) */
        struct frame inner = {.is_query = is_query, .is_list = is_list};
        inner.is_inner = frame_of(r)->is_inner || !(is_operand || is_list);
        r->in_with = r->in_with && !is_head;
        r->depth++;
        r->head_depth += is_head ? 1 : 0;
        *frame_of(r) = inner;
        r->expects_table = is_list;
}

static void take_operator(struct outline_reader *r)
{
        if (is_operator(&r->t, '(')) {
                open_parenthesis(r);
        } else if (is_operator(&r->t, ')')) {
                r->depth -= r->depth > 0 ? 1 : 0;
                r->expects_table = false;
        } else if (is_operator(&r->t, ',')) {
                r->expects_table = frame_of(r)->is_list;
        } else if (!is_operator(&r->t, '{')) { /* FROM { OJ a LEFT JOIN b … } */
                r->expects_table = r->expects_table && r->form == FORM_EXPLAIN;
        }
}

static void begin_statement(struct outline_reader *r)
{
        r->depth = 0;
        r->head_depth = 0;
        r->frames[0] = (struct frame){.is_query = false};
        r->n_with = 0;
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
        advance(&r);
        bool has_begun = false;
        for (advance(&r); r.t.kind != SQL_END; advance(&r)) {
                if (is_operator(&r.t, ';')) {
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
                } else if (is_name(&r.t)) {
                        take_word(&r);
                } else {
                        r.expects_table = false;
                }
        }
}
