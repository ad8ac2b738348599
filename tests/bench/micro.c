/* What the parts of the way cost alone: dissector, digest, JSON, recorder, allocations.
 *
 *      micro [PART …]          nanoseconds of CPU (and GB/s) for each unit, median of 7 rounds
 *      micro --list            a line a part: name, units of a counted run, unit
 *      micro --count N PART    N units and nothing else, to be counted (callgrind): compare N and 2 N
 */
#include "micro.h"
#include "capture/capture.h"
#include "journal/enrich/digests.h"
#include "journal/format/format.h"
#include "mysql/record/record_packed.h"
#include "mysql/sql/digest.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 7, ROUND_NS = 100000000, KEPT = 64 };

static const char long_select[] = "SELECT o.id, o.placed_at, c.name, SUM(l.price * l.amount) AS total FROM "
                                  "orders AS o JOIN customer AS c ON c.id = o.customer_id "
                                  "LEFT JOIN order_line AS l ON l.order_id = o.id WHERE o.placed_at BETWEEN "
                                  "'2026-01-01' AND '2026-02-01' AND c.country IN "
                                  "('de', 'fr', 'it', 'es') AND o.state <> 'cancelled' /* of the report */ "
                                  "GROUP BY o.id, o.placed_at, c.name HAVING total > 100.50 "
                                  "ORDER BY total DESC LIMIT 50";

/* --- what becomes of a record */

static struct capture *capture;
static struct capture_track capture_track;
static struct digests *digests;
static struct record *record;

static void no_setup(void)
{
}

static void digest_text(const char *text, uint64_t times)
{
        static struct digest out;
        for (uint64_t i = 0; i < times; i++) {
                digest_make(span_str(text), (struct sql_mode){.is_mariadb = true}, &out);
        }
}

static void digest_short(uint64_t times)
{
        digest_text(micro_point_select, times);
}

static void digest_long(uint64_t times)
{
        digest_text(long_select, times);
}

/** The unit is a MB. */
static void digest_insert(uint64_t times)
{
        digest_text(micro_insert(), times * (1000000 / MICRO_INSERT_BYTES));
}

static void begin_digests(void)
{
        if (digests_new(2000, &digests) != STATUS_OK) {
                abort();
        }
        micro_begin_text();
        record = micro_record();
        if (record == NULL) {
                abort();
        }
}

/** The text differs each time in its number, as a point select's does. */
static void find_digests(uint64_t times)
{
        char text[64];
        for (uint64_t i = 0; i < times; i++) {
                int n =
                    snprintf(text, sizeof text, "SELECT c FROM sbtest1 WHERE id=%u", (unsigned)(i % 10000));
                struct digest_found found;
                digests_find(digests, span_of(text, (size_t)n), record->sql_mode, false, &found);
                (void)digests_count(digests, &found, record);
        }
}

static void format_json(uint64_t times)
{
        static uint8_t room[65536];
        for (uint64_t i = 0; i < times; i++) {
                struct writer w = writer_over(room, sizeof room);
                if (format_size(FORMAT_JSON, record) > sizeof room) {
                        abort();
                }
                format_record(&w, FORMAT_JSON, record);
        }
}

/** Into a ring, and from there to the recent records. */
static void pack_and_keep(uint64_t times)
{
        static _Alignas(16) uint8_t ring[65536];
        static _Alignas(16) uint8_t recent[65536];
        for (uint64_t i = 0; i < times; i++) {
                if (record_pack_size(record) > sizeof ring) {
                        abort();
                }
                record_pack(record, ring);
                const struct record *r = record_unpack((struct record_packed *)(void *)ring);
                if (record_pack_size(r) > sizeof recent) {
                        abort();
                }
                record_pack(r, recent);
        }
}

static void begin_capture(void)
{
        capture = capture_new(1 << 20, 1000);
        if (capture == NULL) {
                abort();
        }
        capture_begin(capture, &capture_track, 1);
}

static void add_packets(uint64_t times)
{
        struct packet p = {.from = SIDE_CLIENT,
                           .length = 36,
                           .kind = packet_kind_of(COM_QUERY),
                           .head = span_str(micro_point_select)};
        for (uint64_t i = 0; i < times; i++) {
                capture_add(capture, &capture_track, &p, i);
        }
}

static void alloc_free(uint64_t times)
{
        void *kept[KEPT] = {NULL};
        for (uint64_t i = 0; i < times; i++) {
                prof_free(kept[i % KEPT]);
                kept[i % KEPT] = prof_alloc(STAGE_MAIN, 256);
        }
        for (unsigned i = 0; i < KEPT; i++) {
                prof_free(kept[i]);
        }
}

/* --- all of them */

