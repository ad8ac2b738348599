/** @file digest_filter.h  GET /digests?q=: selects digests by an expression of the filter language, as far as its terms are about what all
 * statements of a digest have in common.
 * Threads: main.   Memory: STAGE_JOURNAL, that of the expression. */
#ifndef ADMIN_DIGEST_FILTER_H
#define ADMIN_DIGEST_FILTER_H

#include "admin/call.h"
#include "journal/enrich/digests.h"

struct expr;

/** The expression in the parameter q of @p call. @return false if it is wrong: then @p call was answered. *@p out is NULL if there is none. */
bool digest_filter_of(struct call *call, struct expr **out);
/** Does @p s, whose hash is @p hex, match? Every digest matches NULL. */
bool digest_filter_matches(struct expr *e, const struct digest_stat *s, struct span hex);

#endif
