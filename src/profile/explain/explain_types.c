#include "profile/explain/explain_types.h"

const char *explain_bytes_name(enum explain_bytes verdict)
{
        static const char *const names[BYTES_VERDICTS] = {
            [BYTES_CANT_TELL] = "CAN'T TELL YET", [BYTES_FLAT] = "FLAT",   [BYTES_LEVELS_OFF] = "LEVELS OFF",
            [BYTES_FILLING] = "FILLING",          [BYTES_RISES] = "RISES",
        };
        return verdict < BYTES_VERDICTS ? names[verdict] : "?";
}

const char *explain_records_name(enum explain_records verdict)
{
        static const char *const names[RECORDS_VERDICTS] = {
            [RECORDS_WARMING] = "WARMING",
            [RECORDS_STABLE] = "STABLE",
            [RECORDS_DISCOVERING] = "DISCOVERING",
            [RECORDS_NEW_PATH] = "NEW-PATH",
            [RECORDS_UNBOUNDED_STACKS] = "UNBOUNDED-STACKS",
        };
        return verdict < RECORDS_VERDICTS ? names[verdict] : "?";
}
