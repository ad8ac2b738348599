#include "run/tally.h"

#include "base/seed.h"
#include "base/text_hash.h"
#include "base/utf8.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"
#include "run/code_place.h"
#include "run/lookup.h"
#include "run/text_file.h"

#include <stdlib.h>

struct tally_state {
        struct tally tally;
        const char *tag;
        size_t scopes_room;
        size_t shapes_room;
        size_t uses_room;
        struct lookup scopes;
        struct lookup shapes;
        struct lookup uses;
        uint64_t seed;
};

/* --- keys ----------------------------------------------------------------------------------------------------------- */

struct wanted {
        const struct tally *tally;
        struct span text;
        uint32_t scope;
        uint32_t shape;
};

static bool same_scope(const void *arg, uint32_t place)
{
        const struct wanted *w = arg;
        return span_equal(w->tally->scopes[place].name, w->text);
}

static bool same_shape(const void *arg, uint32_t place)
{
        const struct wanted *w = arg;
        return span_equal(w->tally->shapes[place].text, w->text);
}

static bool same_use(const void *arg, uint32_t place)
{
        const struct wanted *w = arg;
        return w->tally->uses[place].scope == w->scope && w->tally->uses[place].shape == w->shape;
}

static uint64_t hash_of(const struct tally_state *t, struct span text)
{
        return text_hash(text, text_hash_begin(t->seed), t->seed);
}

/** A copy of @p text; empty if memory is out. */
static struct span keep(struct span text)
{
        uint8_t *copy = text.len > 0 ? prof_alloc(STAGE_JOURNAL, text.len) : NULL;
        if (copy == NULL) {
                return (struct span){NULL, 0};
        }
        (void)span_copy(copy, text);
        return span_of(copy, text.len);
}

static void drop(struct span text)
{
        prof_free((void *)(uintptr_t)text.data);
}

/* --- entries -------------------------------------------------------------------------------------------------------- */

/** @return the place of the scope @p name; LOOKUP_NONE if there can't be one more. */
static uint32_t find_scope(struct tally_state *t, struct span name, bool is_cut)
{
        struct tally *y = &t->tally;
        const struct wanted wanted = {.tally = y, .text = name};
        uint64_t hash = hash_of(t, name);
        uint32_t place = lookup_find(&t->scopes, hash, same_scope, &wanted);
        if (place != LOOKUP_NONE) {
                return place;
        }
        struct span copy = keep(name);
        if (y->n_scopes >= TALLY_SCOPES_MAX || copy.len != name.len ||
            !lookup_grow((void **)&y->scopes, sizeof *y->scopes, y->n_scopes, &t->scopes_room) ||
            !lookup_add(&t->scopes, hash, (uint32_t)y->n_scopes)) {
                drop(copy);
                return LOOKUP_NONE;
        }
        y->scopes[y->n_scopes] = (struct tally_scope){.name = copy, .is_cut = is_cut};
        return (uint32_t)y->n_scopes++;
}

static uint32_t find_shape(struct tally_state *t, const struct record *r)
{
        struct tally *y = &t->tally;
        uint8_t room[DIGEST_TEXT_MAX];
        struct writer w = writer_over(room, sizeof room);
        stable_text_write(&w, r->digest_text);
        const struct wanted wanted = {.tally = y, .text = writer_span(&w)};
        uint64_t hash = hash_of(t, wanted.text);
        uint32_t place = lookup_find(&t->shapes, hash, same_shape, &wanted);
        if (place != LOOKUP_NONE) {
                return place;
        }
        struct span copy = keep(wanted.text);
        if (y->n_shapes >= TALLY_SHAPES_MAX || copy.len != wanted.text.len ||
            !lookup_grow((void **)&y->shapes, sizeof *y->shapes, y->n_shapes, &t->shapes_room) ||
            !lookup_add(&t->shapes, hash, (uint32_t)y->n_shapes)) {
                drop(copy);
                return LOOKUP_NONE;
        }
        struct tally_shape *shape = &y->shapes[y->n_shapes];
        *shape = (struct tally_shape){.text = copy, .kind = stable_kind_of(r->digest_text)};
        memcpy(shape->digest, r->digest.data, r->digest.len < DIGEST_HEX ? r->digest.len : DIGEST_HEX);
        return (uint32_t)y->n_shapes++;
}

