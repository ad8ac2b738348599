#include "journal/enrich/digests.h"

#include "base/lock.h"
#include "base/seed.h"
#include "base/utf8.h"
#include "journal/enrich/digest_json.h"
#include "journal/enrich/last_text.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/sql_key.h"
#include "mysql/sql/tags.h"
#include "profile/heap/prof.h"
#include "profile/heap/store.h"

#include <xxhash.h>

enum { NONE = UINT32_MAX, CACHE = 4096, SHARE = 4 };

/* A text that was seen as it is. */
struct cached {
        uint64_t key;
        uint64_t values;
        struct template_facts facts;
};

struct digests {
        struct lock lock; /* around every change of what is below, and every look from outside */
        struct digest_stat **stats;
        uint32_t *buckets;
        unsigned bits; /* of the number of buckets */
        uint64_t seed; /* nobody can aim at a bucket */
        uint32_t max;
        uint32_t n;
        uint32_t newest;
        uint32_t oldest;
        struct digests_totals totals;
        /* the journal thread's alone */
        struct cached *cache;
        struct template_cache templates;
        struct last_text last;
        struct digest digest;
};

/* --- the table ---------------------------------------------------------------------------------------------------- */

/** What an entry holds comes, or (@p sign -1) goes. */
static void count_store(const struct digest_stat *s, int sign)
{
        prof_store_add(STORE_DIGESTS, sign * (int64_t)(s->text_room + s->example_room));
}

static uint32_t *bucket_of(const struct digests *d, const uint8_t hash[DIGEST_HASH])
{
        uint64_t head;
        memcpy(&head, hash, sizeof head);
        return &d->buckets[seed_bucket(d->seed, head, d->bits)];
}

static uint32_t lookup(const struct digests *d, const uint8_t hash[DIGEST_HASH])
{
        uint32_t at = *bucket_of(d, hash);
        while (at != NONE && memcmp(d->stats[at]->hash, hash, DIGEST_HASH) != 0) {
                at = d->stats[at]->next;
        }
        return at;
}

static void unlink_age(struct digests *d, uint32_t at)
{
        const struct digest_stat *s = d->stats[at];
        *(s->newer != NONE ? &d->stats[s->newer]->older : &d->newest) = s->older;
        *(s->older != NONE ? &d->stats[s->older]->newer : &d->oldest) = s->newer;
}

static void link_newest(struct digests *d, uint32_t at)
{
        struct digest_stat *s = d->stats[at];
        s->newer = NONE;
        s->older = d->newest;
        *(d->newest != NONE ? &d->stats[d->newest]->newer : &d->oldest) = at;
        d->newest = at;
}

static __attribute__((noinline)) void make_newest(struct digests *d, uint32_t at)
{
        unlink_age(d, at);
        link_newest(d, at);
}

static void unlink_bucket(struct digests *d, uint32_t at)
{
        uint32_t *link = bucket_of(d, d->stats[at]->hash);
        while (*link != at) {
                link = &d->stats[*link]->next;
        }
        *link = d->stats[at]->next;
}

/** A free entry: a new one, or the least recently seen. @return NONE when memory is out. */
static uint32_t get_entry(struct digests *d)
{
        if (d->n < d->max) {
                struct digest_stat *s = prof_calloc(STAGE_DIGEST, 1, sizeof *s);
                if (s != NULL) {
                        prof_store_add(STORE_DIGESTS, (int64_t)sizeof *s);
                        d->stats[d->n] = s;
                        return d->n++;
                }
        }
        uint32_t at = d->oldest;
        if (at == NONE) {
                return NONE;
        }
        struct digest_stat *s = d->stats[at];
        uint32_t generation = s->generation + 1;
        d->totals.evicted++;
        d->totals.forgotten += s->count;
        unlink_age(d, at);
        unlink_bucket(d, at);
        count_store(s, -1);
        prof_free(s->text);
        prof_free(s->example);
        memset(s, 0, sizeof *s);
        s->generation = generation;
        return at;
}

static uint32_t add(struct digests *d, const struct digest *made)
{
        size_t json = made->len <= DIGEST_JSON_MAX ? digest_json_size(made->len) : 0;
        size_t room = made->len + 1 + json;
        uint8_t *text = prof_alloc(STAGE_DIGEST, room);
        uint32_t at = text != NULL ? get_entry(d) : NONE;
        if (at == NONE) {
                prof_free(text);
                d->totals.unmade++;
                return NONE;
        }
        struct digest_stat *s = d->stats[at];
        s->at = at;
        memcpy(text, made->text, made->len);
        memcpy(s->hash, made->hash, DIGEST_HASH);
        digest_hex(s->hash, s->hex);
        s->text = text;
        s->text_len = made->len;
        s->text_room = room;
        s->json = json > 0 ? digest_json_put(text + made->len, s->hex, span_of(s->text, s->text_len))
                           : (struct span){NULL, 0};
        count_store(s, 1);
        s->verb = made->verb;
        s->shape = shape_of(span_of(text, made->len), made->is_cut);
        s->repeat = repeat_of(span_of(text, made->len), &s->shape);
        s->min_us = UINT64_MAX;
        s->next = *bucket_of(d, s->hash);
        *bucket_of(d, s->hash) = at;
        link_newest(d, at);
        return at;
}

