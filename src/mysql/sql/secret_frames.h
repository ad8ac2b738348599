/** @file secret_frames.h  Parentheses, CASEs and lists in the search for passwords: which of their places are passwords.
 * Knows: where lists and rows begin and end, and which constants names in them bind.   Does not know: statements about accounts.
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_FRAMES_H
#define MYSQL_SQL_SECRET_FRAMES_H

#include "mysql/sql/secret.h"
#include "mysql/sql/secret_patterns.h"

static inline struct secret_frame *secret_top(struct secret_finder *f)
{
        return &f->frames[f->depth];
}

static inline bool secret_is_case(const struct secret_frame *x)
{
        return x->type >= SECRET_CASE;
}

static inline bool secret_takes_arguments(const struct secret_frame *x)
{
        return x->type >= SECRET_ARGUMENTS && x->type <= SECRET_PROCEDURE;
}

/** Does the frame contain definitions of columns or parameters? */
static inline bool secret_defines(const struct secret_frame *x)
{
        return x->kind == SECRET_DEFINITION || x->kind == SECRET_PARTITION;
}

/** The only places where the arm and the kind of a frame change. */
static inline void secret_enter_arm(struct secret_frame *x, enum secret_arm arm)
{
        x->arm = arm;
}
void secret_enter_kind(struct secret_frame *x, enum secret_kind kind);

/** A new frame that begins at offset @p at of the statement. */
struct secret_frame secret_frame_at(enum secret_kind kind, uint32_t at);
/** A parenthesis opens at offset @p at. */
void secret_open(struct secret_finder *f, uint32_t at);
/** The parenthesis closes; @p next is the token after it. */
void secret_close(struct secret_finder *f, const struct sql_token *next);
/** CASE at offset @p at, and its END, which @p next follows. */
void secret_open_case(struct secret_finder *f, uint32_t at);
void secret_close_case(struct secret_finder *f, const struct sql_token *next);
/** WHEN, THEN and ELSE in a CASE. */
void secret_on_case_word(struct secret_finder *f, struct secret_word_pair w);
/** SELECT, VALUES, UNION, FROM … at offset @p at. */
void secret_on_query_word(struct secret_finder *f, struct secret_word_pair w, uint32_t at);
/** A comma: the next place of the list begins at offset @p at. */
void secret_on_comma(struct secret_finder *f, uint32_t at);
/** A password's name is an operand of the expression. Constants up to offset @p end may belong to it. */
void secret_on_value(struct secret_finder *f, uint32_t end);
/** A password's name may be the alias of what precedes it. @return false if it is not. */
bool secret_on_alias(struct secret_finder *f);
/** The bit of the current place in the list. */
static inline uint64_t secret_place_bit(const struct secret_frame *x)
{
        return 1ULL << x->place;
}
/** Is a constant at this place of the list a password? */
bool secret_place_is_given(const struct secret_frame *x);

#endif
