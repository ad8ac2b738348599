#include "profile/export/verdict.h"

#include "profile/export/symbol.h"
#include "profile/heap/record.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 80 };

const char *records_name(enum records_kind kind)
{
        static const char *const names[RECORDS_KINDS] = {"WARMING", "STABLE", "DISCOVERING", "NEW-PATH",
                                                         "UNBOUNDED-STACKS"};
        return kind < RECORDS_KINDS ? names[kind] : "?";
}

const char *verdict_name(enum verdict_kind kind)
{
        static const char *const names[VERDICT_COUNT] = {
            "WARMING", "STABLE", "DISCOVERING", "NEW-PATH", "UNBOUNDED-STACKS", "FILLING", "LEAK", "RSS-ONLY",
        };
        return kind < VERDICT_COUNT ? names[kind] : "?";
}

__attribute__((format(printf, 2, 3))) static void put(char *sentence, const char *format, ...)
{
        size_t len = strlen(sentence);
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(sentence + len, sizeof((struct verdict *)NULL)->sentence - len, format, arguments);
        va_end(arguments);
}

/** "10 min". */
static void put_seconds(char *s, double seconds)
{
        if (seconds < 120) {
                put(s, "%.0f s", seconds);
        } else if (seconds < 7200) {
                put(s, "%.0f min", seconds / 60);
        } else {
                put(s, "%.1f h", seconds / 3600);
        }
}

/** "1.2 MB". */
static void put_bytes(char *s, double bytes)
{
        if (fabs(bytes) < 10e3) {
                put(s, "%.0f bytes", bytes);
        } else if (fabs(bytes) < 10e6) {
                put(s, "%.0f KB", bytes / 1e3);
        } else {
                put(s, "%.0f MB", bytes / 1e6);
        }
}

/** A text from a statement, with control characters replaced. */
static void put_text(char *s, const char *text, size_t max)
{
        for (size_t i = 0; i < max && text[i] != '\0'; i++) {
                char c = text[i] == '\n' || text[i] == '\t' ? ' ' : text[i];
                put(s, "%c", c < ' ' || c > '~' ? '.' : c);
        }
}

/** The function that allocated, if it is in the program; the place in a library, if the library gave one. */
static void put_place(char *s, const struct prof_record *r)
{
        struct symbol place = {0};
        for (unsigned i = 0; i < r->depth && place.file == NULL; i++) {
                place = symbol_find(r->stack[i] - 1);
        }
        if (r->site[0] != '\0') {
                put(s, ", at ");
                put_text(s, r->site, sizeof r->site);
        }
        if (place.function != NULL) {
                put(s, r->site[0] != '\0' ? ", called in " : ", allocated in ");
                put_text(s, place.function, TEXT_MAX);
        }
}

static void put_record(char *s, uint32_t id)
{
        struct prof_record r;
        if (id == 0 || !prof_record_get(id, &r)) {
                return;
        }
        put(s, "record %u of %llu bytes", id, (unsigned long long)r.size);
        put_place(s, &r);
        if (r.command != NULL) {
                put(s, ", first made during %s ", r.command);
                put_text(s, r.text, TEXT_MAX);
        }
}

/** Bytes per unit: three digits, but never as a power of ten. */
static void put_number(char *s, double number)
{
        put(s, fabs(number) < 1000 ? "%.3g" : "%.0f", fabs(number) < 0.005 ? 0 : number);
}

/** "64 bytes a statement (95 %: 63.8 to 64.2)". */
static void put_slope(char *s, const struct rise *r)
{
        const struct rise_fit *fit = &r->fits[r->unit];
        put_number(s, fit->slope);
        put(s, " bytes %s %s (95 %%: ", r->unit == RISE_REQUESTS ? "an" : "a", rise_unit_name(r->unit));
        put_number(s, fit->low);
        put(s, " to ");
        put_number(s, fit->high);
        put(s, ")");
}

/** The plausible units, if there are several. */
static void put_units(char *s, const struct rise *r)
{
        unsigned plausible[RISE_UNITS];
        unsigned n = 0;
        for (unsigned u = 0; u < RISE_UNITS; u++) {
                if (r->fits[u].plausible) {
                        plausible[n++] = u;
                }
        }
        if (n < 2) {
                return;
        }
        put(s, " The traffic does not show whether it depends on ");
        for (unsigned i = 0; i < n; i++) {
                put(s, "%s%ss",
                    i == 0       ? ""
                    : i + 1 == n ? " or "
                                 : ", ",
                    rise_unit_name((enum rise_unit)plausible[i]));
        }
        put(s, ".");
}

/* --- bytes ----------------------------------------------------------------------------------------------------------- */

static void put_search(char *s, const struct verdict *v)
{
        if (v->suspect != 0) {
                put(s, " It is %s", v->search.sure ? "" : "perhaps ");
                put_record(s, v->suspect);
                put(s, ".");
        }
        if (v->search.searching) {
                put(s, " Every allocation of the stage is sampled until the allocation site is known.");
        } else if (v->suspect == 0) {
                put(s, v->search.gave_up ? " The allocation site was not found; the search will be repeated."
                                         : " The allocation site is not known: it was not sampled.");
        }
}

static void put_rise(char *s, const struct verdict *v)
{
        put(s, "A leak: live memory rises by ");
        put_slope(s, &v->rise);
        put(s, ", ");
        put_bytes(s, v->rise.growth);
        put(s, " in ");
        put_seconds(s, v->rise.seconds);
        put(s, ".");
        put_search(s, v);
        put_units(s, &v->rise);
}

