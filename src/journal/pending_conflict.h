/** @file pending_conflict.h  A conflict whose record is being collected: its transactions and their statements. Private to conflict*.c.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL; two blocks (conflict.c), and the lists of the record (conflict_event.c). */
#ifndef JOURNAL_PENDING_CONFLICT_H
#define JOURNAL_PENDING_CONFLICT_H

#include "base/clock.h"
#include "mysql/record/record_packed.h"

enum { CONFLICT_DEADLOCK = 1213, CONFLICT_TIMEOUT = 1205, CONFLICT_TEXTS = 512, CONFLICT_NOTED = 64 };

/* A transaction that was open, or a single statement outside transactions. */
struct conflict_transaction {
        uint64_t conn_id;
        uint64_t trx_id;         /* 0: a single statement */
        uint64_t began_wall_ns;  /* when its oldest known statement began; 0: no statement is known */
        uint64_t server_conn_id; /* 0: unknown */
        struct span username;    /* this and the next two point into `texts`; data is NULL if unknown */
        struct span database;
        struct span client_addr;
        uint64_t kept;        /* statements that the conflict has of it */
        uint64_t omitted;     /* statements for which there was no space */
        uint64_t overwritten; /* statements that the recent records did not have any more */
        uint64_t last_end_ns; /* when its last statement ended, monotonic */
        const struct conflict_statement *last;
        size_t space; /* bytes that its statements may still take */
        bool is_victim;
        bool is_settled; /* none of its statements that began before the conflict can still be running */
        bool is_gone;    /* it turned out not to have been open */
        bool has_session;
        uint8_t texts[CONFLICT_TEXTS];
};

struct conflict_statement {
        struct conflict_statement *next;          /* the list has no order */
        struct conflict_transaction *transaction; /* NULL: the statement was removed from the list */
        bool is_failed;
        uint64_t packed[];
};

/* A transaction for which there is no place: it is only counted. */
struct conflict_note {
        uint64_t conn_id;
        uint64_t trx_id;
};

struct conflict {
        uint64_t conn_id; /* of the victim */
        uint64_t errnum;
        uint64_t began_ns; /* when the victim's statement began; all times are monotonic */
        uint64_t at_ns;    /* when its error arrived */
        /* Transactions that ended before this were not involved. It is before at_ns, because the server releases locks before it sends the
         * error. */
        uint64_t since_ns;
        uint64_t created_ns;
        uint64_t omitted; /* transactions for which there is no place */
        struct conflict_note
            noted[CONFLICT_NOTED]; /* the first of them, so that these are counted only once */
        struct conflict_statement *statements;
        struct conflict_statement *failed; /* the victim's statement, one of `statements` */
        size_t n_statements;
        uint8_t *memory; /* the block that the statements are in */
        size_t size;     /* of this block */
        size_t used;
        bool is_made; /* `record` and `lists` are complete */
        void *lists;
        struct record record;
        unsigned n;    /* transactions */
        unsigned most; /* the capacity of `transactions` */
        struct conflict_transaction transactions[];
};

/** When the command @p r ended, monotonic. */
static inline uint64_t conflict_end_of(const struct record *r)
{
        return r->mono_ns + r->duration_us * CLOCK_US_NS;
}

/** The number of the transaction of @p r; 0: it has none. */
static inline uint64_t conflict_trx_of(const struct record *r)
{
        return record_has(r, FIELD_TRX_ID) ? r->trx_id : 0;
}

#endif
