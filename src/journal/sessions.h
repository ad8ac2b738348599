/** @file sessions.h  The sessions of one port, as the journal thread knows them.
 *
 *      record that carries its session  -> its place is taken, with a copy of who the session is (identity.h)
 *      later records                    -> refer to the session in their place
 *      disconnect                       -> the place is empty again; the session is kept for a while if its loops are (n_plus_one.h)
 *
 * A place belongs to one session at a time: the port hands places out (journal_session_begin), and so bounds them. When the end of a
 * session was dropped, the next session in its place takes over.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL, for each open session about 1 KiB and its scope (scope.h), with accounts less than 3 KiB
 * more; bounded by the number of places. */
#ifndef JOURNAL_SESSIONS_H
#define JOURNAL_SESSIONS_H

#include "journal/enrich/n_plus_one.h"
#include "journal/enrich/scope_records.h"
#include "journal/enrich/scope_stats.h"
#include "journal/enrich/session_findings.h"
#include "journal/enrich/transactions.h"
#include "journal/format/prefix.h"
#include "journal/recent.h"
#include "journal/trigger.h"

/** The last transaction of a session. */
struct session_transaction {
        uint64_t id; /**< trx_id; 0 = there was none */
        uint64_t began_ns;
        uint64_t began_wall_ns;
        uint64_t ended_ns;         /**< when its last command ended, monotonic */
        struct recent_chain chain; /**< of its statements */
        bool is_open;
};

/** What a session does at present. */
struct session_accounts {
        struct transaction_account transaction;
        struct scope_member scope;
};

struct session {
        uint64_t conn_id;
        struct identity *identity;
        struct prefix prefix;
        struct n_plus_one_session order; /**< of its statements */
        struct session_history history;
        struct session_transaction transaction;
        struct scope_tally tally;
        struct trigger_session trigger;
        struct session_accounts accounts[]; /**< one, if the sessions keep accounts */
};

struct sessions {
        struct session **places; /**< NULL where there is none */
        size_t n;
        struct n_plus_one *n_plus_one;
        struct recent *recent;
        bool keeps_accounts; /**< of transactions or scopes */
};

/** @p n_plus_one and @p recent must outlive the sessions. @return false when memory is out; then only sessions_fini may follow. */
bool sessions_init(struct sessions *t, struct n_plus_one *n_plus_one, struct recent *recent,
                   bool keeps_accounts);
void sessions_fini(struct sessions *t);

/** What became of a record's session. */
enum sessions_found {
        SESSIONS_FOUND, /**< it is known */
        SESSIONS_NONE,  /**< the record has no place: it carries what it has of a session */
        SESSIONS_LOST,  /**< it is not known, for memory was out: it has to be announced again */
};

/** Find the session of @p r, whose texts are UTF-8, and store it if @p r carries it. From then on @p r refers to it; a record whose
 *  session is lost has no fields of it (and keeps those that it carries).
 *  @p session is NULL unless it is found. */
enum sessions_found sessions_find(struct sessions *t, struct record *r, struct session **session);
/** The session whose member @p order is. */
struct session *sessions_owner(struct n_plus_one_session *order);
/** The session whose member @p history is. */
struct session *sessions_owner_of_history(struct session_history *history);
/** Free @p s, which is in no place any more. */
void sessions_free(struct session *s, struct n_plus_one *n_plus_one, struct recent *recent);
/** Its last record has been seen. It is freed, unless it is gone (n_plus_one_is_gone). */
void sessions_end(struct sessions *t, uint32_t place);

#endif
