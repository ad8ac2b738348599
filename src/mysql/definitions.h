/** @file definitions.h  Column definitions that a thread has seen: most results are of tables asked before, and comparing bytes is
 * a small part of the work of looking into them.
 * Threads: one owner.   Memory: embedded. */
#ifndef MYSQL_DEFINITIONS_H
#define MYSQL_DEFINITIONS_H

#include "base/span.h"

enum { DEFINITIONS_KNOWN = 32, DEFINITION_MAX = 126 };

struct definitions {
        struct definition {
                uint8_t len;   /**< 0 = none */
                bool extended; /**< with MariaDB's extended metadata */
                uint8_t bytes[DEFINITION_MAX];
        } known[DEFINITIONS_KNOWN];
};

/** Is @p definition, the payload of a packet, all that a rule of the protocol asks for under the capabilities @p agreed, and none
 *  of a column whose values may be passwords? */
bool definitions_are_plain(struct definitions *d, struct span definition, uint64_t agreed);

#endif