/* --- finding ------------------------------------------------------------------------------------------------------ */

/** Is the shape's entry still its own? */
static bool is_current(const struct template_facts *facts)
{
        return facts->stat != NULL && facts->stat->generation == facts->generation;
}

/** Do the facts about a text with @p key, whose digest is in @p d and of which @p shown is not hidden, hold for all texts with that key? */
static bool is_shared(const struct digests *d, const struct sql_key *key, const struct template_facts *facts,
                      bool is_shown)
{
        enum { MARGIN = 128 }; /* a longer list takes a few bytes more for a moment */
        bool is_whole = !d->digest.is_cut && d->digest.len + MARGIN <= sizeof d->digest.text;
        return key->is_known && is_whole && is_shown && (!facts->suspected || key->is_plain);
}

/** Read the statement; remember what is true of those like it. */
static struct template_facts read_text(struct digests *d, struct span sql, struct sql_mode mode,
                                       bool is_cleared, const struct sql_key *key)
{
        bool suspected = !is_cleared && secret_suspected(sql);
        struct span shown = suspected ? span_head(sql, secret_bare_at(sql, mode)) : sql;
        digest_make(shown, mode, &d->digest);
        d->digest.is_cut = d->digest.is_cut || shown.len < sql.len;
        uint32_t at = lookup(d, d->digest.hash);
        if (at == NONE) {
                lock_take(&d->lock);
                at = add(d, &d->digest);
                lock_give(&d->lock);
        }
        struct digest_stat *stat = at != NONE ? d->stats[at] : NULL;
        struct template_facts facts = {stat, stat != NULL ? stat->generation : 0, suspected,
                                       !suspected && tags_may_be_in(sql)};
        if (at != NONE && is_shared(d, key, &facts, shown.len == sql.len)) {
                template_cache_add(&d->templates, key->hash, &facts);
        }
        return facts;
}

/** The very same text may come again. @return its facts; the hash of its text is the key of the entry. */
static __attribute__((noinline)) const struct cached *find_text(struct digests *d, struct span sql,
                                                                struct sql_mode mode, bool is_cleared,
                                                                const struct sql_key *key)
{
        uint64_t hash = XXH3_64bits_withSeed(sql.data, sql.len, d->seed ^ sql_mode_bits(mode));
        struct cached *c = &d->cache[hash % CACHE];
        if (c->key != hash || !is_current(&c->facts)) {
                struct template_facts facts = read_text(d, sql, mode, is_cleared, key);
                *c = (struct cached){.key = hash, .values = d->digest.values, .facts = facts};
        }
        return c;
}

static __attribute__((noinline)) void find_other(struct digests *d, struct span sql, struct sql_mode mode,
                                                 bool is_cleared, struct digest_found *found)
{
        struct sql_key key;
        sql_key_make(sql, mode, d->seed, &key);
        const struct template_facts *facts =
            key.is_known ? template_cache_find(&d->templates, key.hash) : NULL;
        uint64_t text = key.hash + key.values;
        if (facts == NULL || !is_current(facts) ||
            (key.has_strings && !is_cleared && secret_suspected(sql))) {
                const struct cached *c = find_text(d, sql, mode, is_cleared, &key);
                facts = &c->facts;
                text = key.is_known ? text : c->key;
                key.values = key.is_known ? key.values : c->values;
                key.has_strings = false; /* the facts are about the very same text */
        } else {
                last_text_see(&d->last, sql, sql_mode_bits(mode), &key, facts);
        }
        *found = (struct digest_found){.stat = facts->stat,
                                       .sql = sql,
                                       .text = text,
                                       .values = key.values,
                                       .suspected = facts->suspected && !key.has_strings,
                                       .may_have_tags = facts->may_have_tags};
        if (key.has_strings) { /* the facts may be about a text with other strings */
                found->may_have_tags = tags_may_be_in(sql);
        }
}

