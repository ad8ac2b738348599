/* A column without a name of its own is named after the text of its expression, or after the value of its constant. */
#include "journal/enrich/redact_columns.h"

#include "base/seed.h"
#include "mysql/sql/secret_data.h"
#include "profile/heap/prof.h"

#include <xxhash.h>

/* The names of columns, found by their hash: the statement is read only once, however many columns there are. */
struct names {
        struct value_list list;
        uint32_t *places; /* a hash table of indexes + 1, with linear probing; 0 = free */
        unsigned bits;
        bool *is_constant; /* of each name; of equal names only the first one counts */
};

static bool has_signs(struct span name)
{
        for (size_t i = 0; i < name.len; i++) {
                uint8_t c = name.data[i] | 0x20;
                if (!(c >= 'a' && c <= 'z') && !(name.data[i] >= '0' && name.data[i] <= '9') &&
                    name.data[i] != '_') {
                        return true;
                }
        }
        return false;
}

/** The entry of @p name in the table, or the free one where it would be. */
static uint32_t *place_of(const struct names *n, struct span name)
{
        size_t mask = ((size_t)1 << n->bits) - 1;
        size_t at = XXH3_64bits_withSeed(name.data, name.len, seed_of_process()) & mask;
        while (n->places[at] != 0 && !span_equal(n->list.at[n->places[at] - 1].bytes, name)) {
                at = (at + 1) & mask;
        }
        return &n->places[at];
}

/** @return false when memory is out. */
static bool begin(struct names *n, struct value_list list)
{
        *n = (struct names){.list = list, .bits = 4};
        while ((size_t)1 << n->bits < 2 * list.n) {
                n->bits++;
        }
        n->places = prof_calloc(STAGE_JOURNAL, (size_t)1 << n->bits, sizeof *n->places);
        n->is_constant = prof_calloc(STAGE_JOURNAL, list.n + 1, sizeof *n->is_constant);
        return n->places != NULL && n->is_constant != NULL;
}

static void find_constants(struct names *n, struct redact *f, struct span sql, struct sql_mode mode)
{
        for (size_t i = 0; i < n->list.n; i++) {
                uint32_t *place = has_signs(n->list.at[i].bytes) ? NULL : place_of(n, n->list.at[i].bytes);
                if (place != NULL && *place == 0) {
                        *place = (uint32_t)i + 1;
                }
        }
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        for (struct sql_token t = sql_next(&lexer); t.kind != SQL_END; t = sql_next(&lexer)) {
                if (sql_is_literal(&t)) {
                        uint32_t place = *place_of(n, redact_meaning(f, t.text, !mode.no_backslash_escapes));
                        n->is_constant[place > 0 ? place - 1 : n->list.n] = true;
                }
        }
}

/** Is @p name the value of a constant? If memory was out (@p known is false), every name is taken for one. */
static bool is_named_after_constant(const struct names *n, bool known, struct span name)
{
        if (!known || has_signs(name)) {
                return true;
        }
        uint32_t place = *place_of(n, name);
        return place > 0 && n->is_constant[place - 1];
}

unsigned redact_column_names(struct redact *f, struct record *r, struct span sql, bool secret)
{
        struct value_list list = record_list(r, FIELD_COLUMN_NAMES);
        struct value *to = f->list + f->list_used;
        bool by_constants = secret || f->literals;
        /* A statement that another one runs is not known, and so neither are its constants. */
        bool runs = f->literals && (redact_begins_with(sql, "EXECUTE") || redact_begins_with(sql, "CALL"));
        struct names names = {0};
        bool known = by_constants && begin(&names, list);
        unsigned taken = 0;
        if (known) {
                find_constants(&names, f, sql, r->sql_mode);
        }
        for (size_t i = 0; i < list.n; i++) {
                const struct value *name = &list.at[i];
                bool shows_secret = secret_is_in_value(name->bytes);
                to[i] = *name;
                if (redact_is_mark(name)) {
                        continue;
                }
                if (shows_secret || (runs && name->derived) ||
                    (by_constants && is_named_after_constant(&names, known, name->bytes))) {
                        to[i] = redact_token_value(f, name, secret || shows_secret);
                        taken |= secret || shows_secret ? 1U << REDACTED_PASSWORD : 1U << REDACTED_LITERALS;
                }
        }
        prof_free(names.places);
        prof_free(names.is_constant);
        if (taken != 0) {
                f->list_used += list.n;
                record_set_list(r, FIELD_COLUMN_NAMES, (struct value_list){to, list.n});
        }
        return taken;
}
