#include "journal/format/jsonl_map.h"

#include "base/json.h"
#include "base/utf8.h"
#include "profile/heap/prof.h"

#include <stdlib.h>

enum { FEW = 16 };

/** A name that is not valid UTF-8 is written as its bytes. */
static void put_name(struct writer *w, struct span name)
{
        if (utf8_valid(name)) {
                (void)json_quote(w, name);
                return;
        }
        writer_text(w, "\"hex:");
        writer_hex(w, name);
        writer_char(w, '"');
}

/** Write a member with all values of @p values, which have the same name. */
static void put_member(struct writer *w, const struct value *const *values, size_t n, bool is_first)
{
        writer_text(w, is_first ? "" : ",");
        put_name(w, values[0]->name);
        writer_text(w, n > 1 ? ":{\"repeated\":[" : ":");
        for (size_t i = 0; i < n; i++) {
                writer_text(w, i > 0 ? "," : "");
                value_print(w, values[i], VALUE_AS_JSON);
        }
        writer_text(w, n > 1 ? "]}" : "");
}

static bool has_repeated_name(struct value_list list)
{
        for (size_t i = 1; i < list.n; i++) {
                for (size_t k = 0; k < i; k++) {
                        if (span_equal(list.at[i].name, list.at[k].name)) {
                                return true;
                        }
                }
        }
        return false;
}

static int compare_names(struct span a, struct span b)
{
        size_t n = a.len < b.len ? a.len : b.len;
        int order = n > 0 ? memcmp(a.data, b.data, n) : 0;
        return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/** By name; values of the same name in the order of the list. */
static int compare(const void *left, const void *right)
{
        const struct value *a = *(const struct value *const *)left;
        const struct value *b = *(const struct value *const *)right;
        int order = compare_names(a->name, b->name);
        return order != 0 ? order : (a > b) - (a < b);
}

/** Find the first of the sorted values that has the name of @p v, which is one of them. */
static size_t first_of(const struct value *const *sorted, size_t n, const struct value *v)
{
        size_t low = 0;
        while (n > 0) {
                size_t half = n / 2;
                bool is_before = compare_names(sorted[low + half]->name, v->name) < 0;
                low += is_before ? half + 1 : 0;
                n = is_before ? n - half - 1 : half;
        }
        return low;
}

/** Write the members, each where its name occurs first. */
static void put_sorted(struct writer *w, struct value_list list, const struct value **sorted)
{
        for (size_t i = 0; i < list.n; i++) {
                sorted[i] = &list.at[i];
        }
        qsort(sorted, list.n, sizeof(const struct value *), compare);
        for (size_t i = 0; i < list.n; i++) {
                size_t at = first_of(sorted, list.n, &list.at[i]);
                if (sorted[at] == &list.at[i]) {
                        size_t end = at + 1;
                        while (end < list.n && span_equal(sorted[end]->name, list.at[i].name)) {
                                end++;
                        }
                        put_member(w, sorted + at, end - at, i == 0);
                }
        }
}

static void put_many(struct writer *w, struct value_list list)
{
        const struct value **sorted = prof_alloc(STAGE_JOURNAL, list.n * sizeof(const struct value *));
        if (sorted == NULL) {
                writer_text(w, "\"unknown\":{\"unknown\":true}");
                return;
        }
        put_sorted(w, list, sorted);
        prof_free(sorted);
}

void jsonl_map(struct writer *w, struct value_list list)
{
        const struct value *few[FEW];
        writer_char(w, '{');
        if (list.n > FEW) {
                put_many(w, list);
        } else if (has_repeated_name(list)) {
                put_sorted(w, list, few);
        } else {
                for (size_t i = 0; i < list.n; i++) {
                        few[0] = &list.at[i];
                        put_member(w, few, 1, i == 0);
                }
        }
        writer_char(w, '}');
}
