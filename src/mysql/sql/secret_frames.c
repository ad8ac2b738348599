#include "mysql/sql/secret_frames.h"

#include "mysql/sql/secret_behind.h"

enum { PLACES = 64 };

bool secret_place_is_given(const struct secret_frame *x)
{
        bool is_list = x->part == SECRET_PART_LIST || x->part == SECRET_PART_SELECT;
        return is_list && (x->given & secret_place_bit(x)) != 0;
}

struct secret_frame secret_frame_at(enum secret_kind kind, uint32_t at)
{
        return (struct secret_frame){.kind = kind,
                                     .begin = at,
                                     .expression = at,
                                     .rows_at = SECRET_NOWHERE,
                                     .derived_at = SECRET_NOWHERE,
                                     .about = SECRET_NOWHERE,
                                     .url_end = SECRET_NOWHERE};
}

void secret_enter_kind(struct secret_frame *x, enum secret_kind kind)
{
        x->kind = kind;
        if (kind != SECRET_ACCOUNT && kind != SECRET_PARTITION) {
                secret_enter_arm(x, SECRET_FREE);
        }
}

/* --- names in lists ----------------------------------------------------------------------------------------------------- */

/** Note that there is a password's name at the current place of the list. */
static void note_place(struct secret_finder *f, struct secret_frame *x)
{
        if (x->part == SECRET_PART_LIST || x->part == SECRET_PART_SELECT || x->part == SECRET_PART_BRANCH) {
                x->named |= secret_place_bit(x);
                x->is_secret = true;
        }
        if (x->in_union && x->part == SECRET_PART_SELECT) {
                secret_behind_list(f, x->rows_at, secret_place_bit(x)); /* for the first SELECT, too */
        }
        const struct secret_frame *first = &f->frames[0];
        if (first->part == SECRET_PART_SELECT) {
                f->reply |= f->has_star ? UINT64_MAX : secret_place_bit(first);
        }
}

bool secret_on_alias(struct secret_finder *f)
{
        struct secret_frame *x = secret_top(f);
        bool is_alias =
            f->before == SECRET_AS || (f->before == SECRET_CLOSED && x->part == SECRET_PART_SELECT);
        if (!is_alias || secret_is_case(x) || x->kind != SECRET_ANY) {
                return false;
        }
        if (x->part == SECRET_PART_SELECT) {
                note_place(f, x);
                secret_behind_list(f, x->rows_at, secret_place_bit(x));
        }
        return true;
}

/** In a CASE it is the operand, a part of a test, or a branch. */
static void on_value_in_case(struct secret_finder *f, struct secret_frame *x, uint32_t end)
{
        if (x->part == SECRET_PART_OPERAND) {
                x->type = SECRET_CASE_OF_SECRET;
        } else if (x->part == SECRET_PART_BRANCH) {
                note_place(f, x);
                secret_behind_list(f, x->rows_at, UINT64_MAX);
        } else {
                secret_behind_range(f, x->type == SECRET_CASE ? x->expression : x->begin, end);
        }
}

void secret_on_value(struct secret_finder *f, uint32_t end)
{
        struct secret_frame *x = secret_top(f);
        if (secret_is_case(x)) {
                on_value_in_case(f, x, end);
                return;
        }
        note_place(f, x);
        if (x->part == SECRET_PART_INTO) {
                secret_behind_list(f, x->rows_at, secret_place_bit(x));
        } else if (x->kind == SECRET_ANY && x->type != SECRET_PROCEDURE) {
                secret_behind_range(f, secret_takes_arguments(x) ? x->begin : x->expression, end);
        }
}

