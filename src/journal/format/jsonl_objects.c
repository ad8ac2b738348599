#include "journal/format/jsonl_objects.h"

#include "base/json.h"
#include "base/utf8.h"

enum { DEPTH_MAX = 8 };

/* What is open: the array of objects, an object in it, and lists and maps in that. */
struct nesting {
        unsigned depth; /* 1: the array only */
        bool is_list[DEPTH_MAX];
        bool has_members[DEPTH_MAX];
};

static void open_level(struct writer *w, struct nesting *n, bool is_list)
{
        writer_char(w, is_list ? '[' : '{');
        n->is_list[n->depth] = is_list;
        n->has_members[n->depth] = false;
        n->depth++;
}

static void close_to(struct writer *w, struct nesting *n, unsigned depth)
{
        while (n->depth > depth) {
                n->depth--;
                writer_char(w, n->is_list[n->depth] ? ']' : '}');
        }
}

/** Write what precedes a member of the innermost level. */
static void begin_member(struct writer *w, struct nesting *n, struct span name)
{
        unsigned level = n->depth - 1;
        if (n->has_members[level]) {
                writer_char(w, ',');
        }
        n->has_members[level] = true;
        if (n->is_list[level]) {
                return;
        }
        if (utf8_valid(name)) {
                (void)json_quote(w, name);
        } else {
                json_hex(w, name);
        }
        writer_char(w, ':');
}

static void begin_object(struct writer *w, struct nesting *n)
{
        close_to(w, n, 1);
        begin_member(w, n, (struct span){NULL, 0});
        open_level(w, n, false);
}

static void put_value(struct writer *w, struct nesting *n, const struct value *v)
{
        if (n->depth == 1) {
                begin_object(w, n);
        }
        begin_member(w, n, v->name);
        bool opens = v->role == VALUE_OPENS_LIST || v->role == VALUE_OPENS_MAP;
        if (opens && n->depth < DEPTH_MAX) {
                open_level(w, n, v->role == VALUE_OPENS_LIST);
        } else {
                value_print(w, v, VALUE_AS_JSON);
        }
}

void jsonl_objects(struct writer *w, struct value_list list)
{
        struct nesting n = {.depth = 0};
        open_level(w, &n, true);
        for (size_t i = 0; i < list.n && !w->failed; i++) {
                const struct value *v = &list.at[i];
                switch ((enum value_role)v->role) {
                case VALUE_BEGINS_RESULT:
                case VALUE_BEGINS_ROW: begin_object(w, &n); break;
                case VALUE_CLOSES: close_to(w, &n, n.depth > 2 ? n.depth - 1 : n.depth); break;
                case VALUE_PLAIN:
                case VALUE_IS_DEFAULT:
                case VALUE_IS_IGNORED:
                case VALUE_OPENS_LIST:
                case VALUE_OPENS_MAP: put_value(w, &n, v); break;
                }
        }
        close_to(w, &n, 0);
}
