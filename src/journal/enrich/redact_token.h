/** @file redact_token.h  What replaces a value in records, and the buffers of the redaction. For redact*.c only.
 *
 * A token is HMAC-SHA-256 of the value as text, cut to REDACT_DIGITS hex digits: see redact.h.
 * Threads: the journal's.   Memory: STAGE_JOURNAL. */
#ifndef JOURNAL_ENRICH_REDACT_TOKEN_H
#define JOURNAL_ENRICH_REDACT_TOKEN_H

#include "base/status.h"
#include "base/writer.h"
#include "mysql/record/record.h"

enum { REDACT_VALUE_MAX = 15, REDACT_DIGITS = 16, REDACT_TOKENS = 1024 };

/** The longest token: "redacted:" and its digits. */
enum { REDACT_TOKEN_MAX = sizeof "redacted:" - 1 + REDACT_DIGITS };

/** A short value and the digits of its token. Many values repeat, and computing a MAC takes a while. */
struct redact_token {
        uint8_t len; /**< of the value, plus 1; 0 = this entry is free */
        uint8_t value[REDACT_VALUE_MAX];
        uint8_t digits[REDACT_DIGITS];
};

struct redact_mac;

struct redact {
        bool literals;          /**< replace constants in statements */
        bool values;            /**< replace parameters, attributes, rows and what errors quote */
        struct redact_mac *mac; /**< keyed; NULL if neither of these is wanted */
        uint8_t *buffer;        /**< the new texts of the current record */
        size_t size;            /**< bytes of buffer */
        struct value *list;     /**< the new elements of lists of the current record */
        size_t list_size;       /**< elements of list */
        size_t list_used;
        struct writer w;    /**< over buffer */
        uint8_t *canonical; /**< the meaning of the current constant */
        size_t canonical_size;
        uint8_t *printed; /**< the current value as a constant of SQL */
        size_t printed_size;
        struct redact_token
            *tokens; /**< a cache of REDACT_TOKENS, indexed by the value's hash; NULL without a mac */
        bool failed; /**< memory was out */
};

/** Read the key from @p key_file, or make a random one if it is empty, where tokens are wanted (f->literals, f->values).
 *  Errors are reported with diag, after @p place. */
enum status redact_token_init(struct redact *f, const char *key_file, const char *place);
/** Free the key and all buffers. */
void redact_token_fini(struct redact *f);

/** Make *@p buffer at least @p wanted elements of @p each bytes large, but no larger than needed if that exceeds @p small elements; its
 *  content is lost. @return false when memory is out; the buffer is then unchanged. */
bool redact_reserve(void **buffer, size_t *size, size_t wanted, size_t small, size_t each);

/** Append the token of @p value to f->w. */
void redact_put_token(struct redact *f, struct span value);
/** The meaning of the constant @p literal: a string without its quotes and escapes, anything else unchanged. Valid until the next
 *  call. @p escapes: a backslash escapes the next character. */
struct span redact_meaning(struct redact *f, struct span literal, bool escapes);

/** A text that replaces @p v, written to f->w: its token, or the mark of a password if @p secret. */
struct value redact_token_value(struct redact *f, const struct value *v, bool secret);
/** Does the name or the content of @p v show that it is a password? */
bool redact_is_secret_value(const struct value *v);

/** Is @p v an element of a list that is no value, but marks the begin of a result or row? */
static inline bool redact_is_mark(const struct value *v)
{
        return v->role == VALUE_BEGINS_RESULT || v->role == VALUE_BEGINS_ROW;
}

/** Is @p word, in upper case, the first word of the statement @p sql? Space and parentheses may precede it. */
bool redact_begins_with(struct span sql, const char *word);

#endif
