/* The search for passwords, token by token. */
#include "mysql/sql/secret_behind.h"
#include "mysql/sql/secret_frames.h"
#include "mysql/sql/secret_patterns.h"
#include "mysql/sql/secret_settings.h"

static bool is_word(const struct sql_token *t)
{
        return t->kind == SQL_KEYWORD || t->kind == SQL_NAME || t->kind == SQL_QUOTED || t->kind == SQL_HOST;
}

/** The text of a string without its quotes; the second quote is missing where the statement was cut. */
static struct span inside(const struct sql_token *t)
{
        bool has_prefix = t->text.len > 1 && (t->text.data[0] | 0x20) == 'n' && t->kind == SQL_STRING;
        struct span s = has_prefix ? span_skip(t->text, 1) : t->text;
        struct span inner = span_skip(s, 1);
        bool is_closed = inner.len > 0 && inner.data[inner.len - 1] == s.data[0];
        inner.len -= is_closed ? 1 : 0;
        return inner;
}

static uint32_t place_of(const struct secret_finder *f, const struct sql_token *t)
{
        size_t at = (size_t)(t->text.data - f->sql.data);
        return at < SECRET_NOWHERE ? (uint32_t)at : SECRET_NOWHERE - 1;
}

static uint32_t end_of(const struct secret_finder *f, const struct sql_token *t)
{
        size_t at = (size_t)(t->text.data - f->sql.data) + t->text.len;
        return at < SECRET_NOWHERE ? (uint32_t)at : SECRET_NOWHERE - 1;
}

static void begin_statement(struct secret_finder *f, uint32_t at)
{
        f->statement = SECRET_STATEMENT_NONE;
        f->expects = SECRET_EXPECTS_NOTHING;
        f->opens = SECRET_OPENS_FUNCTION;
        f->valued = 0;
        f->assigned = SECRET_NOWHERE;
        f->assigned_to = SECRET_NOWHERE;
        f->set_at = SECRET_NOWHERE;
        f->derived_at = SECRET_NOWHERE;
        f->is_labelled = false;
        f->depth = 0;
        f->deeper = 0;
        f->before = SECRET_NOTHING;
        f->before_word = (struct secret_role_of){0, WORD_OTHER};
        f->frames[0] = secret_frame_at(SECRET_ANY, at);
}

/** A token that ends the expectation of a password. */
static void expect_no_secret(struct secret_finder *f)
{
        if (f->expects == SECRET_EXPECTS_SECRET) {
                f->expects = SECRET_EXPECTS_NOTHING;
        }
}

static void note_token(struct secret_finder *f, enum secret_before before)
{
        f->before = before;
        f->before_word = (struct secret_role_of){0, WORD_OTHER};
}

/* --- names -------------------------------------------------------------------------------------------------------------- */

/** Which constants a password's name binds in @p x. */
static enum secret_arm arm_of_name(const struct secret_frame *x)
{
        static const enum secret_arm arms[] = {
            [SECRET_ACCOUNT] = SECRET_CLAUSE,    [SECRET_DEFINITION] = SECRET_DEFINED,
            [SECRET_PARTITION] = SECRET_STRINGS, [SECRET_DECLARATION] = SECRET_DEFINED,
            [SECRET_ANY] = SECRET_VALUE,
        };
        return x->kind == SECRET_ANY && secret_takes_arguments(x) ? SECRET_LIST : arms[x->kind];
}

/** A password's name that is not the name of a function. */
static void on_name(struct secret_finder *f, uint32_t end)
{
        struct secret_frame *x = secret_top(f);
        bool is_object = secret_defines(x) && (f->before_word.roles & ROLE_OBJECT) != 0;
        if (is_object || secret_on_alias(f)) {
                return;
        }
        secret_on_value(f, end);
        if (x->kind == SECRET_DEFINITION) {
                secret_on_defined_name(f);
        }
        if (x->part != SECRET_PART_INTO && x->part != SECRET_PART_BRANCH) {
                secret_enter_arm(x, arm_of_name(x));
        }
}

/* --- words -------------------------------------------------------------------------------------------------------------- */

