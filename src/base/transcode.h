/** @file transcode.h  Converts text of other character sets to UTF-8, with the C library's iconv.
 *
 * Knows: iconv, and how a character set may differ from iconv's.   Does not know: the servers' names of character sets.
 * At most TRANSCODE_OPEN descriptors are kept open; the one that was used least recently is closed first.
 * Threads: one owner.   Memory: embedded; iconv's own is the C library's. */
#ifndef BASE_TRANSCODE_H
#define BASE_TRANSCODE_H

#include "base/writer.h"

#include <iconv.h>

#define TRANSCODE_OPEN 8

/** A byte that has another meaning than in iconv. */
struct transcode_fix {
        uint8_t byte;
        uint16_t code;
};

/** How to convert a character set. Its address identifies it, so it must be static. */
struct transcode_from {
        const char *iconv; /**< iconv's name; NULL: the set is ASCII and `upper` */
        bool single;       /**< every byte is a character */
        bool
            ascii; /**< bytes below 0x80 that begin a character are ASCII, so a text of such bytes is UTF-8 */
        bool c1;   /**< single: bytes 0x80 to 0x9F that iconv does not know are control characters */
        const uint16_t *upper;             /**< code points of 0x80 to 0xFF, or NULL */
        const struct transcode_fix *fixes; /**< single: up to a code of 0; or NULL */
};

struct transcode_slot {
        const struct transcode_from *from; /**< NULL: this slot is free */
        iconv_t cd;                        /**< (iconv_t)-1: not open */
        bool refused;                      /**< iconv does not know the set */
        uint16_t table[256]; /**< the characters of a single-byte set; 0 = no character (except for byte 0) */
        uint64_t used;
};

struct transcode {
        struct transcode_slot slots[TRANSCODE_OPEN];
        uint64_t clock;
};

void transcode_init(struct transcode *t);
void transcode_fini(struct transcode *t);

/** Is @p in UTF-8 already, since the set has ASCII and there is nothing else? */
bool transcode_is_plain(const struct transcode_from *from, struct span in);

enum transcode_end {
        TRANSCODE_DONE,
        TRANSCODE_ILLEGAL, /**< @p in is not valid in that set, or @p out is too small */
        TRANSCODE_UNKNOWN, /**< the C library can't convert that set here */
};

/** Append @p in as UTF-8 to @p out. @p is_cut: leave out a character that ends beyond @p in. After a failure what was appended to
 *  @p out is not valid. */
enum transcode_end transcode_put(struct transcode *t, const struct transcode_from *from, struct span in,
                                 bool is_cut, struct writer *out);

#endif
