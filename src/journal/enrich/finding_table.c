#include "journal/enrich/finding_table.h"

#include "base/clock.h"
#include "base/utf8.h"

/** Marks of single statements of a loop, whose record counts them all. */
#define MARKS (1U << FINDING_N_PLUS_ONE | 1U << FINDING_IN_WRITE_LOOP)

static bool is_run(const struct record *r)
{
        return r->event == EVENT_N_PLUS_ONE || r->event == EVENT_WRITE_LOOP || r->event == EVENT_PREPARE_ONCE;
}

_Static_assert(FINDING_TABLE_SLOTS == 1 << (32 - 24), "a slot is the upper byte of a hash");
_Static_assert(FINDING_TABLE_ROWS <= UINT8_MAX, "a slot has the number of a row");

static uint8_t *slot_of(struct finding_table *t, enum record_finding kind, struct span digest)
{
        uint32_t head = 0; /* hex digits, of which any four do */
        if (digest.len >= sizeof head) {
                memcpy(&head, digest.data, sizeof head);
        }
        return &t->slots[(head + (uint32_t)kind) * 2654435761U >> 24];
}

static bool is_row_of(const struct finding_row *row, enum record_finding kind, struct span digest)
{
        if (row->kind != kind || row->digest_len != digest.len) {
                return false;
        }
        return digest.len == DIGEST_HEX
                   ? memcmp(row->digest, digest.data, DIGEST_HEX) == 0 /* inline code */
                   : digest.len == 0 || memcmp(row->digest, digest.data, digest.len) == 0;
}

/** Keep @p text in @p to, which has @p size bytes, with a NUL behind it. */
static void keep(char *to, size_t size, struct span text)
{
        struct span kept = text.len < size ? text : utf8_trim(span_head(text, size - 1));
        if (kept.len > 0) {
                memcpy(to, kept.data, kept.len);
        }
        to[kept.len] = '\0';
}

/** The row of @p kind and @p digest: a used one, a new one, or the one that was seen longest ago. */
static struct finding_row *row_of(struct finding_table *t, enum record_finding kind, struct span digest)
{
        uint8_t *slot = slot_of(t, kind, digest);
        if (*slot < t->n && is_row_of(&t->rows[*slot], kind, digest)) {
                return &t->rows[*slot];
        }
        size_t oldest = 0;
        size_t at = 0;
        while (at < t->n && !is_row_of(&t->rows[at], kind, digest)) {
                oldest = t->rows[at].last_wall_ns < t->rows[oldest].last_wall_ns ? at : oldest;
                at++;
        }
        if (at == t->n) {
                at = t->n < FINDING_TABLE_ROWS ? t->n++ : oldest;
                t->evicted += t->rows[at].count > 0 ? 1 : 0;
                t->rows[at] = (struct finding_row){.kind = kind, .digest_len = (uint8_t)digest.len};
                keep(t->rows[at].digest, sizeof t->rows[at].digest, digest);
        }
        *slot = (uint8_t)at;
        return &t->rows[at];
}

static bool has_nul(struct span text)
{
        return text.len > 0 && memchr(text.data, '\0', text.len) != NULL;
}

static void keep_tags(struct finding_row *row, struct value_list tags)
{
        size_t at = 0;
        for (size_t i = 0; i < tags.n; i++) {
                const struct value *v = &tags.at[i];
                if (v->name.len + v->bytes.len + 2 > sizeof row->tags - at || has_nul(v->name) ||
                    has_nul(v->bytes)) {
                        continue;
                }
                keep(row->tags + at, sizeof row->tags - at, v->name);
                at += v->name.len + 1;
                keep(row->tags + at, sizeof row->tags - at, v->bytes);
                at += v->bytes.len + 1;
        }
        row->tags_len = at;
}

