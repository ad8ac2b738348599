/** @file digests.h  Statistics of statements by their shape, in bounded memory: the least recently seen goes first, and is
 * counted.
 *
 * Columns are named as in performance_schema.events_statements_summary_by_digest where it has them.
 * Threads: find and count are the writer thread's; digests_each is for any (a lock).   Memory: STAGE_DIGEST, about 1 KiB
 * an entry and its texts. */
#ifndef JOURNAL_ENRICH_DIGESTS_H
#define JOURNAL_ENRICH_DIGESTS_H

#include "base/status.h"
#include "journal/enrich/repeat.h"
#include "mysql/record/record.h"
#include "mysql/sql/digest.h"

#define DIGEST_WINDOW_NS 10000000000ULL

enum {
        DIGEST_EXAMPLE_MAX = 1024,
        DIGEST_JSON_MAX = 1024, /* bytes of a text that is also kept as JSON */
        /* times: four classes an octave, from 1 us on; the last one is open */
        DIGEST_CLASSES = 128,
};

struct digest_stat {
        uint8_t hash[DIGEST_HASH];
        char hex[DIGEST_HEX];
        const struct sql_word *verb;
        struct shape shape;
        enum repeat repeat;
        uint8_t *text;
        size_t text_len;
        size_t text_room; /**< bytes of its block, in which `json` is, too */
        struct span json; /**< see record.h, digest_json */
        /* from here on what digests_reset forgets */
        uint8_t *example; /**< of the longest one, as the log shows it; NULL if none is kept */
        size_t example_len;
        size_t example_room; /**< bytes of its block */
        uint64_t example_us;
        uint64_t count;
        uint64_t errors;
        uint64_t warnings;
        uint64_t rows;
        uint64_t affected_rows;
        uint64_t bytes_sent;
        uint64_t bytes_received;
        uint64_t sum_us;
        uint64_t min_us;
        uint64_t max_us;
        uint64_t findings[FINDING_COUNT]; /**< statements with each, by enum record_finding */
        uint64_t first_wall_ns;
        uint64_t last_wall_ns;
        uint32_t classes[DIGEST_CLASSES];
        struct {
                uint64_t number;   /**< of DIGEST_WINDOW_NS since 1970 */
                uint64_t count[2]; /**< in the window before it, and in it */
                uint64_t us[2];
        } recent;
        /* from here on the table's own */
        uint32_t at;
        uint32_t newer;
        uint32_t older;
        uint32_t next; /* of the same bucket */
        uint32_t generation;
};

struct digests;

/** At most @p max shapes. */
enum status digests_new(size_t max, struct digests **out);
void digests_free(struct digests *d);

/** Why a statement is run, as the rows of results before it show. */
enum row_use {
        ROW_USE_NONE,  /**< they do not show it */
        ROW_USE_ROW,   /**< for a row whose value no statement like it had before */
        ROW_USE_AGAIN, /**< it directly follows the same statement, and no further row has its value */
};

/** What is known of a statement's text. */
struct digest_found {
        struct digest_stat *stat; /**< to look at; NULL if there is no memory; until the next call */
        struct span sql;
        uint64_t text;        /**< a hash of sql, which peers can't choose */
        uint64_t values;      /**< a hash of its constants, in their order */
        bool suspected;       /**< see secret_suspected */
        bool may_have_tags;   /**< see tags_may_be_in; false if it is suspected: tags are not logged then */
        enum row_use row_use; /**< see n_plus_one_see; initially ROW_USE_NONE */
};
/** Find the shape of @p sql, or add it. @p is_cleared: it is known that secret_suspected is false. */
void digests_find(struct digests *d, struct span sql, struct sql_mode mode, bool is_cleared,
                  struct digest_found *found);
/** Count @p r, a command of the shape @p found, which has a stat. @return it is the first of its shape that failed. */
bool digests_count(struct digests *d, const struct digest_found *found, const struct record *r);
/** Count @p n statements of the shape @p hash, if it is known, that were found out about later. */
void digests_count_finding(struct digests *d, const uint8_t hash[DIGEST_HASH], enum record_finding finding,
                           uint64_t n);
/** The same of the shape @p stat, which was found last. */
void digests_count_later(struct digests *d, struct digest_stat *stat, enum record_finding finding,
                         uint64_t n);
/** The text of a shape seen before; empty if it is gone. Writer thread. */
struct span digests_text(const struct digests *d, const uint8_t hash[DIGEST_HASH]);

struct digests_totals {
        uint64_t shapes;
        uint64_t max;
        uint64_t evicted;
        uint64_t forgotten; /**< statements counted in those */
        uint64_t unmade;    /**< for want of memory */
};
/** Show all to @p see, newest first, under the table's lock. */
struct digests_totals digests_each(struct digests *d, void (*see)(void *arg, const struct digest_stat *s),
                                   void *arg);
/** Forget all. Any thread. */
void digests_reset(struct digests *d);

/** Of the last ten to twenty seconds, seen at @p now: how many came in a second, and how many were under way on average. */
struct digest_rate {
        double per_second;
        double active;
};
struct digest_rate digest_rate(const struct digest_stat *s, uint64_t now_wall_ns);

/** The class of a time; see DIGEST_CLASSES. */
unsigned digest_class_of(uint64_t us);
/** The time below which @p share (0 to 1) of the statements are: the upper end of its class, at most the longest. */
uint64_t digest_percentile_us(const struct digest_stat *s, double share);

#endif