static uint32_t find_use(struct tally_state *t, uint32_t scope, uint32_t shape)
{
        struct tally *y = &t->tally;
        const struct wanted wanted = {.tally = y, .scope = scope, .shape = shape};
        uint64_t hash = text_hash_mix(((uint64_t)scope << 32 | shape) ^ t->seed, t->seed);
        uint32_t place = lookup_find(&t->uses, hash, same_use, &wanted);
        if (place != LOOKUP_NONE) {
                return place;
        }
        if (y->n_uses >= TALLY_USES_MAX ||
            !lookup_grow((void **)&y->uses, sizeof *y->uses, y->n_uses, &t->uses_room) ||
            !lookup_add(&t->uses, hash, (uint32_t)y->n_uses)) {
                return LOOKUP_NONE;
        }
        y->uses[y->n_uses] = (struct tally_use){.scope = scope, .shape = shape};
        return (uint32_t)y->n_uses++;
}

/* --- records -------------------------------------------------------------------------------------------------------- */

static void count(struct tally_counts *c, const struct record *r, bool writes)
{
        c->statements++;
        c->errors += record_has(r, FIELD_ERRNO) ? 1 : 0;
        c->writes += writes ? 1 : 0;
        c->rows += record_uint_if_any(r, FIELD_ROWS) + record_uint_if_any(r, FIELD_AFFECTED_ROWS);
        c->time_us += record_uint_if_any(r, FIELD_DURATION_US);
        uint64_t findings = record_uint_if_any(r, FIELD_FINDINGS);
        for (unsigned i = 0; findings != 0; i++, findings >>= 1) {
                c->findings[i] += findings & 1;
        }
}

/** Keep what shows best where the statement comes from, if it deserves attention. */
static void keep_example(struct tally_use *use, const struct record *r)
{
        struct span text = record_has(r, FIELD_STMT_PREPARE_QUERY) ? r->stmt_prepare_query
                                                                   : record_text_if_any(r, FIELD_QUERY);
        text = utf8_trim(span_head(text, TALLY_EXAMPLE_MAX));
        if (use->example.len == 0 || text.len < use->example.len) {
                drop(use->example);
                use->example = keep(text);
        }
        if (use->place.len == 0 && record_has(r, FIELD_TAGS)) {
                uint8_t room[TALLY_PLACE_MAX];
                struct writer w = writer_over(room, sizeof room);
                code_place_write(&w, r->tags);
                use->place = keep(writer_span(&w));
        }
}

static const struct value *tag_of(const struct record *r, const char *name)
{
        for (size_t i = 0; record_has(r, FIELD_TAGS) && i < r->tags.n; i++) {
                if (span_equal(r->tags.at[i].name, span_str(name))) {
                        return &r->tags.at[i];
                }
        }
        return NULL;
}

/** The scope of @p r: see the head of tally.h. */
static uint32_t scope_of_record(struct tally_state *t, const struct record *r)
{
        const struct value *tag = tag_of(r, "querytap_scope") == NULL ? tag_of(r, t->tag) : NULL;
        if (tag != NULL && tag->bytes.len > 0) {
                return find_scope(t, tag->bytes, tag->cut);
        }
        return find_scope(t, record_text_if_any(r, FIELD_SCOPE), field_set_has(&r->cut, FIELD_SCOPE));
}

