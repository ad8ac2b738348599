#include "profile/stats/bytes.h"

#include <math.h>
#include <string.h>

#define ALPHA_OF_ALL    1e-4
#define ALPHA_OF_NEWEST 1e-8
#define SUSPICIOUS_P    1e-3

enum {
        FIRST_LOOK = 40,
        CONFIRM_MIN = 10, /* readings between the first judgement and the one that confirms it */
        CONFIRM_MAX = 30,
        LONG = 150, /* readings */
        NEWEST_WINDOWS = 60,
        FILLS_BYTES = 1024, /* a store that grew by more within the readings that are judged is filling */
};

const char *bytes_name(enum bytes_kind kind)
{
        static const char *const names[BYTES_KINDS] = {"CAN'T TELL YET", "FLAT", "FILLING", "LEVELS OFF",
                                                       "RISES"};
        return kind < BYTES_KINDS ? names[kind] : "?";
}

/* --- windows --------------------------------------------------------------------------------------------------------- */

static bool is_lower(const struct rise_reading *a, const struct rise_reading *b)
{
        return a->open < b->open || (a->open == b->open && a->bytes < b->bytes);
}

/** Add a reading to the window whose reading so far is @p w. */
static void join(struct rise_reading *w, const struct rise_reading *r)
{
        if (is_lower(r, w)) {
                *w = *r;
        }
}

static void halve(struct bytes *b)
{
        for (uint32_t i = 0; i < BYTES_WINDOWS / 2; i++) {
                b->all[i] = b->all[2 * i];
                join(&b->all[i], &b->all[2 * i + 1]);
        }
        b->n = BYTES_WINDOWS / 2;
        b->each *= 2;
}

static void put(struct bytes *b, const struct rise_reading *r)
{
        b->each = b->each > 0 ? b->each : 1;
        if (b->readings % b->each == 0) {
                if (b->n == BYTES_WINDOWS) {
                        halve(b);
                }
                b->all[b->n++] = *r;
        } else {
                join(&b->all[b->n - 1], r);
        }
        b->newest[b->readings % BYTES_NEWEST] = *r;
        b->readings++;
}

/** The windows that are whole, from the one that begins with reading @p from on; of more than fit the newest.
 *  @return how many. */
static size_t whole_windows(const struct bytes *b, uint64_t from, struct rise_reading *out)
{
        size_t whole = b->n - (b->readings % b->each != 0);
        size_t first = (size_t)((from + b->each - 1) / b->each);
        size_t n = whole > first ? whole - first : 0;
        n = n < RISE_READINGS_MAX ? n : RISE_READINGS_MAX;
        memcpy(out, b->all + whole - n, n * sizeof *out);
        return n;
}

/** The last @p n * @p each readings. */
static void newest_windows(const struct bytes *b, size_t n, size_t each, struct rise_reading *out)
{
        uint64_t from = b->readings - n * each;
        for (size_t i = 0; i < n * each; i++) {
                const struct rise_reading *r = &b->newest[(from + i) % BYTES_NEWEST];
                if (i % each == 0) {
                        out[i / each] = *r;
                } else {
                        join(&out[i / each], r);
                }
        }
}

/* --- the verdict ------------------------------------------------------------------------------------------------------- */

static double moved_by(const struct rise_reading *w, size_t n, enum rise_unit unit)
{
        return n > 0 ? w[n - 1].units[unit] - w[0].units[unit] : 0;
}

static void settle(struct bytes *b, enum bytes_kind kind, const struct rise *r, double moved)
{
        b->kind = kind;
        b->found = *r;
        b->found_at = b->readings;
        b->found_moved = moved;
}

/** Whether the readings @p w, taken since the verdict, refute it: enough growth should have been seen by now, and surely less
 * than half of it was. */
static bool refutes(const struct bytes *b, const struct rise *r, const struct rise_reading *w, size_t n)
{
        double moved = moved_by(w, n, b->found.unit);
        const struct rise_fit *fit = &r->fits[b->found.unit];
        double expected = b->found.fits[b->found.unit].slope * moved;
        return r->kind != RISE_UNKNOWN && r->kind != RISE_RISES && moved >= b->found_moved / 2 &&
               expected >= RISE_GROWTH_MIN && fit->known && fit->high * moved < expected / 2;
}

/** Review the verdict that the bytes rise. @p w: readings since then. */
static void doubt_rise(struct bytes *b, const struct rise *r, const struct rise_reading *w, size_t n)
{
        if (r->kind == RISE_RISES) {
                b->found = *r; /* reported with the newest figures */
        } else if (refutes(b, r, w, n)) {
                settle(b, BYTES_LEVELS_OFF, r, 0);
                b->suspicious = false;
                memset(b->suspected_at, 0, sizeof b->suspected_at);
        }
}

/** Whether the growth is so small that the open sessions could account for it; then only a long time can decide. */
static bool may_be_sessions(const struct rise *r, const struct rise_reading *w, size_t n)
{
        double open = 0;
        for (size_t i = 0; i < n; i++) {
                open = fmax(open, w[i].open);
        }
        return r->growth_low < r->kept_by_session * open;
}