void secret_on_comma(struct secret_finder *f, uint32_t at)
{
        struct secret_frame *x = secret_top(f);
        x->first_end = x->first_end == 0 ? at : x->first_end;
        x->place = (uint8_t)(x->place < PLACES - 1 ? x->place + 1 : x->place);
        x->expression = at;
        x->derived_at = SECRET_NOWHERE;
        x->in_between = false;
        bool is_defined = x->arm == SECRET_DEFINED || x->arm == SECRET_DEFAULT;
        bool goes_on = x->arm == SECRET_LIST || x->arm == SECRET_STRINGS ||
                       f->statement == SECRET_STATEMENT_EXECUTE ||
                       (is_defined && x->kind == SECRET_DECLARATION);
        if (!goes_on) {
                secret_enter_arm(x, SECRET_FREE);
        }
        if (!secret_takes_arguments(x) || x->type == SECRET_PROCEDURE) {
                x->url_end = SECRET_NOWHERE;
        }
}

/* --- queries ------------------------------------------------------------------------------------------------------------ */

/** The only place where the part of a query changes; the word is at @p at. */
static void enter_part(struct secret_finder *f, struct secret_frame *x, enum secret_part part, uint32_t at)
{
        x->part = part;
        switch (part) {
        case SECRET_PART_SELECT:
                x->of_select |= x->given | x->of_rows | secret_behind_of_list(f, at);
                x->of_rows = 0;
                x->row_levels = 0;
                x->given = x->of_select;
                x->place = 0;
                x->rows_at = x->in_union ? x->rows_at : at;
                break;
        case SECRET_PART_ROWS:
                x->of_rows |= x->of_select | x->given | secret_behind_of_list(f, at);
                x->row_levels = 1;
                x->given = 0;
                x->rows_at = x->in_union ? x->rows_at : at;
                break;
        case SECRET_PART_INTO:
                x->given = 0;
                x->place = 0;
                break;
        case SECRET_PART_CLAUSE: x->given = 0; break;
        case SECRET_PART_LIST:
        case SECRET_PART_OPERAND:
        case SECRET_PART_TEST:
        case SECRET_PART_BRANCH: break;
        }
}

void secret_on_query_word(struct secret_finder *f, struct secret_word_pair w, uint32_t at)
{
        struct secret_frame *x = secret_top(f);
        unsigned roles = w.word.roles;
        if (secret_is_case(x)) {
                return;
        }
        if (w.word.id == WORD_SELECT) {
                enter_part(f, x, SECRET_PART_SELECT, at);
        } else if (w.word.id == WORD_VALUES && ((roles & ROLE_ENDS) != 0 || f->depth == 0)) {
                enter_part(f, x, SECRET_PART_ROWS, at); /* VALUE in a list is the name of a column */
        } else if (w.word.id == WORD_INTO && x->rows_at != SECRET_NOWHERE) {
                enter_part(f, x, SECRET_PART_INTO, at);
        } else if ((roles & ROLE_CLAUSE) != 0) {
                enter_part(f, x, SECRET_PART_CLAUSE, at);
        }
        x->source = secret_next_source(x->source, w);
        if ((roles & ROLE_ENDS) != 0 && w.word.id != WORD_VALUES) {
                x->of_rows = 0;
                x->row_levels = 0;
        }
        if ((roles & ROLE_AGAIN) != 0 && x->rows_at != SECRET_NOWHERE) {
                x->of_select |= x->named;
                x->of_rows = x->of_select; /* for a SELECT in parentheses */
                x->row_levels = 1;
                x->in_union = true;
        }
}

/** A list with passwords' names has ended. @return true if it only names the columns of what follows: rows, or a query. */
static bool expect_rows(struct secret_frame *x, uint64_t named, const struct sql_token *next)
{
        bool is_word = next->kind == SQL_KEYWORD || next->kind == SQL_NAME;
        struct secret_role_of word =
            is_word ? secret_role_find(next->text) : (struct secret_role_of){0, WORD_OTHER};
        bool compares = next->kind == SQL_OPERATOR && memchr("=<>!", next->text.data[0], 4) != NULL;
        bool opens = sql_is_sign(next, '(');
        if (!compares && !opens && (word.roles & ROLE_ROWS) == 0) {
                return false;
        }
        compares = compares || (word.roles & ROLE_COMPARES) != 0;
        if ((word.roles & ROLE_COMPARES) != 0) {
                x->row_levels = 2; /* IN ((…), (…)) */
        } else if (compares || opens || word.id == WORD_AS) {
                x->row_levels = 1;
        }
        if (x->row_levels > 0) {
                x->of_rows = named;
        }
        if (!compares && word.id != WORD_AS) {
                x->of_select |= named;
        }
        return !compares;
}

