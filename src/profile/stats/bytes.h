/** @file bytes.h  What is said of a stage's live bytes, and when: readings become windows, windows a judgement (rise.h), and a
 * judgement a verdict that holds.
 *
 *      all:    128 windows at most over the whole time; when they are full, two become one. The second half of them is judged
 *              (what fills at the start is no leak) each time that the number of readings has grown by a tenth.
 *      newest: the last 300 readings, and the last 120 of these, judged after each 30 readings for a leak that begins late.
 *
 * A look that nobody takes and one that a client asks for each second are the same: judgements come with readings, never with
 * questions. Each may err with a probability that is set aside for it before: of `all` the k-th with 1e-4 / (k (k + 1)), which
 * is 1e-4 for ever, of the newest each with 1e-8. A window keeps the reading with the fewest sessions, and of those with the fewest bytes.
 * A verdict stays until it is refuted: a rise, by as much traffic again without one. Threads: one owner. */
#ifndef PROFILE_STATS_BYTES_H
#define PROFILE_STATS_BYTES_H

#include "profile/stats/rise.h"

#include <stdint.h>

enum bytes_kind {
        BYTES_CANT_TELL,  /**< yet */
        BYTES_FLAT,       /**< does not rise, or by less than the bound */
        BYTES_FILLING,    /**< a bounded store fills; beyond it nothing rises */
        BYTES_LEVELS_OFF, /**< rose, and does no more, or ever less */
        BYTES_RISES,      /**< a leak */
        BYTES_KINDS
};

/** "LEVELS OFF". */
const char *bytes_name(enum bytes_kind kind);

enum { BYTES_WINDOWS = 128, BYTES_NEWEST = 300, BYTES_LOOK = 30 };

/** Where a judgement comes from. */
enum bytes_view { BYTES_ALL, BYTES_LONG, BYTES_SHORT, BYTES_VIEWS };

struct bytes {
        struct rise_reading all[BYTES_WINDOWS];
        struct rise_reading newest[BYTES_NEWEST]; /**< a ring */
        uint64_t readings;
        uint64_t next_look; /**< at all of them, by the number of readings */
        uint32_t n;         /**< windows in all, the one under way included */
        uint32_t each;      /**< readings a window of all */
        uint32_t looks;
        enum bytes_kind kind;
        struct rise found; /**< what the verdict was made from */
        struct rise last;  /**< the last judgement, whether it changed anything or not */
        uint64_t found_at; /**< readings then */
        uint64_t suspected_at
            [BYTES_VIEWS]; /**< readings when a rise was judged first, which one more judgement must confirm; 0 = none */
        double found_moved; /**< how far its unit had moved */
        bool suspicious;    /**< by the last judgement it may well rise */
};

/** @p first as in rise_judge; @p scratch of RISE_SCRATCH doubles. @return whether a judgement was made. */
bool bytes_add(struct bytes *b, const struct rise_reading *reading, enum rise_unit first, double *scratch);

#endif
