/** @file redact_state.h  What the files of the redaction share; for nobody else.
 * Memory: STAGE_JOURNAL.   Threads: the writer. */
#ifndef JOURNAL_ENRICH_REDACT_STATE_H
#define JOURNAL_ENRICH_REDACT_STATE_H

#include "base/writer.h"
#include "journal/enrich/redact.h"

#include <openssl/evp.h>

enum { REDACT_VALUE_MAX = 15, REDACT_DIGITS = 16, REDACT_TOKENS = 1024 };

/** A short constant, and the digits of its token: many come again, and a MAC takes a while. */
struct redact_token {
        uint8_t len; /**< + 1; 0: the place is free */
        uint8_t value[REDACT_VALUE_MAX];
        uint8_t digits[REDACT_DIGITS];
};

struct redact {
        bool literals;
        bool values;
        EVP_MAC_CTX *mac; /**< with the key; each value begins anew */
        uint8_t *room;    /**< the new texts */
        size_t size;
        struct value *list; /**< the new elements of lists */
        size_t list_size;
        size_t list_used;
        struct writer w;
        uint8_t *canonical; /**< a constant as it is meant */
        size_t canonical_size;
        struct redact_token
            *tokens; /**< REDACT_TOKENS, each at the place that its value's hash has; NULL: none are made */
        bool failed;
};

enum { ERR_PARSE = 1064 };

/** What the look at a statement found. */
struct redact_found {
        unsigned taken;      /**< the REDACTED_ bits of what was taken out */
        uint64_t parameters; /**< bit i: the i-th is a password; bit 63 stands for all from there on */
        uint64_t reply;      /**< bit i: the result's i-th column has some; all: any may */
        unsigned n_parameters;
};

/* redact.c */
/** Make *@p room at least @p wanted elements of @p each bytes large, and no larger than it need be; what is in it goes.
 *  @return false when memory is out: then it stays as it was. */
bool redact_make_room(void **room, size_t *size, size_t wanted, size_t small, size_t each);

/** A value as a text that stands for it, written to f->w. */
struct value redact_token_value(struct redact *f, const struct value *v, bool secret);
/** Is it known to be a password, by its name or by what is in it? */
bool redact_is_secret_value(const struct value *v);

/** An element of a list that stands for no value, but before those of a result or row. */
static inline bool redact_is_mark(const struct value *v)
{
        return v->role == VALUE_BEGINS_RESULT || v->role == VALUE_BEGINS_ROW;
}

/* redact_rows.c: each @return the REDACTED_ bits of what was taken out. @p sql is the statement without it. */
unsigned redact_rows(struct redact *f, struct record *r, const struct redact_found *found, struct span sql,
                     bool suspected);
/** Is @p word, in upper case, the first word of the statement? Space and parentheses may stand before it. */
bool redact_begins_with(struct span sql, const char *word);

/* redact_columns.c */
/** Names of columns that tell a password, that are how their expressions are written, or how the constants of @p sql read. Before
 *  the rows' own names are needed no more. @p secret: the statement has a password. @return the REDACTED_ bits. */
unsigned redact_column_names(struct redact *f, struct record *r, struct span sql, bool secret);

/* redact_text.c: all of them write to f->w */
void redact_put_token(struct redact *f, struct span value);
/** Room for a constant. @return NULL when memory is out (f->failed). */
uint8_t *redact_room_for(struct redact *f, size_t size);
/** What the constant @p literal means: a string without its quotes and escapes, anything else as it is. */
struct span redact_meaning(struct redact *f, struct span literal, bool escapes);
void redact_statement(struct redact *f, struct record *r, enum record_field field,
                      struct redact_found *found);
/** @p has_secret: the statement @p sql has a password. @return the REDACTED_ bits of what was taken out. */
unsigned redact_error(struct redact *f, struct record *r, struct span sql, bool has_secret);

#endif
