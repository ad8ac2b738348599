/** @file entry.h  How packets are recorded: for capture.c, which writes entries, and capture_copy.c, which reads them.
 * Threads: any.   Memory: none. */
#ifndef CAPTURE_ENTRY_H
#define CAPTURE_ENTRY_H

#include <stddef.h>
#include <stdint.h>

enum {
        KIND_OF_EACH = UINT16_MAX,
        KIND_NOTE = UINT16_MAX - 1,
        ENTRY_FROM_SERVER = 1 << 0, /* SIDE_SERVER is 1 */
        ENTRY_SECRET_BIT = 1,
        ENTRY_CUT_OFF_BIT = 2,
        ENTRY_REDACTED_BIT = 3,
        ENTRY_SECRET = 1 << ENTRY_SECRET_BIT,
        ENTRY_CUT_OFF = 1 << ENTRY_CUT_OFF_BIT,
        ENTRY_REDACTED = 1 << ENTRY_REDACTED_BIT,
        ENTRY_RUN = 1 << 4,
        ENTRY_ALIGNMENT = 8,
};

/* An entry begins with this, within one block. Behind it stands the beginning of the packet's payload, which may continue in the next
 * blocks. If the entry is a run of packets, their kinds stand there, if they differ, and then their bytes. */
struct entry {
        uint64_t wall_ns;
        uint32_t bytes;  /* behind it, without padding */
        uint32_t number; /* of packets, if it is a run; else the length of the packet */
        uint16_t kind;   /* enum packet_kind; KIND_OF_EACH: each packet of the run has its own */
        uint8_t flags;
        uint8_t seq;
        uint8_t agreed;      /* of struct packet */
        uint8_t layout;      /* of a run: as of struct packet_run */
        uint8_t definitions; /* the same */
};

/** How far an entry with @p len bytes behind it extends beyond its beginning. */
static inline size_t entry_aligned(size_t len)
{
        return (len + ENTRY_ALIGNMENT - 1) & ~(size_t)(ENTRY_ALIGNMENT - 1);
}

#endif
