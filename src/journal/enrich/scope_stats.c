#include "journal/enrich/scope_stats.h"

#include "base/seed.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "mysql/record/client_host.h"
#include "profile/heap/prof.h"
#include "profile/heap/store.h"

#include <xxhash.h>

enum { TRACE_ID_AT = 3, TRACE_ID_LEN = 32 /* in a traceparent: 00-TRACE_ID-PARENT_ID-01 */ };

/* --- counts ------------------------------------------------------------------------------------------------------- */

static void add(struct scope_counts *to, const struct scope_counts *more)
{
        to->count += more->count;
        to->errors += more->errors;
        to->sum_us += more->sum_us;
        to->rows += more->rows;
        to->affected_rows += more->affected_rows;
        to->duplicates += more->duplicates;
        to->n_plus_one += more->n_plus_one;
        to->between_us += more->between_us;
        to->pauses += more->pauses;
}

/** Add the gap between a statement that ended at *@p end_us (0: there was none) and one that begins at @p start_us. */
static void add_gap(const struct scope_stats *t, struct scope_counts *to, uint64_t *end_us, uint64_t start_us,
                    uint64_t duration_us)
{
        uint64_t gap_us = *end_us > 0 && start_us > *end_us ? start_us - *end_us : 0;
        to->between_us += gap_us <= t->pause_us ? gap_us : 0;
        to->pauses += gap_us > t->pause_us ? 1 : 0;
        *end_us = start_us + duration_us > *end_us ? start_us + duration_us : *end_us;
}

