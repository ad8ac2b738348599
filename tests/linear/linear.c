/* Does a scan take the same work for each byte of any input? It runs them; tests/linear/run counts.
 *
 *      linear --list                       a line a case: SCAN/GENERATOR, the limit of instructions a byte
 *      linear --run SIZES CASE …           each case (SCAN/GENERATOR, or SCAN for all of its generators) with each of the sizes, in
 *                                          bytes with commas between; a line a run: case, size, bytes, nanoseconds of CPU a byte
 *                                          (to look at). All that is to be counted happens in linear_measured.
 */
#include "linear.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZES_MAX = 8, WARM_BYTES = 4096, COUNTER_DIGITS = 7 };

struct measured {
        const struct scan *scan;
        const struct play *play;
        struct span text;
        size_t bytes;
};

/** What callgrind counts: see tests/linear/run. */
void linear_measured(struct measured *m);
__attribute__((noinline)) void linear_measured(struct measured *m)
{
        if (m->scan != NULL) {
                m->scan->run(m->text);
        } else {
                m->bytes = m->play->run(m->bytes);
        }
}

/** Kept to the end: a scan may keep what points at it. */
static struct span make_text(const struct generator *g, size_t size)
{
        uint8_t *text = malloc(size);
        size_t at = g->head.len;
        size_t end = size - g->tail.len;
        unsigned n = 0;
        if (text == NULL) {
                abort();
        }
        memcpy(text, g->head.data, g->head.len);
        for (size_t i = 0; at < end; i = (i + 1) % g->unit.len) {
                char digits[16];
                if (g->unit.data[i] != LINEAR_COUNTER) {
                        text[at++] = g->unit.data[i];
                        continue;
                }
                int len = snprintf(digits, sizeof digits, "%0*u", COUNTER_DIGITS, n++);
                for (int k = 0; k < len && at < end; k++) {
                        text[at++] = (uint8_t)digits[k];
                }
        }
        if (g->tail.len > 0) {
                memcpy(text + end, g->tail.data, g->tail.len);
        }
        return span_of(text, size);
}

static double cpu_ns(void)
{
        struct timespec t;
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/** Measure, and say so. */
static void run(struct measured *m, const char *scan, const char *name, size_t size)
{
        double begin_ns = cpu_ns();
        linear_measured(m);
        double ns = cpu_ns() - begin_ns;
        size_t bytes = m->scan != NULL ? m->text.len : m->bytes;
        printf("%s/%s %zu %zu %.2f\n", scan, name, size, bytes, ns / (double)bytes);
        (void)fflush(stdout);
}

static bool is_wanted(const char *wanted, const char *scan, const char *generator)
{
        size_t len = strlen(scan);
        return strncmp(wanted, scan, len) == 0 &&
               (wanted[len] == '\0' || (wanted[len] == '/' && strcmp(wanted + len + 1, generator) == 0));
}

static void run_scan(const struct scan *scan, const struct generator *g, const size_t *sizes, size_t n)
{
        struct measured m = {.scan = scan};
        scan->run(make_text(g, WARM_BYTES)); /* what is made once, and rooms that grow */
        for (size_t i = 0; i < n; i++) {
                m.text = make_text(g, sizes[i]);
                run(&m, scan->name, g->name, sizes[i]);
        }
}

static void run_play(const struct play *play, const size_t *sizes, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                struct measured m = {.play = play, .bytes = sizes[i]};
                play->begin(sizes[i]);
                run(&m, "session", play->name, sizes[i]);
                play->end();
        }
}

static void run_wanted(const char *wanted, const size_t *sizes, size_t n)
{
        for (size_t i = 0; i < linear_scans_n; i++) {
                bool begun = false;
                for (size_t k = 0; k < linear_generators_n; k++) {
                        if (is_wanted(wanted, linear_scans[i].name, linear_generators[k].name)) {
                                if (!begun && linear_scans[i].begin != NULL) {
                                        linear_scans[i].begin();
                                }
                                begun = true;
                                run_scan(&linear_scans[i], &linear_generators[k], sizes, n);
                        }
                }
        }
        for (size_t i = 0; i < linear_plays_n; i++) {
                if (is_wanted(wanted, "session", linear_plays[i].name)) {
                        run_play(&linear_plays[i], sizes, n);
                }
        }
}

static void list(void)
{
        for (size_t i = 0; i < linear_scans_n; i++) {
                for (size_t k = 0; k < linear_generators_n; k++) {
                        printf("%s/%s %u\n", linear_scans[i].name, linear_generators[k].name,
                               linear_scans[i].limit);
                }
        }
        for (size_t i = 0; i < linear_plays_n; i++) {
                printf("session/%s %u\n", linear_plays[i].name, linear_plays[i].limit);
        }
}

int main(int argc, char **argv)
{
        size_t sizes[SIZES_MAX];
        size_t n = 0;
        if (argc == 2 && strcmp(argv[1], "--list") == 0) {
                list();
                return 0;
        }
        if (argc < 4 || strcmp(argv[1], "--run") != 0) {
                (void)fprintf(stderr, "usage: linear --list | --run SIZES CASE …\n");
                return 2;
        }
        for (char *word = argv[2]; *word != '\0' && n < SIZES_MAX;) {
                sizes[n++] = strtoul(word, &word, 10);
                word += *word == ',' ? 1 : 0;
        }
        for (int i = 3; i < argc; i++) {
                run_wanted(argv[i], sizes, n);
        }
        return 0;
}
