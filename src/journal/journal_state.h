/** @file journal_state.h  What a journal consists of. For the files journal*.c only. */
#ifndef JOURNAL_JOURNAL_STATE_H
#define JOURNAL_JOURNAL_STATE_H

#include "journal/accounts.h"
#include "journal/conflict.h"
#include "journal/enrich/enrich.h"
#include "journal/enrich/finding_table.h"
#include "journal/feed.h"
#include "journal/format/convert.h"
#include "journal/journal.h"
#include "journal/port.h"
#include "journal/recent.h"
#include "journal/sink/sinks.h"
#include "journal/traffic.h"
#include "journal/trigger.h"

#include <pthread.h>

struct journal {
        const struct settings *settings;
        struct journal_port **ports;
        unsigned n_ports;
        struct journal_wake wake;
        _Atomic bool stopping;
        _Atomic bool reopening;
        uint64_t
            now_ns; /* of a journal without a thread: the time of its records; 0 = the machine's time counts */
        uint64_t hurry_ns; /* monotonic: when it must have ended; 0 = no end is in sight */

        /* the journal thread's */
        pthread_t thread;
        bool running;
        bool ring_full_reported;
        bool lost_reported;
        _Atomic uint64_t sessions_lost; /* records whose session was not known */
        struct sinks sinks;
        void (*see)(void *arg, const struct record *r); /* journal_set_reader; NULL = nobody */
        void *see_arg;
        struct recent recent;
        struct feed feed;
        struct convert convert;
        struct enrich enrich;
        struct session_findings findings;
        struct conflicts conflicts;
        struct scope_stats scopes;
        uint64_t settled_ns;      /**< monotonic: when the tallies of sessions were settled */
        struct accounts accounts; /* of transactions and scopes */
        struct traffic traffic;
        struct trigger trigger;
        struct finding_table finding_table;
        uint64_t expired_ns;          /* monotonic: when idle runs were last looked for */
        _Atomic uint64_t left_behind; /* records that were still in the rings when time was up */
};

/** The journal thread; @p arg is the journal. In journal.c. */
void *journal_run(void *arg);
/** Write a record that struct accounts has made; @p arg is the journal. In journal.c. */
void journal_write_ended(void *arg, const struct record *r, struct identity *identity);

#endif