static void on_first_word(struct secret_finder *f, struct secret_word_pair w, const struct sql_token *next)
{
        f->statement = secret_next_statement(w);
        bool sets_password = f->statement == SECRET_STATEMENT_SET && is_word(next) &&
                             secret_role_find(next->text).id == WORD_PASSWORD;
        if ((w.word.roles & ROLE_ACCOUNT) != 0 || sets_password) {
                secret_enter_kind(secret_top(f), SECRET_ACCOUNT);
        }
}

/** Find where definitions begin, and where a statement begins within one. */
static void follow_kind(struct secret_finder *f, struct secret_word_pair w)
{
        struct secret_frame *x = secret_top(f);
        bool changed = false;
        if (x->kind == SECRET_ACCOUNT && x->arm != SECRET_FREE) {
                return;
        }
        enum secret_kind kind = secret_next_kind(x->kind, f->statement, w, &changed);
        if (changed && x->kind == SECRET_ACCOUNT) {
                f->statement =
                    (w.word.roles & ROLE_PROGRAM) != 0 ? SECRET_STATEMENT_PROGRAM : SECRET_STATEMENT_CREATE;
        }
        if (changed) {
                secret_enter_kind(x, kind);
        }
}

/** Follow the clause of an account: IDENTIFIED BY, AS, USING, WITH … to its end. */
static void follow_clause(struct secret_finder *f, struct secret_word_pair w)
{
        struct secret_frame *x = secret_top(f);
        f->expects = secret_next_expects(x->arm, f->expects, w);
        if (w.word.id == WORD_RANDOM && (x->arm == SECRET_CLAUSE || x->kind == SECRET_ACCOUNT)) {
                f->reply = UINT64_MAX;
        }
        secret_enter_arm(x, secret_next_arm(x->arm, x->kind, w));
}

static void end_expression(struct secret_frame *x, uint32_t end)
{
        x->expression = end;
        x->in_between = false;
        x->derived_at = SECRET_NOWHERE;
        if (x->arm == SECRET_VALUE) {
                secret_enter_arm(x, SECRET_FREE);
        }
}

static void follow_expression(struct secret_finder *f, struct secret_role_of word, uint32_t end)
{
        struct secret_frame *x = secret_top(f);
        if (word.id == WORD_BETWEEN) {
                x->in_between = true;
        } else if (word.id == WORD_AND && x->in_between) {
                x->in_between = false;
        } else if ((word.roles & ROLE_ENDS) != 0) {
                end_expression(x, end);
        }
}

/** Take a word. It has no meaning if it is a name in quotes or after a dot. */
static void on_keyword(struct secret_finder *f, struct secret_role_of word, const struct sql_token *t,
                       const struct sql_token *next)
{
        struct secret_word_pair w = {word, f->before_word.id};
        if (f->statement == SECRET_STATEMENT_NONE) {
                on_first_word(f, w, next);
        }
        if (word.id == WORD_OTHER && word.roles == 0) {
                f->expects = SECRET_EXPECTS_NOTHING;
                return;
        }
        follow_kind(f, w);
        follow_clause(f, w);
        follow_expression(f, word, end_of(f, t));
        secret_on_query_word(f, w, place_of(f, t));
        secret_on_case_word(f, w);
        secret_on_assignment_word(f, w, place_of(f, t));
        if (word.id == WORD_CALL || word.id == WORD_OPEN) {
                f->opens = word.id == WORD_CALL ? SECRET_OPENS_PROCEDURE : SECRET_OPENS_CURSOR;
        }
        if (word.id == WORD_CASE && w.before != WORD_END) {
                secret_open_case(f, place_of(f, t));
        }
}

static bool is_bare(const struct secret_finder *f, const struct sql_token *t, struct secret_role_of word,
                    const struct sql_token *next)
{
        return f->expects == SECRET_EXPECTS_SECRET && f->before != SECRET_AT && word.id != WORD_RANDOM &&
               !secret_is_name(t->text) && !sql_is_sign(next, '(');
}

