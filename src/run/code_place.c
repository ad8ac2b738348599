#include "run/code_place.h"

/** The tags that name a file (perhaps with the line), and those that have the line; the first pair that is there counts. */
static const struct {
        const char *file;
        const char *line; /**< NULL: it is in the same tag */
} names[] = {
    {"source_location", NULL},
    {"code.file.path", "code.line.number"},
    {"code.filepath", "code.lineno"},
    {"file", "line"},
    {"caller", NULL},
    {"line", NULL},
    {"source", NULL},
};

static struct span find(struct value_list tags, const char *name)
{
        for (size_t i = 0; name != NULL && i < tags.n; i++) {
                if (span_equal(tags.at[i].name, span_str(name))) {
                        return tags.at[i].bytes;
                }
        }
        return (struct span){NULL, 0};
}

void code_place_write(struct writer *w, struct value_list tags)
{
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                struct span file = find(tags, names[i].file);
                if (file.len == 0) {
                        continue;
                }
                struct span line = find(tags, names[i].line);
                writer_put(w, file);
                if (line.len > 0) {
                        writer_char(w, ':');
                        writer_put(w, line);
                }
                return;
        }
}
