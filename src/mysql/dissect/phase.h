/** @file phase.h  The phases of a session, and who handles the messages of each.
 *
 *      GREETING -> LOGIN -> AUTH -> READY -> CLOSED          any -> OPAQUE -> READY
 *                  LOGIN, AUTH -> UNREAD -> OPAQUE           what the client sent could not be read
 *
 * Threads: any; the table is constant.   Memory: none. */
#ifndef MYSQL_DISSECT_PHASE_H
#define MYSQL_DISSECT_PHASE_H

#include "mysql/dissect/dissector.h"

typedef struct outcome phase_handler(struct dissect *d, const struct message *m);

struct phase_info {
        const char *name;       /**< "greeting", "login", "auth", "ready", "opaque", "closed" */
        phase_handler *from[2]; /**< by side; NULL: that side should wait in this phase */
};

extern const struct phase_info phase_table[PHASE_COUNT];

#endif