/* --- parentheses -------------------------------------------------------------------------------------------------------- */

/** What a frame that opens within @p x inherits: constants that are passwords here are so within it. */
static enum secret_arm inherited(const struct secret_frame *x)
{
        if (x->inherits == SECRET_LIST || secret_place_is_given(x)) {
                return SECRET_LIST;
        }
        switch (x->arm) {
        case SECRET_FREE: return x->inherits;
        case SECRET_STRINGS:
        case SECRET_DEFINED: return SECRET_STRINGS;
        case SECRET_DEFAULT:
        case SECRET_VALUE:
        case SECRET_LIST:
        case SECRET_CLAUSE: break;
        }
        return SECRET_LIST;
}

static void push(struct secret_finder *f, struct secret_frame frame)
{
        f->frames[++f->depth] = frame;
}

/** The parenthesis may open the query from which rows come: INSERT INTO t (a, password) SELECT … FROM (SELECT …), or
 *  WITH c AS (SELECT …). */
static void follow_source(const struct secret_finder *f, const struct secret_frame *x,
                          struct secret_frame *new)
{
        bool is_source =
            x->source == SECRET_SOURCE_FROM && (x->part == SECRET_PART_CLAUSE || x->part == SECRET_PART_ROWS);
        bool is_cte = x->source == SECRET_SOURCE_WITH && f->before_word.id == WORD_AS;
        if (x->of_select == 0 || (!is_source && !is_cte)) {
                return;
        }
        bool is_all = f->before_word.id == WORD_FROM && f->depth == 0 && f->has_star && x->place == 0;
        if (is_all) {
                new->of_select = x->of_select; /* SELECT * FROM (SELECT …): the places are the same */
        } else if (new->inherits == SECRET_FREE) {
                new->inherits = SECRET_STRINGS; /* the columns can't be matched */
        }
}

/** There are too many parentheses. They are taken for one, in which a constant is a password if it was so in any of them. */
static void open_deeper(struct secret_finder *f)
{
        struct secret_frame *x = secret_top(f);
        x->inherits = f->before == SECRET_KEYED ? SECRET_LIST : inherited(x);
        f->opens = SECRET_OPENS_FUNCTION;
        f->deeper++;
}

/** What the parenthesis after the current token encloses. */
static enum secret_type type_of_parenthesis(const struct secret_finder *f)
{
        if (f->before == SECRET_KEYED) {
                return SECRET_ARGUMENTS;
        }
        if (f->before == SECRET_WORD) {
                return f->before_word.id == WORD_CURSOR              ? SECRET_PARAMETERS
                       : (f->before_word.roles & ROLE_SEARCHES) != 0 ? SECRET_SEARCH
                       : f->opens == SECRET_OPENS_PROCEDURE          ? SECRET_PROCEDURE
                                                                     : SECRET_ARGUMENTS;
        }
        return f->before_word.id == WORD_IN ? SECRET_CHOICES : SECRET_GROUP;
}

/** The kind of what is in parentheses in @p x. */
static enum secret_kind kind_of_parenthesis(const struct secret_finder *f, const struct secret_frame *x)
{
        if (secret_defines(x) && (f->before_word.roles & ROLE_VALUE) != 0) {
                return SECRET_ANY;
        }
        if (f->before_word.id == WORD_COLUMNS) {
                return SECRET_DEFINITION; /* of a JSON_TABLE */
        }
        return x->kind == SECRET_DECLARATION ? SECRET_ANY
               : x->kind == SECRET_PARTITION ? SECRET_DEFINITION
                                             : x->kind;
}

