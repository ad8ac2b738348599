/** @file trigger.h  Decides for which records the recorded packets of a session are saved (settings triggers.*), and names the files.
 *
 *      record of a session -> does a trigger fire? -> output.save -> the record gets FIELD_PACKETS_FILE
 *
 * A statement fires at most once, whatever triggers match its records. Nothing is decided before an output is attached.
 * Knows: records, filters, names of files.   Does not know: packets, directories, who saves.
 * Threads: trigger_see the journal thread's; trigger_attach any; the rest from main.
 * Memory: the filter's, STAGE_JOURNAL. */
#ifndef JOURNAL_TRIGGER_H
#define JOURNAL_TRIGGER_H

#include "base/lock.h"
#include "base/status.h"
#include "mysql/record/record.h"
#include "rules/filter.h"

struct settings;

/** A request to save the packets of a session. */
struct trigger_firing {
        unsigned port; /**< of the journal: the worker whose session it is */
        uint64_t conn_id;
        uint64_t
            number; /**< part of the names of the files: nanoseconds since 1970; increases from one request to the next */
};

/** Bytes of a name, with the NUL. */
enum { TRIGGER_NAME_MAX = 80 };

/** Write the name of the file with packets: the time in UTC, which sorts names by age, and the session, such as
 *  20260102T030405.678901234Z-session-7.pcapng; with @p ending ".pcapng" or ".txt". */
void trigger_file_name(char out[TRIGGER_NAME_MAX], uint64_t number, uint64_t conn_id, const char *ending);
/** Read such a name. @return the ending; NULL if @p name is not one. */
const char *trigger_file_parse(const char *name, uint64_t *number, uint64_t *conn_id);

/** Who saves. */
struct trigger_output {
        /** Must not wait. @return false if the packets are not going to be saved. */
        bool (*save)(void *arg, const struct trigger_firing *firing);
        void *arg;
};

/** What trigger_see remembers of a session; zero at first. */
struct trigger_session {
        uint64_t last;  /**< number of the statement seen last, plus 1; 0 = none */
        uint64_t fired; /**< the same of the one that fired last */
};

struct trigger {
        const struct settings *settings;
        struct filter *filter; /**< NULL = none */
        _Atomic bool is_armed; /**< records are to be looked at */
        bool drop_logged;
        struct lock lock;
        struct trigger_output output; /**< with the lock; save is NULL if there is none */
        uint64_t number;              /**< of the last firing */
        char name[TRIGGER_NAME_MAX];
        struct record named; /**< a record with the name of its file */
        _Atomic uint64_t fired;
        _Atomic uint64_t dropped;
};

/** Can the settings triggers.* work? What is wrong was reported. The directory is not looked at. */
enum status trigger_check(const struct settings *settings);
/** Errors are reported. @p settings must outlive it. */
enum status trigger_init(struct trigger *t, const struct settings *settings);
/** Harmless on one that is zeroed. */
void trigger_fini(struct trigger *t);
/** From now on @p output saves. NULL: nothing is saved any more; when this returns, the former output is not used. */
void trigger_attach(struct trigger *t, const struct trigger_output *output);

static inline bool trigger_is_armed(const struct trigger *t)
{
        return atomic_load_explicit(&t->is_armed, memory_order_relaxed);
}

/** Look at @p r, which is complete but for FIELD_PACKETS_FILE.
 *  @param session      its session; NULL = it is not known
 *  @param first_error  it is of the first statement with its digest that failed
 *  @return @p r, or a copy that names the file; valid until the next call. */
struct record *trigger_see(struct trigger *t, struct trigger_session *session, struct record *r,
                           unsigned port, bool first_error);

#endif
