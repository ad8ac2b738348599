/** @file account.h  Sums over the commands of a transaction or of a request, and the fields of the record about them.
 *
 *      |-- busy --|  idle  |-- busy --|    idle    |-- busy --|
 *      began                                                  ended        duration = busy + idle
 *
 * Busy is the time of all commands together; idle is the time in which none of them ran, which is the application's. Where commands run
 * at the same time, in a pipeline or in several sessions, both together are more than the duration.
 * Knows: log records of commands, without passwords and redacted.   Does not know: what a transaction or a request is.
 * Threads: the journal thread.   Memory: embedded; allocates nothing. Texts that do not fit are left out. */
#ifndef JOURNAL_ENRICH_ACCOUNT_H
#define JOURNAL_ENRICH_ACCOUNT_H

#include "base/clock.h"
#include "mysql/record/record.h"

enum { ACCOUNT_TEXTS = 1024, ACCOUNT_TAGS = 8 };

struct account {
        uint64_t began_wall_ns;
        uint64_t began_ns; /**< monotonic */
        uint64_t ended_ns; /**< when the command ended that ended last, monotonic */
        uint64_t busy_us;
        uint64_t idle_ns;
        uint64_t statements; /**< commands that execute SQL */
        uint64_t rows;
        uint64_t affected_rows;
        uint64_t bytes_sent;
        uint64_t bytes_received;
        uint64_t errors;
        uint64_t errnum;     /**< of the last error; 0 = there was none */
        uint64_t lock_waits; /**< statements that failed because they had waited for a lock */
        uint64_t lock_wait_us;
        uint64_t findings;
        uint64_t first_seq_num; /**< conn_seq_num of the first command, and of the last */
        uint64_t last_seq_num;
        struct span username; /**< at the begin; in texts, as the next ones; without data if there is none */
        struct span database;
        struct span traceparent;
        size_t n_tags;
        size_t used; /**< bytes of texts */
        /* from here on not set at the begin */
        struct value tags[ACCOUNT_TAGS]; /**< of the first command that has some */
        uint8_t texts[ACCOUNT_TEXTS];
};

/** The text of a time, which a record points at. */
struct account_times {
        char end[CLOCK_RFC3339_SIZE];
};

/** Begin with @p r, a command, which is still to be added. */
void account_begin(struct account *a, const struct record *r);
void account_add(struct account *a, const struct record *r);
/** Nothing runs until @p mono_ns, when it ends. */
void account_end(struct account *a, uint64_t mono_ns);
/** Make @p r a record of @p event about all of it. It points into @p a and @p times. */
void account_put(const struct account *a, enum record_event event, struct account_times *times,
                 struct record *r);
/** Let @p r, of account_put, refer to @p session, with the user and the database at the begin. */
void account_refer(const struct account *a, uint64_t conn_id, const struct record_session *session,
                   struct record *r);

#endif