/** Whether the newest readings, @p w, are higher than nearly all earlier ones. */
static bool is_record(const struct bytes *b, const struct rise *r, const struct rise_reading *w, size_t n,
                      uint64_t from)
{
        unsigned higher = 0;
        size_t before = (size_t)(from / b->each);
        double now = fmin(w[n - 1].bytes - r->per_session * w[n - 1].open,
                          w[n - 2].bytes - r->per_session * w[n - 2].open);
        for (size_t i = 0; i < before && i < b->n; i++) {
                higher += b->all[i].bytes - r->per_session * b->all[i].open > now;
        }
        return higher * 20 <= before;
}

static bool is_long_enough(const struct bytes *b, enum bytes_view view, const struct rise *r,
                           const struct rise_reading *w, size_t n)
{
        if (view == BYTES_ALL) {
                return b->readings >= LONG || !may_be_sessions(r, w, n);
        }
        uint64_t span = view == BYTES_LONG ? BYTES_NEWEST : 2 * NEWEST_WINDOWS;
        return is_record(b, r, w, n, b->readings - span) && (view == BYTES_LONG || !may_be_sessions(r, w, n));
}

static void suspect(struct bytes *b, enum bytes_view view, const struct rise *r, double moved)
{
        uint64_t *at = &b->suspected_at[view];
        uint64_t wait = *at / 4;
        wait = wait < CONFIRM_MIN ? CONFIRM_MIN : wait > CONFIRM_MAX ? CONFIRM_MAX : wait;
        if (*at == 0) {
                *at = b->readings;
        } else if (b->readings - *at >= wait) {
                settle(b, BYTES_RISES, r, moved);
        }
}

static bool may_rise(const struct rise *r)
{
        return r->kind == RISE_RISES || (r->kind == RISE_UNKNOWN && r->p < SUSPICIOUS_P &&
                                         r->growth >= RISE_GROWTH_MIN && r->doubt != DOUBT_STEP);
}

static void conclude(struct bytes *b, enum bytes_view view, const struct rise *r,
                     const struct rise_reading *w, size_t n)
{
        bool fills = n > 0 && w[n - 1].stored - w[0].stored >= FILLS_BYTES;
        b->suspicious = view == BYTES_ALL ? may_rise(r) : b->suspicious || may_rise(r);
        b->last = view == BYTES_ALL ? *r : b->last;
        if (r->kind == RISE_RISES && !is_long_enough(b, view, r, w, n)) {
                return;
        }
        if (r->kind == RISE_RISES) {
                suspect(b, view, r, moved_by(w, n, r->unit));
        } else if (r->kind != RISE_UNKNOWN) { /* otherwise the verdict stands */
                b->suspected_at[view] = 0;
                if (view == BYTES_ALL) { /* the newest readings are judged for leaks only */
                        settle(b,
                               r->kind == RISE_LEVELS ? BYTES_LEVELS_OFF
                               : fills                ? BYTES_FILLING
                                                      : BYTES_FLAT,
                               r, 0);
                }
        }
}

static void judge(struct bytes *b, enum bytes_view view, const struct rise_reading *w, size_t n,
                  enum rise_unit first, double *scratch)
{
        double k = b->looks;
        struct rise r = rise_judge(
            w, n, first, view == BYTES_ALL ? ALPHA_OF_ALL / (k * (k + 1)) : ALPHA_OF_NEWEST, scratch);
        if (b->kind == BYTES_RISES) {
                doubt_rise(b, &r, w, n);
        } else {
                conclude(b, view, &r, w, n);
        }
}

static void judge_newest(struct bytes *b, enum bytes_view view, size_t each, enum rise_unit first,
                         double *scratch)
{
        struct rise_reading w[RISE_READINGS_MAX];
        uint64_t since = b->kind == BYTES_RISES ? b->found_at : 0;
        if (b->readings - since >= NEWEST_WINDOWS * each) {
                newest_windows(b, NEWEST_WINDOWS, each, w);
                judge(b, view, w, NEWEST_WINDOWS, first, scratch);
        }
}

bool bytes_add(struct bytes *b, const struct rise_reading *reading, enum rise_unit first, double *scratch)
{
        bool looked = false;
        put(b, reading);
        b->next_look = b->next_look > 0 ? b->next_look : FIRST_LOOK;
        if (b->readings >= b->next_look) {
                struct rise_reading w[RISE_READINGS_MAX];
                uint64_t from = b->kind == BYTES_RISES ? b->found_at : b->readings / 2;
                b->looks++;
                judge(b, BYTES_ALL, w, whole_windows(b, from, w), first, scratch);
                b->next_look = b->readings + (b->readings + 9) / 10;
                looked = true;
        }
        if (b->readings % BYTES_LOOK == 0 && b->readings > BYTES_NEWEST) {
                judge_newest(b, BYTES_LONG, BYTES_NEWEST / NEWEST_WINDOWS, first, scratch);
                judge_newest(b, BYTES_SHORT, 2, first, scratch);
                looked = true;
        }
        return looked;
}
