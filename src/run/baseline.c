#include "run/baseline.h"

#include "base/diag.h"
#include "profile/heap/prof.h"

#include <errno.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
        const struct text_line *x = a;
        const struct text_line *y = b;
        int by = 0;
        for (unsigned i = 0; i < TEXT_FILE_FIELDS && by == 0; i++) {
                by = text_file_compare(x->fields[i], y->fields[i]);
        }
        return by;
}

enum status baseline_read(struct baseline *b, const char *path, bool may_be_new)
{
        *b = (struct baseline){.is_seen = NULL};
        enum status status = text_file_read(&b->file, path);
        if (status == STATUS_NOTFOUND && !may_be_new) {
                diag(DIAG_ERROR, "%s: %s; --update makes it", path, strerror(ENOENT));
                return STATUS_INVALID;
        }
        if (status == STATUS_OK && b->file.n > 0) {
                qsort(b->file.lines, b->file.n, sizeof *b->file.lines, compare);
                b->is_seen = prof_calloc(STAGE_MAIN, b->file.n, sizeof *b->is_seen);
                status = b->is_seen != NULL ? STATUS_OK : STATUS_NOMEM;
        }
        return status == STATUS_NOTFOUND ? STATUS_OK : status;
}

void baseline_free(struct baseline *b)
{
        text_file_free(&b->file);
        prof_free(b->is_seen);
        b->is_seen = NULL;
}

bool baseline_knows(void *arg, struct span scope, const char *finding, struct span shape)
{
        const struct baseline *b = arg;
        const struct text_line wanted = {.fields = {scope, span_str(finding), shape}};
        const struct text_line *line =
            b->file.n > 0 ? bsearch(&wanted, b->file.lines, b->file.n, sizeof wanted, compare) : NULL;
        if (line != NULL && b->is_seen != NULL) {
                b->is_seen[line - b->file.lines] = true;
        }
        return line != NULL;
}

static struct span name_of(const struct tally *t, size_t use)
{
        return t->scopes[t->uses[use].scope].name;
}

/** Did @p scope run? The uses are sorted by its name. */
static bool has_run(const struct tally *t, struct span scope)
{
        size_t low = 0;
        size_t high = t->uses != NULL && t->scopes != NULL ? t->n_uses : 0;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = text_file_compare(scope, name_of(t, middle));
                if (order == 0) {
                        return true;
                }
                low = order > 0 ? middle + 1 : low;
                high = order < 0 ? middle : high;
        }
        return false;
}

void baseline_name_stale(const struct baseline *b, struct outcome *o)
{
        for (size_t i = 0; i < b->file.n; i++) {
                const struct text_line *line = &b->file.lines[i];
                if (!b->is_seen[i] && has_run(o->tally, line->fields[0])) {
                        outcome_add(o,
                                    (struct outcome_item){.level = OUTCOME_NOTE,
                                                          .rule = "stale",
                                                          .advice = "--update removes it from the baseline",
                                                          .scope = line->fields[0],
                                                          .shape = line->fields[2]},
                                    "baseline: the finding %.*s is gone", (int)line->fields[1].len,
                                    (const char *)line->fields[1].data);
                }
        }
}

static void put_line(FILE *out, struct span scope, struct span finding, struct span shape)
{
        text_file_put_field(out, scope);
        (void)fputc('\t', out);
        text_file_put_field(out, finding);
        (void)fputc('\t', out);
        text_file_put_field(out, shape);
        (void)fputc('\n', out);
}

/** Write the lines of the file before @p scope (NULL: all that are left) whose scope did not run. */
static size_t put_unseen(FILE *out, const struct baseline *b, size_t from, const struct span *scope,
                         const struct tally *t)
{
        for (; from < b->file.n; from++) {
                const struct text_line *line = &b->file.lines[from];
                if (scope != NULL && text_file_compare(line->fields[0], *scope) >= 0) {
                        break;
                }
                if (!has_run(t, line->fields[0])) {
                        put_line(out, line->fields[0], line->fields[1], line->fields[2]);
                }
        }
        return from;
}

/** Write the finding @p f of the uses of one scope, from @p i on. */
static void put_findings(FILE *out, const struct tally *t, size_t i, unsigned f)
{
        uint32_t scope = t->uses[i].scope;
        for (; i < t->n_uses && t->uses[i].scope == scope; i++) {
                if (t->uses[i].counts.findings[f] > 0) {
                        put_line(out, t->scopes[scope].name, span_str(record_flag_name(FIELD_FINDINGS, f)),
                                 t->shapes[t->uses[i].shape].text);
                }
        }
}

bool baseline_write(const struct baseline *b, const char *path, const struct tally *t, uint64_t set)
{
        FILE *out = text_file_begin(path);
        size_t other = 0;
        if (out == NULL) {
                return false;
        }
        (void)fputs(
            "# Findings that are known: the test, the finding, the shape. Made by querytap run --update\n",
            out);
        for (size_t i = 0; i < t->n_uses; i++) {
                if (i > 0 && t->uses[i].scope == t->uses[i - 1].scope) {
                        continue;
                }
                other = put_unseen(out, b, other, &t->scopes[t->uses[i].scope].name, t);
                for (unsigned f = 0; f < FINDING_COUNT; f++) {
                        if ((set >> f & 1) != 0) {
                                put_findings(out, t, i, f);
                        }
                }
        }
        (void)put_unseen(out, b, other, NULL, t);
        return text_file_end(out, path);
}
