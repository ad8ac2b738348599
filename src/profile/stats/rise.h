/** @file rise.h  Whether a stage's live bytes rise with the traffic. Pure arithmetic over the readings of some period.
 *
 *      bytes = a + c * sessions open + b * (statements | sessions begun | admin requests | seconds) + fluctuation
 *
 * c comes from readings that are near each other, between which little else has changed. b is the Theil-Sen slope of the rest,
 * with Kendall's test, corrected for autocorrelation (stat.h). Which unit the bytes rise with is a separate question: all
 * units whose residuals are about as small as the best fit's are plausible, and whether the bytes rise does not depend on it.
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
        double open;              /**< sessions open at the time */
        double bytes;             /**< live bytes beyond those of bounded stores */
        double stored;            /**< bytes of bounded stores, as they report them */
};

/** Greatest and least number of readings; fewer do not show a trend. */
#define RISE_READINGS_MAX 64
#define RISE_READINGS_MIN 14
/** Less growth than this, in bytes, is never called a rise. */
#define RISE_GROWTH_MIN 4096
/** How much a session may grow in the course of time, in bytes, at most; less where sessions are small from the start. */
#define RISE_SESSION 8192
/** A slope that may be below this is not called a rise either: bytes per unit. */
#define RISE_BOUND 1.0

enum rise_kind {
        RISE_UNKNOWN,
        RISE_FLAT,   /**< the slope's upper end is below the bound */
        RISE_BELOW,  /**< the bytes rise by less than the bound */
        RISE_LEVELS, /**< the bytes rose, but less and less */
        RISE_RISES,
};

/** Why the answer is RISE_UNKNOWN. */
enum rise_doubt {
        DOUBT_NONE,
        DOUBT_READINGS, /**< too few readings */
        DOUBT_CHANCE,   /**< the bytes may rise by more than the bound, or not at all */
        DOUBT_SESSIONS, /**< enough sessions were opened to explain it */
        DOUBT_STEP,     /**< most of it came at once */
};

struct rise_fit {
        bool known;     /**< the unit changed */
        bool plausible; /**< explains the bytes about as well as the best */
        double slope;
        double low; /**< of the 95 % interval, two-sided */
        double high;
};

struct rise {
        enum rise_kind kind;
        enum rise_doubt doubt;
        enum rise_unit unit; /**< by which the rise is measured: the first plausible one, or the best */
        struct rise_fit fits[RISE_UNITS];
        double p;               /**< probability of such a rise by chance */
        double growth;          /**< bytes over all readings, by the slope; 0 if not known */
        double growth_low;      /**< its lower end */
        double growth_high;     /**< its upper end */
        double per_session;     /**< bytes of an open session; 0 if not known */
        double kept_by_session; /**< bytes by which a session may grow */
        double seconds;         /**< period that the readings cover */
};

/** Number of doubles that rise_judge needs as scratch. */
#define RISE_SCRATCH (RISE_READINGS_MAX * (RISE_READINGS_MAX + 1) / 2)

/** Judge @p n readings, at most RISE_READINGS_MAX. @p alpha: how unlikely by chance a rise must be. @p first: the unit that the
 *  stage works by, chosen if it is plausible: RISE_STATEMENTS for all stages but the admin port's. */
struct rise rise_judge(const struct rise_reading *readings, size_t n, enum rise_unit first, double alpha,
                       double *scratch);

#endif