/** Take a word or name. @return true if it is a password without quotes, or in the quotes of a name. */
static bool on_word(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next)
{
        bool is_plain = (t->kind == SQL_KEYWORD || t->kind == SQL_NAME) && f->before != SECRET_DOT;
        struct secret_role_of word =
            is_plain ? secret_role_find(t->text) : (struct secret_role_of){0, WORD_OTHER};
        if (is_bare(f, t, word, next)) {
                f->expects = SECRET_EXPECTS_NOTHING;
                f->before = SECRET_OTHER;
                f->bare_end = end_of(f, t);
                return true;
        }
        on_keyword(f, word, t, next);
        if (word.id == WORD_OTHER && word.roles == 0) {
                secret_on_column(f);
        }
        struct span name = t->kind == SQL_QUOTED ? inside(t) : t->text;
        bool is_name = secret_is_name(name);
        secret_on_value_column(f, name, end_of(f, t));
        bool is_called = sql_is_sign(next, '(');
        bool is_object = secret_defines(secret_top(f)) && f->depth == 0;
        bool is_keyed = is_called && !is_object && (is_name || secret_takes_key(name));
        if (is_name && !is_called) {
                on_name(f, end_of(f, t));
        }
        f->before = is_keyed                           ? SECRET_KEYED
                    : word.id == WORD_AS               ? SECRET_AS
                    : (word.roles & ROLE_NO_CALL) == 0 ? SECRET_WORD
                                                       : SECRET_OTHER;
        if (word.id == WORD_END && secret_is_case(secret_top(f))) {
                secret_close_case(f, next);
                f->before = SECRET_CLOSED;
        }
        f->before_word = word;
        return false;
}

/* --- operators ---------------------------------------------------------------------------------------------------------- */

static void on_other_operator(struct secret_finder *f, const struct sql_token *t)
{
        struct secret_frame *x = secret_top(f);
        uint8_t c = t->text.data[0];
        bool compares = memchr("=<>!:", c, 5) != NULL;
        bool is_set = f->statement == SECRET_STATEMENT_SET && x->kind == SECRET_ACCOUNT;
        if (compares && (x->arm == SECRET_CLAUSE || is_set)) {
                secret_enter_arm(x, SECRET_CLAUSE); /* SET PASSWORD FOR 'u' = … */
                f->expects = SECRET_EXPECTS_SECRET;
        } else {
                expect_no_secret(f);
        }
        if (compares && x->arm == SECRET_DEFINED) {
                secret_enter_arm(x, SECRET_DEFAULT);
        }
        x->derived_at = compares ? x->derived_at : SECRET_NOWHERE;
        if (span_equal(t->text, span_str("&&"))) {
                end_expression(x, end_of(f, t));
        }
        bool is_factor = f->before == SECRET_WORD || f->before == SECRET_CLOSED;
        if (c == '*' && f->depth == 0 && x->part == SECRET_PART_SELECT && !is_factor) {
                f->has_star = true;
        }
}

static void on_operator(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next)
{
        uint8_t sign = t->text.len == 1 ? t->text.data[0] : 0;
        switch (sign) {
        case '(':
                secret_open(f, place_of(f, t));
                expect_no_secret(f);
                break;
        case ')':
                secret_close(f, next);
                expect_no_secret(f);
                note_token(f, SECRET_CLOSED);
                return;
        case ',':
                secret_on_comma(f, end_of(f, t));
                expect_no_secret(f);
                break;
        case ';': begin_statement(f, end_of(f, t)); return;
        default: on_other_operator(f, t);
        }
        note_token(f, sign == '@' ? SECRET_AT : sign == '.' ? SECRET_DOT : SECRET_OTHER);
}

/* --- constants ---------------------------------------------------------------------------------------------------------- */

/** Is it x'…', b'…', 0x… or 0b…? */
static bool is_radix(const struct sql_token *t)
{
        return t->kind == SQL_NUMBER && memchr("xXbB0", t->text.data[0], 5) != NULL;
}