static void put_doubt(char *s, const struct verdict *v)
{
        const struct rise *r = &v->rise;
        put(s, "Can't tell yet: ");
        switch (v->doubt) {
        case DOUBT_NONE:
        case DOUBT_READINGS:
                put(s, "too few readings (%" PRIu64 "), or nothing has changed; wait for more traffic.",
                    v->readings);
                return;
        case DOUBT_SESSIONS:
                put(s, "live memory rose by ");
                put_bytes(s, r->growth);
                put(s, ", and so did the number of sessions; wait until there are as many as before.");
                return;
        case DOUBT_STEP:
                put(s, "live memory rose by ");
                put_bytes(s, r->growth);
                put(s, ", most of it at once; wait whether it does so again.");
                return;
        case DOUBT_CHANCE:
                put(s, "live memory rises by ");
                put_slope(s, r);
                put(s, ", which may be chance; wait for more traffic.");
                return;
        }
}

static void put_store(char *s, const struct verdict *v)
{
        if (v->store == STORE_COUNT) {
                put(s, "Not a leak: a bounded store fills");
        } else {
                put(s,
                    v->store == STORE_STATEMENTS ? "Not a leak in the proxy: the application does not close "
                                                   "its prepared statements, which use "
                                                 : "Not a leak: %s fill, ",
                    v->stored.name);
                put_bytes(s, (double)v->stored.used);
                put(s, " of ");
                put_bytes(s, (double)v->stored.bound);
        }
        put(s, "; apart from that, live memory does not grow with traffic (95 %%).");
}

static void put_flat(char *s, const struct rise *r)
{
        if (r->kind == RISE_BELOW) {
                put(s, "Not called a leak: live memory rises by ");
                put_slope(s, r);
                put(s, ", less than the bound of %.0f.", RISE_BOUND);
        } else {
                put(s, "Not a leak: live memory does not grow with traffic (95 %%).");
        }
}

static void put_bytes_answer(char *s, const struct verdict *v)
{
        switch (v->bytes) {
        case BYTES_RISES: put_rise(s, v); break;
        case BYTES_CANT_TELL:
        case BYTES_KINDS: put_doubt(s, v); break;
        case BYTES_FILLING: put_store(s, v); break;
        case BYTES_LEVELS_OFF: put(s, "Not a leak: live memory rose and is leveling off."); break;
        case BYTES_FLAT: put_flat(s, &v->rise); break;
        }
}

static void put_process_answer(char *s, const struct verdict *v)
{
        const char *stage = v->rising < STAGE_COUNT ? prof_stage_name((enum prof_stage)v->rising) : "?";
        switch (v->bytes) {
        case BYTES_RISES:
                put(s, "A leak: stage %s rises.", stage);
                put_search(s, v);
                break;
        case BYTES_CANT_TELL:
        case BYTES_KINDS: put(s, "Can't tell yet: stage %s is undecided.", stage); break;
        case BYTES_FILLING:
                put(s,
                    "Not a leak: bounded stores fill, such as those of stage %s; apart from them, live "
                    "memory does not grow with traffic (95 %%).",
                    stage);
                break;
        case BYTES_LEVELS_OFF:
                put(s, "Not a leak: live memory rose in stage %s and is leveling off.", stage);
                break;
        case BYTES_FLAT: put(s, "Not a leak: live memory does not grow with traffic (95 %%)."); break;
        }
        if (v->resident) {
                put(s, " The resident size (RSS) rises nevertheless: buffers that fill for the first time, "
                       "malloc's caches, or memory outside the stages.");
        }
}

/* --- records --------------------------------------------------------------------------------------------------------- */

static void put_records_answer(char *s, const struct verdict *v)
{
        if (v->records == 0) {
                put(s, "none yet.");
                return;
        }
        put(s, "%u record%s = %u stack%s x sizes, %u live", v->records, v->records == 1 ? "" : "s", v->stacks,
            v->stacks == 1 ? "" : "s", v->live);
        if (v->predicted) {
                put(s, "; %+d in ", (int)v->births);
                put_seconds(s, v->seconds);
                put(s, ", %.1f expected (%.0f to %.0f)", v->expected, v->low, v->high);
        }
        put(s, ".");
        if (v->growing == RECORDS_NEW_PATH) {
                put(s, " There are more new records than the same work explains; the first is ");
                put_record(s, v->born);
                put(s, ".");
        } else if (v->growing == RECORDS_UNBOUNDED_STACKS) {
                put(s, " Nearly every sample is a new record: there is no limit to the stacks or sizes.");
        }
}

/** Mention that every allocation is sampled, because it has a cost. */
static void put_sampling(char *s, const struct verdict *v)
{
        if (v->search.searching && v->bytes != BYTES_RISES) {
                put(s, " Every allocation of the stage is sampled for a while, because its memory may be "
                       "rising.");
        }
}

void verdict_write(unsigned stage, struct verdict *v)
{
        v->sentence[0] = '\0';
        if (stage == STAGE_COUNT) {
                put_process_answer(v->sentence, v);
        } else {
                put_bytes_answer(v->sentence, v);
                put_sampling(v->sentence, v);
        }
        put(v->sentence, " Records: ");
        put_records_answer(v->sentence, v);
}
