#include "profile/explain/dump_set.h"

#include "profile/explain/dump_file.h"
#include "profile/explain/names.h"
#include "profile/heap/prof.h"
#include "profile/heap/scale.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 1 << 16, FIRST_SLOTS = 1024, ADDRESSES = 8, TEXT_MAX = 1024, HASHED_MAX = 512 };

/** Texts lie in chunks, which never move. */
struct dump_set_chunk {
        struct dump_set_chunk *next;
        size_t at;
        size_t size;
        uint8_t bytes[];
};

void dump_set_init(struct dump_set *s)
{
        *s = (struct dump_set){.n_slots = 0};
}

void dump_set_fini(struct dump_set *s)
{
        for (size_t i = 0; i < s->n_dumps; i++) {
                prof_free(s->dumps[i].pauses);
        }
        while (s->chunks != NULL) {
                struct dump_set_chunk *next = s->chunks->next;
                prof_free(s->chunks);
                s->chunks = next;
        }
        prof_free(s->sites);
        prof_free(s->figures);
        prof_free(s->dumps);
        prof_free(s->slots);
        dump_set_init(s);
}

/** Make space for one more element in an array of @p n. */
static bool grow(void **array, size_t n, size_t *size, size_t each)
{
        if (n < *size) {
                return true;
        }
        size_t bigger = *size > 0 ? 2 * *size : 64;
        void *moved = prof_realloc(STAGE_MAIN, *array, bigger * each);
        if (moved == NULL) {
                return false;
        }
        *array = moved;
        *size = bigger;
        return true;
}

/* --- texts ----------------------------------------------------------------------------------------------------------------- */

/** A copy of @p text that lives as long as the set; a long text is cut. */
static struct span keep(struct dump_set *s, struct span text)
{
        text = span_head(text, TEXT_MAX);
        if (text.len == 0) {
                return (struct span){NULL, 0};
        }
        struct dump_set_chunk *c = s->chunks;
        if (c == NULL || c->size - c->at < text.len) {
                c = prof_alloc(STAGE_MAIN, sizeof *c + CHUNK);
                if (c == NULL) {
                        s->failed = true;
                        return (struct span){NULL, 0};
                }
                *c = (struct dump_set_chunk){.next = s->chunks, .size = CHUNK};
                s->chunks = c;
        }
        uint8_t *at = c->bytes + c->at;
        (void)span_copy(at, text);
        c->at += text.len;
        return span_of(at, text.len);
}

/* --- sites ------------------------------------------------------------------------------------------------------------------ */

uint64_t dump_set_mix(uint64_t h, uint64_t value)
{
        h = (h ^ value) * 0x9e3779b97f4a7c15ULL;
        return h ^ h >> 29;
}

static uint64_t mix_span(uint64_t h, struct span s)
{
        h = dump_set_mix(h, s.len);
        for (size_t i = 0; i < s.len && i < HASHED_MAX; i++) { /* many records may have the same long text */
                h = dump_set_mix(h, s.data[i]);
        }
        return h;
}

static uint64_t hash_stack(const struct dump_record *r)
{
        uint64_t h = dump_set_mix(1, r->depth + 1); /* a hash of 0 would stay 0 */
        for (size_t i = 0; i < r->depth; i++) {
                h = dump_set_mix(h, r->stack[i]);
        }
        return mix_span(h, r->site); /* which counts as the innermost frame */
}

static uint64_t hash_names(const struct dump_record *r)
{
        uint64_t h = mix_span(2, r->site);
        if (r->n_frames > 0) {
                return mix_span(mix_span(dump_set_mix(h, r->frames[0].line), r->frames[0].function),
                                r->frames[0].place);
        }
        return r->depth > 0 ? dump_set_mix(h, r->stack[0]) : h;
}

/** "file:line". */
static struct span keep_place(struct dump_set *s, const struct dump_frame *f)
{
        char text[TEXT_MAX + 24];
        if (f->line == 0) {
                return keep(s, f->place);
        }
        struct span file = span_skip(f->place, f->place.len > TEXT_MAX ? f->place.len - TEXT_MAX : 0);
        int n = snprintf(text, sizeof text, "%.*s:%llu", (int)file.len, (const char *)file.data,
                         (unsigned long long)f->line);
        return keep(s, span_of(text, n > 0 ? (size_t)n : 0));
}

/** "0x10 < 0x20", for a dump without names; addr2line and pprof can name the addresses. */
static struct span addresses(const struct dump_record *r, char to[NAMES_CHAIN_MAX])
{
        size_t at = 0;
        for (size_t i = 0; i < r->depth && i < ADDRESSES; i++) {
                at += (size_t)snprintf(to + at, NAMES_CHAIN_MAX - at, "%s0x%llx", i == 0 ? "" : " < ",
                                       (unsigned long long)r->stack[i]);
        }
        return span_of(to, at);
}

