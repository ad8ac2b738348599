/** @file scope_stats.h  Statistics of statements by what they were sent for, and by whom: user, default database, client, session, scope,
 * trace, and each tag. In bounded memory: of each kind the scope least recently seen goes first, and is added to the rest of its kind.
 *
 *      statement -> tally of its session           user, database, client and session are those of the session: a few additions
 *                -> tables of scope, trace, tags   if it has any
 *      tally     -> tables of user, database, client, session      now and then (scope_stats_settle)
 *
 * The time between statements is the application's own: from the end of a statement to the beginning of the next one, counted for the next
 * one. For users, databases, clients and sessions the two are of the same session; for scopes, traces and tags they have the same
 * one, whatever their sessions are. A longer gap than log.scope_pause_ms is counted as a pause, and its time is not added: it
 * separates requests. Statements are taken in the order of the log, in which each stands when it has ended.
 * Times are in microseconds since 1970, as the log shows them.
 * Threads: the journal thread; scope_stats_each and scope_stats_reset are for any (a lock).   Memory: STAGE_DIGEST, at most
 * log.scope_bytes for each kind and for each of SCOPE_TAGS tags (STORE_SCOPES), and tables of log.scopes places. */
#ifndef JOURNAL_ENRICH_SCOPE_STATS_H
#define JOURNAL_ENRICH_SCOPE_STATS_H

#include "base/lock.h"
#include "base/status.h"
#include "journal/enrich/scope.h"
#include "mysql/wire/command.h"

/** Tags with different names that are followed. */
enum { SCOPE_TAGS = 16 };

enum scope_kind {
        SCOPE_USER,
        SCOPE_DATABASE,
        SCOPE_CLIENT,
        SCOPE_SESSION,
        SCOPE_SCOPE,
        SCOPE_TRACE,
        SCOPE_TAG, /**< a table for each name of a tag */
        SCOPE_KINDS
};

struct scope_counts {
        uint64_t
            count; /**< COM_QUERY, COM_STMT_EXECUTE, COM_STMT_BULK_EXECUTE; the others are of all commands */
        uint64_t errors;
        uint64_t sum_us;
        uint64_t rows;
        uint64_t affected_rows;
        uint64_t duplicates; /**< with the finding duplicate */
        uint64_t n_plus_one; /**< with one of the findings n_plus_one and in_write_loop */
        uint64_t between_us;
        uint64_t pauses;
};

/** One scope. */
struct scope_entry {
        struct scope_entry *next; /**< in the same bucket */
        struct scope_entry *newer;
        struct scope_entry *older;
        uint64_t hash;
        struct scope_counts counts;
        uint64_t end_us; /**< of its last statement */
        size_t len;
        uint8_t name[]; /**< empty: of statements without one */
};

/** The scopes of one kind. */
struct scope_table {
        struct scope_entry **buckets; /**< NULL: there are none yet */
        struct scope_entry *newest;
        struct scope_entry *oldest;
        uint64_t n;
        uint64_t bytes;
        uint64_t n_gone;          /**< scopes that were discarded, or that there was no memory for */
        struct scope_counts gone; /**< what had been counted for them */
        uint8_t tag[SCOPE_NAME_MAX];
        size_t tag_len; /**< of SCOPE_TAG */
};

/** Later than any time. */
#define SCOPE_NO_CHAIN (1ULL << 63)

struct scope_tally;

struct scope_stats {
        struct lock lock; /**< around changes of the tables */
        uint64_t max;     /**< scopes of each kind; 0 = no statistics */
        uint64_t max_bytes;
        uint64_t pause_us;
        uint64_t chain_ns; /**< a gap of that size is certainly no pause */
        unsigned bits;     /**< of the number of buckets */
        uint64_t seed;
        struct scope_table kinds[SCOPE_TAG];
        struct scope_table tags[SCOPE_TAGS];
        size_t n_tags;
        uint64_t tags_left_out;    /**< tags of statements whose names were too many */
        struct scope_counts all;   /**< of all statements */
        struct scope_tally *tally; /**< the first of those that are not settled; the journal thread's */
};

/** What the commands of a session add up to, until it is settled. Its owner embeds it, calls scope_tally_init, and
 *  scope_tally_settle before @p who of scope_stats_see changes and before the session goes.
 *
 *  Statements that follow each other without a pause or an overlap are a chain: the time between them is what is left of the time
 *  from the first to the last, so that it need not be added up for each. */
