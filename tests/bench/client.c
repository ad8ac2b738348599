/* Clients that cost as little as they can, so that what they measure is the way to the server:
 *
 *      client drain PORT TIMES SECONDS QUERY       one connection; reads each result and throws it away
 *      client churn PORT TIMES SECONDS PARALLEL    connect, log in, SELECT 1, quit, over and over, in PARALLEL threads
 *      client hold  PORT COUNT                     COUNT sessions that do nothing, until standard input ends
 *
 * TIMES or SECONDS may be 0 (no bound); they end at the first bound. Prints one line of JSON: units, bytes, seconds,
 * percentiles of the time of a unit; hold prints "ready" instead. */
#include "base/clock.h"
#include "wire.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLES_MAX = 1 << 20, PARALLEL_MAX = 256 };

struct job {
        uint16_t port;
        uint64_t times;
        uint64_t end_ns; /* 0 = no bound */
        const char *query;
        uint64_t units;
        uint64_t bytes;
        uint64_t *took_ns;
};

static uint64_t number(const char *text)
{
        char *end = NULL;
        unsigned long long n = strtoull(text, &end, 10);
        if (end == text || *end != '\0') {
                (void)fprintf(stderr, "%s: no number\n", text);
                exit(2);
        }
        return n;
}

static uint8_t *new_room(void)
{
        uint8_t *room = malloc(WIRE_ROOM);
        if (room == NULL) {
                wire_fail("memory");
        }
        return room;
}

/** Another one? */
static int goes_on(const struct job *j, uint64_t now_ns)
{
        return (j->times == 0 || j->units < j->times) && (j->end_ns == 0 || now_ns < j->end_ns) &&
               j->units < SAMPLES_MAX;
}

static void *drain(void *arg)
{
        struct job *j = arg;
        struct wire w;
        uint8_t *room = new_room();
        wire_login(&w, j->port, room);
        uint64_t size = 0;
        for (uint64_t now = clock_mono_ns(); goes_on(j, now);) {
                wire_send(&w, 3, j->query);
                if (size == 0) {
                        size = wire_drain(&w);
                } else {
                        wire_drain_bytes(&w, size);
                }
                uint64_t then = now;
                now = clock_mono_ns();
                j->took_ns[j->units++] = now - then;
                j->bytes += size;
        }
        wire_quit(&w);
        free(room);
        return NULL;
}

static void *churn(void *arg)
{
        struct job *j = arg;
        uint8_t *room = new_room();
        for (uint64_t now = clock_mono_ns(); goes_on(j, now);) {
                struct wire w;
                wire_login(&w, j->port, room);
                wire_send(&w, 3, "SELECT 1");
                j->bytes += wire_drain(&w);
                wire_quit(&w);
                uint64_t then = now;
                now = clock_mono_ns();
                j->took_ns[j->units++] = now - then;
        }
        free(room);
        return NULL;
}

static int compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a;
        uint64_t y = *(const uint64_t *)b;
        return (x > y) - (x < y);
}

static double percentile_us(const uint64_t *ns, uint64_t n, unsigned percent)
{
        size_t at = n > 0 ? (n - 1) * percent / 100 : 0;
        return n > 0 ? (double)ns[at] / 1e3 : 0;
}

static int run(void *(*work)(void *), struct job all, unsigned parallel, uint64_t seconds)
{
        static struct job jobs[PARALLEL_MAX];
        static pthread_t threads[PARALLEL_MAX];
        uint64_t *took = malloc(sizeof *took * SAMPLES_MAX * parallel); /* pages come as they are written */
        if (took == NULL) {
                wire_fail("memory");
        }
        uint64_t begin = clock_mono_ns();
        for (unsigned i = 0; i < parallel; i++) {
                jobs[i] = all;
                jobs[i].times = all.times > 0 ? all.times / parallel + (i < all.times % parallel) : 0;
                jobs[i].end_ns = seconds > 0 ? begin + seconds * 1000000000U : 0;
                jobs[i].took_ns = took + (size_t)i * SAMPLES_MAX;
                if (all.times > 0 && jobs[i].times == 0) {
                        jobs[i].end_ns = begin;
                }
                if (pthread_create(&threads[i], NULL, work, &jobs[i]) != 0) {
                        wire_fail("pthread_create");
                }
        }
        uint64_t units = 0;
        uint64_t bytes = 0;
        for (unsigned i = 0; i < parallel; i++) {
                (void)pthread_join(threads[i], NULL);
                memmove(took + units, jobs[i].took_ns, jobs[i].units * sizeof *took);
                units += jobs[i].units;
                bytes += jobs[i].bytes;
        }
        double took_s = (double)(clock_mono_ns() - begin) / 1e9;
        qsort(took, units, sizeof *took, compare);
        (void)printf("{\"units\":%llu,\"bytes\":%llu,\"seconds\":%.6f,\"p50_us\":%.1f,\"p95_us\":%.1f,\"p99_"
                     "us\":%.1f}\n",
                     (unsigned long long)units, (unsigned long long)bytes, took_s,
                     percentile_us(took, units, 50), percentile_us(took, units, 95),
                     percentile_us(took, units, 99));
        free(took);
        return 0;
}

static int hold(uint16_t port, uint64_t count)
{
        uint8_t *room = new_room();
        for (uint64_t i = 0; i < count; i++) {
                struct wire w;
                wire_login(&w, port, room);
        }
        (void)puts("ready");
        (void)fflush(stdout);
        while (getchar() != EOF) {
        }
        free(room);
        return 0;
}

int main(int argc, char **argv)
{
        const char *mode = argc > 3 ? argv[1] : "";
        uint16_t port = argc > 3 ? (uint16_t)number(argv[2]) : 0;
        if (strcmp(mode, "drain") == 0 && argc == 6) {
                return run(drain, (struct job){.port = port, .times = number(argv[3]), .query = argv[5]}, 1,
                           number(argv[4]));
        }
        if (strcmp(mode, "churn") == 0 && argc == 6 && number(argv[5]) > 0 &&
            number(argv[5]) <= PARALLEL_MAX) {
                return run(churn, (struct job){.port = port, .times = number(argv[3])},
                           (unsigned)number(argv[5]), number(argv[4]));
        }
        if (strcmp(mode, "hold") == 0 && argc == 4) {
                return hold(port, number(argv[3]));
        }
        (void)fprintf(stderr, "Usage: client drain PORT TIMES SECONDS QUERY | churn PORT TIMES SECONDS "
                              "PARALLEL | hold PORT COUNT\n");
        return 2;
}
