/* What the forms of the report have in common. */
#include "run/report.h"

enum { SCOPES_SHOWN = 3 };

const char *report_result(const struct outcome *o)
{
        return outcome_failed(o)                       ? "failed"
               : o->by_level[OUTCOME_INCONCLUSIVE] > 0 ? "inconclusive"
                                                       : "passed";
}

struct report_place report_place(struct span place)
{
        struct report_place p = {.file = place};
        for (size_t i = 0; i < place.len; i++) {
                size_t end = i + 1;
                uint64_t line = 0;
                while (place.data[i] == ':' && end < place.len && place.data[end] >= '0' &&
                       place.data[end] <= '9' && line < UINT32_MAX / 10) {
                        line = line * 10 + (place.data[end++] - '0');
                }
                if (line > 0 && i > 0 && (end == place.len || place.data[end] == ':')) {
                        p.file = span_head(place, i);
                        p.line = line;
                        break;
                }
        }
        return p;
}

struct span report_first_place(const struct outcome *o, size_t i, size_t n)
{
        for (size_t k = i; k < i + n; k++) {
                if (o->items[k].place.len > 0) {
                        return o->items[k].place;
                }
        }
        return (struct span){NULL, 0};
}

struct span report_shortest_example(const struct outcome *o, size_t i, size_t n)
{
        struct span best = {NULL, 0};
        for (size_t k = i; k < i + n; k++) {
                struct span one = o->items[k].example;
                best = one.len > 0 && (best.len == 0 || one.len < best.len) ? one : best;
        }
        return best;
}

void report_scopes(const struct outcome *o, size_t i, size_t n, FILE *out,
                   void (*put)(FILE *out, struct span text))
{
        for (size_t k = 0; k < n && k < SCOPES_SHOWN; k++) {
                (void)fputs(k > 0 ? ", " : "", out);
                put(out, o->items[i + k].scope);
        }
        if (n > SCOPES_SHOWN) {
                (void)fprintf(out, " and %zu more", n - SCOPES_SHOWN);
        }
}
