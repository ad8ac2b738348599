/** @file pending_conflict.h  A conflict whose record is being collected: its transactions and their statements. Private to conflict*.c.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL; two blocks (conflict.c), and the lists of the record (conflict_event.c). */
#ifndef JOURNAL_PENDING_CONFLICT_H
#define JOURNAL_PENDING_CONFLICT_H

#include "base/clock.h"
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

#endif
