#include "journal/enrich/shape.h"

#include "mysql/sql/sql.h"

#include <xxhash.h>

enum { DEPTHS = 64, NAMES_MAX = 16 };

struct parser {
        struct sql_lexer lexer;
        struct sql_token t;
        struct sql_token ahead;
        struct shape shape;
        unsigned depth;
        uint64_t queries;         /* a bit for each depth: the parentheses contain a query */
        uint64_t lists;           /* the same: a comma is followed by a table */
        uint64_t before[DEPTHS];  /* the hash of the last name at each depth */
        uint64_t with[NAMES_MAX]; /* the names that WITH defines */
        unsigned n_with;
        bool expects_table;
        bool has_key; /* WHERE compares by = or IN */
        bool has_where;
        bool has_limit;
        bool writes; /* the table that is expected is only written to */
};

static bool is_one_of(const struct sql_token *t, const char *const *words)
{
        for (; *words != NULL; words++) {
                if (sql_is(t, *words)) {
                        return true;
                }
        }
        return false;
}

static void advance(struct parser *p)
{
        p->t = p->ahead;
        do {
                p->ahead = sql_next(&p->lexer);
        } while (p->ahead.kind == SQL_COMMENT);
}

/** A name without its quotes. */
static struct span bare(struct span name)
{
        bool is_quoted = name.len >= 2 && name.data[0] == '`';
        return is_quoted ? span_of(name.data + 1, name.len - 2) : name;
}

/** Names are compared without regard to case, as servers may do. */
static uint64_t hash_name(struct span name)
{
        enum { NAME_MAX_BYTES = 256 }; /* 64 characters */
        uint8_t lower[NAME_MAX_BYTES];
        size_t n = name.len < sizeof lower ? name.len : sizeof lower;
        for (size_t i = 0; i < n; i++) {
                uint8_t c = name.data[i];
                lower[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20U) : c;
        }
        return XXH3_64bits(lower, n);
}

static bool is_internal(struct span schema)
{
        static const char *const own[] = {"information_schema", "performance_schema", "mysql", "sys"};
        uint64_t hash = hash_name(schema);
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
                if (hash_name(span_str(own[i])) == hash) {
                        return true;
                }
        }
        return false;
}

static bool is_defined_by_with(const struct parser *p, uint64_t hash)
{
        for (unsigned i = 0; i < p->n_with; i++) {
                if (p->with[i] == hash) {
                        return true;
                }
        }
        return false;
}

/** The current token is the name of a table, or of its schema. */
static void take_table(struct parser *p)
{
        struct span name = bare(p->t.text);
        bool is_qualified = sql_is_sign(&p->ahead, '.');
        bool internal = is_qualified && is_internal(name);
        if (is_qualified) {
                advance(p);
                advance(p);
                name = bare(p->t.text);
        }
        uint64_t hash = hash_name(name);
        p->expects_table = false;
        if (!is_qualified && is_defined_by_with(p, hash)) {
                return;
        }
        p->shape.tables |= 1ULL << (hash % 64);
        if (!p->writes) {
                p->shape.reads_qualified = p->shape.reads_qualified || (is_qualified && !internal);
                p->shape.reads_unqualified = p->shape.reads_unqualified || !is_qualified;
        }
}

static void define_with(struct parser *p)
{
        if (p->n_with == NAMES_MAX) {
                p->shape.is_opaque = true;
                return;
        }
        p->with[p->n_with++] = p->before[p->depth];
}

static void set_bit(uint64_t *bits, unsigned at, bool value)
{
        *bits = (*bits & ~(1ULL << at)) | (uint64_t)value << at;
}

static void take_operator(struct parser *p)
{
        if (sql_is_sign(&p->t, '(')) {
                if (p->depth + 1 == DEPTHS) {
                        p->shape.is_opaque = true;
                        return;
                }
                p->depth++;
                set_bit(&p->queries, p->depth, false);
                set_bit(&p->lists, p->depth, p->expects_table); /* FROM ( a , b ) */
        } else if (sql_is_sign(&p->t, ')')) {
                p->depth -= p->depth > 0 ? 1 : 0;
                p->expects_table = false;
        } else if (sql_is_sign(&p->t, ',')) {
                p->expects_table = (p->lists >> p->depth & 1) != 0;
        } else if (sql_is_sign(&p->t, ';')) {
                p->shape.is_opaque = true;
        }
}

/** A word that begins or ends a list of tables. @return false if it is another one. */
static bool take_clause(struct parser *p, const struct sql_token *before)
{
        static const char *const queries[] = {"SELECT", "DELETE", NULL};
        static const char *const ends[] = {"WHERE", "GROUP",  "ORDER",  "HAVING", "LIMIT",
                                           "SET",   "VALUES", "WINDOW", "UNION",  NULL};
        bool in_list = (p->lists >> p->depth & 1) != 0;
        bool in_query = (p->queries >> p->depth & 1) != 0;
        if (is_one_of(&p->t, queries) || is_one_of(&p->t, ends)) {
                set_bit(&p->queries, p->depth, in_query || is_one_of(&p->t, queries));
                set_bit(&p->lists, p->depth, false);
                p->expects_table = false;
        } else if (sql_is(&p->t, "FROM") ||
                   (sql_is(&p->t, "UPDATE") && !sql_is(before, "FOR") && !sql_is(before, "KEY"))) {
                bool names_tables = in_query || p->depth == 0; /* and not EXTRACT ( YEAR FROM ... ) */
                set_bit(&p->lists, p->depth, names_tables);
                p->expects_table = names_tables;
                p->writes = false;
        } else if (sql_is(&p->t, "JOIN") || (in_list && sql_is(&p->t, "STRAIGHT_JOIN"))) {
                p->expects_table = true;
        } else if (sql_is(&p->t, "INTO")) {
                p->expects_table = p->shape.kind == SHAPE_WRITE;
                p->writes = true;
        } else {
                return false;
        }
        return true;
}

