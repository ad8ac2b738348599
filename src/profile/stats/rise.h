/** @file rise.h  Whether a stage's live bytes rise with the traffic. Pure arithmetic over readings of some stretch of time.
 *
 *      bytes = a + c * sessions open + b * (statements | sessions begun | admin requests | seconds) + what comes and goes
 *
 * c comes from readings that are near each other, between which nothing else has moved much. b is Theil and Sen's slope of what
 * is left, with Kendall's test, corrected for readings that follow each other (stat.h). Which unit the bytes go with is a
 * question of its own: those that leave as little unexplained as the best are not told apart, and the answer whether the bytes
 * rise does not depend on it.
 * Threads: any. */
#ifndef PROFILE_STATS_RISE_H
#define PROFILE_STATS_RISE_H

#include <stdbool.h>
#include <stddef.h>

/** What bytes may rise with. */
enum rise_unit { RISE_STATEMENTS, RISE_SESSIONS, RISE_REQUESTS, RISE_SECONDS, RISE_UNITS };

/** "statement", "session". */
const char *rise_unit_name(enum rise_unit unit);

struct rise_reading {
        double units[RISE_UNITS]; /**< totals since the start */
        double open;              /**< sessions at the time */
        double bytes;             /**< live, beyond what bounded stores tell that they hold */
        double stored;            /**< what they tell */
};

/** Readings at most, and at least: fewer tell nothing of a trend. */
#define RISE_READINGS_MAX 64
#define RISE_READINGS_MIN 14
/** Less growth than this, bytes, is never called a rise. */
#define RISE_GROWTH_MIN 4096
/** What a session may come to hold by and by, bytes, at most; less where it takes little from the start. */
#define RISE_SESSION 8192
/** Nor is a slope that may be below this: bytes a unit. */
#define RISE_BOUND 1.0

enum rise_kind {
        RISE_UNKNOWN,
        RISE_FLAT,   /**< the slope's upper end is below the bound */
        RISE_BELOW,  /**< it rises, by less than the bound */
        RISE_LEVELS, /**< it rose, and does so ever less */
        RISE_RISES,
};

/** Why RISE_UNKNOWN. */
enum rise_doubt {
        DOUBT_NONE,
        DOUBT_READINGS, /**< too few */
        DOUBT_CHANCE,   /**< it may rise by more than the bound, or not at all */
        DOUBT_SESSIONS, /**< as many sessions were opened as would explain it */
        DOUBT_STEP,     /**< most of it came at once */
};

struct rise_fit {
        bool known;     /**< the unit moved */
        bool plausible; /**< explains the bytes about as well as the best */
        double slope;
        double low; /**< of 95 %, two-sided */
        double high;
};

struct rise {
        enum rise_kind kind;
        enum rise_doubt doubt;
        enum rise_unit unit; /**< by which it is measured; of those that are told the first, or the best */
        struct rise_fit fits[RISE_UNITS];
        double p;               /**< so likely is such a rise by chance */
        double growth;          /**< bytes, over the readings, by the slope; 0 if it is not known */
        double growth_low;      /**< its lower end */
        double growth_high;     /**< its upper end */
        double per_session;     /**< what an open session takes, bytes; 0 if that is not known */
        double kept_by_session; /**< what it may come to hold besides */
        double seconds;         /**< that the readings cover */
};

/** Doubles that rise_judge needs for its work. */
#define RISE_SCRATCH (RISE_READINGS_MAX * (RISE_READINGS_MAX + 1) / 2)

/** @p alpha: how unlikely by chance a rise must be. @p first: the unit that the stage works by, if it is among those that fit:
 *  RISE_STATEMENTS for all but the admin port's. @p n at most RISE_READINGS_MAX. */
struct rise rise_judge(const struct rise_reading *readings, size_t n, enum rise_unit first, double alpha,
                       double *scratch);

#endif