static void name_site(struct dump_set *s, struct dump_set_site *site, const struct dump_record *r)
{
        char chain[NAMES_CHAIN_MAX];
        site->stage = keep(s, r->stage);
        site->statement = keep(s, r->birth);
        site->place = keep(s, r->site);
        if (r->n_frames == 0) {
                site->chain = keep(s, addresses(r, chain));
                return;
        }
        size_t caller = names_caller(r->frames, r->n_frames);
        site->function = keep(s, r->frames[0].function);
        if (site->place.len == 0) {
                site->place = keep_place(s, &r->frames[0]);
        }
        if (caller > 0) {
                site->caller = keep(s, r->frames[caller].function);
                site->caller_place = keep_place(s, &r->frames[caller]);
        }
        site->chain = keep(s, names_chain(r->frames, caller, chain));
}

/** The slot of @p key: it has the index + 1, or 0 if the key is new. */
static uint32_t *find(const struct dump_set *s, uint64_t key)
{
        size_t at = key % s->n_slots;
        while (s->slots[at] != 0 && s->sites[s->slots[at] - 1].key != key) {
                at = (at + 1) % s->n_slots;
        }
        return &s->slots[at];
}

static void index_sites(struct dump_set *s)
{
        if (s->n_slots == 0) {
                return;
        }
        memset(s->slots, 0, s->n_slots * sizeof *s->slots);
        for (size_t i = 0; i < s->n_sites; i++) {
                *find(s, s->sites[i].key) = (uint32_t)(i + 1);
        }
}

/** Make space for one more site and its slot; half of the slots stay free. */
static bool reserve(struct dump_set *s)
{
        if (s->n_sites >= UINT32_MAX - 1 ||
            !grow((void **)&s->sites, s->n_sites, &s->sites_size, sizeof *s->sites)) {
                return false;
        }
        if (2 * s->n_sites < s->n_slots) {
                return true;
        }
        size_t n = s->n_slots > 0 ? 2 * s->n_slots : FIRST_SLOTS;
        uint32_t *slots = prof_alloc(STAGE_MAIN, n * sizeof *slots);
        if (slots == NULL) {
                return false;
        }
        prof_free(s->slots);
        s->slots = slots;
        s->n_slots = n;
        index_sites(s);
        return true;
}

/** The index of the record's site, created if it is new. */
static uint32_t take_site(struct dump_set *s, const struct dump_record *r)
{
        if (!reserve(s)) {
                s->failed = true;
                return 0;
        }
        uint64_t stack = hash_stack(r);
        uint64_t key = mix_span(mix_span(dump_set_mix(stack, r->size), r->stage), r->lib);
        key = mix_span(key, r->sample);
        uint32_t *slot = find(s, key);
        struct span function = span_head(r->n_frames > 0 ? r->frames[0].function : span_str(""), TEXT_MAX);
        if (*slot != 0 && function.len > 0 && s->sites[*slot - 1].function.len > 0 &&
            !span_equal(s->sites[*slot - 1].function, function)) {
                key = mix_span(key, function); /* in another program another function is at that address */
                slot = find(s, key);
        }
        if (*slot == 0) {
                struct dump_set_site *site = &s->sites[s->n_sites];
                *site = (struct dump_set_site){
                    .key = key, .stack = stack, .names = hash_names(r), .size = r->size};
                name_site(s, site, r);
                *slot = (uint32_t)++s->n_sites;
        }
        return *slot - 1;
}

/* --- dumps ------------------------------------------------------------------------------------------------------------------- */

static void on_dump(void *arg, const struct dump_header *header)
{
        struct dump_set *s = arg;
        s->sites_before = s->n_sites;
        /* the array of figures exists as soon as there is a dump, even one without figures */
        if (s->failed || !grow((void **)&s->dumps, s->n_dumps, &s->dumps_size, sizeof *s->dumps) ||
            !grow((void **)&s->figures, s->n_figures, &s->figures_size, sizeof *s->figures)) {
                s->failed = true;
                return;
        }
        s->dumps[s->n_dumps++] =
            (struct dump_set_dump){.header = *header, .first = s->n_figures, .file = s->files};
}

static void on_record(void *arg, const struct dump_record *r)
{
        struct dump_set *s = arg;
        if (s->failed) {
                return;
        }
        struct dump_set_dump *d = &s->dumps[s->n_dumps - 1];
        if (r->allocs == 0 && r->alloc_bytes == 0 && r->live == 0 && r->live_bytes == 0) {
                d->pending += !d->header.living;
                return;
        }
        uint32_t site = take_site(s, r);
        if (s->failed || !grow((void **)&s->figures, s->n_figures, &s->figures_size, sizeof *s->figures)) {
                s->failed = true;
                return;
        }
        s->figures[s->n_figures++] =
            (struct dump_set_figure){site, r->live, r->live_bytes, r->allocs, r->alloc_bytes};
}

