/** @file life.h  For tests of what the life of a session shows: a session whose records are looked at, each a millisecond after the other. */
#ifndef TESTS_JOURNAL_ENRICH_LIFE_H
#define TESTS_JOURNAL_ENRICH_LIFE_H

#include "journal/enrich/enrich.h"
#include "journal/enrich/session_findings.h"
#include "settings/settings.h"

enum { IN_TRANS = 1, AUTOCOMMIT = 2 }; /* of status flags */

struct life {
        struct settings settings;
        struct enrich enrich;
        struct session_findings findings;
        struct n_plus_one_session order;
        struct session_history history;
        struct record_session who;
        uint64_t now_ms;
        uint64_t last_ns; /**< when the last record began */
};
extern struct life life;

/** Begin the session, with the settings as they are, or with the defaults. */
void life_begin(void);
void life_begin_with_defaults(void);
void life_end(void);

/** A record of a millisecond, which begins now. */
struct record life_record(enum record_event event);
struct record life_command(unsigned code, const char *sql);
/** Look at @p r. @return the number of runs that ended. */
unsigned life_see(struct record *r);
bool life_has(const struct record *r, enum record_finding finding);
/** How often digests count @p finding. */
uint64_t life_counted(enum record_finding finding);

#endif
