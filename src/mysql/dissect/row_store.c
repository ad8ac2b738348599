#include "mysql/dissect/row_store.h"

#include "base/writer.h"
#include "profile/heap/prof.h"

enum { COLUMNS_MAX = 65535, FIRST_ELEMENTS = 64 };

struct row_block {
        struct row_block *next;
        uint8_t bytes[];
};

static size_t columns_size(const struct columns *c)
{
        return sizeof *c + c->n * sizeof c->at[0] + c->names_size;
}

static void retain(struct row_store *store, size_t bytes)
{
        store->retained += bytes;
        store->budget->used += bytes;
}

static void release(struct row_store *store, size_t bytes)
{
        store->retained -= bytes;
        store->budget->used -= bytes;
}

struct row_store *row_store_new(struct budget *budget)
{
        struct row_store *store = prof_calloc(STAGE_DISSECT, 1, sizeof *store);
        if (store != NULL) {
                store->budget = budget;
        }
        return store;
}

void row_store_free(struct row_store *store)
{
        if (store == NULL) {
                return;
        }
        release(store, store->retained);
        while (store->blocks != NULL) {
                struct row_block *first = store->blocks;
                store->blocks = first->next;
                prof_free(first);
        }
        prof_free(store->columns);
        prof_free(store->names.at);
        prof_free(store->rows.at);
        prof_free(store);
}

/* --- columns ------------------------------------------------------------------------------------------------------------ */

static void drop_columns(struct row_store *store)
{
        if (store->columns != NULL) {
                release(store, columns_size(store->columns));
                prof_free(store->columns);
                store->columns = NULL;
        }
}

void row_store_lose_columns(struct row_store *store)
{
        drop_columns(store);
        store->columns_lost = true;
}

void row_store_expect(struct row_store *store, uint64_t n)
{
        drop_columns(store);
        store->columns_lost = n > 0;
        size_t size =
            sizeof *store->columns + (size_t)(n <= COLUMNS_MAX ? n : 0) * sizeof store->columns->at[0];
        if (n > 0 && n <= COLUMNS_MAX && size <= budget_left(store->budget)) {
                store->columns = prof_calloc(STAGE_DISSECT, 1, size);
        }
        if (store->columns != NULL) {
                store->columns->n = (size_t)n;
                store->columns_lost = false;
                retain(store, size);
        }
}

/** Keep the name of the next column behind the columns. */
static bool keep_name(struct row_store *store, struct span name)
{
        struct columns *c = store->columns;
        size_t need = c->names_len + name.len;
        if (need > c->names_size) {
                size_t more = (c->names_size * 2 > need ? c->names_size * 2 : need) - c->names_size;
                c = more <= budget_left(store->budget)
                        ? prof_realloc(STAGE_DISSECT, c, columns_size(c) + more)
                        : NULL;
                if (c == NULL) {
                        return false;
                }
                c->names_size += more;
                store->columns = c;
                retain(store, more);
        }
        if (name.len > 0) {
                memcpy((uint8_t *)(c->at + c->n) + c->names_len, name.data, name.len);
        }
        c->at[c->have].name_at = c->names_len;
        c->at[c->have].name_len = name.len;
        c->names_len = need;
        return true;
}

void row_store_add_column(struct row_store *store, struct column column, struct span name)
{
        struct columns *c = store->columns;
        if (c == NULL || c->have >= c->n) {
                return;
        }
        c->at[c->have] = column;
        if (keep_name(store, name)) {
                store->columns->have++;
        } else {
                row_store_lose_columns(store);
        }
}

struct columns *row_store_take_columns(struct row_store *store, size_t *size)
{
        struct columns *c = store->columns;
        if (c == NULL || c->have < c->n) {
                return NULL;
        }
        *size = columns_size(c);
        release(store, *size);
        store->columns = NULL;
        return c;
}

/* --- values ------------------------------------------------------------------------------------------------------------- */

/** Make room for @p n more elements, within the session's budget. */
static bool reserve(struct row_store *store, struct value_vector *list, size_t n)
{
        if (list->n + n <= list->size) {
                return true;
        }
        size_t size = list->size * 2 > list->n + n ? list->size * 2 : list->n + n;
        size = size > FIRST_ELEMENTS ? size : FIRST_ELEMENTS;
        size_t more = (size - list->size) * sizeof *list->at;
        struct value *bigger = more <= budget_left(store->budget)
                                   ? prof_realloc(STAGE_DISSECT, list->at, size * sizeof *list->at)
                                   : NULL;
        if (bigger == NULL) {
                return false;
        }
        retain(store, more);
        list->at = bigger;
        list->size = size;
        return true;
}

bool row_store_append(struct row_store *store, struct value_vector *list, enum value_role mark,
                      const struct value *values, size_t n)
{
        size_t bytes = 0;
        for (size_t i = 0; i < n; i++) {
                bytes += values[i].bytes.len;
        }
        if (!reserve(store, list, n + 1)) {
                return false;
        }
        struct row_block *block = NULL;
        if (bytes > 0) {
                size_t size = sizeof *block + bytes;
                block = size <= budget_left(store->budget) ? prof_alloc(STAGE_DISSECT, size) : NULL;
                if (block == NULL) {
                        return false;
                }
                retain(store, size);
                block->next = store->blocks;
                store->blocks = block;
        }
        struct writer w = writer_over(block != NULL ? block->bytes : NULL, bytes);
        list->at[list->n++] = (struct value){.role = (uint8_t)mark};
        for (size_t i = 0; i < n; i++) {
                struct value v = values[i];
                size_t at = w.at;
                writer_put(&w, v.bytes);
                v.bytes = v.bytes.len > 0 ? span_of(w.data + at, v.bytes.len) : (struct span){NULL, 0};
                list->at[list->n++] = v;
        }
        return true;
}
