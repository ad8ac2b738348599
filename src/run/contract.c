#include "run/contract.h"

#include "base/diag.h"
#include "profile/heap/prof.h"
#include "run/lookup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* --- the file ------------------------------------------------------------------------------------------------------- */

/** Read "3" or "1..3". @return false if it is neither. */
static bool read_range(struct span text, uint64_t *least, uint64_t *most)
{
        char number[48];
        char *end;
        if (text.len == 0 || text.len >= sizeof number || text.data[0] < '0' || text.data[0] > '9') {
                return false;
        }
        memcpy(number, text.data, text.len);
        number[text.len] = '\0';
        *least = *most = strtoull(number, &end, 10);
        if (strncmp(end, "..", 2) == 0 && end[2] >= '0' && end[2] <= '9') {
                *most = strtoull(end + 2, &end, 10);
        }
        return *end == '\0' && *least <= *most && *most < UINT32_MAX;
}

static struct contract_entry *add(struct contract *c)
{
        if (!lookup_grow((void **)&c->entries, sizeof *c->entries, c->n, &c->room)) {
                return NULL;
        }
        c->entries[c->n] = (struct contract_entry){.use = LOOKUP_NONE};
        return &c->entries[c->n++];
}

static int by_scope(const void *a, const void *b)
{
        const struct contract_entry *x = a;
        const struct contract_entry *y = b;
        int by = text_file_compare(x->scope, y->scope);
        by = by != 0 ? by : text_file_compare(x->shape, y->shape);
        return by != 0 ? by : (x->use > y->use) - (x->use < y->use); /* the file's own after the run's */
}

static int by_shape(const void *a, const void *b)
{
        const struct contract_entry *x = a;
        const struct contract_entry *y = b;
        int by = text_file_compare(x->shape, y->shape);
        return by != 0 ? by : text_file_compare(x->scope, y->scope);
}

static void sort(struct contract *c, int (*compare)(const void *a, const void *b))
{
        if (c->n > 0) {
                qsort(c->entries, c->n, sizeof *c->entries, compare);
        }
}

static bool is_same(const struct contract_entry *a, const struct contract_entry *b)
{
        return span_equal(a->scope, b->scope) && span_equal(a->shape, b->shape);
}

enum status contract_read(struct contract *c, const char *path, enum contract_mode mode)
{
        *c = (struct contract){.entries = NULL};
        enum status status = text_file_read(&c->file, path);
        if (status == STATUS_NOTFOUND) {
                c->is_new = true;
                if (mode == CONTRACT_CHECK) {
                        diag(DIAG_ERROR, "%s: %s; --update makes it", path, strerror(ENOENT));
                        return STATUS_INVALID;
                }
                return STATUS_OK;
        }
        for (size_t i = 0; status == STATUS_OK && i < c->file.n; i++) {
                const struct text_line *line = &c->file.lines[i];
                struct contract_entry *e = add(c);
                if (e == NULL) {
                        return STATUS_NOMEM;
                }
                e->scope = line->fields[0];
                e->shape = line->fields[2];
                e->is_in_file = true;
                if (!read_range(line->fields[1], &e->least, &e->most)) {
                        diag(DIAG_ERROR, "%s:%u: the number of statements must be like 3 or 1..3", path,
                             line->number);
                        return STATUS_INVALID;
                }
        }
        sort(c, by_scope);
        for (size_t i = 1; status == STATUS_OK && i < c->n; i++) {
                if (is_same(&c->entries[i - 1], &c->entries[i])) {
                        diag(DIAG_ERROR, "%s: a shape is there twice in the scope %.*s", path,
                             (int)c->entries[i].scope.len, (const char *)c->entries[i].scope.data);
                        return STATUS_INVALID;
                }
        }
        return status;
}

void contract_free(struct contract *c)
{
        text_file_free(&c->file);
        prof_free(c->entries);
        *c = (struct contract){.entries = NULL};
}

/* --- the run -------------------------------------------------------------------------------------------------------- */

