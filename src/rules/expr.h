/** @file expr.h  The filter language: an expression over records, such as
 *
 *      d:100ms+ err         (op:update or op:delete) not clause:where         user:app* table:orders rows:1000+ "for update"
 *
 * Terms side by side mean and. querytap-filter(7) is the reference. An expression is compiled once and then matched with records: with
 * those of the log (the whole record is known), later also with a request before the server sees it (expr_known_at).
 * A term is true, false or unknown; not of what is unknown is unknown; a record matches if the whole is true.
 *
 * Knows: records, statements (mysql/sql/outline.h), patterns, networks.   Does not know: settings, sockets, where records go.
 * Bounds: a text of at most EXPR_TEXT_MAX bytes, nested at most EXPR_DEPTH_MAX deep; matching takes time linear in both.
 * Threads: one at a time, but expr_undecided from any.   Memory: STAGE_JOURNAL; in proportion to the text. */
#ifndef RULES_EXPR_H
#define RULES_EXPR_H

#include "base/status.h"
#include "base/writer.h"
#include "mysql/record/record.h"

enum { EXPR_TEXT_MAX = 64 * 1024, EXPR_DEPTH_MAX = 100, EXPR_ERROR_MAX = 256 };

/** When it is decided whether a term matches. */
enum expr_time {
        EXPR_AT_REQUEST, /**< when the statement comes from the client */
        EXPR_AT_REPLY,   /**< when the server has answered */
        EXPR_AT_JOURNAL, /**< when the journal has looked at the record: digests, findings */
};

struct expr;

struct expr_error {
        size_t column;             /**< of the text, in characters from 1; 0 = no place in the text */
        char text[EXPR_ERROR_MAX]; /**< what is wrong, a sentence without the column */
};

/** Compile @p text, which need not live on. @return STATUS_OK, STATUS_INVALID or STATUS_NOMEM; in the latter two *@p out is NULL, and
 *  @p error is set. */
enum status expr_new(struct span text, struct expr **out, struct expr_error *error);
void expr_free(struct expr *e);

/** Does @p r match? Gap records do not: whoever must not lose them asks before. */
bool expr_match(struct expr *e, const struct record *r);

/** When all of its terms are known. */
enum expr_time expr_known_at(const struct expr *e);

/** @return the first term of @p e whose name is not among @p names, which end with NULL; NULL if there is none. */
const char *expr_other_term(const struct expr *e, const char *const *names);

/** Append the expression as text that is read as the same one. */
void expr_print(const struct expr *e, struct writer *w);

/** Append @p text as a value in double quotes, in which wildcards stand for themselves. */
void expr_quote(struct writer *w, struct span text);

/** How many searches for a text or pattern had no result: they took too long, or only a part of the text is kept. */
uint64_t expr_undecided(const struct expr *e);

/** Names for completion and for the manual's test: the terms, "d" and "op" for instance. @return NULL from the number of terms on. */
const char *expr_term_name(size_t i);

#endif