static struct finding_row *add(struct finding_table *t, const struct record *r, enum record_finding kind,
                               uint64_t times, uint64_t number)
{
        struct span digest = record_text_if_any(r, FIELD_DIGEST);
        struct finding_row *row = row_of(t, kind, digest.len <= DIGEST_HEX ? digest : span_str(""));
        bool is_new = row->count == 0;
        uint64_t duration_us = record_uint_if_any(r, FIELD_DURATION_US);
        row->count += times;
        row->time_us +=
            kind == FINDING_TRANSACTION_IDLE ? record_uint_if_any(r, FIELD_TRX_IDLE_US) : duration_us;
        row->last_wall_ns = r->wall_ns + duration_us * CLOCK_US_NS;
        row->number = number;
        row->conn_id = record_uint_if_any(r, FIELD_CONN_ID);
        if (is_new) {
                row->first_wall_ns = r->wall_ns;
                keep(row->text, sizeof row->text, record_text_if_any(r, FIELD_DIGEST_TEXT));
        }
        if (is_run(r)) {
                keep(row->info, sizeof row->info, record_text_if_any(r, FIELD_INFO));
        }
        if (record_has(r, FIELD_TAGS)) {
                keep_tags(row, record_list(r, FIELD_TAGS));
        }
        return row;
}

/** Does @p r repeat the findings of the commands before it, which were counted already? */
static bool is_summary(const struct record *r)
{
        return r->event == EVENT_TRANSACTION || r->event == EVENT_SCOPE;
}

/** Add what was gathered to its row. Called with the lock. */
static void settle(struct finding_table *t)
{
        struct finding_gathered *g = &t->gathered;
        struct finding_row *row = g->row;
        if (g->count == 0) {
                return;
        }
        row->count += g->count;
        row->time_us += g->time_us;
        row->last_wall_ns = g->wall_ns + g->duration_us * CLOCK_US_NS;
        row->number = g->number;
        row->conn_id = g->conn_id;
        g->count = 0;
        g->time_us = 0;
}

void finding_table_settle(struct finding_table *t)
{
        if (t->gathered.count > 0) {
                lock_take(&t->lock);
                settle(t);
                lock_give(&t->lock);
        }
}

/** Gather the next ones if they are like @p r, whose only finding besides marks is the one of @p row. */
static void gather(struct finding_table *t, const struct record *r, struct finding_row *row)
{
        bool is_usual = r->event == EVENT_QUERY && record_has(r, FIELD_DIGEST) &&
                        r->digest.len == DIGEST_HEX && row->kind != FINDING_TRANSACTION_IDLE;
        if (is_usual) {
                t->gathered.findings = r->findings;
                t->gathered.row = row;
                memcpy(t->gathered.digest, r->digest.data, DIGEST_HEX);
        }
}

void finding_table_add_other(struct finding_table *t, const struct record *r, uint64_t number)
{
        bool run = is_run(r);
        uint64_t findings = run ? r->findings : r->findings & ~(uint64_t)MARKS;
        uint64_t times = run ? record_uint_if_any(r, FIELD_REPEATED) : 1;
        if (findings == 0 || is_summary(r)) {
                return;
        }
        bool is_one = (findings & (findings - 1)) == 0;
        struct finding_row *row = NULL;
        lock_take(&t->lock);
        settle(t);
        t->gathered = (struct finding_gathered){.findings = 0}; /* its row may be replaced */
        for (; findings != 0; findings &= findings - 1) {
                row = add(t, r, (enum record_finding)__builtin_ctzll(findings), times, number);
        }
        if (is_one) {
                gather(t, r, row);
        }
        lock_give(&t->lock);
}

uint64_t finding_table_each(struct finding_table *t, void (*see)(void *arg, const struct finding_row *row),
                            void *arg)
{
        lock_take(&t->lock);
        for (size_t i = 0; i < t->n; i++) {
                see(arg, &t->rows[i]);
        }
        uint64_t evicted = t->evicted;
        lock_give(&t->lock);
        return evicted;
}
