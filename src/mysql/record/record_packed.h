/** @file record_packed.h  A record in one piece, which a memcpy copies.
 *
 *      | size | struct record, up to the last part that it has | elements of lists … | bytes of texts … |
 *
 * Lists and texts are in a fixed order, so their lengths tell where they are; the pointers to them have no meaning until record_unpack
 * sets them. The name of a command is static: it stays where it is.
 * For this process only: it is no format to store or to send. */
#ifndef MYSQL_RECORD_RECORD_PACKED_H
#define MYSQL_RECORD_RECORD_PACKED_H

#include "mysql/record/record.h"

/** Aligned to 8. */
struct record_packed {
        uint64_t size;    /**< bytes, this number included */
        uint64_t parts[]; /**< struct record */
};

/** The own part of @p packed. Its numbers and its sets of fields can be read; its texts and lists can't. */
static inline const struct record *record_packed_own(const struct record_packed *packed)
{
        return (const struct record *)(const void *)packed->parts;
}

/** Bytes that record_pack needs for @p r. */
size_t record_pack_size(const struct record *r);
/** Copy @p r with all it points to into @p out: record_pack_size bytes, aligned to 8. */
void record_pack(const struct record *r, uint8_t *out);
/** Decode @p packed in its place: call this once for each copy.
 *  @return the record, which with all it points to is in @p packed. It ends after its last part (struct record). */
struct record *record_unpack(struct record_packed *packed);

#endif