static void see_statement(struct tally_state *t, const struct record *r)
{
        struct tally *y = &t->tally;
        uint32_t scope = scope_of_record(t, r);
        uint32_t shape = scope != LOOKUP_NONE ? find_shape(t, r) : LOOKUP_NONE;
        uint32_t place = shape != LOOKUP_NONE ? find_use(t, scope, shape) : LOOKUP_NONE;
        if (place == LOOKUP_NONE) {
                count(&y->total, r, false);
                y->omitted++;
                return;
        }
        struct tally_shape *s = &y->shapes[shape];
        struct tally_use *use = &y->uses[place];
        count(&y->total, r, s->kind.writes);
        count(&y->scopes[scope].counts, r, s->kind.writes);
        count(&s->counts, r, s->kind.writes);
        count(&use->counts, r, s->kind.writes);
        s->max_us = r->duration_us > s->max_us ? r->duration_us : s->max_us;
        s->classes[digest_class_of(r->duration_us)]++;
        if (record_has(r, FIELD_FINDINGS) || record_has(r, FIELD_ERRNO)) {
                keep_example(use, r);
        }
}

void tally_see(void *arg, const struct record *r)
{
        struct tally_state *t = arg;
        bool is_statement =
            r->event == EVENT_QUERY && (r->command_id == COM_QUERY || r->command_id == COM_STMT_EXECUTE ||
                                        r->command_id == COM_STMT_BULK_EXECUTE);
        if (is_statement && record_has(r, FIELD_DIGEST_TEXT)) {
                see_statement(t, r);
        } else if (is_statement) { /* its text is not known */
                count(&t->tally.total, r, false);
                t->tally.omitted++;
        } else if (r->event == EVENT_AUTH) {
                t->tally.logins++;
        } else if (record_has(r, FIELD_DROPPED)) {
                t->tally.lost += r->dropped;
        }
}

/* --- beginning and end ---------------------------------------------------------------------------------------------- */

enum status tally_new(const char *tag, struct tally_state **out)
{
        struct tally_state *t = prof_calloc(STAGE_JOURNAL, 1, sizeof *t);
        if (t != NULL) {
                t->tag = tag;
                t->seed = seed_of_process();
                if (find_scope(t, span_str(""), false) == 0) {
                        *out = t;
                        return STATUS_OK;
                }
                tally_free(t);
        }
        return STATUS_NOMEM;
}

void tally_free(struct tally_state *t)
{
        if (t == NULL) {
                return;
        }
        struct tally *y = &t->tally;
        for (size_t i = 0; i < y->n_scopes; i++) {
                drop(y->scopes[i].name);
        }
        for (size_t i = 0; i < y->n_shapes; i++) {
                drop(y->shapes[i].text);
        }
        for (size_t i = 0; i < y->n_uses; i++) {
                drop(y->uses[i].example);
                drop(y->uses[i].place);
        }
        prof_free(y->scopes);
        prof_free(y->shapes);
        prof_free(y->uses);
        lookup_fini(&t->scopes);
        lookup_fini(&t->shapes);
        lookup_fini(&t->uses);
        prof_free(t);
}

static int by_name(const void *a, const void *b, void *arg)
{
        const struct tally *y = arg;
        const struct tally_use *x = a;
        const struct tally_use *z = b;
        int by_scope = text_file_compare(y->scopes[x->scope].name, y->scopes[z->scope].name);
        return by_scope != 0 ? by_scope
                             : text_file_compare(y->shapes[x->shape].text, y->shapes[z->shape].text);
}

const struct tally *tally_finish(struct tally_state *t)
{
        struct tally *y = &t->tally;
        if (y->n_uses > 0) {
                qsort_r(y->uses, y->n_uses, sizeof *y->uses, by_name, y);
        }
        return y;
}

uint64_t tally_percentile_us(const struct tally_shape *shape, double share)
{
        struct digest_stat stat = {.count = shape->counts.statements, .max_us = shape->max_us};
        memcpy(stat.classes, shape->classes, sizeof stat.classes);
        return digest_percentile_us(&stat, share);
}
