#include "mysql/statement.h"

#include "profile/prof.h"

enum { FIRST_BUCKETS = 8 };

static size_t bucket_of(const struct statements *s, uint32_t id)
{
        return (id * 2654435761u >> 7) & (s->n_buckets - 1);
}

void statement_drop_long_data(struct statements *s, struct statement *st)
{
        while (st->long_data != NULL) {
                struct long_data *first = st->long_data;
                st->long_data = first->next;
                s->held -= sizeof *first + first->len;
                prof_free(first);
        }
}

void statement_set_columns(struct statements *s, struct statement *st, struct columns *columns, size_t size)
{
        prof_free(st->columns);
        s->held += size;
        s->held -= st->columns_size;
        st->columns = columns;
        st->columns_size = size;
}

static void discard(struct statements *s, struct statement *st)
{
        statement_drop_long_data(s, st);
        statement_set_columns(s, st, NULL, 0);
        s->held -= sizeof *st + st->text_len + st->n_types * sizeof *st->types;
        s->count--;
        prof_free(st->types);
        prof_free(st->text);
        prof_free(st);
}

void statements_clear(struct statements *s)
{
        for (size_t i = 0; i < s->n_buckets; i++) {
                while (s->buckets[i] != NULL) {
                        struct statement *first = s->buckets[i];
                        s->buckets[i] = first->next;
                        discard(s, first);
                }
        }
        prof_free(s->buckets);
        *s = (struct statements){0};
}

struct statement *statements_find(const struct statements *s, uint32_t id)
{
        struct statement *st = s->n_buckets > 0 ? s->buckets[bucket_of(s, id)] : NULL;
        while (st != NULL && st->id != id) {
                st = st->next;
        }
        return st;
}

/** Keep about one statement a bucket. */
static enum status grow(struct statements *s)
{
        if (s->count < s->n_buckets) {
                return STATUS_OK;
        }
        struct statements bigger = *s;
        bigger.n_buckets = s->n_buckets > 0 ? s->n_buckets * 2 : FIRST_BUCKETS;
        bigger.buckets = prof_calloc(STAGE_DISSECT, bigger.n_buckets, sizeof(struct statement *));
        if (bigger.buckets == NULL) {
                return STATUS_NOMEM;
        }
        for (size_t i = 0; i < s->n_buckets; i++) {
                while (s->buckets[i] != NULL) {
                        struct statement *st = s->buckets[i];
                        s->buckets[i] = st->next;
                        struct statement **to = &bigger.buckets[bucket_of(&bigger, st->id)];
                        st->next = *to;
                        *to = st;
                }
        }
        prof_free(s->buckets);
        *s = bigger;
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
        s->held += sizeof *st + text.len;
        s->count++;
        return st;
}

void statements_remove(struct statements *s, uint32_t id)
{
        if (s->n_buckets == 0) {
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

uint16_t *statement_types(struct statements *s, struct statement *st, uint16_t n)
{
        if (n != st->n_types) {
                uint16_t *room = prof_realloc(STAGE_DISSECT, st->types, n * sizeof *room);
                if (room == NULL) {
                        return NULL;
                }
                s->held += n * sizeof *room;
                s->held -= st->n_types * sizeof *room;
                st->types = room;
                st->n_types = n;
        }
        return st->types;
}

static struct long_data **find_slot(struct statement *st, uint16_t param)
{
        struct long_data **at = &st->long_data;
        while (*at != NULL && (*at)->param != param) {
                at = &(*at)->next;
        }
        return at;
}

enum status statement_long_data(struct statements *s, struct statement *st, uint16_t param, struct span bytes,
                                size_t keep, uint64_t true_len)
{
        struct long_data **slot = find_slot(st, param);
        struct long_data *old = *slot;
        size_t have = old != NULL ? old->len : 0;
        struct span more = span_head(bytes, keep > have ? keep - have : 0);
        struct long_data *grown = prof_realloc(STAGE_DISSECT, old, sizeof *grown + have + more.len);
        if (grown == NULL) {
                return STATUS_NOMEM;
        }
        if (old == NULL) {
                *grown = (struct long_data){.param = param};
                s->held += sizeof *grown;
        }
        if (more.len > 0) {
                memcpy(grown->bytes + have, more.data, more.len);
        }
        grown->len = have + more.len;
        grown->true_len += true_len;
        s->held += more.len;
        *slot = grown;
        return STATUS_OK;
}

const struct long_data *statement_find_long_data(const struct statement *st, uint16_t param)
{
        const struct long_data *at = st->long_data;
        while (at != NULL && at->param != param) {
                at = at->next;
        }
        return at;
}
