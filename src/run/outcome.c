#include "run/outcome.h"

#include "profile/heap/prof.h"
#include "run/lookup.h"
#include "run/text_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void outcome_add(struct outcome *o, struct outcome_item item, const char *format, ...)
{
        char text[512];
        va_list list;
        va_start(list, format);
        (void)vsnprintf(text, sizeof text, format, list);
        va_end(list);
        item.message = prof_strdup(STAGE_MAIN, text);
        if (item.message == NULL || !lookup_grow((void **)&o->items, sizeof *o->items, o->n, &o->room)) {
                prof_free(item.message);
                o->failed_memory = true;
                return;
        }
        o->by_level[item.level]++;
        o->items[o->n++] = item;
}

static int compare(const void *a, const void *b)
{
        const struct outcome_item *x = a;
        const struct outcome_item *y = b;
        int by = (x->level > y->level) - (x->level < y->level);
        by = by != 0 ? by : strcmp(x->rule, y->rule);
        by = by != 0 ? by : text_file_compare(x->shape, y->shape);
        by = by != 0 ? by : text_file_compare(x->scope, y->scope);
        return by != 0 ? by : strcmp(x->message, y->message);
}

void outcome_sort(struct outcome *o)
{
        if (o->n > 0) {
                qsort(o->items, o->n, sizeof *o->items, compare);
        }
}

void outcome_fini(struct outcome *o)
{
        for (size_t i = 0; i < o->n; i++) {
                prof_free(o->items[i].message);
        }
        prof_free(o->items);
        o->items = NULL;
        o->n = 0;
}

/** Does the item @p i tell the same as the one before it, of another scope? */
static bool repeats(const struct outcome *o, size_t i)
{
        if (i == 0 || i >= o->n || o->items[i].shape.len == 0) {
                return false;
        }
        const struct outcome_item *x = &o->items[i - 1];
        const struct outcome_item *y = &o->items[i];
        return x->level == y->level && strcmp(x->rule, y->rule) == 0 && span_equal(x->shape, y->shape);
}

size_t outcome_alike(const struct outcome *o, size_t i)
{
        size_t n = 1;
        while (repeats(o, i + n)) {
                n++;
        }
        return n;
}

const char *outcome_level_name(enum outcome_level level)
{
        static const char *const names[] = {
            [OUTCOME_FAIL] = "FAIL", [OUTCOME_INCONCLUSIVE] = "INCONCLUSIVE", [OUTCOME_NOTE] = "note"};
        return names[level];
}

bool outcome_failed(const struct outcome *o)
{
        return o->by_level[OUTCOME_FAIL] > 0 || o->is_empty || o->failed_memory;
}

int outcome_exit(const struct outcome *o)
{
        return o->exit != 0 ? o->exit : outcome_failed(o) ? 1 : 0;
}