/** Is a constant at this place a password, by what precedes it in this frame or around it? */
static bool is_armed(const struct secret_finder *f, const struct secret_frame *x, const struct sql_token *t)
{
        static const struct {
                bool strings;
                bool numbers;
                bool behind_at; /* directly after an @, too */
        } hides[] = {
            [SECRET_FREE] = {false, false, false},  [SECRET_VALUE] = {true, true, false},
            [SECRET_LIST] = {true, true, true},     [SECRET_STRINGS] = {true, false, false},
            [SECRET_CLAUSE] = {true, false, false}, [SECRET_DEFINED] = {true, false, true},
            [SECRET_DEFAULT] = {true, true, true},
        };
        bool is_number = t->kind == SQL_NUMBER && !is_radix(t) && f->expects != SECRET_EXPECTS_SECRET;
        if (x->inherits == SECRET_LIST || (x->inherits == SECRET_STRINGS && !is_number)) {
                return true;
        }
        return (is_number ? hides[x->arm].numbers : hides[x->arm].strings) &&
               (hides[x->arm].behind_at || f->before != SECRET_AT);
}

/** A string that mentions a password: what is combined with it may be one. */
static void on_mention(struct secret_finder *f, struct span inner, uint32_t end)
{
        struct secret_frame *x = secret_top(f);
        bool is_argument = secret_takes_arguments(x);
        bool is_path = inner.len > 0 && inner.data[0] == '$';
        secret_on_label(f, inner, end);
        if (x->type == SECRET_SEARCH && is_path) {
                secret_behind_range(f, x->begin, end);
        }
        if (x->kind == SECRET_ANY && is_argument) {
                x->is_secret = true; /* JSON_VALUE(doc, '$.password') = 'x' */
                secret_enter_arm(x, SECRET_LIST);
                return;
        }
        if (x->kind == SECRET_ANY && is_path) {
                secret_on_value(f, end); /* doc->'$.password' */
        }
        if (x->arm != SECRET_CLAUSE || x->kind != SECRET_ACCOUNT) {
                secret_enter_arm(x, SECRET_VALUE);
        }
}

/** Is the string a name, as in @'password' and AS 'password'? */
static bool is_name_in_quotes(struct secret_finder *f, const struct secret_frame *x, struct span inner)
{
        bool is_variable = f->before == SECRET_AT && x->kind != SECRET_ACCOUNT;
        bool is_alias = f->before == SECRET_AS && x->part == SECRET_PART_SELECT;
        return (is_variable || is_alias) && secret_is_name(inner);
}

/** Follow a URL in several strings: CONCAT('mysql://u:', 'x', '@h'). @return true if it was cut off within its password. */
static bool follow_url(struct secret_finder *f, struct secret_frame *x, const struct sql_token *t)
{
        struct span inner = inside(t);
        if (inner.len > 0 && x->url_end != SECRET_NOWHERE && memchr(inner.data, '@', inner.len) != NULL) {
                secret_behind_range(f, x->url_end, end_of(f, t));
                x->url_end = SECRET_NOWHERE;
        }
        const uint8_t *colon = inner.len > 2 ? memmem(inner.data, inner.len, "://", 3) : NULL;
        struct span host = colon != NULL ? span_skip(inner, (size_t)(colon - inner.data) + 3) : inner;
        if (colon == NULL || (host.len > 0 && memchr(host.data, '/', host.len) != NULL)) {
                return false;
        }
        x->url_end = end_of(f, t);
        return inner.data + inner.len == f->sql.data + f->sql.len && secret_is_cut_url(inner);
}

static bool is_literal_secret(struct secret_finder *f, const struct sql_token *t,
                              const struct sql_token *next)
{
        struct secret_frame *x = secret_top(f);
        bool is_user =
            x->arm == SECRET_CLAUSE && sql_is_sign(next, '@') && f->expects != SECRET_EXPECTS_SECRET;
        bool here = is_armed(f, x, t) && !is_user && f->expects != SECRET_EXPECTS_PLAIN;
        bool armed = secret_behind_covers(f, place_of(f, t)) || here || secret_place_is_given(x);
        if (t->kind != SQL_STRING) {
                return armed;
        }
        struct span inner = inside(t);
        if (is_name_in_quotes(f, x, inner)) {
                on_name(f, end_of(f, t));
                return false;
        }
        if (!here && secret_is_mentioned(inner)) {
                on_mention(f, inner, place_of(f, t));
        }
        bool is_cut_url = follow_url(f, x, t);
        return armed || is_cut_url || secret_is_within(inner);
}

