#include "journal/conflict_statements.h"

#include "journal/recent.h"

/** @p r without what a conflict does not show. */
static struct record lighten(const struct record *r)
{
        static const enum record_field needless[] = {
            FIELD_QUERY_ATTRIBUTES, FIELD_COLUMN_NAMES, FIELD_FIRST_ROWS,          FIELD_SESSION_CHANGES,
            FIELD_RESULT_ROWS,      FIELD_DIGEST_TEXT,  FIELD_RESULT_AFFECTED_ROWS};
        struct record s;
        record_assign(&s, r);
        for (size_t i = 0; i < sizeof needless / sizeof needless[0]; i++) {
                record_remove(&s, needless[i]);
        }
        return s;
}

/** What a statement takes whose record has @p packed bytes. */
static size_t aligned_size(size_t packed)
{
        return (sizeof(struct conflict_statement) + packed + 7) & ~(size_t)7;
}

static size_t size_of(const struct record *r)
{
        return aligned_size(record_pack_size(r));
}

bool conflict_keep(struct conflict *c, struct conflict_transaction *t, const struct record *r)
{
        struct record s = lighten(r);
        size_t size = size_of(&s);
        size_t space = t->space < c->size - c->used ? t->space : c->size - c->used;
        if (size > space) {
                s = recent_shorten(&s);
                record_set_text(&s, FIELD_INFO, span_str("shortened: too large for the conflict record"));
                size = size_of(&s);
        }
        bool is_last = conflict_end_of(r) >= t->last_end_ns;
        t->last_end_ns = is_last ? conflict_end_of(r) : t->last_end_ns;
        t->last = is_last ? NULL : t->last;
        if (size > space) {
                t->omitted++;
                return false;
        }
        struct conflict_statement *statement = (struct conflict_statement *)(void *)(c->memory + c->used);
        *statement = (struct conflict_statement){.next = c->statements, .transaction = t};
        record_pack(&s, (uint8_t *)statement->packed);
        c->statements = statement;
        c->n_statements++;
        c->used += size;
        t->space -= size;
        t->kept++;
        t->last = is_last ? statement : t->last;
        return true;
}

/** Take the statement to which @p link points out of the list. Its space is used again by compact. */
static void unlink_statement(struct conflict *c, struct conflict_statement **link)
{
        struct conflict_statement *gone = *link;
        *link = gone->next;
        gone->transaction = NULL;
        c->n_statements--;
}

void conflict_omit_oldest(struct conflict *c, struct conflict_transaction *t)
{
        struct conflict_statement **oldest = NULL;
        uint64_t oldest_ns = UINT64_MAX;
        for (struct conflict_statement **s = &c->statements; *s != NULL; s = &(*s)->next) {
                const struct record *own =
                    record_packed_own((const struct record_packed *)(const void *)(*s)->packed);
                if ((*s)->transaction == t && own->mono_ns < oldest_ns) {
                        oldest = s;
                        oldest_ns = own->mono_ns;
                }
        }
        if (oldest != NULL) {
                t->last = t->last == *oldest ? NULL : t->last;
                unlink_statement(c, oldest);
                t->kept--;
                t->omitted++;
        }
}

/** Move the statements together, so that the space of those that were unlinked is free. */
static void compact(struct conflict *c)
{
        size_t used = 0;
        size_t size;
        c->statements = NULL;
        for (size_t at = 0; at < c->used; at += size) {
                struct conflict_statement *s = (struct conflict_statement *)(void *)(c->memory + at);
                size = aligned_size(((const struct record_packed *)(const void *)s->packed)->size);
                if (s->transaction == NULL) {
                        continue;
                }
                struct conflict_statement *to = (struct conflict_statement *)(void *)(c->memory + used);
                bool is_last = s->transaction->last == s;
                c->failed = c->failed == s ? to : c->failed;
                memmove(to, s, size);
                if (is_last) {
                        to->transaction->last = to;
                }
                to->next = c->statements;
                c->statements = to;
                used += size;
        }
        c->used = used;
}

void conflict_remove_statements(struct conflict *c, struct conflict_transaction *t)
{
        struct conflict_statement **link = &c->statements;
        while (*link != NULL) {
                if ((*link)->transaction == t) {
                        unlink_statement(c, link);
                } else {
                        link = &(*link)->next;
                }
        }
        t->last = NULL;
        compact(c);
}
