#include "base/seed.h"

#include <pthread.h>
#include <sys/random.h>
#include <sys/types.h>

static uint64_t seed;

static void make_seed(void)
{
        if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed) {
                seed = 0x9e3779b97f4a7c15ULL;
        }
        seed |= 1;
}

uint64_t seed_of_process(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        (void)pthread_once(&once, make_seed);
        return seed;
}
