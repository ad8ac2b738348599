/** @file identity.h  Who a session is, as it was announced once: fields that many of its records have in common.
 * An identity does not change. When the session does, another one takes its place, and the old one is kept as long as recent
 * records refer to it (recent.h).
 * Memory: the owner's, who is recent.c. */
#ifndef JOURNAL_IDENTITY_H
#define JOURNAL_IDENTITY_H

#include "mysql/record/record.h"

struct identity {
        struct record_session session; /**< points into `bytes` */
        struct identity *next;         /**< retired after it; of recent.c, as the two below */
        uint64_t last_recent;          /**< number of the newest recent record that may refer to it */
        unsigned readers;
        bool in_slot; /**< it is in a slot of recent.c's, not allocated by itself */
        size_t size;  /**< bytes */
        uint8_t bytes[];
};

/** Bytes that an identity needs for the session that @p r carries. */
size_t identity_size(const struct record *r);
/** Copy the session that @p r carries, whose texts are UTF-8, to @p identity, which has room for @p size bytes. */
void identity_init(struct identity *identity, size_t size, const struct record *r);

#endif