/** What @p r adds, but for gaps. */
static struct scope_counts counts_of(const struct record *r)
{
        bool executes = r->command_id == COM_QUERY || r->command_id == COM_STMT_EXECUTE ||
                        r->command_id == COM_STMT_BULK_EXECUTE;
        return (struct scope_counts){
            .count = executes ? 1 : 0,
            .errors = record_has(r, FIELD_ERRNO) ? 1 : 0,
            .sum_us = r->duration_us,
            .rows = r->rows,
            .affected_rows = r->affected_rows,
            .duplicates = r->findings >> FINDING_DUPLICATE & 1,
            .n_plus_one = (r->findings & SCOPE_LOOPS) != 0 ? 1 : 0,
        };
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

static size_t size_of(size_t len)
{
        return sizeof(struct scope_entry) + len;
}

static struct scope_entry **bucket_of(const struct scope_stats *t, const struct scope_table *table,
                                      uint64_t hash)
{
        return &table->buckets[hash >> (64 - t->bits)];
}

static void unlink_age(struct scope_table *table, const struct scope_entry *e)
{
        *(e->newer != NULL ? &e->newer->older : &table->newest) = e->older;
        *(e->older != NULL ? &e->older->newer : &table->oldest) = e->newer;
}

static void link_newest(struct scope_table *table, struct scope_entry *e)
{
        e->newer = NULL;
        e->older = table->newest;
        *(table->newest != NULL ? &table->newest->newer : &table->oldest) = e;
        table->newest = e;
}

static void discard(const struct scope_stats *t, struct scope_table *table, struct scope_entry *e)
{
        struct scope_entry **link = bucket_of(t, table, e->hash);
        while (*link != e) {
                link = &(*link)->next;
        }
        *link = e->next;
        unlink_age(table, e);
        table->n--;
        table->bytes -= size_of(e->len);
        prof_store_add(STORE_SCOPES, -(int64_t)size_of(e->len));
        prof_free(e);
}

/** Discard the oldest, until there is space for an entry of @p size bytes. */
static void make_space(const struct scope_stats *t, struct scope_table *table, size_t size)
{
        while (table->oldest != NULL && (table->n >= t->max || table->bytes + size > t->max_bytes)) {
                add(&table->gone, &table->oldest->counts);
                table->n_gone++;
                discard(t, table, table->oldest);
        }
}

/** @return NULL if there is no memory. */
static struct scope_entry *new_entry(const struct scope_stats *t, struct scope_table *table, struct span name,
                                     uint64_t hash)
{
        make_space(t, table, size_of(name.len));
        if (table->buckets == NULL) {
                table->buckets =
                    prof_calloc(STAGE_DIGEST, (size_t)1 << t->bits, sizeof(struct scope_entry *));
        }
        struct scope_entry *e =
            table->buckets != NULL ? prof_calloc(STAGE_DIGEST, 1, size_of(name.len)) : NULL;
        if (e == NULL) {
                return NULL;
        }
        e->hash = hash;
        e->len = name.len;
        (void)span_copy(e->name, name);
        e->next = *bucket_of(t, table, hash);
        *bucket_of(t, table, hash) = e;
        link_newest(table, e);
        table->n++;
        table->bytes += size_of(name.len);
        prof_store_add(STORE_SCOPES, (int64_t)size_of(name.len));
        return e;
}

/** The scope called @p name, which becomes the newest. @return NULL if there is no memory. */
static struct scope_entry *entry_of(const struct scope_stats *t, struct scope_table *table, struct span name)
{
        name = name.len > SCOPE_NAME_MAX ? utf8_trim(span_head(name, SCOPE_NAME_MAX)) : name;
        uint64_t hash = XXH3_64bits_withSeed(name.data, name.len, t->seed);
        struct scope_entry *e = table->buckets != NULL ? *bucket_of(t, table, hash) : NULL;
        while (e != NULL && (e->hash != hash || !span_equal(span_of(e->name, e->len), name))) {
                e = e->next;
        }
        if (e == NULL) {
                return new_entry(t, table, name, hash);
        }
        if (table->newest != e) {
                unlink_age(table, e);
                link_newest(table, e);
        }
        return e;
}

/** Count something for the scope @p name. @return it; NULL if there is no memory for it. */
static struct scope_entry *count(const struct scope_stats *t, struct scope_table *table, struct span name,
                                 const struct scope_counts *more)
{
        struct scope_entry *e = entry_of(t, table, name);
        table->n_gone += e == NULL ? 1 : 0;
        add(e != NULL ? &e->counts : &table->gone, more);
        return e;
}

/** Count @p r, which adds @p one and has a scope of its own. */
static void count_own(const struct scope_stats *t, struct scope_table *table, struct span name,
                      const struct scope_counts *one, const struct record *r)
{
        struct scope_entry *e = count(t, table, name, one);
        if (e != NULL) {
                add_gap(t, &e->counts, &e->end_us, r->wall_ns / 1000, r->duration_us);
        }
}

/* --- tags --------------------------------------------------------------------------------------------------------- */

static struct scope_table *find_tag(struct scope_stats *t, struct span name)
{
        for (size_t i = 0; i < t->n_tags; i++) {
                if (span_equal(span_of(t->tags[i].tag, t->tags[i].tag_len), name)) {
                        return &t->tags[i];
                }
        }
        return NULL;
}

/** The table of the tag @p name. @return NULL if there are too many. */
static struct scope_table *table_of_tag(struct scope_stats *t, struct span name)
{
        struct scope_table *table = find_tag(t, name);
        if (table == NULL && t->n_tags < SCOPE_TAGS && name.len <= SCOPE_NAME_MAX) {
                table = &t->tags[t->n_tags++];
                (void)span_copy(table->tag, name);
                table->tag_len = name.len;
        }
        return table;
}

/** Does a tag have a table of its own kind, or none, because each statement has its own value? */
static bool is_counted_elsewhere(struct span name)
{
        return span_equal(name, span_str("traceparent")) || span_equal(name, span_str("tracestate")) ||
               span_equal(name, span_str(SCOPE_KEY));
}

static void count_tags(struct scope_stats *t, const struct scope_counts *one, const struct record *r)
{
        for (size_t i = 0; i < r->tags.n; i++) {
                const struct value *v = &r->tags.at[i];
                if (is_counted_elsewhere(v->name)) {
                        continue;
                }
                struct scope_table *table = table_of_tag(t, v->name);
                if (table != NULL) {
                        count_own(t, table, v->bytes, one, r);
                } else {
                        t->tags_left_out++;
                }
        }
}

/* --- statements ---------------------------------------------------------------------------------------------------- */

static void count_scopes(struct scope_stats *t, const struct scope_counts *one, const struct record *r)
{
        lock_take(&t->lock);
        if (record_has(r, FIELD_SCOPE)) {
                count_own(t, &t->kinds[SCOPE_SCOPE], r->scope, one, r);
        }
        if (record_has(r, FIELD_TRACEPARENT)) {
                struct span id = span_head(span_skip(r->traceparent, TRACE_ID_AT), TRACE_ID_LEN);
                count_own(t, &t->kinds[SCOPE_TRACE], id, one, r);
        }
        if (record_has(r, FIELD_TAGS)) {
                count_tags(t, one, r);
        }
        lock_give(&t->lock);
}

static void begin_tally(struct scope_stats *t, struct scope_tally *s, const struct record_session *who,
                        uint64_t conn_id)
{
        s->who = who;
        s->conn_id = conn_id;
        s->owner = t;
        s->next = t->tally;
        s->link = &t->tally;
        if (s->next != NULL) {
                s->next->link = &s->next;
        }
        t->tally = s;
}

/** End the chain: add the time between its statements. */
static void end_chain(struct scope_tally *s)
{
        if (s->end_ns != SCOPE_NO_CHAIN) {
                uint64_t last_us = s->last_ns / 1000;
                s->ended_us = s->end_ns / 1000;
                uint64_t before_last_us = s->counts.sum_us - s->chain_sum_us - (s->ended_us - last_us);
                s->counts.between_us += last_us - s->chain_us - before_last_us;
                s->end_ns = SCOPE_NO_CHAIN;
        }
}

/** A chain begins with @p r, which adds @p one, unless a command before it ends later. */
static void begin_chain(struct scope_tally *s, const struct scope_counts *one, const struct record *r)
{
        uint64_t start_us = r->wall_ns / 1000;
        if (s->ended_us == start_us + r->duration_us) {
                s->last_ns = r->wall_ns;
                s->end_ns = r->wall_ns + r->duration_us * 1000;
                s->chain_us = start_us;
                s->chain_sum_us = s->counts.sum_us - one->sum_us;
        }
}

void scope_stats_look(struct scope_stats *t, struct scope_tally *s, const struct record_session *who,
                      const struct record *r)
{
        if (r->event != EVENT_QUERY || t->max == 0) {
                return;
        }
        struct scope_counts one = counts_of(r);
        if (s->who == NULL) {
                begin_tally(t, s, who, r->conn_id);
        }
        end_chain(s);
        add(&s->counts, &one);
        add_gap(t, &s->counts, &s->ended_us, r->wall_ns / 1000, r->duration_us);
        begin_chain(s, &one, r);
        if (record_has(r, FIELD_SCOPE) || record_has(r, FIELD_TRACEPARENT) || record_has(r, FIELD_TAGS)) {
                count_scopes(t, &one, r);
        }
}

/* --- sessions ------------------------------------------------------------------------------------------------------ */

static struct span text_if(const struct record_session *who, enum record_field f, struct span text)
{
        return field_set_has(&who->fields, f) ? text : (struct span){NULL, 0};
}

/** Under the lock. */
static void settle(struct scope_tally *s)
{
        struct scope_stats *t = s->owner;
        end_chain(s);
        char number[24];
        struct writer w = writer_over(number, sizeof number);
        writer_format(&w, "%llu", (unsigned long long)s->conn_id);
        const struct span names[] = {
            [SCOPE_USER] = text_if(s->who, FIELD_USERNAME, s->who->username),
            [SCOPE_DATABASE] = text_if(s->who, FIELD_DATABASE, s->who->database),
            [SCOPE_CLIENT] = client_host(text_if(s->who, FIELD_CLIENT_ADDR, s->who->client_addr)),
            [SCOPE_SESSION] = writer_span(&w),
        };
        for (enum scope_kind kind = SCOPE_USER; kind <= SCOPE_SESSION; kind++) {
                struct scope_entry *e = count(t, &t->kinds[kind], names[kind], &s->counts);
                if (e != NULL && s->ended_us > e->end_us) {
                        e->end_us = s->ended_us;
                }
        }
        add(&t->all, &s->counts);
        *s->link = s->next;
        if (s->next != NULL) {
                s->next->link = s->link;
        }
        s->counts = (struct scope_counts){0};
        s->who = NULL;
}

void scope_tally_settle(struct scope_tally *s)
{
        if (s->who != NULL) {
                struct scope_stats *t = s->owner;
                lock_take(&t->lock);
                settle(s);
                lock_give(&t->lock);
        }
}

void scope_stats_settle(struct scope_stats *t)
{
        while (t->tally != NULL) {
                scope_tally_settle(t->tally);
        }
}

/* --- from outside --------------------------------------------------------------------------------------------------- */

struct scope_totals scope_stats_each(struct scope_stats *t, enum scope_kind kind, struct span tag,
                                     void (*see)(void *arg, const struct scope_entry *e), void *arg)
{
        struct scope_totals totals = {.max = t->max, .max_bytes = t->max_bytes};
        lock_take(&t->lock);
        const struct scope_table *table = kind == SCOPE_TAG ? find_tag(t, tag) : &t->kinds[kind];
        totals.without = t->all.count;
        totals.tags_left_out = kind == SCOPE_TAG ? t->tags_left_out : 0;
        for (const struct scope_entry *e = table != NULL ? table->newest : NULL; e != NULL; e = e->older) {
                /* what is not settled yet is missing in `all` */
                totals.without -= e->counts.count < totals.without ? e->counts.count : totals.without;
                see(arg, e);
        }
        if (table != NULL) {
                totals.without -= table->gone.count < totals.without ? table->gone.count : totals.without;
                totals.scopes = table->n;
                totals.bytes = table->bytes;
                totals.n_gone = table->n_gone;
                totals.gone = table->gone;
        }
        lock_give(&t->lock);
        return totals;
}

static void clear(const struct scope_stats *t, struct scope_table *table)
{
        while (table->oldest != NULL) {
                discard(t, table, table->oldest);
        }
        prof_free(table->buckets);
        *table = (struct scope_table){.buckets = NULL};
}

void scope_stats_reset(struct scope_stats *t)
{
        lock_take(&t->lock);
        for (size_t i = 0; i < SCOPE_TAG; i++) {
                clear(t, &t->kinds[i]);
        }
        for (size_t i = 0; i < t->n_tags; i++) {
                clear(t, &t->tags[i]);
        }
        t->n_tags = 0;
        t->tags_left_out = 0;
        t->all = (struct scope_counts){0};
        lock_give(&t->lock);
}

void scope_stats_init(struct scope_stats *t, uint64_t max, uint64_t max_bytes, uint64_t pause_ms)
{
        *t = (struct scope_stats){
            .max = max, .max_bytes = max_bytes, .pause_us = pause_ms * 1000, .seed = seed_of_process()};
        t->chain_ns = t->pause_us > 0 ? (t->pause_us - 1) * 1000 : 0; /* microseconds are rounded down */
        t->bits = 4;
        while ((uint64_t)1 << t->bits < max) {
                t->bits++;
        }
        prof_store_bound(STORE_SCOPES, max > 0 ? (SCOPE_TAG + SCOPE_TAGS) * max_bytes : 0, 0);
}

void scope_stats_fini(struct scope_stats *t)
{
        scope_stats_reset(t);
}
