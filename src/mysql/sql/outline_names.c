#include "mysql/sql/outline_names.h"

#include <ctype.h>

/** What is left of a name that is read without its quotes. */
struct name_reader {
        struct span left;
        uint8_t quote; /* 0: none */
};

static struct name_reader read_name(struct span name)
{
        uint8_t quote = name.len >= 2 ? name.data[0] : 0;
        bool is_quoted = (quote == '`' || quote == '"') && name.data[name.len - 1] == quote;
        return is_quoted ? (struct name_reader){span_of(name.data + 1, name.len - 2), quote}
                         : (struct name_reader){name, 0};
}

/** The next byte of the name; -1 at its end. */
static int next_byte(struct name_reader *r)
{
        if (r->left.len == 0) {
                return -1;
        }
        uint8_t c = r->left.data[0];
        bool is_doubled = r->quote != 0 && c == r->quote; /* two quotes stand for one */
        r->left = span_skip(r->left, is_doubled && r->left.len > 1 ? 2 : 1);
        return c;
}

size_t outline_name(struct span name, uint8_t out[OUTLINE_NAME_MAX])
{
        struct name_reader r = read_name(name);
        size_t n = 0;
        for (int c = next_byte(&r); c >= 0 && n < OUTLINE_NAME_MAX; c = next_byte(&r)) {
                out[n++] = (uint8_t)c;
        }
        return n;
}

/** It ends at the first difference, so that a short name costs little however long the others are. */
static bool same_name(struct span a, struct span b)
{
        struct name_reader x = read_name(a);
        struct name_reader y = read_name(b);
        int c;
        do {
                c = next_byte(&x);
                int d = next_byte(&y);
                if (c != d && (c < 0 || d < 0 || tolower(c) != tolower(d))) {
                        return false;
                }
        } while (c >= 0);
        return true;
}

bool outline_define(struct outline_with *with, struct span name)
{
        if (with->n == WITH_MAX) {
                return false;
        }
        with->names[with->n++] = name;
        return true;
}

bool outline_is_defined(const struct outline_with *with, struct span name)
{
        for (size_t i = 0; i < with->n; i++) {
                if (same_name(with->names[i], name)) {
                        return true;
                }
        }
        return false;
}

void outline_add_table(struct outline *out, struct outline_table table)
{
        for (size_t i = 0; i < out->n_tables; i++) {
                if (span_equal(out->tables[i].schema, table.schema) &&
                    span_equal(out->tables[i].name, table.name)) {
                        return;
                }
        }
        if (out->n_tables == OUTLINE_TABLES_MAX) {
                out->is_partial = true;
                return;
        }
        out->tables[out->n_tables++] = table;
}