static void on_figure(void *arg, const struct dump_figure *figure)
{
        static const struct {
                const char *name;
                enum dump_set_stat stat;
        } stats[] = {
            {"HeapAlloc", STAT_HEAP_ALLOC},
            {"HeapInuse", STAT_HEAP_INUSE},
            {"Stack", STAT_STACK},
            {"NumGC", STAT_NUM_GC},
            {"NumForcedGC", STAT_FORCED_GC},
            {"NextGC", STAT_NEXT_GC},
            {"LastGC", STAT_LAST_GC},
            {"TotalAlloc", STAT_TOTAL_ALLOC},
            {"Mallocs", STAT_MALLOCS},
            {"Frees", STAT_FREES},
            {"RSS", STAT_RSS},
            {"Statements", STAT_STATEMENTS},
            {"Goroutines", STAT_GOROUTINES},
        };
        struct dump_set *s = arg;
        if (s->failed || s->n_dumps == 0) {
                return;
        }
        struct dump_set_dump *d = &s->dumps[s->n_dumps - 1];
        if (figure->list != NULL && d->pauses == NULL) {
                d->pauses = prof_alloc(STAGE_MAIN, DUMP_PAUSES * sizeof *d->pauses);
                s->failed = d->pauses == NULL;
                if (d->pauses != NULL) {
                        memcpy(d->pauses, figure->list, DUMP_PAUSES * sizeof *d->pauses);
                }
                return;
        }
        for (size_t i = 0; i < sizeof stats / sizeof stats[0]; i++) {
                if (span_equal(figure->name, span_str(stats[i].name))) {
                        d->stats[stats[i].stat] = figure->value;
                        d->has_gc = d->has_gc || stats[i].stat == STAT_NUM_GC;
                }
        }
}

static int compare_figures(const void *a, const void *b)
{
        const struct dump_set_figure *x = a;
        const struct dump_set_figure *y = b;
        return (x->site > y->site) - (x->site < y->site);
}

/** Ascending by site, each once. */
static void tidy(struct dump_set *s, struct dump_set_dump *d)
{
        struct dump_set_figure *f = s->figures + d->first;
        size_t n = s->n_figures - d->first;
        size_t kept = 0;
        if (n > 0) {
                qsort(f, n, sizeof *f, compare_figures);
        }
        for (size_t i = 0; i < n; i++) {
                if (kept > 0 && f[kept - 1].site == f[i].site) {
                        f[kept - 1].live += f[i].live;
                        f[kept - 1].live_bytes += f[i].live_bytes;
                        f[kept - 1].allocs += f[i].allocs;
                        f[kept - 1].alloc_bytes += f[i].alloc_bytes;
                } else {
                        f[kept++] = f[i];
                }
        }
        d->n = kept;
        s->n_figures = d->first + kept;
}

static void sum_up(struct dump_set *s, struct dump_set_dump *d)
{
        uint64_t h = dump_set_mix(1, d->header.time_ns);
        for (size_t i = 0; i < STAT_COUNT; i++) {
                h = dump_set_mix(h, i == STAT_GOROUTINES ? 0 : d->stats[i]);
        }
        for (size_t i = d->first; i < d->first + d->n; i++) {
                const struct dump_set_figure *f = &s->figures[i];
                d->allocs += dump_set_samples(d, f->allocs, f->alloc_bytes);
                h = dump_set_mix(dump_set_mix(dump_set_mix(h, s->sites[f->site].key), f->live),
                                 f->live_bytes);
                h = dump_set_mix(dump_set_mix(h, f->allocs), f->alloc_bytes);
        }
        d->content = h;
}

static void on_end(void *arg, bool whole)
{
        struct dump_set *s = arg;
        if (s->failed || s->n_dumps == 0) {
                return;
        }
        struct dump_set_dump *d = &s->dumps[s->n_dumps - 1];
        if (whole) {
                tidy(s, d);
                sum_up(s, d);
                return;
        }
        s->n_figures = d->first; /* sites that only it has may contain an incomplete address */
        prof_free(d->pauses);
        s->n_dumps--;
        if (s->n_sites > s->sites_before) {
                s->n_sites = s->sites_before;
                index_sites(s);
        }
}

enum status dump_set_add(struct dump_set *s, struct span file)
{
        const struct dump_sink sink = {s, on_dump, on_record, on_figure, on_end};
        dump_file_read(file, &sink, &s->troubles);
        s->files++;
        s->failed = s->failed || s->troubles.nomem;
        return s->failed ? STATUS_NOMEM : STATUS_OK;
}

/* --- samples and what they stand for ---------------------------------------------------------------------------------------- */

uint64_t dump_set_samples(const struct dump_set_dump *d, uint64_t count, uint64_t bytes)
{
        if (!d->header.scaled || d->header.sample_bytes <= 1 || count == 0 || bytes == 0) {
                return count;
        }
        double size = (double)bytes / (double)count;
        double samples = (double)count * (1 - exp(-size / (double)d->header.sample_bytes));
        return samples > 1 ? (uint64_t)llround(samples) : 1;
}

void dump_set_scaled(const struct dump_set_dump *d, uint64_t count, uint64_t bytes, double *objects,
                     double *all)
{
        *objects = (double)count;
        *all = (double)bytes;
        if (!d->header.scaled) {
                struct scaled s = scale_samples(count, bytes, d->header.sample_bytes);
                *objects = (double)s.objects;
                *all = (double)s.bytes;
        }
}
