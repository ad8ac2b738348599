/* heap watch: fetch heap profiles of a program until it is clear whether it leaks. */
#include "cli/commands.h"

#include "base/diag.h"
#include "cli/exit.h"
#include "cli/fetch.h"
#include "cli/flags.h"
#include "profile/explain/print.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
        TARGETS_MAX = 16,
        ROUNDS_DEFAULT = 120,
        ROUNDS_MAX = 10000,
        EVERY_MS = 10000,
        FAILURES_MAX = 3,
        WHY = 512
};

#define EVERY_MAX_MS (24L * 3600 * 1000)

static volatile sig_atomic_t interrupted;

struct target {
        struct fetch *fetch;
        struct explain explain;
        unsigned failures; /**< in a row */
        bool decided;
};

struct watch {
        struct target targets[TARGETS_MAX];
        size_t n;
        long every_ms;
        long rounds; /**< the maximum */
        bool collect;
        bool quiet; /**< --ci: print only the answer, and stop at the first leak */
        bool json;
};

/* --- flags ------------------------------------------------------------------------------------------------------------------------ */

/** Parse a time such as "10s", "500ms" or "1m" into *(long *)@p into, in milliseconds. */
static bool take_time(void *into, const char *value)
{
        char *end;
        if (!isdigit((unsigned char)*value)) {
                return false;
        }
        errno = 0;
        long n = strtol(value, &end, 10);
        long unit = strcmp(end, "ms") == 0                  ? 1
                    : strcmp(end, "s") == 0 || *end == '\0' ? 1000
                    : strcmp(end, "m") == 0                 ? 60000
                    : strcmp(end, "h") == 0                 ? 3600000
                                                            : 0;
        if (errno != 0 || unit == 0 || n <= 0 || n > EVERY_MAX_MS / unit) {
                return false;
        }
        *(long *)into = n * unit;
        return true;
}

static bool take_count(void *into, const char *value)
{
        char *end;
        long *n = into;
        *n = strtol(value, &end, 10);
        return isdigit((unsigned char)*value) && *end == '\0' && *n > 0 && *n <= ROUNDS_MAX;
}

/** Set *(bool *)@p into to whether the format is json. */
static bool take_format(void *into, const char *value)
{
        bool is_json = strcmp(value, "json") == 0;
        *(bool *)into = is_json;
        return is_json || strcmp(value, "text") == 0;
}

/* --- rounds ------------------------------------------------------------------------------------------------------------------------- */

static void on_signal(int number)
{
        (void)number;
        interrupted = 1;
}

/** Whether the answer will not change any more: memory rises, or did not for as long as it takes to detect a leak. */
static bool is_decided(const struct explain *e)
{
        const struct explain_run *run = &e->run[e->n_run - 1];
        enum explain_bytes v = run->bytes.verdict;
        return explain_rises(e) || (run->n_rounds >= STEADY_LEAST &&
                                    (v == BYTES_FLAT || v == BYTES_LEVELS_OFF || v == BYTES_FILLING));
}

static void report_round(const struct watch *w, const struct target *t)
{
        if (w->quiet || !isatty(STDERR_FILENO)) {
                return;
        }
        const struct explain_run *run = &t->explain.run[t->explain.n_run - 1];
        const struct explain_round *r = &run->rounds[run->n_rounds - 1];
        struct print_text p = {.at = 0};
        print_add(&p, "round %zu: ", run->n_rounds);
        print_add_bytes(&p,
                        r->stats[STAT_HEAP_ALLOC] > 0 ? (double)r->stats[STAT_HEAP_ALLOC] : r->in_use_bytes);
        print_add(&p, ", %llu records. %s", (unsigned long long)r->records,
                  explain_bytes_name(run->bytes.verdict));
        (void)fputs("\r\033[K", stderr);
        for (size_t i = 0; i < p.at; i++) {
                (void)putc(p.text[i] == PRINT_TIED ? ' ' : p.text[i], stderr);
        }
}

/** Fetch one profile. @return false if the program cannot be watched, which is reported. */
static bool take_round(const struct watch *w, struct target *t)
{
        char why[WHY];
        const char *bytes;
        size_t len;
        if (!fetch_get(t->fetch, &bytes, &len, why, sizeof why)) {
                bool first = t->explain.n_run == 0;
                t->failures++;
                diag(first || t->failures > FAILURES_MAX ? DIAG_ERROR : DIAG_WARNING, "%s: %s",
                     fetch_name(t->fetch), why);
                return !first && t->failures <= FAILURES_MAX;
        }
        t->failures = 0;
        if (explain_add(&t->explain, span_of(bytes, len)) != STATUS_OK ||
            explain_finish(&t->explain) != STATUS_OK) {
                diag(DIAG_ERROR, "out of memory");
                return false;
        }
        if (t->explain.n_run == 0) {
                struct print_text p = {.at = 0};
                print_troubles(&p, &t->explain);
                diag(DIAG_ERROR, "%s: the response contains no heap profile. %.*s", fetch_name(t->fetch),
                     (int)p.at, p.text);
                return false;
        }
        t->decided = is_decided(&t->explain);
        report_round(w, t);
        return true;
}