/** Add what was sent. @return false if memory is out. */
static bool add_uses(struct contract *c, const struct tally *t)
{
        for (uint32_t i = 0; i < t->n_uses; i++) {
                const struct tally_use *use = &t->uses[i];
                if (use->scope == 0 || t->shapes[use->shape].kind.is_setup) {
                        continue;
                }
                struct contract_entry *e = add(c);
                if (e == NULL) {
                        return false;
                }
                e->scope = t->scopes[use->scope].name;
                e->shape = t->shapes[use->shape].text;
                e->count = use->counts.statements;
                e->use = i;
        }
        return true;
}

/** Make one entry of those of the file and of the run that are about the same. */
static void merge(struct contract *c)
{
        size_t to = 0;
        for (size_t i = 0; i < c->n; i++) {
                struct contract_entry *last = to > 0 ? &c->entries[to - 1] : NULL;
                const struct contract_entry *e = &c->entries[i];
                if (last != NULL && is_same(last, e)) { /* the file's */
                        last->least = e->least;
                        last->most = e->most;
                        last->is_in_file = true;
                } else {
                        c->entries[to++] = *e;
                }
        }
        c->n = to;
}

/** Mark the entries whose scope has run, and those whose scope is in the file. A scope has also run if it sent nothing that counts. */
static void mark_scopes(struct contract *c, const struct tally *t)
{
        uint32_t use = 0;
        for (size_t i = 0; i < c->n;) {
                size_t n = 1;
                bool is_in_file = c->entries[i].is_in_file;
                while (i + n < c->n && span_equal(c->entries[i].scope, c->entries[i + n].scope)) {
                        is_in_file |= c->entries[i + n++].is_in_file;
                }
                int order = 1;
                while (use < t->n_uses && (order = text_file_compare(t->scopes[t->uses[use].scope].name,
                                                                     c->entries[i].scope)) < 0) {
                        use++;
                }
                bool has_run = use < t->n_uses && order == 0;
                c->not_run += has_run ? 0 : 1;
                for (; n > 0; n--, i++) {
                        c->entries[i].has_run = has_run;
                        c->entries[i].scope_in_file = is_in_file;
                }
        }
}

/** Mark the shapes that the scopes send together as often as the file has them. */
static void mark_moved(struct contract *c)
{
        sort(c, by_shape);
        for (size_t i = 0; i < c->n;) {
                uint64_t least = 0;
                uint64_t most = 0;
                uint64_t count = 0;
                size_t n = 0;
                for (; i + n < c->n && span_equal(c->entries[i].shape, c->entries[i + n].shape); n++) {
                        const struct contract_entry *e = &c->entries[i + n];
                        bool counts = e->has_run && e->scope_in_file;
                        least += counts ? e->least : 0;
                        most += counts ? e->most : 0;
                        count += counts ? e->count : 0;
                }
                bool is_moved = count > 0 && count >= least && count <= most;
                for (; n > 0; n--, i++) {
                        c->entries[i].is_moved = is_moved;
                }
        }
        sort(c, by_scope);
}

/* --- the comparison ------------------------------------------------------------------------------------------------- */

static bool passes(const struct contract_entry *e)
{
        return !e->has_run || (e->is_in_file && e->count >= e->least && e->count <= e->most);
}

/** The reason why a difference is inconclusive; NULL if it is not. */
static const char *doubt(const struct contract_entry *e, const struct outcome *o)
{
        uint64_t width = e->most - e->least;
        if (o->tally->lost > 0 || o->tally->omitted > 0) {
                return "records were lost";
        }
        if (o->signal != 0) {
                return "the run was interrupted";
        }
        if (e->is_moved) {
                return "other scopes send it instead: the order of the tests may be another";
        }
        if (e->is_in_file && width > 0 && e->count + width >= e->least && e->count <= e->most + width) {
                return "it varies, and few runs are known: --learn takes this one into account";
        }
        return NULL;
}

