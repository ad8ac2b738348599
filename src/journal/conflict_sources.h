/** @file conflict_sources.h  Where the transactions and statements of a conflict are found.
 * Threads: the journal thread.   Memory: the journal's, which outlives this. */
#ifndef JOURNAL_CONFLICT_SOURCES_H
#define JOURNAL_CONFLICT_SOURCES_H

struct settings;
struct recent;
struct journal_port;

struct conflict_sources {
        const struct settings *settings;
        struct recent *recent;
        struct journal_port *const *ports; /**< with the sessions of each worker */
        unsigned n_ports;
};

#endif