void secret_open(struct secret_finder *f, uint32_t at)
{
        struct secret_frame *x = secret_top(f);
        if (f->depth + 1 == SECRET_DEPTH) {
                open_deeper(f);
                return;
        }
        struct secret_frame new = secret_frame_at(kind_of_parenthesis(f, x), at);
        new.inherits = inherited(x);
        new.given = secret_behind_of_list(f, at);
        bool is_value = secret_defines(x) && (f->before_word.roles & ROLE_VALUE) != 0;
        if (!is_value && f->before_word.id != WORD_COLUMNS) {
                new.type = type_of_parenthesis(f);
        }
        if (f->before == SECRET_KEYED) {
                new.is_secret = !secret_defines(x);
                new.inherits =
                    secret_defines(x) && new.inherits != SECRET_LIST ? SECRET_STRINGS : SECRET_LIST;
        }
        if (f->opens == SECRET_OPENS_CURSOR && f->has_secret_cursor) {
                new.inherits = SECRET_LIST;
        }
        f->opens = SECRET_OPENS_FUNCTION;
        if (!secret_takes_arguments(&new)) {
                follow_source(f, x, &new);
                if (x->row_levels == 1) {
                        new.given |= x->of_rows;
                } else if (x->row_levels > 1) {
                        new.of_rows = x->of_rows;
                        new.row_levels = (uint8_t)(x->row_levels - 1);
                }
        }
        new.about = x->derived_at;
        x->derived_at = SECRET_NOWHERE;
        push(f, new);
}

static bool compares_next(const struct sql_token *next)
{
        if (next->kind == SQL_OPERATOR) {
                return memchr("=<>!:", next->text.data[0], 5) != NULL;
        }
        return (next->kind == SQL_KEYWORD || next->kind == SQL_NAME) &&
               (secret_role_find(next->text).roles & ROLE_COMPARES) != 0;
}

/** The frame @p old has ended, and its value may be a password: pass that on to the frame around it. */
static void pass_on(struct secret_finder *f, const struct secret_frame *old, const struct sql_token *next)
{
        struct secret_frame *x = secret_top(f);
        bool is_query = old->rows_at != SECRET_NOWHERE && !secret_is_case(old);
        bool is_tuple =
            old->place > 0 && (is_query || (old->type == SECRET_GROUP && old->part == SECRET_PART_LIST));
        bool is_names = secret_takes_arguments(old) && old->type != SECRET_PROCEDURE &&
                        old->about != SECRET_NOWHERE; /* … AS t (a, b) */
        if (!old->is_secret || is_tuple || is_names) {
                return;
        }
        secret_on_value(f, old->begin);
        if (x->kind == SECRET_PARTITION) {
                secret_enter_arm(x, SECRET_STRINGS);
        } else if (x->kind != SECRET_ANY || x->part == SECRET_PART_INTO) {
                return;
        } else if (secret_takes_arguments(x)) {
                secret_enter_arm(x, SECRET_LIST);
        } else if (old->type != SECRET_CHOICES && compares_next(next)) {
                secret_enter_arm(x, SECRET_VALUE);
        }
}

/** A query in parentheses has ended. In a UNION its names count for all parts. */
static void close_query(struct secret_finder *f, const struct secret_frame *old, const struct sql_token *next)
{
        struct secret_frame *x = secret_top(f);
        bool is_word = next->kind == SQL_KEYWORD || next->kind == SQL_NAME;
        bool goes_on = is_word && (secret_role_find(next->text).roles & ROLE_AGAIN) != 0;
        if (x->in_union) {
                secret_behind_list(f, x->rows_at, old->named);
        } else if (goes_on && old->type == SECRET_GROUP) {
                x->rows_at = old->rows_at;
        }
        bool is_clause = x->part == SECRET_PART_CLAUSE || x->part == SECRET_PART_ROWS;
        if (goes_on && old->type == SECRET_GROUP) {
                x->of_select |= old->of_select | old->named;
        } else if (!is_clause && x->part != SECRET_PART_TEST) {
                x->of_rows = 0; /* WITH c (…) AS (SELECT …) */
                x->row_levels = 0;
        }
}

