#include "profile/heap/scale.h"

#include <math.h>

/* An allocation of s bytes is sampled with probability 1 - e^(-s/R); so the counts are divided by that. */
struct scaled scale_samples(uint64_t objects, uint64_t bytes, uint64_t sample_bytes)
{
        struct scaled s = {(int64_t)objects, (int64_t)bytes};
        if (sample_bytes > 1 && objects > 0 && bytes > 0) {
                double size = (double)bytes / (double)objects;
                double factor = 1 / (1 - exp(-size / (double)sample_bytes));
                s.objects = (int64_t)((double)objects * factor);
                s.bytes = (int64_t)((double)bytes * factor);
        }
        return s;
}
