#include "profile/explain/dump.h"

const char *dump_other_name(enum dump_other kind)
{
        static const char *const names[DUMP_OTHERS] = {
            [DUMP_GOROUTINE] = "goroutine profile",   [DUMP_BLOCK] = "block or mutex profile",
            [DUMP_THREADS] = "threadcreate profile",  [DUMP_CPU] = "CPU profile",
            [DUMP_TRACE] = "execution trace",         [DUMP_GROWTH] = "heap growth profile",
            [DUMP_PROTO] = "profile of another kind",
        };
        return kind < DUMP_OTHERS ? names[kind] : "?";
}
