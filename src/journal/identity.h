/** @file identity.h  Who a session is, as it was announced once: fields that many of its records have in common.
 * An identity does not change. When the session does, another one takes its place, and the old one is kept as long as recent
 * records refer to it (recent.h).
 * Memory: STAGE_JOURNAL, a block each. */
#ifndef JOURNAL_IDENTITY_H
#define JOURNAL_IDENTITY_H

#include "mysql/record/record.h"

struct identity {
        struct record_session session; /**< points into `bytes` */
        struct identity *next;         /**< retired after it; of recent.c, as the two below */
        uint64_t last_recent;          /**< number of the newest recent record that may refer to it */
        unsigned readers;
        size_t size; /**< bytes allocated */
        uint8_t bytes[];
};

/** A copy of the session that @p r carries, whose texts are UTF-8. @return NULL when memory is out. */
struct identity *identity_new(const struct record *r);
void identity_free(struct identity *identity);

#endif
