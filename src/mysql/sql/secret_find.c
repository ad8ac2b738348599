/* Passwords among the tokens of a statement. */
#include "mysql/sql/secret_behind.h"
#include "mysql/sql/secret_frames.h"

static bool is_word(const struct sql_token *t)
{
        return t->kind == SQL_KEYWORD || t->kind == SQL_NAME || t->kind == SQL_QUOTED || t->kind == SQL_HOST;
}

/** Without its quotes, of which the second is missing where the statement was cut. */
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

static void begin_statement(struct secret_finder *f)
{
        f->begun = false;
        f->is_set = false;
        f->is_run = false;
        f->is_create = false;
        f->is_program = false;
        f->is_call = false;
        f->is_plain = false;
        f->valued = 0;
        f->is_update = false;
        f->assigns = false;
        f->assigned = SECRET_NOWHERE;
        f->assigned_to = SECRET_NOWHERE;
        f->gives = false;
        f->depth = 0;
        f->deeper = 0;
        f->before = SECRET_NOTHING;
        f->before_id = WORD_OTHER;
        f->before_roles = 0;
}

/* --- names -------------------------------------------------------------------------------------------------------------- */

static void arm(struct secret_frame *x)
{
        switch (x->kind) {
        case SECRET_ACCOUNT: x->arm = SECRET_CLAUSE; break;
        case SECRET_DEFINITION:
        case SECRET_DECLARATION:
                x->arm = x->is_partitioned ? SECRET_STRINGS : SECRET_DEFINED;
                x->gives_value = false;
                break;
        case SECRET_ANY:
                x->arm = x->is == SECRET_ARGUMENTS || x->is == SECRET_PROCEDURE ? SECRET_LIST : SECRET_VALUE;
                break;
        }
}

/** A password's name that is not a function's. */
static void on_name(struct secret_finder *f, uint32_t end)
{
        struct secret_frame *x = secret_top(f);
        bool is_object = x->kind == SECRET_DEFINITION && (f->before_roles & ROLE_OBJECT) != 0;
        if (is_object || secret_on_alias(f)) {
                return;
        }
        secret_on_value(f, end);
        if (x->part != SECRET_IN_INTO && !(x->is == SECRET_CASE && x->part == SECRET_IN_SELECT)) {
                arm(x);
        }
}

/* --- words -------------------------------------------------------------------------------------------------------------- */

static void on_first_word(struct secret_finder *f, struct secret_role_of word, const struct sql_token *next)
{
        struct secret_frame *x = secret_top(f);
        bool is_password = is_word(next) && secret_role_find(next->text).id == WORD_PASSWORD;
        f->begun = true;
        f->is_set = word.id == WORD_SET;
        f->is_run = word.id == WORD_EXECUTE;
        f->is_update = word.id == WORD_UPDATE_OR_DELETE;
        f->is_create = word.id == WORD_CREATE || word.id == WORD_ALTER;
        if ((word.roles & ROLE_ACCOUNT) != 0 || (f->is_set && is_password)) {
                x->kind = SECRET_ACCOUNT;
        }
}

/** Where a definition begins, and where in it a statement does. */
static void follow_kind(struct secret_finder *f, struct secret_role_of word)
{
        struct secret_frame *x = secret_top(f);
        if (f->is_create && x->kind == SECRET_ACCOUNT && x->arm == SECRET_FREE &&
            (word.roles & ROLE_OBJECT) != 0) {
                x->kind = SECRET_DEFINITION;
                f->is_program = (word.roles & ROLE_PROGRAM) != 0;
        } else if (word.id == WORD_DECLARE && x->kind != SECRET_ACCOUNT) {
                x->kind = SECRET_DECLARATION;
                x->arm = SECRET_FREE;
        } else if (x->kind == SECRET_DEFINITION || x->kind == SECRET_DECLARATION) {
                bool is_with = (word.roles & ROLE_MAKES) != 0;
                bool is_action = word.id == WORD_UPDATE_OR_DELETE && f->before_id == WORD_ON;
                bool is_body =
                    (word.roles & ROLE_BODY) != 0 && !is_action && (!is_with || f->before_id == WORD_AS);
                bool is_set = word.id == WORD_SET && f->before_id != WORD_CHARACTER &&
                              (f->is_program || x->kind == SECRET_DECLARATION);
                if (is_body || is_set) {
                        x->kind = SECRET_ANY;
                        x->arm = SECRET_FREE;
                }
        }
        if (word.id == WORD_BY && f->before_id == WORD_PARTITION && x->kind == SECRET_DEFINITION) {
                x->is_partitioned = true;
        }
}

