#include "mysql/dissect/statement.h"

#include "base/seed.h"
#include "mysql/dissect/row_columns.h"
#include "profile/heap/prof.h"
#include "profile/heap/store.h"

#include <assert.h>

enum { FIRST_BITS = 3, FIRST_BYTES = 32 };

static size_t bucket_of(const struct statements *s, uint32_t id)
{
        return seed_bucket(s->seed, id, s->bits);
}

/** @return how many buckets a table of @p bits has; 0 for 0 bits. */
static size_t buckets_of(uint32_t bits)
{
        assert(bits < 32); /* there are fewer numbers of statements and parameters */
        return bits > 0 ? (size_t)1 << bits : 0;
}

/** The session and the store of all sessions hold @p bytes more, for @p share. */
static void hold_for(struct statements *s, enum budget_share share, int64_t bytes)
{
        s->held += (size_t)bytes;
        if (s->budget != NULL) {
                budget_share_add(s->budget, share, bytes);
        }
        prof_store_add(STORE_STATEMENTS, bytes);
}

static void hold(struct statements *s, int64_t bytes)
{
        hold_for(s, BUDGET_STATEMENTS, bytes);
}

/** The buckets do not count for the session, whose bound is on the content of its statements. */
static void hold_buckets(const struct statements *s, int sign)
{
        prof_store_add(STORE_STATEMENTS, sign * (int64_t)(buckets_of(s->bits) * sizeof(struct statement *)));
}

static int64_t table_bytes(const struct long_data_table *t)
{
        return (int64_t)(buckets_of(t->bits) * sizeof(struct long_data *));
}

void statement_drop_long_data(struct statements *s, struct statement *st)
{
        struct long_data_table *t = &st->long_data;
        st->long_data_is_cut = false;
        while (t->first != NULL) {
                struct long_data *first = t->first;
                t->first = first->next;
                hold_for(s, BUDGET_LONG_DATA, -(int64_t)(sizeof *first + first->size));
                prof_free(first->bytes);
                prof_free(first);
        }
        if (t->buckets != NULL) {
                hold_for(s, BUDGET_LONG_DATA, -table_bytes(t));
                prof_free(t->buckets);
                *t = (struct long_data_table){NULL, NULL, 0, 0};
        }
}

void statement_set_columns(struct statements *s, struct statement *st, struct columns *columns, size_t size)
{
        prof_free(st->columns);
        hold(s, (int64_t)size - (int64_t)st->columns_size);
        st->columns = columns;
        st->columns_size = size;
}

void statement_set_row_columns(struct statements *s, struct statement *st, const struct row_columns *columns)
{
        if (st->row_columns == NULL) {
                st->row_columns = prof_alloc(STAGE_DISSECT, sizeof *columns);
                if (st->row_columns == NULL) {
                        return;
                }
                hold(s, sizeof *columns);
        }
        *st->row_columns = *columns;
}

/** Nothing is to be forgotten of @p st later. */
static void leave_missed(struct statement *st)
{
        if (st->missed != MISSED_NOTHING) {
                *st->missed_here = st->next_missed;
                if (st->next_missed != NULL) {
                        st->next_missed->missed_here = st->missed_here;
                }
                st->missed = MISSED_NOTHING;
        }
}

static void discard(struct statements *s, struct statement *st)
{
        leave_missed(st);
        if (st->row_columns != NULL) {
                hold(s, -(int64_t)sizeof *st->row_columns);
                prof_free(st->row_columns);
        }
        statement_drop_long_data(s, st);
        statement_set_columns(s, st, NULL, 0);
        hold(s, -(int64_t)(sizeof *st + st->text_len + st->n_types * sizeof *st->types));
        s->count--;
        prof_free(st->types);
        prof_free(st->text);
        prof_free(st);
}

void statements_clear(struct statements *s)
{
        for (size_t i = 0; i < buckets_of(s->bits); i++) {
                while (s->buckets[i] != NULL) {
                        struct statement *first = s->buckets[i];
                        s->buckets[i] = first->next;
                        discard(s, first);
                }
        }
        hold_buckets(s, -1);
        prof_free(s->buckets);
        *s = (struct statements){.budget = s->budget, .last_prepared = s->last_prepared};
}

