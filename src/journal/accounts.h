/** @file accounts.h  Records of transactions and scopes (enrich/transactions.h, enrich/scope_records.h) within the order of the other records.
 *
 *      accounts_before -> the next record is written -> accounts_after          accounts_due: now and then
 *
 * Threads: the journal thread.   Memory: see those headers. */
#ifndef JOURNAL_ACCOUNTS_H
#define JOURNAL_ACCOUNTS_H

#include "journal/sessions.h"

struct settings;

struct accounts {
        bool any; /**< such records are made; otherwise no function need be called */
        bool has_transactions;
        struct transactions transactions;
        struct scope_records scopes;
        /** Write the record @p r. @p identity is the session to which it refers; NULL: it refers to none. */
        void (*write)(void *arg, const struct record *r, struct identity *identity);
        void *arg;
};

/** `write` and `arg` are the caller's to set. */
enum status accounts_init(struct accounts *a, const struct settings *settings);
void accounts_fini(struct accounts *a);

/** To be called before @p r, the next record of session @p s (NULL: unknown), is written. Writes the records of what ended before it.
 *  @p gaps is how often records have been dropped so far. */
void accounts_before(struct accounts *a, struct session *s, const struct record *r, uint64_t gaps);
/** To be called after @p r was written. Writes the records of what @p r ended. */
void accounts_after(struct accounts *a, struct session *s, const struct record *r);

/** Is there something that accounts_due could end? */
static inline bool accounts_are_waiting(const struct accounts *a)
{
        return scope_records_are_waiting(&a->scopes);
}

/** Write the record of the next scope that is over at @p now_ns (monotonic), or of any if @p all. @return false if there is none. */
bool accounts_due(struct accounts *a, uint64_t now_ns, bool all);

#endif