static const struct part {
        const char *name;
        const char *unit;
        void (*begin)(void);
        void (*run)(uint64_t times);
        uint64_t counted; /* units of a counted run */
        bool is_mb;
} parts[] = {
    {"dissect-text", "statement", micro_begin_text, micro_play, 2000, false},
    {"dissect-prepared", "statement", micro_begin_prepared, micro_play, 2000, false},
    {"dissect-recorded", "statement", micro_begin_recorded, micro_play, 2000, false},
    {"dissect-hashed", "statement", micro_begin_hashed, micro_play, 2000, false},
    {"dissect-insert", "MB", micro_begin_insert, micro_play_inserts, 3, true},
    {"dissect-rows-100", "MB", micro_begin_rows_100, micro_play_rows, 20, true},
    {"dissect-rows-1000", "MB", micro_begin_rows_1000, micro_play_rows, 20, true},
    {"dissect-rows-10000", "MB", micro_begin_rows_10000, micro_play_rows, 50, true},
    {"digest-short", "statement", no_setup, digest_short, 2000, false},
    {"digest-long", "statement", no_setup, digest_long, 500, false},
    {"digest-insert", "MB", no_setup, digest_insert, 3, true},
    {"digests-find", "statement", begin_digests, find_digests, 2000, false},
    {"pack", "record", begin_digests, pack_and_keep, 2000, false},
    {"json", "record", begin_digests, format_json, 2000, false},
    {"recorder", "packet", begin_capture, add_packets, 5000, false},
    {"filter-duration", "record", micro_begin_filter_duration, micro_filter, 5000, false},
    {"filter-user", "record", micro_begin_filter_user, micro_filter, 5000, false},
    {"filter-session", "record", micro_begin_filter_session, micro_filter, 5000, false},
    {"filter-error", "record", micro_begin_filter_error, micro_filter, 5000, false},
    {"filter-digest", "record", micro_begin_filter_digest, micro_filter, 5000, false},
    {"filter-table", "record", micro_begin_filter_table, micro_filter, 5000, false},
    {"filter-text", "record", micro_begin_filter_text, micro_filter, 5000, false},
    {"filter-pattern", "record", micro_begin_filter_pattern, micro_filter, 5000, false},
    {"scope-none", "statement", micro_begin_scope_none, micro_scope, 5000, false},
    {"scope-used", "statement", micro_begin_scope_used, micro_scope, 5000, false},
    {"scope-set", "statement", micro_begin_scope_set, micro_scope_set, 5000, false},
    {"filter-text-long", "MB", micro_begin_filter_text_long, micro_filter_mb, 3, true},
    {"transactions", "statement", micro_begin_transactions, micro_transactions, 5000, false},
    {"scope-records", "statement", micro_begin_scopes, micro_scopes, 5000, false},
    {"filter-pattern-long", "MB", micro_begin_filter_pattern_long, micro_filter_mb, 3, true},
    {"alloc", "pair", no_setup, alloc_free, 10000, false},
};
enum { PARTS = sizeof parts / sizeof parts[0] };

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a;
        double y = *(const double *)b;
        return (x > y) - (x < y);
}

/** The thread's own time: others on the machine take theirs, but not of this. */
static uint64_t cpu_ns(void)
{
        struct timespec t;
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void measure(const struct part *part)
{
        double ns[ROUNDS];
        part->begin();
        uint64_t times = 1;
        for (;; times *= 2) {
                uint64_t before = cpu_ns();
                part->run(times);
                if (cpu_ns() - before > ROUND_NS / 2) {
                        break;
                }
        }
        for (int i = 0; i < ROUNDS; i++) {
                uint64_t before = cpu_ns();
                part->run(times);
                ns[i] = (double)(cpu_ns() - before) / (double)times;
        }
        qsort(ns, ROUNDS, sizeof ns[0], compare);
        (void)printf("| %s | %.1f | %s |", part->name, ns[ROUNDS / 2], part->unit);
        if (part->is_mb) {
                (void)printf(" %.3g |\n", 1e6 / ns[ROUNDS / 2]);
        } else {
                (void)printf(" |\n");
        }
        (void)fflush(stdout);
        micro_reset();
}

static const struct part *find(const char *name)
{
        for (int i = 0; i < PARTS; i++) {
                if (strcmp(parts[i].name, name) == 0) {
                        return &parts[i];
                }
        }
        (void)fprintf(stderr, "micro: %s: no such part (see --list)\n", name);
        exit(2);
}

int main(int argc, char **argv)
{
        if (argc == 2 && strcmp(argv[1], "--list") == 0) {
                for (int i = 0; i < PARTS; i++) {
                        (void)printf("%s %llu %s\n", parts[i].name, (unsigned long long)parts[i].counted,
                                     parts[i].unit);
                }
        } else if (argc == 4 && strcmp(argv[1], "--count") == 0) {
                const struct part *part = find(argv[3]);
                prof_set_sample_bytes(0); /* which allocations are sampled is random */
                part->begin();
                part->run(strtoull(argv[2], NULL, 10));
        } else if (argc > 1 && argv[1][0] == '-') {
                (void)fprintf(stderr, "Usage: micro [PART ...] | --list | --count N PART\n");
                return 2;
        } else {
                (void)printf("| part | ns | for each | GB/s |\n|---|---:|---|---:|\n");
                for (int i = 1; i < argc; i++) {
                        measure(find(argv[i]));
                }
                for (int i = 0; i < PARTS && argc == 1; i++) {
                        measure(&parts[i]);
                }
        }
        return 0;
}
