/** @file transcode.h  Text of another character set as UTF-8, by the C library's iconv.
 *
 * Knows: iconv, and how a set may differ from what iconv calls so.   Does not know: servers' names of the sets.
 * Descriptors are kept open, at most TRANSCODE_OPEN of them; the one used longest ago goes first.
 * Threads: one owner.   Memory: embedded; iconv's own is the C library's. */
#ifndef BASE_TRANSCODE_H
#define BASE_TRANSCODE_H

#include "base/writer.h"

#include <iconv.h>

#define TRANSCODE_OPEN 8

/** A byte that means something else than iconv says. */
struct transcode_fix {
        uint8_t byte;
        uint16_t code;
};

/** How a character set becomes UTF-8. Static: it is known by its address. */
struct transcode_from {
        const char *iconv; /**< iconv's name; NULL: `upper` is the whole set, behind ASCII */
        bool single;       /**< a byte is a character */
        bool ascii; /**< bytes below 0x80 that begin a character are ASCII: a text of them alone is UTF-8 */
        bool c1;    /**< single: bytes 0x80 to 0x9F that iconv does not know are control characters */
        const uint16_t *upper;             /**< code points of 0x80 to 0xFF, or NULL */
        const struct transcode_fix *fixes; /**< single: up to a code of 0; or NULL */
};

struct transcode_slot {
        const struct transcode_from *from; /**< NULL: free */
        iconv_t cd;                        /**< (iconv_t)-1: none is open */
        bool refused;                      /**< iconv does not know the set */
        uint16_t table[256]; /**< of a set in which a byte is a character; 0 = none (but byte 0) */
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
        TRANSCODE_ILLEGAL, /**< @p in is no text of that set, or @p out is too small */
        TRANSCODE_UNKNOWN, /**< the C library can't convert that set here */
};

/** Append @p in as UTF-8 to @p out. @p is_cut: a character that ends beyond @p in is left out.
 *  What stands in @p out after a failure is of no use. */
enum transcode_end transcode_put(struct transcode *t, const struct transcode_from *from, struct span in,
                                 bool is_cut, struct writer *out);

#endif
