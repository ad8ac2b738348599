/** @file enrich.h  What the journal adds to records and removes from them, before sinks and recent records see them.
 *
 *      record -> digest -> transactions and runs -> tags -> redaction -> statistics -> record
 *
 * Threads: the journal thread; the statistics of digests may be read by any.   Memory: STAGE_JOURNAL. */
#ifndef JOURNAL_ENRICH_ENRICH_H
#define JOURNAL_ENRICH_ENRICH_H

#include "journal/enrich/digests.h"
#include "journal/enrich/n_plus_one.h"
#include "journal/enrich/redact.h"
#include "journal/enrich/scope.h"
#include "journal/enrich/scope_periods.h"
#include "mysql/record/record_raw.h"
#include "mysql/sql/tags.h"

struct enrich {
        const struct settings *settings;
        struct digests *digests; /**< NULL: none are made */
        struct n_plus_one *n_plus_one;
        struct redact *redact;
        struct digest_found found; /**< what is known of the statement of the last record, a command */
        bool first_error;          /**< the last record is of the first statement of its shape that failed */
        const struct scope_session *scope; /**< of the session of the next record */
        struct scope_periods periods;
        struct tags tags;
        char hex[ROW_LOOPS_ENDED][DIGEST_HEX];
        uint8_t info[ROW_LOOPS_ENDED][512];
        struct record runs[ROW_LOOPS_ENDED]; /**< records that precede the one that ended the loops */
        struct row_loops_ended ended;        /**< the loops that they are about */
};

/** Errors are reported by diag. @p settings must outlive it. */
enum status enrich_init(struct enrich *e, const struct settings *settings);
void enrich_fini(struct enrich *e);

/** Enrich @p r, the next record of @p session (NULL = the order of its statements is not followed), whose texts are UTF-8. What it
 *  points at lives until the next call.
 *  @return how many records in e->runs come first. */
unsigned enrich_record(struct enrich *e, struct n_plus_one_session *session, struct record *r);
/** Remove the passwords from @p raw and enrich it: enrich_record, which is for tests alone. @p runs becomes what that returns.
 *  @return the record, which is the one in @p raw. */
static inline struct record *enrich_raw(struct enrich *e, struct n_plus_one_session *session,
                                        struct record_raw *raw, unsigned *runs)
{
        *runs = enrich_record(e, session, &raw->with_secrets);
        return &raw->with_secrets;
}

/** The records so far are no longer needed: large buffers are freed. */
void enrich_shrink(struct enrich *e);

/** Are there runs that enrich_expire could end? */
bool enrich_is_waiting(const struct enrich *e);
/** End the runs of the next session in which nothing has happened for a while: see n_plus_one_expire.
 *  @return NULL if there is none; otherwise e->runs has @p n records, to which enrich_refer is to give their session. */
struct n_plus_one_session *enrich_expire(struct enrich *e, const struct n_plus_one_session *after,
                                         uint64_t now_mono_ns, unsigned *n);
void enrich_refer(struct enrich *e, unsigned n, uint64_t conn_id, const struct record_session *session);
/** Let @p run, a record about several statements of a session, refer to that session, of which it gets those of @p fields that are
 *  the same for all of them. */
void enrich_refer_run(struct record *run, uint64_t conn_id, const struct record_session *session,
                      struct field_set fields);

#endif