/** IDENTIFIED BY, AS, USING, WITH … and where the clause ends. */
static void follow_clause(struct secret_finder *f, struct secret_role_of word)
{
        struct secret_frame *x = secret_top(f);
        bool armed = x->arm == SECRET_CLAUSE;
        bool was_given = f->gives;
        f->gives = armed && ((word.roles & ROLE_GIVES) != 0 || (was_given && word.id == WORD_PASSWORD));
        f->is_plain = (armed && (word.roles & ROLE_MAKES) != 0) ||
                      (x->arm == SECRET_DEFINED && word.id == WORD_COMMENT);
        if (word.id == WORD_RANDOM && (armed || x->kind == SECRET_ACCOUNT)) {
                f->reply = UINT64_MAX;
        }
        bool stops = (word.roles & ROLE_STOPS) != 0 || word.id == WORD_FOR;
        if (armed && stops && x->kind == SECRET_ACCOUNT) {
                x->arm = SECRET_FREE;
        }
        if (word.id == WORD_IDENTIFIED) {
                x->arm = SECRET_CLAUSE;
        }
}

/** Where an expression ends. */
static void follow_expression(struct secret_finder *f, struct secret_role_of word, uint32_t end)
{
        struct secret_frame *x = secret_top(f);
        if (word.id == WORD_BETWEEN) {
                x->between = true;
        } else if (word.id == WORD_AND && x->between) {
                x->between = false;
        } else if ((word.roles & ROLE_ENDS) != 0) {
                x->expression = end;
                x->between = false;
                x->derived_at = SECRET_NOWHERE;
                x->arm = x->arm == SECRET_VALUE ? SECRET_FREE : x->arm;
        }
        if ((word.roles & ROLE_VALUE) != 0) {
                x->gives_value = true;
        }
}

/** A word that means something, as it is no name in quotes. */
static void on_keyword(struct secret_finder *f, struct secret_role_of word, const struct sql_token *t,
                       const struct sql_token *next)
{
        if (!f->begun) {
                on_first_word(f, word, next);
        }
        follow_kind(f, word);
        follow_clause(f, word);
        follow_expression(f, word, end_of(f, t));
        secret_on_query_word(f, word, place_of(f, t));
        secret_on_case_word(f, word.id);
        secret_on_update_word(f, word, place_of(f, t));
        f->is_call = f->is_call || word.id == WORD_CALL;
        if (word.id == WORD_CASE && f->before_id != WORD_END) {
                secret_open_case(f, place_of(f, t));
        }
}

static bool is_bare(const struct secret_finder *f, const struct sql_token *t, struct secret_role_of word,
                    const struct sql_token *next)
{
        return f->gives && f->before != SECRET_AT && word.id != WORD_RANDOM && !secret_is_name(t->text) &&
               !secret_is_sign(next, '(');
}

/** @return true if it is a password without quotes, or in those of a name. */
static bool on_word(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next)
{
        bool is_plain = (t->kind == SQL_KEYWORD || t->kind == SQL_NAME) && f->before != SECRET_DOT;
        struct secret_role_of word =
            is_plain ? secret_role_find(t->text) : (struct secret_role_of){0, WORD_OTHER};
        if (is_bare(f, t, word, next)) {
                f->gives = false;
                f->before = SECRET_OTHER;
                f->bare_end = end_of(f, t);
                return true;
        }
        on_keyword(f, word, t, next);
        struct span name = t->kind == SQL_QUOTED ? inside(t) : t->text;
        bool is_name = secret_is_name(name);
        secret_on_value_column(f, name, end_of(f, t));
        bool is_called = secret_is_sign(next, '(');
        bool is_object = secret_top(f)->kind == SECRET_DEFINITION && f->depth == 0;
        bool is_keyed = is_called && !is_object && (is_name || secret_takes_key(name));
        if (is_name && !is_called) {
                on_name(f, end_of(f, t));
        }
        f->before = is_keyed                           ? SECRET_KEYED
                    : word.id == WORD_AS               ? SECRET_AS
                    : (word.roles & ROLE_NO_CALL) == 0 ? SECRET_WORD
                                                       : SECRET_OTHER;
        if (word.id == WORD_END && secret_top(f)->is == SECRET_CASE) {
                secret_close_case(f, next);
                f->before = SECRET_CLOSED;
        }
        f->before_id = (int)word.id;
        f->before_roles = word.roles;
        return false;
}