static void pause_until(const struct timespec *until)
{
        while (!interrupted && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, until, NULL) == EINTR) {
        }
}

/** @return false if one of the programs cannot be watched. */
static bool watch_all(struct watch *w)
{
        struct timespec next;
        (void)clock_gettime(CLOCK_MONOTONIC, &next);
        for (long round = 0; round < w->rounds && !interrupted; round++) {
                size_t decided = 0;
                bool leak = false;
                for (size_t i = 0; i < w->n; i++) {
                        struct target *t = &w->targets[i];
                        if (!t->decided && !take_round(w, t)) {
                                return false;
                        }
                        decided += t->decided;
                        leak = leak || (t->decided && explain_rises(&t->explain));
                }
                if (decided == w->n || (leak && w->quiet)) {
                        break;
                }
                next.tv_sec += w->every_ms / 1000;
                next.tv_nsec += w->every_ms % 1000 * 1000000;
                next.tv_sec += next.tv_nsec / 1000000000;
                next.tv_nsec %= 1000000000;
                if (round + 1 < w->rounds) {
                        pause_until(&next);
                }
        }
        return true;
}

/** @return whether one of the programs leaks. */
static bool print_answers(const struct watch *w)
{
        bool rises = false;
        if (!w->quiet && isatty(STDERR_FILENO)) {
                (void)fputs("\r\033[K", stderr);
        }
        for (size_t i = 0; i < w->n; i++) {
                const struct target *t = &w->targets[i];
                rises = rises || explain_rises(&t->explain);
                if (t->explain.n_run == 0) {
                        continue;
                }
                if (w->json) {
                        explain_print_json(&t->explain, stdout);
                        continue;
                }
                if (w->n > 1) {
                        (void)printf("%s%s\n", i > 0 ? "\n" : "", fetch_name(t->fetch));
                }
                explain_print_text(&t->explain, stdout);
        }
        return rises;
}

static bool open_targets(struct watch *w, int argc, char **argv)
{
        bool ok = true;
        for (int i = 1; i < argc; i++) { /* all, even after an error, so that no secret stays in argv */
                struct target *t = &w->targets[w->n];
                t->fetch = fetch_open(argv[i], w->collect);
                ok = ok && t->fetch != NULL;
                if (t->fetch != NULL) {
                        explain_init(&t->explain);
                        t->explain.watching = true;
                        w->n++;
                }
        }
        return ok;
}

int command_watch(int argc, char **argv, const char *usage)
{
        struct watch w = {.every_ms = EVERY_MS, .rounds = ROUNDS_DEFAULT};
        const struct flag flags[] = {
            {"every", .value = FLAG_VALUE, .take = take_time, .into = &w.every_ms},
            {"rounds", .value = FLAG_VALUE, .take = take_count, .into = &w.rounds},
            {"format", .value = FLAG_VALUE, .take = take_format, .into = &w.json},
            {"gc", .take = flags_take_switch, .into = &w.collect},
            {"ci", .take = flags_take_switch, .into = &w.quiet},
        };
        if (!flags_parse(flags, sizeof flags / sizeof flags[0], FLAGS_ANYWHERE, usage, &argc, argv)) {
                return EXIT_USAGE;
        }
        if (argc < 2 || argc - 1 > TARGETS_MAX) {
                diag(DIAG_ERROR, "usage: querytap heap %s", usage);
                return EXIT_USAGE;
        }
        struct sigaction action = {.sa_handler = on_signal};
        (void)sigaction(SIGINT, &action, NULL);
        (void)sigaction(SIGTERM, &action, NULL);
        bool opened = open_targets(&w, argc, argv);
        bool ok = opened && watch_all(&w);
        bool rises = opened && print_answers(&w);
        ok = ok && fflush(stdout) == 0 && !rises;
        for (size_t i = 0; i < w.n; i++) {
                fetch_close(w.targets[i].fetch);
                explain_fini(&w.targets[i].explain);
        }
        return !opened ? EXIT_USAGE : ok ? EXIT_DONE : EXIT_FAILED;
}
