/** @file enriched.h  For tests of what is added to records: one session whose records go through enrich.c. */
#ifndef TESTS_JOURNAL_ENRICH_ENRICHED_H
#define TESTS_JOURNAL_ENRICH_ENRICHED_H

#include "journal/enrich/enrich.h"
#include "settings/settings.h"

extern struct settings enriched_settings;
extern struct enrich enriched;
extern struct n_plus_one_session enriched_session; /**< the session whose records are enriched */
extern uint64_t enriched_digests;                  /**< log.digests from the next enriched_begin on */

/** Begin the session, with the value @p redact of log.redact and the defaults otherwise. */
void enriched_begin(uint64_t redact);
void enriched_finish(void);

/** A COM_QUERY of session @p conn_id. */
struct record enriched_query(uint64_t conn_id, const char *sql);
/** @return whether @p text is @p wanted; prints it if it is not. */
bool enriched_is(struct span text, const char *wanted);

#endif