static void take_word(struct parser *p, const struct sql_token *before)
{
        static const char *const modifiers[] = {"IGNORE",  "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED",
                                                "LATERAL", "QUICK",        "TABLE",         NULL};
        if (p->t.kind == SQL_KEYWORD && take_clause(p, before)) {
                return;
        }
        if (p->t.kind == SQL_KEYWORD && sql_is(&p->t, "AS") && sql_is_sign(&p->ahead, '(')) {
                define_with(p);
        } else if (p->expects_table && !is_one_of(&p->t, modifiers)) {
                bool is_function = sql_is_sign(&p->ahead, '(') && !p->writes;
                p->expects_table = p->expects_table && !is_function && !sql_is(&p->t, "DUAL");
                if (p->expects_table) {
                        take_table(p);
                }
        } else {
                p->before[p->depth] = hash_name(bare(p->t.text));
        }
}

/** What kind of statement begins with the current token. */
static enum shape_kind kind_of(struct parser *p)
{
        static const char *const queries[] = {"SELECT", "WITH", "VALUES", "TABLE", NULL};
        static const char *const shows[] = {"SHOW", "DESCRIBE", "DESC", "EXPLAIN", NULL};
        static const char *const writes[] = {"INSERT", "REPLACE", "UPDATE", "DELETE", NULL};
        static const char *const clear[] = {"SET", "DO", NULL};
        if (is_one_of(&p->t, queries)) {
                p->expects_table = sql_is(&p->t, "TABLE");
                return SHAPE_QUERY;
        }
        if (is_one_of(&p->t, shows) && !sql_is(&p->ahead, "ANALYZE")) {
                return SHAPE_SHOW;
        }
        if (is_one_of(&p->t, writes)) {
                p->expects_table = true;
                p->writes = !sql_is(&p->t, "UPDATE");
                p->shape.is_insert = sql_is(&p->t, "INSERT") || sql_is(&p->t, "REPLACE");
                return SHAPE_WRITE;
        }
        p->shape.is_opaque = !is_one_of(&p->t, clear);
        return SHAPE_OTHER;
}

/** What the current token @p t says about how rows are selected. LIMIT ? OFFSET ? can be LIMIT ?, ... in a digest. */
static void note_selection(struct parser *p, const struct sql_token *t)
{
        bool compares = sql_is_sign(t, '<') || sql_is_sign(t, '>') || span_equal(t->text, span_str("<=")) ||
                        span_equal(t->text, span_str(">=")) || sql_is(t, "BETWEEN");
        bool has_offset = p->has_limit && (sql_is(t, "OFFSET") || sql_is_sign(t, ','));
        p->has_where = p->has_where || sql_is(t, "WHERE");
        p->has_limit = p->has_limit || sql_is(t, "LIMIT");
        p->has_key = p->has_key || (p->has_where && (sql_is_sign(t, '=') || sql_is(t, "IN")));
        p->shape.is_range = p->shape.is_range || compares || has_offset;
        p->shape.is_page = p->shape.is_range && p->has_limit;
        p->shape.is_batch = p->shape.is_page && !p->has_key;
}

struct shape shape_of(struct span text, bool is_cut)
{
        struct parser p = {.lexer = sql_lexer_over(text, (struct sql_mode){0}), .shape.is_opaque = is_cut};
        advance(&p);
        advance(&p);
        while (sql_is_sign(&p.t, '(')) {
                take_operator(&p);
                advance(&p);
        }
        bool is_with = sql_is(&p.t, "WITH");
        p.shape.kind = kind_of(&p);
        p.shape.is_opaque = p.shape.is_opaque || is_cut;
        set_bit(&p.queries, p.depth, true);
        struct sql_token before = p.t;
        for (advance(&p); p.t.kind != SQL_END; advance(&p)) {
                bool changes = sql_is(&p.t, "UPDATE") || sql_is(&p.t, "DELETE");
                if (is_with && changes && p.depth == 0 && !sql_is(&before, "FOR")) {
                        p.shape.kind = SHAPE_WRITE;
                }
                struct sql_token now = p.t;
                if (sql_is_name(&p.t)) {
                        take_word(&p, &before);
                } else if (p.t.kind == SQL_OPERATOR) {
                        take_operator(&p);
                }
                note_selection(&p, &now);
                before = now;
        }
        return p.shape;
}

bool shape_reads_base_table(const struct shape *shape, struct span database)
{
        if (shape->kind == SHAPE_SHOW) {
                return false;
        }
        return shape->is_opaque || shape->reads_qualified ||
               (shape->reads_unqualified && !is_internal(database));
}
