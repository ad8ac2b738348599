#include "mysql/sql/secret_frames.h"

#include "mysql/sql/secret_behind.h"
#include "mysql/sql/secret_labels.h"

enum { PLACES = 64 };

static uint64_t place_bit(const struct secret_frame *x)
{
        return 1ULL << x->place;
}

bool secret_place_is_given(const struct secret_frame *x)
{
        bool is_list = x->part == SECRET_IN_NONE || x->part == SECRET_IN_SELECT;
        return x->is != SECRET_CASE && is_list && (x->given & place_bit(x)) != 0;
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

/* --- names in lists ----------------------------------------------------------------------------------------------------- */

/** A name of a password is at this place of the list. */
static void note_place(struct secret_finder *f, struct secret_frame *x)
{
        if (x->part == SECRET_IN_NONE || x->part == SECRET_IN_SELECT) {
                x->named |= place_bit(x);
                x->names = true;
        }
        if (x->has_parts && x->part == SECRET_IN_SELECT) {
                secret_behind_list(f, x->rows_at, place_bit(x)); /* of the first SELECT too */
        }
        const struct secret_frame *first = &f->frames[0];
        if (first->part == SECRET_IN_SELECT && first->is != SECRET_CASE) {
                f->reply |= f->has_star ? UINT64_MAX : place_bit(first);
        }
}

bool secret_on_alias(struct secret_finder *f)
{
        struct secret_frame *x = secret_top(f);
        bool is_alias = f->before == SECRET_AS || (f->before == SECRET_CLOSED && x->part == SECRET_IN_SELECT);
        if (!is_alias || x->is == SECRET_CASE || x->kind != SECRET_ANY) {
                return false;
        }
        if (x->part == SECRET_IN_SELECT) {
                note_place(f, x);
                secret_behind_list(f, x->rows_at, place_bit(x));
        }
        return true;
}

/** In a CASE it is what is tested, a test, or a branch. */
static void on_value_in_case(struct secret_finder *f, struct secret_frame *x, uint32_t end)
{
        if (x->part == SECRET_IN_NONE) {
                x->tests_secret = true;
        } else if (x->part == SECRET_IN_SELECT) {
                note_place(f, x);
                secret_behind_list(f, x->rows_at, UINT64_MAX);
        } else {
                secret_behind_range(f, x->has_parts ? x->begin : x->expression, end);
        }
}

void secret_on_value(struct secret_finder *f, uint32_t end)
{
        struct secret_frame *x = secret_top(f);
        if (x->is == SECRET_CASE) {
                on_value_in_case(f, x, end);
                return;
        }
        note_place(f, x);
        if (x->part == SECRET_IN_INTO) {
                secret_behind_list(f, x->rows_at, place_bit(x));
        } else if (x->kind == SECRET_ANY && x->is != SECRET_PROCEDURE) {
                secret_behind_range(f, x->is == SECRET_ARGUMENTS ? x->begin : x->expression, end);
        }
}

void secret_on_comma(struct secret_finder *f, uint32_t at)
{
        struct secret_frame *x = secret_top(f);
        x->place = (uint8_t)(x->place < PLACES - 1 ? x->place + 1 : x->place);
        x->expression = at;
        x->derived_at = SECRET_NOWHERE;
        x->between = false;
        bool goes_on = x->arm == SECRET_LIST || x->arm == SECRET_STRINGS || f->is_run ||
                       (x->arm == SECRET_DEFINED && x->kind == SECRET_DECLARATION);
        if (!goes_on) {
                x->arm = SECRET_FREE;
        }
        if (x->is != SECRET_ARGUMENTS) {
                x->url_end = SECRET_NOWHERE;
        }
}

/* --- queries ------------------------------------------------------------------------------------------------------------ */

static void on_select(struct secret_finder *f, struct secret_frame *x, uint32_t at)
{
        x->of_select |= x->given | x->of_rows | secret_behind_of_list(f, at);
        x->of_rows = 0;
        x->row_levels = 0;
        x->given = x->of_select;
        x->part = SECRET_IN_SELECT;
        x->place = 0;
        x->rows_at = x->has_parts ? x->rows_at : at;
}

void secret_on_query_word(struct secret_finder *f, struct secret_role_of word, uint32_t at)
{
        struct secret_frame *x = secret_top(f);
        if (x->is == SECRET_CASE) {
                return;
        }
        if (word.id == WORD_SELECT) {
                on_select(f, x, at);
        } else if (word.id == WORD_VALUES && ((word.roles & ROLE_ENDS) != 0 || f->depth == 0)) {
                /* VALUE in a list is a column's name */
                x->of_rows |= x->of_select | x->given | secret_behind_of_list(f, at);
                x->row_levels = 1;
                x->given = 0;
                x->part = SECRET_IN_OTHER;
                x->rows_at = x->has_parts ? x->rows_at : at;
        } else if (word.id == WORD_INTO && x->rows_at != SECRET_NOWHERE) {
                x->part = SECRET_IN_INTO;
                x->given = 0;
                x->place = 0;
        } else if ((word.roles & ROLE_CLAUSE) != 0) {
                x->part = SECRET_IN_OTHER;
                x->given = 0;
        }
        if ((word.roles & ROLE_CLAUSE) != 0) {
                x->is_source = word.id == WORD_FROM || (x->is_source && (word.roles & ROLE_JOINS) != 0);
        }
        x->is_with = word.id == WORD_WITH || (x->is_with && word.id != WORD_SELECT);
        if ((word.roles & ROLE_ENDS) != 0 && word.id != WORD_VALUES) {
                x->of_rows = 0;
                x->row_levels = 0;
        }
        if ((word.roles & ROLE_AGAIN) != 0 && x->rows_at != SECRET_NOWHERE) {
                x->of_select |= x->named;
                x->of_rows = x->of_select; /* of a SELECT in parentheses */
                x->row_levels = 1;
                x->has_parts = true;
        }
}

/** A list with such names has ended. @return true if it only names what follows: rows, or what makes them. */
static bool expect_rows(struct secret_frame *x, uint64_t named, const struct sql_token *next)
{
        bool is_word = next->kind == SQL_KEYWORD || next->kind == SQL_NAME;
        struct secret_role_of word =
            is_word ? secret_role_find(next->text) : (struct secret_role_of){0, WORD_OTHER};
        bool compares = next->kind == SQL_OPERATOR && memchr("=<>!", next->text.data[0], 4) != NULL;
        bool opens = secret_is_sign(next, '(');
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

/* --- tables of settings ------------------------------------------------------------------------------------------------- */

void secret_on_update_word(struct secret_finder *f, struct secret_role_of word, uint32_t at)
{
        if (f->is_update && f->depth == 0 && (word.roles & ROLE_CLAUSE) != 0) {
                f->assigned_to = f->assigns && word.id != WORD_SET ? at : f->assigned_to;
                f->assigns = word.id == WORD_SET;
        }
}

void secret_on_value_column(struct secret_finder *f, struct span name, uint32_t end)
{
        if (f->assigns && f->depth == 0 && f->assigned == SECRET_NOWHERE && secret_is_value_column(name)) {
                f->assigned = end;
        }
        struct secret_frame *x = secret_top(f);
        if (f->depth == 1 && x->kind == SECRET_ANY && x->part == SECRET_IN_NONE &&
            secret_is_value_column(name)) {
                x->valued |= place_bit(x);
        }
}

void secret_on_label(struct secret_finder *f, struct span label)
{
        bool is_behind = f->assigned != SECRET_NOWHERE && f->assigned_to != SECRET_NOWHERE;
        if (is_behind && secret_is_label(label)) {
                secret_behind_range(f, f->assigned, f->assigned_to);
        }
        const struct secret_frame *x = secret_top(f);
        if (f->depth == 1 && f->valued != 0 && x->is == SECRET_GROUP && secret_is_label(label)) {
                secret_behind_list(f, x->begin, f->valued);
        }
}

/* --- parentheses -------------------------------------------------------------------------------------------------------- */

/** What is armed here, or around here, is so within what opens here. */
static enum secret_arm inherited(const struct secret_frame *x)
{
        if (x->inherits == SECRET_LIST || secret_place_is_given(x)) {
                return SECRET_LIST;
        }
        switch (x->arm) {
        case SECRET_FREE: return x->inherits;
        case SECRET_STRINGS: return SECRET_STRINGS;
        case SECRET_DEFINED: return x->gives_value ? SECRET_LIST : SECRET_STRINGS;
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

/** INSERT INTO t (a, password) SELECT … FROM (SELECT …), or WITH c AS (SELECT …): what opens here makes the rows. */
static void follow_source(const struct secret_finder *f, const struct secret_frame *x,
                          struct secret_frame *new)
{
        bool is_source = x->is_source && x->part == SECRET_IN_OTHER;
        bool is_cte = x->is_with && f->before_id == WORD_AS;
        if (x->of_select == 0 || (!is_source && !is_cte)) {
                return;
        }
        bool is_all = f->before_id == WORD_FROM && f->depth == 0 && f->has_star && x->place == 0;
        if (is_all) {
                new->of_select = x->of_select; /* SELECT * FROM (SELECT …): the places are the same */
        } else if (new->inherits == SECRET_FREE) {
                new->inherits = SECRET_STRINGS; /* which column is which can't be told */
        }
}

/** There are too many parentheses: they are taken for one, in which all is armed that was in any. */
static void open_deeper(struct secret_finder *f)
{
        struct secret_frame *x = secret_top(f);
        x->inherits = f->before == SECRET_KEYED ? SECRET_LIST : inherited(x);
        f->is_call = false;
        f->deeper++;
}

void secret_open(struct secret_finder *f, uint32_t at)
{
        struct secret_frame *x = secret_top(f);
        if (f->depth + 1 == SECRET_DEPTH) {
                open_deeper(f);
                return;
        }
        struct secret_frame new = secret_frame_at(x->kind, at);
        bool is_value = x->kind == SECRET_DEFINITION && (f->before_roles & ROLE_VALUE) != 0;
        new.kind = x->kind == SECRET_DECLARATION ? SECRET_ANY : x->kind;
        new.inherits = inherited(x);
        new.given = secret_behind_of_list(f, at);
        if (is_value || f->before_id == WORD_COLUMNS) {
                new.kind = is_value ? SECRET_ANY : SECRET_DEFINITION; /* of a JSON_TABLE */
        } else if (f->before == SECRET_KEYED) {
                new.is = SECRET_ARGUMENTS;
                new.names = x->kind != SECRET_DEFINITION;
                new.inherits =
                    x->kind == SECRET_DEFINITION &&new.inherits != SECRET_LIST ? SECRET_STRINGS : SECRET_LIST;
        } else if (f->before == SECRET_WORD) {
                new.is = f->is_call ? SECRET_PROCEDURE : SECRET_ARGUMENTS;
                new.searches = (f->before_roles & ROLE_SEARCHES) != 0;
        } else if (f->before_id == WORD_IN) {
                new.is = SECRET_CHOICES;
        }
        f->is_call = false;
        if (new.is < SECRET_ARGUMENTS) {
                follow_source(f, x, &new);
        }
        if (new.is < SECRET_ARGUMENTS && x->row_levels == 1) {
                new.given |= x->of_rows;
        } else if (new.is < SECRET_ARGUMENTS && x->row_levels > 1) {
                new.of_rows = x->of_rows;
                new.row_levels = (uint8_t)(x->row_levels - 1);
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

/** What has ended has a password's value, or could have. */
static void pass_on(struct secret_finder *f, const struct secret_frame *old, const struct sql_token *next)
{
        struct secret_frame *x = secret_top(f);
        bool is_query = old->rows_at != SECRET_NOWHERE && old->is != SECRET_CASE;
        bool is_tuple =
            old->place > 0 && (is_query || (old->is == SECRET_GROUP && old->part == SECRET_IN_NONE));
        bool is_names = old->is == SECRET_ARGUMENTS && old->about != SECRET_NOWHERE; /* … AS t (a, b) */
        if (!old->names || is_tuple || is_names) {
                return;
        }
        secret_on_value(f, old->begin);
        if (x->is_partitioned) {
                x->arm = SECRET_STRINGS;
        } else if (x->kind != SECRET_ANY || x->part == SECRET_IN_INTO) {
                return;
        } else if (x->is == SECRET_ARGUMENTS || x->is == SECRET_PROCEDURE) {
                x->arm = SECRET_LIST;
        } else if (old->is != SECRET_CHOICES && compares_next(next)) {
                x->arm = SECRET_VALUE;
        }
}

/** A query in parentheses has ended: the names of all parts of a UNION are of each. */
static void close_query(struct secret_finder *f, const struct secret_frame *old, const struct sql_token *next)
{
        struct secret_frame *x = secret_top(f);
        bool is_word = next->kind == SQL_KEYWORD || next->kind == SQL_NAME;
        bool goes_on = is_word && (secret_role_find(next->text).roles & ROLE_AGAIN) != 0;
        if (x->has_parts) {
                secret_behind_list(f, x->rows_at, old->named);
        } else if (goes_on && old->is == SECRET_GROUP) {
                x->rows_at = old->rows_at;
        }
        if (goes_on && old->is == SECRET_GROUP) {
                x->of_select |= old->of_select | old->named;
        } else if (x->part != SECRET_IN_OTHER) {
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
        while (f->depth > 0 && secret_top(f)->is == SECRET_CASE) {
                f->depth--; /* one without its END */
        }
        if (f->depth == 0) {
                return;
        }
        struct secret_frame old = f->frames[f->depth--];
        struct secret_frame *x = secret_top(f);
        bool is_query = old.rows_at != SECRET_NOWHERE;
        bool is_list = false;
        bool is_word = next->kind == SQL_KEYWORD || next->kind == SQL_NAME;
        if (f->depth == 0 && old.valued != 0 && is_word && secret_role_find(next->text).id == WORD_VALUES) {
                f->valued = old.valued;
        }
        secret_behind_list(f, old.about, old.named);
        if (is_query) {
                close_query(f, &old, next);
        } else if (old.named != 0) {
                is_list = expect_rows(x, old.named, next);
        }
        x->derived_at = is_query ? old.rows_at : old.is == SECRET_GROUP ? old.begin : SECRET_NOWHERE;
        if (!is_list) {
                pass_on(f, &old, next);
        }
}

/* --- CASE --------------------------------------------------------------------------------------------------------------- */

void secret_open_case(struct secret_finder *f, uint32_t at)
{
        struct secret_frame *x = secret_top(f);
        if (f->depth + 1 == SECRET_DEPTH) {
                x->inherits = SECRET_LIST; /* which branch is which can't be told */
                return;
        }
        struct secret_frame new = secret_frame_at(SECRET_ANY, at);
        new.is = SECRET_CASE;
        new.rows_at = at;
        new.given = inherited(x) != SECRET_FREE ? UINT64_MAX : secret_behind_of_list(f, at);
        push(f, new);
}

void secret_on_case_word(struct secret_finder *f, enum secret_word_id id)
{
        struct secret_frame *x = secret_top(f);
        if (x->is != SECRET_CASE) {
                return;
        }
        if (id == WORD_WHEN) {
                x->has_parts = x->has_parts || (x->part == SECRET_IN_NONE && f->before_id != WORD_CASE);
                x->part = SECRET_IN_OTHER;
                x->arm = x->tests_secret ? SECRET_VALUE : SECRET_FREE;
        } else if (id == WORD_THEN || id == WORD_ELSE) {
                x->part = SECRET_IN_SELECT;
                x->arm = x->given != 0 ? SECRET_VALUE : SECRET_FREE;
        }
}

void secret_close_case(struct secret_finder *f, const struct sql_token *next)
{
        struct secret_frame old = *secret_top(f);
        if (old.is == SECRET_CASE && f->depth > 0) {
                f->depth--;
                pass_on(f, &old, next);
        }
}
