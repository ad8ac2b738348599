/** @file record_packed.h  A record in one piece, which a memcpy copies.
 *
 *      | size | own part | session, if it is carried | optional part | elements of lists … | bytes of texts … |
 *
 * The parts are those of struct record, but that in place of each pointer stands an offset from the beginning. The name of a
 * command whose code the record has is not stored.
 * For this process only: it is no format to store or to send. */
#ifndef MYSQL_RECORD_RECORD_PACKED_H
#define MYSQL_RECORD_RECORD_PACKED_H

#include "mysql/record/record.h"

/** Aligned to 8. */
struct record_packed {
        uint64_t size; /**< bytes, this number included */
        uint64_t parts[];
};

/** Bytes that record_pack needs for @p r. */
size_t record_pack_size(const struct record *r);
/** Copy @p r with all it points to into @p out: record_pack_size bytes, aligned to 8. */
void record_pack(const struct record *r, uint8_t *out);
/** Decode @p packed into @p r, whose texts and lists are then in @p packed, valid as long as those bytes are. Elements of lists are
 *  decoded in their place: so this is done once for each copy, by who owns it. */
void record_unpack(struct record_packed *packed, struct record *r);

#endif
