/** @file conflict_state.h  What a conflict consists of. For conflict.c and conflict_event.c. */
#ifndef JOURNAL_CONFLICT_STATE_H
#define JOURNAL_CONFLICT_STATE_H

#include "base/clock.h"
#include "journal/conflict.h"
#include "mysql/record/record_packed.h"

enum { CONFLICT_DEADLOCK = 1213, CONFLICT_TIMEOUT = 1205, CONFLICT_TEXTS = 512, CONFLICT_NOTED = 64 };

/* A transaction, or a single statement outside transactions. */
struct conflict_transaction {
        uint64_t conn_id;
        uint64_t trx_id;         /* 0 = a single statement */
        uint64_t began_wall_ns;  /* of its oldest statement that is known; 0 = of none */
        uint64_t server_conn_id; /* 0 = unknown */
        struct span username;    /* in texts, as the next two; without data if there is none */
        struct span database;
        struct span client_addr;
        uint64_t kept; /* statements that are in the conflict */
        uint64_t omitted;
        uint64_t overwritten;
        uint64_t last_end_ns; /* when its last statement ended */
        const struct conflict_statement *last;
        size_t space; /* bytes for its statements */
        bool is_victim;
        bool is_settled; /* no statement of it can be running any more that began before the conflict */
        bool is_gone;    /* it was not open after all */
        bool has_session;
        uint8_t texts[CONFLICT_TEXTS];
};

struct conflict_statement {
        struct conflict_statement *next;          /* in no order */
        struct conflict_transaction *transaction; /* NULL: it was taken out of the list */
        bool is_failed;
        uint64_t packed[];
};

/* A transaction that is only counted. */
struct conflict_note {
        uint64_t conn_id;
        uint64_t trx_id;
};

struct conflict {
        uint64_t conn_id; /* of the victim */
        uint64_t errnum;
        uint64_t began_ns; /* when the victim's statement began, monotonic */
        uint64_t at_ns;    /* when its error came */
        uint64_t
            since_ns; /* what ended from then on may have been involved: the server releases locks before it sends the error */
        uint64_t created_ns;
        uint64_t omitted;                           /* transactions */
        struct conflict_note noted[CONFLICT_NOTED]; /* the first of these, so that none is counted twice */
        struct conflict_statement *statements;
        struct conflict_statement *failed; /* the victim's, one of them */
        size_t n_statements;
        uint8_t *memory;
        size_t size;
        size_t used;
        bool is_made; /* the record, and its lists */
        void *lists;
        struct record record;
        unsigned n;
        unsigned most;
        struct conflict_transaction transactions[];
};

/** When @p r, a command, ended, monotonic. */
static inline uint64_t conflict_end_of(const struct record *r)
{
        return r->mono_ns + r->duration_us * CLOCK_US_NS;
}

/** The number of its transaction; 0 = none. */
static inline uint64_t conflict_trx_of(const struct record *r)
{
        return record_has(r, FIELD_TRX_ID) ? r->trx_id : 0;
}

/* conflict_gather.c */

/** Add the victim, the transaction of @p session (NULL: not known) whose statement @p r has failed. @return false if there is no space. */
bool conflict_add_victim(const struct conflicts *cs, struct conflict *c, const struct session *session,
                         const struct record *r);
/** Add the transactions that have ended since, of records of other workers that were read before the victim's. */
void conflict_add_past(const struct conflicts *cs, struct conflict *c);
/** Add the transactions that are open. */
void conflict_add_open(const struct conflicts *cs, struct conflict *c);
/** Look at @p r, the newest recent record, of another session than the victim's. */
void conflict_see_later(const struct conflicts *cs, struct conflict *c, struct session *session,
                        const struct record *r);

/* conflict_statements.c */

/** Add @p r to the statements of @p t. @return false if there is no space; then it is counted. */
bool conflict_keep(struct conflict *c, struct conflict_transaction *t, const struct record *r);
/** Omit the oldest statement of @p t. */
void conflict_omit_oldest(struct conflict *c, struct conflict_transaction *t);
/** Remove the statements of @p t, and use their space again. Pointers to other statements than c->failed and the last ones of transactions
 *  become invalid. */
void conflict_remove_statements(struct conflict *c, struct conflict_transaction *t);

/* conflict_event.c */

/** Make @p r the record of a conflict, without its transactions, statements and session; it points at what @p failed, the victim's
 *  statement, points at. */
void conflict_describe(struct record *r, const struct record *failed);
/** Make c->record. */
void conflict_event(struct conflict *c);

#endif
