#include "run/comparison.h"

#include "base/diag.h"
#include "profile/heap/prof.h"
#include "run/json_reader.h"
#include "run/lookup.h"
#include "run/text_file.h"

#include <inttypes.h>
#include <stdlib.h>

enum { KEY_MAX = 32 };

/* --- the other report ----------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
        return text_file_compare(((const struct comparison_shape *)a)->text,
                                 ((const struct comparison_shape *)b)->text);
}

/** Read a shape; its text goes to @p texts. */
static bool read_shape(struct comparison *c, struct json_reader *r, struct writer *texts)
{
        char key[KEY_MAX];
        if (!lookup_grow((void **)&c->shapes, sizeof *c->shapes, c->n, &c->room) ||
            !json_reader_begin(r, '{')) {
                return false;
        }
        struct comparison_shape *s = &c->shapes[c->n++];
        *s = (struct comparison_shape){.count = 0};
        while (json_reader_member(r, key, sizeof key)) {
                size_t at = texts->at;
                if (strcmp(key, "text") == 0) {
                        (void)json_reader_text(r, texts);
                        s->text = span_of(texts->data + at, texts->at - at);
                } else if (strcmp(key, "statements") == 0) {
                        (void)json_reader_uint(r, &s->count);
                } else if (strcmp(key, "p50_us") == 0) {
                        (void)json_reader_uint(r, &s->p50_us);
                } else if (strcmp(key, "p95_us") == 0) {
                        (void)json_reader_uint(r, &s->p95_us);
                } else {
                        (void)json_reader_skip(r);
                }
        }
        return !r->failed;
}

/** Read the report in c->bytes, in whose place the texts of the shapes are then: they are not longer there than escaped. */
static bool read_report(struct comparison *c, size_t len)
{
        char key[KEY_MAX];
        uint64_t version = 0;
        bool ok = true;
        struct json_reader r = json_reader_over(span_of(c->bytes, len));
        struct writer texts = writer_over(c->bytes, len);
        ok = json_reader_begin(&r, '{');
        while (ok && json_reader_member(&r, key, sizeof key)) {
                if (strcmp(key, "querytap_run") == 0) {
                        ok = json_reader_uint(&r, &version) && version == 1;
                } else if (strcmp(key, "shapes") == 0) {
                        ok = json_reader_begin(&r, '[');
                        while (ok && json_reader_item(&r)) {
                                ok = read_shape(c, &r, &texts);
                        }
                } else {
                        ok = json_reader_skip(&r);
                }
        }
        return ok && !r.failed && version == 1;
}

enum status comparison_read(struct comparison *c, const char *path)
{
        size_t len = 0;
        *c = (struct comparison){.bytes = NULL};
        enum status status = text_file_slurp(path, &c->bytes, &len);
        if (status == STATUS_NOTFOUND) {
                diag(DIAG_ERROR, "%s: there is no such file", path);
        }
        if (status == STATUS_OK && !read_report(c, len)) {
                diag(DIAG_ERROR, "%s: this is no report of querytap run --json", path);
                status = STATUS_INVALID;
        }
        if (status != STATUS_OK) {
                comparison_fini(c);
        } else if (c->n > 0) {
                qsort(c->shapes, c->n, sizeof *c->shapes, by_text);
        }
        return status;
}

void comparison_fini(struct comparison *c)
{
        prof_free(c->bytes);
        prof_free(c->shapes);
        *c = (struct comparison){.bytes = NULL};
}

/* --- the comparison ------------------------------------------------------------------------------------------------- */

static struct outcome_item note(struct span shape)
{
        return (struct outcome_item){.level = OUTCOME_NOTE, .rule = "compare", .shape = shape};
}

static bool is_longer(uint64_t now_us, uint64_t before_us)
{
        return now_us > before_us + before_us / 2;
}

/** Compare a shape that both runs have. */
static void compare_shapes(struct outcome *o, const struct tally_shape *now,
                           const struct comparison_shape *before)
{
        uint64_t count = now->counts.statements;
        uint64_t p50_us = tally_percentile_us(now, 0.5);
        uint64_t p95_us = tally_percentile_us(now, 0.95);
        if (count != before->count) {
                outcome_add(o, note(now->text), "compare: sent %" PRIu64 " times, %" PRIu64 " times before",
                            count, before->count);
        }
        if (count >= COMPARE_LEAST && before->count >= COMPARE_LEAST && is_longer(p50_us, before->p50_us) &&
            is_longer(p95_us, before->p95_us) && p50_us >= before->p50_us + COMPARE_LEAST_US) {
                outcome_add(o, note(now->text),
                            "compare: slower; median %" PRIu64 " us, %" PRIu64
                            " us before; 95 %% within %" PRIu64 " us, %" PRIu64 " us before",
                            p50_us, before->p50_us, p95_us, before->p95_us);
        }
}

/** The shape of the run with the text @p text. */
static bool is_sent(const struct tally_shape *const *sorted, size_t n, struct span text)
{
        size_t low = 0;
        size_t high = n;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = text_file_compare(text, sorted[middle]->text);
                if (order == 0) {
                        return true;
                }
                low = order > 0 ? middle + 1 : low;
                high = order < 0 ? middle : high;
        }
        return false;
}

static int by_shape(const void *a, const void *b)
{
        return text_file_compare((*(const struct tally_shape *const *)a)->text,
                                 (*(const struct tally_shape *const *)b)->text);
}

void comparison_add(const struct comparison *c, struct outcome *o)
{
        const struct tally *t = o->tally;
        const struct tally_shape **sorted = prof_calloc(STAGE_MAIN, t->n_shapes + 1, sizeof(void *));
        if (sorted == NULL) {
                o->failed_memory = true;
                return;
        }
        for (size_t i = 0; i < t->n_shapes; i++) {
                const struct tally_shape *s = &t->shapes[i];
                const struct comparison_shape wanted = {.text = s->text};
                const struct comparison_shape *before =
                    c->n > 0 ? bsearch(&wanted, c->shapes, c->n, sizeof wanted, by_text) : NULL;
                sorted[i] = s;
                if (before != NULL) {
                        compare_shapes(o, s, before);
                } else {
                        outcome_add(o, note(s->text), "compare: new, sent %" PRIu64 " times",
                                    s->counts.statements);
                }
        }
        qsort(sorted, t->n_shapes, sizeof(void *), by_shape);
        for (size_t i = 0; i < c->n; i++) {
                if (!is_sent(sorted, t->n_shapes, c->shapes[i].text)) {
                        outcome_add(o, note(c->shapes[i].text),
                                    "compare: gone, sent %" PRIu64 " times before", c->shapes[i].count);
                }
        }
        prof_free(sorted);
}
