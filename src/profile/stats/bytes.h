/** @file bytes.h  The verdict on a stage's live bytes: readings are joined to windows, windows are judged (rise.h), and the
 * judgements lead to a verdict that stays until it is refuted.
 *
 *      all:    at most 128 windows over the whole time; when there are 128, each two are joined to one. The second half of
 *              them is judged (what fills at the start is no leak) each time the number of readings has grown by a tenth.
 *      newest: the last 300 readings, and the last 120 of these, judged after each 30 readings for a leak that begins late.
 *
 * Judgements are made when readings come, never when a client asks, so their number does not depend on clients. Each may be
 * wrong with a probability that is allotted to it beforehand: the k-th judgement of `all` with 1e-4 / (k (k + 1)), which adds
 * up to 1e-4 for ever, each of the newest with 1e-8. A window keeps the reading with the fewest sessions, and among those the
 * one with the fewest bytes. A rise is refuted by as much traffic again without one. Threads: one owner. */
#ifndef PROFILE_STATS_BYTES_H
#define PROFILE_STATS_BYTES_H

#include "profile/stats/rise.h"

#include <stdint.h>

enum bytes_kind {
        BYTES_CANT_TELL,  /**< not decided yet */
        BYTES_FLAT,       /**< the bytes do not rise, or by less than the bound */
        BYTES_FILLING,    /**< a bounded store fills; beyond it nothing rises */
        BYTES_LEVELS_OFF, /**< the bytes rose, but no longer do, or less and less */
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
        uint64_t next_look; /**< number of readings at which `all` is judged next */
        uint32_t n;         /**< windows in `all`, the one under way included */
        uint32_t each;      /**< readings in each window of `all` */
        uint32_t looks;
        enum bytes_kind kind;
        struct rise found; /**< the judgement that the verdict is based on */
        struct rise last;  /**< the last judgement, whether it changed anything or not */
        uint64_t found_at; /**< number of readings at that time */
        uint64_t suspected_at
            [BYTES_VIEWS]; /**< readings when a rise was first found, which a second judgement must confirm; 0 = none */
        double found_moved; /**< how much the unit had changed */
        bool suspicious;    /**< by the last judgement the bytes may rise */
};

/** @p first as in rise_judge; @p scratch of RISE_SCRATCH doubles. @return whether a judgement was made. */
bool bytes_add(struct bytes *b, const struct rise_reading *reading, enum rise_unit first, double *scratch);

#endif
