/** @file session_findings.h  What the life of a session shows: transactions that are held or left open, statements that are asked again or
 * prepared for one execution, connections for one statement, and needless setup.
 *
 *      record -> session_findings_before -> enrich -> session_findings_after -> log
 *
 * The first call marks the record itself, so that the statistics of digests count it; the second knows its digest, and returns records of
 * runs that ended.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL. */
#ifndef JOURNAL_ENRICH_SESSION_FINDINGS_H
#define JOURNAL_ENRICH_SESSION_FINDINGS_H

#include "journal/enrich/digests.h"
#include "journal/enrich/duplicates.h"
#include "journal/enrich/open_transaction.h"
#include "journal/enrich/prepare_once.h"
#include "journal/enrich/repeated_setup.h"
#include "journal/enrich/scope.h"
#include "journal/enrich/short_sessions.h"

struct settings;

/** What is known of a session; its owner embeds it, initialised with zeros. Private to session_findings.c. */
struct session_history {
        struct open_transaction transaction;
        struct prepare_once_session prepared;
        struct short_session short_session;
        struct repeated_setup setup;
        struct scope_session scope;
        uint64_t epoch; /**< see duplicates_see */
        uint64_t gaps;  /**< as in struct session_findings, when the session was last seen */
};

struct session_findings {
        struct open_transaction_limits transaction;
        struct prepare_once prepare_once;
        struct short_sessions clients;
        struct duplicates duplicates;
        uint64_t short_least; /**< short sessions in series that are reported; 0 = none are */
        uint64_t setup_least; /**< needless statements of a session that are reported; 0 = none are */
        struct digests *digests;
        uint64_t gaps;        /**< how often records were dropped */
        char hex[DIGEST_HEX]; /**< of the last statement of a session that ended */
        char run_hex[PREPARE_ONCE_RUNS][DIGEST_HEX];
        struct record runs[PREPARE_ONCE_RUNS]; /**< records of runs that ended */
};

/** @p digests must outlive it; NULL = there are none, and what needs them is not reported. */
enum status session_findings_init(struct session_findings *f, const struct settings *settings,
                                  struct digests *digests);
/** After the histories of all sessions were freed. */
void session_findings_fini(struct session_findings *f);
/** Free what the session has. */
void session_history_fini(struct session_history *h);

/** Records were dropped: what sessions did meanwhile is unknown. */
static inline void session_findings_gap(struct session_findings *f)
{
        f->gaps++;
        duplicates_forget(&f->duplicates);
}

/** For session_findings_before and session_findings_after: what they leave to do for few records. */
void session_findings_mark(struct session_findings *f, struct session_history *h, struct record *r);
unsigned session_findings_follow(struct session_findings *f, struct session_history *h, struct record *r,
                                 const struct digest_found *found);

/** Add the findings of @p r, the next record of the session, that depend on records before it. */
static inline void session_findings_before(struct session_findings *f, struct session_history *h,
                                           struct record *r)
{
        if (h->gaps != f->gaps || h->transaction.trx_id != 0 || record_has(r, FIELD_TRX_ID) ||
            repeated_setup_concerns(r)) {
                session_findings_mark(f, h, r);
        }
}

/** The same record with its digest: @p found of its statement, if it is a command.
 *  @return how many runs ended: their records, without their session, are in f->runs. */
static inline unsigned session_findings_after(struct session_findings *f, struct session_history *h,
                                              struct record *r, const struct digest_found *found)
{
        if (r->event == EVENT_QUERY) {
                duplicates_see(&f->duplicates, &h->epoch, r, found);
                if (h->short_session.statements > SHORT_SESSION_STATEMENTS &&
                    !prepare_once_concerns(&h->prepared, r->command_id)) {
                        return 0;
                }
        }
        return session_findings_follow(f, h, r, found);
}

/** Are there sessions with runs that session_findings_expire could end? */
bool session_findings_are_waiting(const struct session_findings *f);
/** End the runs of the next session to which nothing was added for a while. @p after is the session that the call before returned; NULL
 *  at first. @return NULL if there is none; otherwise f->runs has @p n records. */
struct session_history *session_findings_expire(struct session_findings *f,
                                                const struct session_history *after, uint64_t now_mono_ns,
                                                unsigned *n);

#endif