void secret_close(struct secret_finder *f, const struct sql_token *next)
{
        if (f->deeper > 0) {
                f->deeper--;
                return;
        }
        while (f->depth > 0 && secret_is_case(secret_top(f))) {
                f->depth--; /* a CASE without its END */
        }
        if (f->depth == 0) {
                return;
        }
        struct secret_frame old = f->frames[f->depth--];
        struct secret_frame *x = secret_top(f);
        bool is_query = old.rows_at != SECRET_NOWHERE;
        bool is_list = false;
        bool is_word = next->kind == SQL_KEYWORD || next->kind == SQL_NAME;
        enum secret_word_id id = is_word ? secret_role_find(next->text).id : WORD_OTHER;
        bool is_insert = f->statement == SECRET_STATEMENT_INSERT;
        bool has_rows = id == WORD_VALUES || (is_insert && (id == WORD_SELECT || id == WORD_WITH));
        if (f->depth == 0 && old.valued != 0 && has_rows) {
                f->valued = old.valued;
        }
        if (old.type == SECRET_PARAMETERS && old.named != 0) {
                f->has_secret_cursor = true;
        }
        bool is_derived = f->depth == 0 && f->statement == SECRET_STATEMENT_UPDATE && is_query;
        if (is_derived && f->set_at == SECRET_NOWHERE && f->derived_at == SECRET_NOWHERE) {
                f->derived_at = old.begin;
        }
        secret_behind_list(f, old.about, old.named);
        if (is_query) {
                close_query(f, &old, next);
        } else if (old.named != 0) {
                is_list = expect_rows(x, old.named, next);
        }
        x->derived_at = is_query ? old.rows_at : old.type == SECRET_GROUP ? old.begin : SECRET_NOWHERE;
        if (!is_list) {
                pass_on(f, &old, next);
        }
}

/* --- CASE --------------------------------------------------------------------------------------------------------------- */

void secret_open_case(struct secret_finder *f, uint32_t at)
{
        struct secret_frame *x = secret_top(f);
        if (f->depth + 1 == SECRET_DEPTH) {
                x->inherits = SECRET_LIST; /* the branches can't be distinguished */
                return;
        }
        struct secret_frame new = secret_frame_at(SECRET_ANY, at);
        new.type = SECRET_CASE;
        new.part = SECRET_PART_OPERAND;
        new.rows_at = at;
        new.given = inherited(x) != SECRET_FREE ? UINT64_MAX : secret_behind_of_list(f, at);
        push(f, new);
}

void secret_on_case_word(struct secret_finder *f, struct secret_word_pair w)
{
        struct secret_frame *x = secret_top(f);
        if (!secret_is_case(x)) {
                return;
        }
        if (w.word.id == WORD_WHEN) {
                bool has_operand = x->part == SECRET_PART_OPERAND && w.before != WORD_CASE;
                x->type = x->type == SECRET_CASE && has_operand ? SECRET_CASE_OF : x->type;
                enter_part(f, x, SECRET_PART_TEST, 0);
                secret_enter_arm(x, x->type == SECRET_CASE_OF_SECRET ? SECRET_VALUE : SECRET_FREE);
        } else if (w.word.id == WORD_THEN || w.word.id == WORD_ELSE) {
                enter_part(f, x, SECRET_PART_BRANCH, 0);
                secret_enter_arm(x, x->given != 0 ? SECRET_VALUE : SECRET_FREE);
        }
}

void secret_close_case(struct secret_finder *f, const struct sql_token *next)
{
        struct secret_frame old = *secret_top(f);
        if (secret_is_case(&old) && f->depth > 0) {
                f->depth--;
                pass_on(f, &old, next);
        }
}
