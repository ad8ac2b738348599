/* What an allocation and its free cost through the profiler, compared with plain malloc: nanoseconds, and the ratio. */
#include "base/clock.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"

#include <stdio.h>
#include <stdlib.h>

enum { TIMES = 2000000, ROUNDS = 7, KEPT = 64 };

static double plain(size_t size)
{
        void *kept[KEPT] = {NULL};
        uint64_t begin = clock_mono_ns();
        for (unsigned i = 0; i < TIMES; i++) {
                free(kept[i % KEPT]);
                kept[i % KEPT] = malloc(size);
                __asm__ volatile("" : : "r"(kept[i % KEPT]) : "memory"); /* a compiler would leave both out */
        }
        double ns = (double)(clock_mono_ns() - begin) / TIMES;
        for (unsigned i = 0; i < KEPT; i++) {
                free(kept[i]);
        }
        return ns;
}

static double profiled(size_t size)
{
        void *kept[KEPT] = {NULL};
        uint64_t begin = clock_mono_ns();
        for (unsigned i = 0; i < TIMES; i++) {
                prof_free(kept[i % KEPT]);
                kept[i % KEPT] = prof_alloc(STAGE_MAIN, size);
        }
        double ns = (double)(clock_mono_ns() - begin) / TIMES;
        for (unsigned i = 0; i < KEPT; i++) {
                prof_free(kept[i]);
        }
        return ns;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a;
        double y = *(const double *)b;
        return (x > y) - (x < y);
}

static double median(double (*run)(size_t size), size_t size)
{
        double ns[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
                ns[i] = run(size);
        }
        qsort(ns, ROUNDS, sizeof *ns, compare);
        return ns[ROUNDS / 2];
}

int main(void)
{
        static const size_t sizes[] = {32, 256, 4096};
        printf("%8s %12s %16s %18s %8s\n", "bytes", "malloc, ns", "at 512 KiB, ns", "each sampled, ns",
               "ratio");
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                double malloc_ns = median(plain, sizes[i]);
                prof_set_sample_bytes(524288);
                double usual_ns = median(profiled, sizes[i]);
                prof_set_sample_bytes(1);
                double each_ns = median(profiled, sizes[i]);
                printf("%8zu %12.1f %16.1f %18.1f %8.2f\n", sizes[i], malloc_ns, usual_ns, each_ns,
                       usual_ns / malloc_ns);
        }
        return 0;
}
