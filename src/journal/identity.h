/** @file identity.h  The fields that many records of a session have in common, such as its user. A session announces them once.
 * An identity never changes. If the session changes, it gets another identity; the old one is kept as long as recent records refer to it
 * (recent.h).
 * Memory: owned by recent.c. */
#ifndef JOURNAL_IDENTITY_H
#define JOURNAL_IDENTITY_H

#include "mysql/record/record.h"

struct identity {
        struct record_session session; /**< points into `bytes` */
        /* private to recent.c: */
        struct identity *next; /**< the one that was retired after this */
        uint64_t last_recent;  /**< number of the newest recent record that may refer to it */
        unsigned readers;
        bool in_slot; /**< it is in a slot of recent.c, and not allocated separately */
        size_t size;  /**< of `bytes` */
        uint8_t bytes[];
};

/** The size of `bytes` for the session that @p r carries. */
size_t identity_size(const struct record *r);
/** Copy the session that @p r carries to @p identity, whose `bytes` have @p size bytes. The texts are UTF-8. */
void identity_init(struct identity *identity, size_t size, const struct record *r);

#endif