/* --- operators ---------------------------------------------------------------------------------------------------------- */

static void on_other_operator(struct secret_finder *f, const struct sql_token *t)
{
        struct secret_frame *x = secret_top(f);
        uint8_t c = t->text.data[0];
        bool compares = memchr("=<>!:", c, 5) != NULL;
        if (compares && (x->arm == SECRET_CLAUSE || (f->is_set && x->kind == SECRET_ACCOUNT))) {
                x->arm = SECRET_CLAUSE; /* SET PASSWORD FOR 'u' = … */
                f->gives = true;
        } else {
                f->gives = false;
        }
        x->gives_value = x->gives_value || compares;
        x->derived_at = compares ? x->derived_at : SECRET_NOWHERE;
        if (span_equal(t->text, span_str("&&"))) {
                follow_expression(f, secret_role_find(span_str("OR")), end_of(f, t));
        }
        bool is_factor = f->before == SECRET_WORD || f->before == SECRET_CLOSED;
        if (c == '*' && f->depth == 0 && x->part == SECRET_IN_SELECT && !is_factor) {
                f->has_star = true;
        }
}

static void on_operator(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next)
{
        enum secret_before before = SECRET_OTHER;
        if (secret_is_sign(t, '(')) {
                secret_open(f, place_of(f, t));
                f->gives = false;
        } else if (secret_is_sign(t, ')')) {
                secret_close(f, next);
                f->gives = false;
                before = SECRET_CLOSED;
        } else if (secret_is_sign(t, ',')) {
                secret_on_comma(f, end_of(f, t));
                f->gives = false;
        } else if (secret_is_sign(t, ';')) {
                begin_statement(f);
                f->frames[0] = secret_frame_at(SECRET_ANY, end_of(f, t));
                return;
        } else {
                on_other_operator(f, t);
                before = secret_is_sign(t, '@')   ? SECRET_AT
                         : secret_is_sign(t, '.') ? SECRET_DOT
                                                  : SECRET_OTHER;
        }
        f->before = before;
        f->before_id = WORD_OTHER;
        f->before_roles = 0;
}

/* --- constants ---------------------------------------------------------------------------------------------------------- */

/** x'…', b'…', 0x…, 0b… */
static bool is_radix(const struct sql_token *t)
{
        return t->kind == SQL_NUMBER && memchr("xXbB0", t->text.data[0], 5) != NULL;
}

static bool is_armed(const struct secret_finder *f, const struct secret_frame *x, const struct sql_token *t,
                     bool gives)
{
        bool is_number = t->kind == SQL_NUMBER && !is_radix(t) && !gives;
        bool is_behind_at = f->before == SECRET_AT;
        if (x->inherits == SECRET_LIST || (x->inherits == SECRET_STRINGS && !is_number)) {
                return true;
        }
        switch (x->arm) {
        case SECRET_VALUE: return !is_behind_at;
        case SECRET_LIST: return true;
        case SECRET_STRINGS:
        case SECRET_CLAUSE: return !is_number && !is_behind_at;
        case SECRET_DEFINED: return !is_number || x->gives_value;
        case SECRET_FREE: break;
        }
        return false;
}

