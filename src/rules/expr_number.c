#include "rules/expr_state.h"

#include <strings.h>

struct unit {
        const char *name;
        uint64_t factor;
};

static const struct unit number_units[] = {{"", 1},           {"k", 1000},     {"M", 1000000},
                                           {"G", 1000000000}, {"Ki", 1 << 10}, {"Mi", 1 << 20},
                                           {"Gi", 1 << 30},   {NULL, 0}};
static const struct unit duration_units[] = {{"us", 1},       {"ms", 1000},      {"s", 1000000},
                                             {"m", 60000000}, {"min", 60000000}, {"h", 3600000000},
                                             {"", 1},         {NULL, 0}};

/** A number, maybe with a fraction of the smallest unit behind it. */
struct exact {
        uint64_t whole;
        bool has_rest;
};

/** Multiply digits with a fraction by a unit. @return false if the result does not fit. */
static bool scale(const char *digits, const char *fraction, size_t n_fraction, uint64_t factor,
                  struct exact *out)
{
        uint64_t rest = 0;
        uint64_t divisor = 1;
        out->has_rest = false;
        for (size_t i = 0; i < n_fraction; i++) {
                uint64_t digit = (uint64_t)(fraction[i] - '0');
                if (i >= 9) { /* the largest factor has no more zeroes than that */
                        out->has_rest = out->has_rest || digit != 0;
                        continue;
                }
                rest = rest * 10 + digit;
                divisor *= 10;
        }
        out->whole = 0;
        for (const char *p = digits; *p >= '0' && *p <= '9'; p++) {
                if (__builtin_mul_overflow(out->whole, 10, &out->whole) ||
                    __builtin_add_overflow(out->whole, (uint64_t)(*p - '0'), &out->whole)) {
                        return false;
                }
        }
        uint64_t part = rest * (factor % divisor) / divisor + rest * (factor / divisor);
        out->has_rest = out->has_rest || (rest * (factor % divisor)) % divisor != 0;
        return !__builtin_mul_overflow(out->whole, factor, &out->whole) &&
               !__builtin_add_overflow(out->whole, part, &out->whole);
}

static const struct unit *find_unit(const struct unit *units, const char *name, size_t n, bool may_lack)
{
        for (; units->name != NULL; units++) {
                bool is_it = strlen(units->name) == n && strncasecmp(units->name, name, n) == 0;
                if (is_it && (n > 0 || may_lack)) {
                        return units;
                }
        }
        return NULL;
}

/** Read the number at *@p p, up to .. or + or the end. */
static bool read_number(struct value_reader *r, const struct raw_value *v, const struct expr_test *test,
                        const char **p, struct exact *out)
{
        const char *digits = *p;
        const char *end = digits + strspn(digits, "0123456789");
        const char *fraction = end[0] == '.' && end[1] >= '0' && end[1] <= '9' ? end + 1 : end;
        size_t n_fraction = fraction > end ? strspn(fraction, "0123456789") : 0;
        const char *unit = fraction > end ? fraction + n_fraction : end;
        size_t n_unit = strcspn(unit, "+.");
        bool is_time = test->kind == KIND_DURATION;
        size_t at = v->at + (size_t)(digits - v->bytes);
        *p = unit + n_unit;
        if (end > digits + 1 && digits[0] == '0' && fraction == end) {
                return expr_fail(r, at, "'%.*s' begins with a zero: a comma separates values, not thousands",
                                 (int)(end - digits), digits);
        }
        if (end == digits) {
                return expr_fail(r, at, "a %s is expected here%s", is_time ? "time" : "number",
                                 is_time ? ", such as 100ms" : ", such as 10, 10+ or 10..50");
        }
        const struct unit *found =
            find_unit(is_time ? duration_units : number_units, unit, n_unit,
                      !is_time || test->term.unit_optional || strspn(digits, "0") == (size_t)(unit - digits));
        if (found == NULL && n_unit == 0) {
                return expr_fail(r, at, "a time needs a unit: %.*sus, %.*sms or %.*ss", (int)(unit - digits),
                                 digits, (int)(unit - digits), digits, (int)(unit - digits), digits);
        }
        if (found == NULL) {
                return expr_fail(r, v->at + (size_t)(unit - v->bytes), "'%.*s' is not a unit: %s%s",
                                 (int)n_unit, unit, is_time ? "us, ms, s, m or h" : "k, M, G, Ki, Mi or Gi",
                                 memchr(unit, '-', n_unit) == NULL ? ""
                                 : is_time                         ? "; a range is written 10ms..50ms"
                                                                   : "; a range is written 10..50");
        }
        return scale(digits, fraction, n_fraction, found->factor, out) ||
               expr_fail(r, at, "the number is too large");
}

/** The numbers that compare with @p e in this way. */
static struct expr_range range_of(enum comparison comparison, struct exact e)
{
        const struct expr_range none = {1, 0};
        switch (comparison) {
        case COMPARE_LESS:
                return e.whole == 0 && !e.has_rest
                           ? none
                           : (struct expr_range){0, e.has_rest ? e.whole : e.whole - 1};
        case COMPARE_LESS_EQUAL: return (struct expr_range){0, e.whole};
        case COMPARE_GREATER:
                return e.whole == UINT64_MAX ? none : (struct expr_range){e.whole + 1, UINT64_MAX};
        case COMPARE_GREATER_EQUAL:
                return e.has_rest && e.whole == UINT64_MAX
                           ? none
                           : (struct expr_range){e.whole + (e.has_rest ? 1 : 0), UINT64_MAX};
        case COMPARE_EQUAL: break;
        }
        return e.has_rest ? none : (struct expr_range){e.whole, e.whole};
}

bool expr_read_range(struct value_reader *r, struct raw_value *v, struct expr_test *test,
                     enum comparison comparison)
{
        const char *p = v->bytes;
        struct exact low = {0, false};
        struct exact high = {UINT64_MAX, false};
        bool has_low = strncmp(p, "..", 2) != 0;
        bool may_range = comparison == COMPARE_EQUAL;
        if (has_low && !read_number(r, v, test, &p, &low)) {
                return false;
        }
        bool is_range = may_range && strncmp(p, "..", 2) == 0;
        bool is_open = may_range && p[0] == '+' && p[1] == '\0';
        if (is_range) {
                p += 2;
                if ((*p != '\0' || !has_low) && !read_number(r, v, test, &p, &high)) {
                        return false;
                }
        }
        if (!is_open && *p != '\0') {
                return expr_fail(r, v->at + (size_t)(p - v->bytes), "'%s' does not belong to the number", p);
        }
        struct expr_range range = range_of(is_open || is_range ? COMPARE_GREATER_EQUAL : comparison, low);
        if (comparison == COMPARE_EQUAL && !is_open && !is_range && low.has_rest) {
                return expr_fail(r, v->at, "%s is a whole number%s", test->term.name,
                                 test->kind == KIND_DURATION ? " of microseconds" : "");
        }
        if (is_range) {
                range.high = high.whole;
                if (range.low > range.high) {
                        return expr_fail(r, v->at, "the range is empty");
                }
        }
        test->ranges[test->n++] = range;
        return true;
}
