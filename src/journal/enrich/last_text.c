#include "journal/enrich/last_text.h"

static void keep(struct last_text *l, struct span sql, uint64_t mode, const struct sql_key *key,
                 const struct template_facts *facts)
{
        size_t tail_at = (size_t)key->number_at + key->number_len;
        l->mode = mode;
        l->head = key->number_at;
        l->tail = (uint32_t)(sql.len - tail_at);
        l->facts = *facts;
        memcpy(l->text, sql.data, l->head);
        memcpy(l->text + l->head, sql.data + tail_at, l->tail);
        l->is_kept = true;
}

void last_text_see(struct last_text *l, struct span sql, uint64_t mode, const struct sql_key *key,
                   const struct template_facts *facts)
{
        if (key->hash != l->key) {
                l->key = key->hash;
                l->is_kept = false;
        } else if (key->n_literals == 1 && key->is_plain && key->number_len > 0 && sql.len <= LAST_TEXT_MAX) {
                keep(l, sql, mode, key, facts);
        }
}
