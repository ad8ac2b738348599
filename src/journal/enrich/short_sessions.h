/** @file short_sessions.h  Clients that open a connection for each statement: many sessions of one user from one address and program, each
 * with a statement or two, one soon after the other.
 *
 *      connect  SET NAMES utf8mb4  SELECT …  quit     connect  SET NAMES utf8mb4  SELECT …  quit      …
 *
 * Statements that set up the session or control transactions do not count. A session with more statements, and a second without such a
 * session, end the series. A session that was open for a second while it ran nothing was kept for other reasons: it does neither go on with
 * the series nor end it.
 * Does not know: clients behind one address that name no program (the connection attribute program_name): they are one client.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL, a fixed number of clients; a new one replaces the one of its set that was seen
 * least recently. */
#ifndef JOURNAL_ENRICH_SHORT_SESSIONS_H
#define JOURNAL_ENRICH_SHORT_SESSIONS_H

#include "base/status.h"
#include "mysql/record/record.h"
#include "mysql/sql/digest.h"

enum {
        SHORT_SESSION_STATEMENTS = 2, /**< at most so many statements make a session short */
        SHORT_SESSIONS_SETS = 128,
        SHORT_SESSIONS_WAYS = 4,
};

/** A client whose last session was short. */
struct short_sessions_client {
        uint64_t key;      /**< the hash of its user, address and program; 0 = this entry is free */
        uint64_t ended_ns; /**< end of its last session, monotonic */
        uint64_t count;    /**< short sessions in series */
};

struct short_sessions {
        struct short_sessions_client (*sets)[SHORT_SESSIONS_WAYS];
};

/** What is known of a session; its owner embeds it, initialised with zeros. */
struct short_session {
        uint64_t program;            /**< the hash of its program's name; 0 = unknown */
        uint64_t busy_us;            /**< while its statements ran */
        unsigned statements;         /**< at most SHORT_SESSION_STATEMENTS + 1 */
        uint8_t digest[DIGEST_HASH]; /**< of the last statement, while it is short */
};

enum status short_sessions_init(struct short_sessions *s);
void short_sessions_fini(struct short_sessions *s);

/** @p r is the session's login. */
void short_session_on_auth(struct short_session *s, const struct record *r);
/** The session executed a statement with the digest @p hash and @p text, which took @p duration_us. Nothing needs to be reported once it
 *  has too many of them. */
void short_session_on_statement(struct short_session *s, const uint8_t hash[DIGEST_HASH], struct span text,
                                uint64_t duration_us);
/** The session ends with @p r, its disconnect. @return how many short sessions of its client there were in series, this one
 *  included; 0 if it was not short, or open for longer than its statements needed. */
uint64_t short_sessions_end(struct short_sessions *t, const struct short_session *s, const struct record *r);

#endif