void digests_find(struct digests *d, struct span sql, struct sql_mode mode, bool is_cleared,
                  struct digest_found *found)
{
        const struct last_text *last = &d->last;
        struct span number = last_text_number(last, sql, sql_mode_bits(mode));
        if (number.len == 0 || !is_current(&last->facts)) {
                find_other(d, sql, mode, is_cleared, found);
                return;
        }
        uint64_t values = sql_key_value(number, d->seed);
        *found = (struct digest_found){.stat = last->facts.stat,
                                       .sql = sql,
                                       .text = last->key + values,
                                       .values = values,
                                       .suspected = last->facts.suspected,
                                       .may_have_tags = last->facts.may_have_tags};
}

struct span digests_text(const struct digests *d, const uint8_t hash[DIGEST_HASH])
{
        uint32_t at = lookup(d, hash);
        return at != NONE ? span_of(d->stats[at]->text, d->stats[at]->text_len) : span_str(NULL);
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

unsigned digest_class_of(uint64_t us)
{
        if (us < SHARE) {
                return (unsigned)us;
        }
        unsigned octave = 63 - (unsigned)__builtin_clzll(us); /* 2 or more */
        unsigned part = (unsigned)(us >> (octave - 2)) & (SHARE - 1);
        unsigned class = (octave - 1) * SHARE + part;
        return class < DIGEST_CLASSES ? class : DIGEST_CLASSES - 1;
}

/** The first time that is above a class. */
static uint64_t class_end(unsigned class)
{
        if (class < SHARE) {
                return class;
        }
        unsigned octave = class / SHARE + 1;
        return ((uint64_t)(SHARE + class % SHARE + 1) << (octave - 2)) - 1;
}

/** The longest of them. Apart from count: rarely one is. */
static __attribute__((noinline)) void set_example(struct digest_stat *s, const struct record *r)
{
        struct span text = record_has(r, FIELD_QUERY) ? r->query : r->stmt_prepare_query;
        text = text.len > DIGEST_EXAMPLE_MAX ? utf8_trim(span_head(text, DIGEST_EXAMPLE_MAX)) : text;
        if (text.len > s->example_len || s->example == NULL) {
                uint8_t *room = prof_realloc(STAGE_DIGEST, s->example, text.len + 1);
                if (room == NULL) {
                        return;
                }
                prof_store_add(STORE_DIGESTS, (int64_t)text.len + 1 - (int64_t)s->example_room);
                s->example_room = text.len + 1;
                s->example = room;
        }
        if (text.len > 0) {
                memcpy(s->example, text.data, text.len);
        }
        s->example_len = text.len;
        s->example_us = r->duration_us;
}

static void count_findings(struct digest_stat *s, uint64_t findings)
{
        for (unsigned i = 0; i < FINDING_COUNT; i++) {
                s->findings[i] += findings >> i & 1;
        }
}

static void turn_window(struct digest_stat *s, uint64_t wall_ns)
{
        if (wall_ns - s->recent.number * DIGEST_WINDOW_NS <
            DIGEST_WINDOW_NS) { /* and not before it: unsigned */
                return;
        }
        uint64_t number = wall_ns / DIGEST_WINDOW_NS;
        bool next = number == s->recent.number + 1;
        s->recent.count[0] = next ? s->recent.count[1] : 0;
        s->recent.us[0] = next ? s->recent.us[1] : 0;
        s->recent.count[1] = 0;
        s->recent.us[1] = 0;
        s->recent.number = number;
}

struct digest_rate digest_rate(const struct digest_stat *s, uint64_t now_wall_ns)
{
        struct digest_stat copy = *s;
        turn_window(&copy, now_wall_ns);
        double seconds = (double)(DIGEST_WINDOW_NS + now_wall_ns % DIGEST_WINDOW_NS) / 1e9;
        return (struct digest_rate){
            .per_second = (double)(copy.recent.count[0] + copy.recent.count[1]) / seconds,
            .active = (double)(copy.recent.us[0] + copy.recent.us[1]) / 1e6 / seconds,
        };
}

static void count(struct digest_stat *s, const struct record *r)
{
        uint64_t us = r->duration_us;
        s->count++;
        s->errors += record_has(r, FIELD_ERRNO);
        s->warnings += r->warnings; /* those of the own part are 0 if they are absent */
        s->rows += r->rows;
        s->affected_rows += r->affected_rows;
        s->bytes_sent += r->bytes_sent;
        s->bytes_received += r->bytes_received;
        s->sum_us += us;
        s->min_us = us < s->min_us ? us : s->min_us;
        s->max_us = us > s->max_us ? us : s->max_us;
        if (record_has(r, FIELD_FINDINGS)) {
                count_findings(s, r->findings);
        }
        s->first_wall_ns = s->first_wall_ns == 0 ? r->wall_ns : s->first_wall_ns;
        s->last_wall_ns = r->wall_ns;
        s->classes[digest_class_of(us)]++;
        turn_window(s, r->wall_ns + us * 1000);
        s->recent.count[1]++;
        s->recent.us[1] += us;
        if (s->example == NULL || us > s->example_us) {
                set_example(s, r);
        }
}

bool digests_count(struct digests *d, const struct digest_found *found, const struct record *r)
{
        struct digest_stat *s = found->stat;
        lock_take(&d->lock);
        if (d->newest != s->at) {
                make_newest(d, s->at);
        }
        count(s, r);
        bool first_error = s->errors == 1 && record_has(r, FIELD_ERRNO);
        lock_give(&d->lock);
        return first_error;
}

void digests_count_later(struct digests *d, struct digest_stat *stat, enum record_finding finding, uint64_t n)
{
        lock_take(&d->lock);
        stat->findings[finding] += n;
        lock_give(&d->lock);
}

void digests_count_finding(struct digests *d, const uint8_t hash[DIGEST_HASH], enum record_finding finding,
                           uint64_t n)
{
        uint32_t at = lookup(d, hash);
        if (at != NONE) {
                digests_count_later(d, d->stats[at], finding, n);
        }
}

uint64_t digest_percentile_us(const struct digest_stat *s, double share)
{
        double wanted = share * (double)s->count;
        uint64_t seen = 0;
        for (unsigned class = 0; class < DIGEST_CLASSES - 1; class ++) {
                seen += s->classes[class];
                if (seen > 0 && (double)seen >= wanted) {
                        uint64_t end = class_end(class);
                        return end < s->max_us ? end : s->max_us;
                }
        }
        return s->max_us;
}

/* --- from outside ------------------------------------------------------------------------------------------------- */

struct digests_totals digests_each(struct digests *d, void (*see)(void *arg, const struct digest_stat *s),
                                   void *arg)
{
        lock_take(&d->lock);
        struct digests_totals totals = d->totals;
        totals.shapes = 0;
        totals.max = d->max;
        for (uint32_t at = d->newest; at != NONE; at = d->stats[at]->older) {
                totals.shapes++;
                see(arg, d->stats[at]);
        }
        lock_give(&d->lock);
        return totals;
}

/** The writer may be using what names the shape: that stays. */
static void zero(struct digest_stat *s)
{
        size_t begin = offsetof(struct digest_stat, example);
        prof_store_add(STORE_DIGESTS, -(int64_t)s->example_room);
        prof_free(s->example);
        memset((char *)s + begin, 0, offsetof(struct digest_stat, at) - begin);
        s->min_us = UINT64_MAX;
}

void digests_reset(struct digests *d)
{
        lock_take(&d->lock);
        for (uint32_t i = 0; i < d->n; i++) {
                zero(d->stats[i]);
        }
        d->totals = (struct digests_totals){0};
        lock_give(&d->lock);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

enum status digests_new(size_t max, struct digests **out)
{
        struct digests *d = prof_calloc(STAGE_DIGEST, 1, sizeof *d);
        if (d == NULL) {
                return STATUS_NOMEM;
        }
        d->max = (uint32_t)max;
        prof_store_bound(STORE_DIGESTS,
                         max * (sizeof(struct digest_stat) + DIGEST_TEXT_MAX + 1 +
                                digest_json_size(DIGEST_JSON_MAX) + DIGEST_EXAMPLE_MAX + 1),
                         0);
        d->newest = NONE;
        d->oldest = NONE;
        d->seed = seed_of_process();
        d->bits = 6;
        while ((size_t)1 << d->bits < max) {
                d->bits++;
        }
        d->stats = prof_calloc(STAGE_DIGEST, max, sizeof(struct digest_stat *));
        d->buckets = prof_alloc(STAGE_DIGEST, ((size_t)1 << d->bits) * sizeof *d->buckets);
        d->cache = prof_calloc(STAGE_DIGEST, CACHE, sizeof *d->cache);
        enum status status = template_cache_init(&d->templates, max);
        if (d->stats == NULL || d->buckets == NULL || d->cache == NULL || status != STATUS_OK) {
                digests_free(d);
                return STATUS_NOMEM;
        }
        memset(d->buckets, 0xff, ((size_t)1 << d->bits) * sizeof *d->buckets);
        *out = d;
        return STATUS_OK;
}

void digests_free(struct digests *d)
{
        if (d == NULL) {
                return;
        }
        for (uint32_t i = 0; d->stats != NULL && i < d->n; i++) {
                count_store(d->stats[i], -1);
                prof_store_add(STORE_DIGESTS, -(int64_t)sizeof *d->stats[i]);
                prof_free(d->stats[i]->text);
                prof_free(d->stats[i]->example);
                prof_free(d->stats[i]);
        }
        prof_free(d->stats);
        prof_free(d->buckets);
        prof_free(d->cache);
        template_cache_fini(&d->templates);
        prof_free(d);
}