/** A string that speaks of a password: what is put together with it may be one. */
static void on_mention(struct secret_finder *f, struct span inner, uint32_t end)
{
        struct secret_frame *x = secret_top(f);
        bool is_argument = x->is == SECRET_ARGUMENTS || x->is == SECRET_PROCEDURE;
        bool is_path = inner.len > 0 && inner.data[0] == '$';
        secret_on_label(f, inner);
        if (x->searches && is_path) {
                secret_behind_range(f, x->begin, end);
        }
        if (x->kind == SECRET_ANY && is_argument) {
                x->names = true; /* JSON_VALUE(doc, '$.password') = 'x' */
                x->arm = SECRET_LIST;
                return;
        }
        if (x->kind == SECRET_ANY && is_path) {
                secret_on_value(f, end); /* doc->'$.password' */
        }
        x->arm = x->arm == SECRET_CLAUSE && x->kind == SECRET_ACCOUNT ? x->arm : SECRET_VALUE;
}

/** A string that is a name: @'password', AS 'password'. */
static bool is_name_in_quotes(struct secret_finder *f, const struct secret_frame *x, struct span inner)
{
        bool is_variable = f->before == SECRET_AT && x->kind != SECRET_ACCOUNT;
        bool is_alias = f->before == SECRET_AS && x->part == SECRET_IN_SELECT;
        return (is_variable || is_alias) && secret_is_name(inner);
}

/** A URL in pieces: CONCAT('mysql://u:', 'x', '@h'); or one that was cut. @return true if it was. */
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
        bool is_user = x->arm == SECRET_CLAUSE && secret_is_sign(next, '@') && !f->gives;
        bool here = is_armed(f, x, t, f->gives) && !is_user && !f->is_plain;
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
        f->is_plain = false;
        f->bare_end = f->gives && t->kind == SQL_NUMBER ? f->literal_end : 0;
        f->gives = f->gives && next->kind == SQL_STRING; /* 'ab' 'cd' is one */
        f->before = SECRET_CLOSED;
        f->before_id = WORD_OTHER;
        f->before_roles = 0;
        return found;
}

/* --- statements --------------------------------------------------------------------------------------------------------- */

/** Pa$$-w0rd!x without quotes are several tokens, none of which the server would take. */
static bool is_of_bare(const struct secret_finder *f, const struct sql_token *t)
{
        bool ends = secret_is_sign(t, ',') || secret_is_sign(t, ';') || secret_is_sign(t, ')');
        bool begins = f->gives && f->before_id != WORD_OTHER && t->kind == SQL_OPERATOR &&
                      !secret_is_sign(t, '(') && !secret_is_sign(t, '@');
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
                f->gives = false;
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

static void begin_pass(struct secret_finder *f, bool looks_back)
{
        begin_statement(f);
        f->looks_back = looks_back;
        f->reply = 0;
        f->has_star = false;
        f->literal_end = 0;
        f->bare_end = 0;
        f->frames[0] = secret_frame_at(SECRET_ANY, 0);
}

void secret_finder_begin(struct secret_finder *f, struct span sql, struct sql_mode mode)
{
        f->sql = sql;
        f->mode = mode;
        f->behind.n_lists = 0;
        f->behind.n_ranges = 0;
        f->behind.all_from = SECRET_NOWHERE;
        f->next_list = 0;
        f->next_range = 0;
        f->hidden_to = 0;
        begin_pass(f, true);
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        struct sql_token t = sql_next(&lexer);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&lexer);
                (void)secret_find(f, &t, &next, &lexer);
                t = next;
        }
        begin_pass(f, false);
}

size_t secret_bare_at(struct span sql, struct sql_mode mode)
{
        struct secret_finder finder;
        secret_finder_begin(&finder, sql, mode);
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        struct sql_token t = sql_next(&lexer);
        while (t.kind != SQL_END) {
                struct sql_token next = sql_next(&lexer);
                bool is_bare = finder.gives || finder.bare_end != 0;
                bool secret = secret_find(&finder, &t, &next, &lexer);
                bool is_shown = is_word(&t) || t.kind == SQL_OPERATOR || (is_bare && t.kind == SQL_NUMBER);
                if (secret && is_shown) {
                        return (size_t)(t.text.data - sql.data);
                }
                t = next;
        }
        return sql.len;
}