struct statement *statements_find(const struct statements *s, uint32_t id)
{
        struct statement *st = s->bits > 0 ? s->buckets[bucket_of(s, id)] : NULL;
        while (st != NULL && st->id != id) {
                st = st->next;
        }
        return st;
}

/** Keep about one statement a bucket. */
static enum status grow(struct statements *s)
{
        if (s->count < buckets_of(s->bits)) {
                return STATUS_OK;
        }
        struct statements bigger = *s;
        bigger.seed = seed_of_process();
        bigger.bits = s->bits > 0 ? s->bits + 1 : FIRST_BITS;
        bigger.buckets = prof_calloc(STAGE_DISSECT, buckets_of(bigger.bits), sizeof(struct statement *));
        if (bigger.buckets == NULL) {
                return STATUS_NOMEM;
        }
        for (size_t i = 0; i < buckets_of(s->bits); i++) {
                while (s->buckets[i] != NULL) {
                        struct statement *st = s->buckets[i];
                        s->buckets[i] = st->next;
                        struct statement **to = &bigger.buckets[bucket_of(&bigger, st->id)];
                        st->next = *to;
                        *to = st;
                }
        }
        hold_buckets(s, -1);
        prof_free(s->buckets);
        *s = bigger;
        hold_buckets(s, 1);
        return STATUS_OK;
}

struct statement *statements_add(struct statements *s, uint32_t id, struct span text)
{
        statements_remove(s, id);
        if (grow(s) != STATUS_OK) {
                return NULL;
        }
        struct statement *st = prof_calloc(STAGE_DISSECT, 1, sizeof *st);
        if (st == NULL) {
                return NULL;
        }
        st->text = prof_alloc(STAGE_DISSECT, text.len);
        if (st->text == NULL) {
                prof_free(st);
                return NULL;
        }
        if (text.len > 0) {
                memcpy(st->text, text.data, text.len);
        }
        st->text_len = text.len;
        st->true_len = text.len;
        st->id = id;
        st->next = s->buckets[bucket_of(s, id)];
        s->buckets[bucket_of(s, id)] = st;
        hold(s, (int64_t)(sizeof *st + text.len));
        s->count++;
        return st;
}

void statements_remove(struct statements *s, uint32_t id)
{
        if (s->bits == 0) {
                return;
        }
        for (struct statement **at = &s->buckets[bucket_of(s, id)]; *at != NULL; at = &(*at)->next) {
                if ((*at)->id == id) {
                        struct statement *st = *at;
                        *at = st->next;
                        discard(s, st);
                        return;
                }
        }
}

void statement_forget(struct statements *s, struct statement *st, enum statement_missed missed)
{
        if (missed == MISSED_END) {
                statements_remove(s, st->id);
        } else if (missed == MISSED_EXECUTION) {
                statement_drop_long_data(s, st);
                hold(s, -(int64_t)(st->n_types * sizeof *st->types));
                prof_free(st->types);
                st->types = NULL;
                st->n_types = 0;
        }
}

void statement_note_missed(struct statements *s, struct statement *st, enum statement_missed missed)
{
        if (st->missed == MISSED_NOTHING) {
                st->next_missed = s->missed;
                st->missed_here = &s->missed;
                s->missed = st;
                if (st->next_missed != NULL) {
                        st->next_missed->missed_here = &st->next_missed;
                }
        }
        st->missed = missed > st->missed ? (uint8_t)missed : st->missed;
}

void statements_forget_missed(struct statements *s)
{
        while (s->missed != NULL) {
                struct statement *st = s->missed;
                enum statement_missed missed = st->missed;
                leave_missed(st);
                statement_forget(s, st, missed);
        }
}

void statements_forget_executions(struct statements *s)
{
        for (size_t i = 0; i < buckets_of(s->bits); i++) {
                for (struct statement *st = s->buckets[i]; st != NULL; st = st->next) {
                        statement_forget(s, st, MISSED_EXECUTION);
                }
        }
}