struct scope_tally {
        struct scope_counts counts;
        uint64_t last_ns;      /**< of the chain: when its last statement began, … */
        uint64_t end_ns;       /**< … and ended; SCOPE_NO_CHAIN = there is no chain */
        uint64_t chain_us;     /**< when its first statement began, … */
        uint64_t chain_sum_us; /**< … and counts.sum_us before it */
        uint64_t ended_us;     /**< when the last command before the chain ended; 0 = there was none */
        const struct record_session *who; /**< NULL: it is settled */
        uint64_t conn_id;
        struct scope_stats *owner;
        struct scope_tally *next;
        struct scope_tally **link; /**< to this one */
};

/** @p max 0: no statistics are made. */
void scope_stats_init(struct scope_stats *t, uint64_t max, uint64_t max_bytes, uint64_t pause_ms);
void scope_stats_fini(struct scope_stats *t);

static inline void scope_tally_init(struct scope_tally *s)
{
        *s = (struct scope_tally){.end_ns = SCOPE_NO_CHAIN};
}

/** For scope_stats_see: what needs a closer look. */
void scope_stats_look(struct scope_stats *t, struct scope_tally *s, const struct record_session *who,
                      const struct record *r);

/* Findings of the statements of a loop. */
#define SCOPE_LOOPS (1U << FINDING_N_PLUS_ONE | 1U << FINDING_IN_WRITE_LOOP)

/* The bit of FIELD in word WORD of a field_set. */
#define SCOPE_BIT(field, word) ((uint64_t)((field) / 64 == (word) ? 1 : 0) << ((field) % 64))

/** Count @p r, a record with all its findings, for @p s, the tally of its session @p who, if it is a command. */
static inline void scope_stats_see(struct scope_stats *t, struct scope_tally *s,
                                   const struct record_session *who, const struct record *r)
{
        static const struct field_set rare = {{SCOPE_BIT(FIELD_TAGS, 0) | SCOPE_BIT(FIELD_TRACEPARENT, 0) |
                                                   SCOPE_BIT(FIELD_SCOPE, 0) | SCOPE_BIT(FIELD_ERRNO, 0),
                                               SCOPE_BIT(FIELD_TAGS, 1) | SCOPE_BIT(FIELD_TRACEPARENT, 1) |
                                                   SCOPE_BIT(FIELD_SCOPE, 1) | SCOPE_BIT(FIELD_ERRNO, 1)}};
        uint64_t gap_ns = r->wall_ns - s->end_ns; /* large if they overlap, or if there is no chain */
        bool executes = r->command_id == COM_QUERY || r->command_id == COM_STMT_EXECUTE;
        if (!executes || gap_ns > t->chain_ns || field_set_meets(&r->present, &rare)) {
                scope_stats_look(t, s, who, r);
                return;
        }
        s->counts.count++;
        s->counts.sum_us += r->duration_us;
        s->counts.rows += r->rows; /* those of the own part are 0 if they are absent */
        s->counts.affected_rows += r->affected_rows;
        s->counts.duplicates += r->findings >> FINDING_DUPLICATE & 1;
        s->counts.n_plus_one += (r->findings & SCOPE_LOOPS) != 0 ? 1 : 0;
        s->last_ns = r->wall_ns;
        s->end_ns = r->wall_ns + r->duration_us * 1000;
}
#undef SCOPE_BIT

/** Add what @p s has to the tables. */
void scope_tally_settle(struct scope_tally *s);
/** The same of all tallies. */
void scope_stats_settle(struct scope_stats *t);

/** What a reader gets besides the scopes. */
struct scope_totals {
        uint64_t scopes;
        uint64_t bytes;
        uint64_t max;
        uint64_t max_bytes;
        uint64_t n_gone;
        struct scope_counts gone;
        uint64_t without; /**< statements that have no scope of this kind */
        uint64_t tags_left_out;
};

/** Show each scope of @p kind to @p see, the newest first, under the lock. @p tag is the name of SCOPE_TAG, otherwise empty. */
struct scope_totals scope_stats_each(struct scope_stats *t, enum scope_kind kind, struct span tag,
                                     void (*see)(void *arg, const struct scope_entry *e), void *arg);
/** Forget all. */
void scope_stats_reset(struct scope_stats *t);

#endif