static bool on_literal(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next)
{
        bool found = is_literal_secret(f, t, next);
        secret_top(f)->derived_at = SECRET_NOWHERE;
        f->literal_end = end_of(f, t);
        bool is_expected = f->expects == SECRET_EXPECTS_SECRET;
        f->bare_end = is_expected && t->kind == SQL_NUMBER ? f->literal_end : 0;
        f->expects = is_expected && next->kind == SQL_STRING ? SECRET_EXPECTS_SECRET /* 'ab' 'cd' is one */
                                                             : SECRET_EXPECTS_NOTHING;
        note_token(f, SECRET_CLOSED);
        return found;
}

/* --- statements --------------------------------------------------------------------------------------------------------- */

/** Is the token part of a password without quotes? Pa$$-w0rd!x, for example, is several tokens, none of which a server accepts. */
static bool is_of_bare(const struct secret_finder *f, const struct sql_token *t)
{
        bool ends = sql_is_sign(t, ',') || sql_is_sign(t, ';') || sql_is_sign(t, ')');
        bool begins = f->expects == SECRET_EXPECTS_SECRET && f->before_word.id != WORD_OTHER &&
                      t->kind == SQL_OPERATOR && !sql_is_sign(t, '(') && !sql_is_sign(t, '@');
        return !ends && (begins || (f->bare_end != 0 && f->bare_end == place_of(f, t)));
}

bool secret_find(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next,
                 const struct sql_lexer *rest)
{
        if (t->kind == SQL_COMMENT) {
                return t->text.len > 2 && (secret_is_mentioned(t->text) || secret_is_within(t->text));
        }
        struct sql_token ahead = *next;
        if (ahead.kind == SQL_COMMENT) {
                struct sql_lexer lexer = *rest;
                while (ahead.kind == SQL_COMMENT) {
                        ahead = sql_next(&lexer);
                }
        }
        if (is_of_bare(f, t)) {
                f->bare_end = end_of(f, t);
                expect_no_secret(f);
                return true;
        }
        f->bare_end = 0;
        if (is_word(t)) {
                return on_word(f, t, &ahead);
        }
        if (sql_is_literal(t) || t->kind == SQL_PARAMETER) {
                return on_literal(f, t, &ahead);
        }
        if (t->kind == SQL_OPERATOR) {
                on_operator(f, t, &ahead);
        }
        return false;
}

static void begin_pass(struct secret_finder *f)
{
        begin_statement(f, 0);
        f->reply = 0;
        f->has_star = false;
        f->has_secret_cursor = false;
        f->literal_end = 0;
        f->bare_end = 0;
}

void secret_finder_begin(struct secret_finder *f, struct span sql, struct sql_mode mode)
{
        f->sql = sql;
        f->behind.n_lists = 0;
        f->behind.n_ranges = 0;
        f->behind.all_from = SECRET_NOWHERE;
        f->next_list = 0;
        f->next_range = 0;
        f->hidden_to = 0;
        f->pass = SECRET_PASS_COLLECT;
        begin_pass(f);
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        struct sql_token t = sql_next(&lexer);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&lexer);
                (void)secret_find(f, &t, &next, &lexer);
                t = next;
        }
        f->pass = SECRET_PASS_FIND;
        begin_pass(f);
}

size_t secret_bare_at(struct span sql, struct sql_mode mode)
{
        struct secret_finder finder;
        secret_finder_begin(&finder, sql, mode);
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        struct sql_token t = sql_next(&lexer);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&lexer);
                bool is_bare = finder.expects == SECRET_EXPECTS_SECRET || finder.bare_end != 0;
                bool secret = secret_find(&finder, &t, &next, &lexer);
                bool is_shown = is_word(&t) || t.kind == SQL_OPERATOR || (is_bare && t.kind == SQL_NUMBER);
                if (secret && is_shown) {
                        return (size_t)(t.text.data - sql.data);
                }
                t = next;
        }
        return sql.len;
}
