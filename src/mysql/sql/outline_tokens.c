#include "mysql/sql/outline_reader.h"

void outline_advance(struct outline_reader *r)
{
        bool is_skipped;
        r->earlier = r->before;
        r->before = r->t;
        r->t = r->ahead;
        do {
                r->ahead = sql_next(&r->lexer);
                bool is_hint = r->ahead.kind == SQL_HINT || (r->lexer.in_hint && r->ahead.kind != SQL_END);
                is_skipped = is_hint || r->ahead.kind == SQL_COMMENT;
        } while (is_skipped);
}

void outline_skip_rest(struct outline_reader *r)
{
        r->out->is_partial = true;
        while (r->ahead.kind != SQL_END) {
                outline_advance(r);
        }
}