uint16_t *statement_types(struct statements *s, struct statement *st, uint16_t n)
{
        if (n != st->n_types) {
                uint16_t *room = prof_realloc(STAGE_DISSECT, st->types, n * sizeof *room);
                if (room == NULL) {
                        return NULL;
                }
                hold(s, ((int64_t)n - st->n_types) * (int64_t)sizeof *room);
                st->types = room;
                st->n_types = n;
        }
        return st->types;
}

/* --- long data ------------------------------------------------------------------------------------------------------- */

static struct long_data **bucket_of_param(const struct long_data_table *t, uint16_t param)
{
        return &t->buckets[seed_bucket(seed_of_process(), param, t->bits)];
}

/** Keep about one parameter a bucket. @return false when memory is out. */
static bool grow_table(struct statements *s, struct long_data_table *t)
{
        if (t->bits > 0 && t->n < buckets_of(t->bits)) {
                return true;
        }
        struct long_data_table bigger = *t;
        bigger.bits = t->bits > 0 ? t->bits + 1 : FIRST_BITS;
        bigger.buckets = prof_calloc(STAGE_DISSECT, buckets_of(bigger.bits), sizeof(struct long_data *));
        if (bigger.buckets == NULL) {
                return false;
        }
        for (struct long_data *data = t->first; data != NULL; data = data->next) {
                struct long_data **bucket = bucket_of_param(&bigger, data->param);
                data->same_bucket = *bucket;
                *bucket = data;
        }
        hold_for(s, BUDGET_LONG_DATA, table_bytes(&bigger) - table_bytes(t));
        prof_free(t->buckets);
        *t = bigger;
        return true;
}

static struct long_data *find_data(const struct long_data_table *t, uint16_t param)
{
        struct long_data *data = t->bits > 0 ? *bucket_of_param(t, param) : NULL;
        while (data != NULL && data->param != param) {
                data = data->same_bucket;
        }
        return data;
}

/** @return NULL when memory is out. */
static struct long_data *add_data(struct statements *s, struct long_data_table *t, uint16_t param)
{
        struct long_data *data = grow_table(s, t) ? prof_calloc(STAGE_DISSECT, 1, sizeof *data) : NULL;
        if (data == NULL) {
                return NULL;
        }
        struct long_data **bucket = bucket_of_param(t, param);
        data->param = param;
        data->same_bucket = *bucket;
        data->next = t->first;
        *bucket = data;
        t->first = data;
        t->n++;
        hold_for(s, BUDGET_LONG_DATA, (int64_t)sizeof *data);
        return data;
}

/** Room for @p need bytes, at most @p keep: twice as much as before, so that many small packets are not copied over and over.
 *  @return false when memory is out. */
static bool make_room(struct statements *s, struct long_data *data, size_t need, size_t keep)
{
        if (need <= data->size) {
                return true;
        }
        size_t size = data->size > 0 ? data->size * 2 : FIRST_BYTES;
        size = size < keep ? size : keep;
        size = size > need ? size : need;
        uint8_t *bigger = prof_realloc(STAGE_DISSECT, data->bytes, size);
        if (bigger == NULL) {
                return false;
        }
        hold_for(s, BUDGET_LONG_DATA, (int64_t)size - (int64_t)data->size);
        data->bytes = bigger;
        data->size = size;
        return true;
}

enum status statement_long_data(struct statements *s, struct statement *st, uint16_t param, struct span bytes,
                                size_t keep, uint64_t true_len)
{
        struct long_data *data = find_data(&st->long_data, param);
        data = data != NULL ? data : add_data(s, &st->long_data, param);
        if (data == NULL) {
                return STATUS_NOMEM;
        }
        struct span more = span_head(bytes, keep > data->len ? keep - data->len : 0);
        if (!make_room(s, data, data->len + more.len, keep)) {
                return STATUS_NOMEM;
        }
        if (more.len > 0) {
                memcpy(data->bytes + data->len, more.data, more.len);
        }
        data->len += more.len;
        data->true_len += true_len;
        return STATUS_OK;
}

const struct long_data *statement_find_long_data(const struct statement *st, uint16_t param)
{
        return find_data(&st->long_data, param);
}