static void add_item(struct outcome *o, const struct contract_entry *e)
{
        char expected[48] = "none";
        const char *why = doubt(e, o);
        if (e->is_in_file && e->least == e->most) {
                (void)snprintf(expected, sizeof expected, "%" PRIu64, e->least);
        } else if (e->is_in_file) {
                (void)snprintf(expected, sizeof expected, "%" PRIu64 " to %" PRIu64, e->least, e->most);
        }
        struct outcome_item item = {.level = why != NULL ? OUTCOME_INCONCLUSIVE : OUTCOME_FAIL,
                                    .rule = "contract",
                                    .advice = "if that is intended: --update, and commit the file",
                                    .scope = e->scope,
                                    .shape = e->shape,
                                    .count = e->count};
        if (e->use != LOOKUP_NONE) {
                item.place = o->tally->uses[e->use].place;
                item.example = o->tally->uses[e->use].example;
        }
        outcome_add(o, item, "contract: sent %" PRIu64 " times, expected %s%s%s", e->count, expected,
                    why != NULL ? "; " : "", why != NULL ? why : "");
}

static void add_new_scope(struct outcome *o, struct span scope)
{
        outcome_add(o,
                    (struct outcome_item){.level = o->signal != 0 ? OUTCOME_INCONCLUSIVE : OUTCOME_FAIL,
                                          .rule = "contract",
                                          .advice = "--update adds it; commit the file",
                                          .scope = scope},
                    "contract: the scope is not in the file");
}

enum status contract_compare(struct contract *c, struct outcome *o, enum contract_mode mode)
{
        if (!add_uses(c, o->tally)) {
                return STATUS_NOMEM;
        }
        sort(c, by_scope);
        merge(c);
        mark_scopes(c, o->tally);
        mark_moved(c);
        for (size_t i = 0; i < c->n; i++) {
                const struct contract_entry *e = &c->entries[i];
                bool is_first = i == 0 || !span_equal(e->scope, c->entries[i - 1].scope);
                c->changed += passes(e) ? 0 : 1;
                if (mode == CONTRACT_CHECK && !passes(e) && e->scope_in_file) {
                        add_item(o, e);
                } else if (mode == CONTRACT_CHECK && !e->scope_in_file && is_first) {
                        add_new_scope(o, e->scope);
                }
        }
        return STATUS_OK;
}

/** The range of @p e in the file that is written. */
static void new_range(const struct contract *c, const struct contract_entry *e, enum contract_mode mode,
                      uint64_t *least, uint64_t *most)
{
        *least = e->has_run ? e->count : e->least;
        *most = e->has_run ? e->count : e->most;
        if (mode == CONTRACT_LEARN && e->has_run && e->scope_in_file && c->file.runs > 0) {
                uint64_t before = e->is_in_file ? e->least : 0; /* it was not sent in the runs before */
                *least = before < *least ? before : *least;
                *most = e->most > *most ? e->most : *most;
        }
}

bool contract_write(const struct contract *c, const char *path, enum contract_mode mode, bool prune)
{
        FILE *out = text_file_begin(path);
        if (out == NULL) {
                return false;
        }
        unsigned runs = mode == CONTRACT_LEARN ? c->file.runs + 1 : 1;
        (void)fprintf(
            out,
            "# The statements that each test sends: its name, how often, the shape. Made by querytap run "
            "--update; runs: %u\n",
            runs);
        for (size_t i = 0; i < c->n; i++) {
                const struct contract_entry *e = &c->entries[i];
                uint64_t least;
                uint64_t most;
                new_range(c, e, mode, &least, &most);
                if (most == 0 || (prune && !e->has_run)) {
                        continue;
                }
                text_file_put_field(out, e->scope);
                (void)(least == most ? fprintf(out, "\t%" PRIu64 "\t", least)
                                     : fprintf(out, "\t%" PRIu64 "..%" PRIu64 "\t", least, most));
                text_file_put_field(out, e->shape);
                (void)fputc('\n', out);
        }
        return text_file_end(out, path);
}
