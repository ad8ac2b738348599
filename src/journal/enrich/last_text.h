/** @file last_text.h  The shortest way to what is known of a statement: it differs from the one before only in one plain number, as in
 * SELECT … WHERE id = 17. Many applications run such statements again and again.
 *
 *      SELECT name FROM author WHERE id = 17 LIMIT 1
 *      |------------- head --------------|  |- tail -|
 *
 * It finds what the key of the statement (mysql/sql/sql_key.h) would find.
 * Threads: one owner.   Memory: embedded; allocates nothing. */
#ifndef JOURNAL_ENRICH_LAST_TEXT_H
#define JOURNAL_ENRICH_LAST_TEXT_H

#include "journal/enrich/template_cache.h"
#include "mysql/sql/sql_key.h"

enum { LAST_TEXT_MAX = 1024 };

/** Its owner initialises it with zeros. */
struct last_text {
        uint64_t mode; /**< see sql_mode_bits */
        uint64_t key;  /**< of the statement before, whether its text is kept or not */
        uint32_t head; /**< bytes before the number */
        uint32_t tail; /**< bytes behind it */
        bool is_kept;
        struct template_facts facts;
        uint8_t text[LAST_TEXT_MAX]; /**< head and tail */
};

/** Does @p sql differ from the text that is kept only in its number? @return the number; empty if not. */
static inline struct span last_text_number(const struct last_text *l, struct span sql, uint64_t mode)
{
        if (!l->is_kept || sql.len <= l->head + l->tail || mode != l->mode ||
            !span_same(sql.data, l->text, l->head)) {
                return (struct span){NULL, 0};
        }
        const uint8_t *number = sql.data + l->head;
        const uint8_t *end = sql.data + sql.len - l->tail;
        const uint8_t *at = number;
        while (at < end && (uint8_t)(*at - '0') <= 9) {
                at++;
        }
        bool is_like = at == end && span_same(end, l->text + l->head, l->tail);
        return is_like ? span_of(number, (size_t)(end - number)) : (struct span){NULL, 0};
}

/** @p facts hold for texts with the key @p key, which is that of @p sql: keep the text if it is of the kind, and the second of its key in
 *  succession. */
void last_text_see(struct last_text *l, struct span sql, uint64_t mode, const struct sql_key *key,
                   const struct template_facts *facts);

#endif
