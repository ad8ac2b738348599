#include "journal/enrich/duplicates.h"

#include "base/clock.h"
#include "base/seed.h"
#include "base/text_hash.h"
#include "journal/enrich/parameter_hash.h"
#include "profile/heap/prof.h"

enum {
        TRACE_ID_AT = 3, /* in a traceparent: 00-TRACE_ID-PARENT_ID-01 */
        TRACE_ID_LEN = 32,
};

enum status duplicates_init(struct duplicates *d, struct digests *digests, uint64_t within_ms)
{
        *d = (struct duplicates){
            .within_ns = within_ms * CLOCK_MS_NS, .digests = digests, .seed = seed_of_process()};
        if (within_ms == 0 || digests == NULL) {
                return STATUS_OK;
        }
        d->entries = prof_calloc(STAGE_JOURNAL, (size_t)1 << DUPLICATES_BITS, sizeof *d->entries);
        return d->entries != NULL ? STATUS_OK : STATUS_NOMEM;
}

void duplicates_fini(struct duplicates *d)
{
        prof_free(d->entries);
        d->entries = NULL;
}

void duplicates_forget(struct duplicates *d)
{
        d->seed += 2; /* it stays odd */
}

/* --- statements that can be duplicates ------------------------------------------------------------------------------ */

/* Of statements with one of these, the values are not known completely, or there is no answer. A reason says that a list was cut. */
static const struct field_set unknown = {
    {0 FIELD_LOW(true, QUERY_LENGTH) FIELD_LOW(true, STMT_PREPARE_QUERY_LENGTH) FIELD_LOW(true, ERRNO)
         FIELD_LOW(true, REASON),
     0 FIELD_HIGH(true, QUERY_LENGTH) FIELD_HIGH(true, STMT_PREPARE_QUERY_LENGTH) FIELD_HIGH(true, ERRNO)
         FIELD_HIGH(true, REASON)}};

/** @p key is the hash so far. */
static inline uint64_t hash_text(const struct duplicates *d, struct span text, uint64_t key)
{
        return text_hash(text, key, d->seed);
}

/** The hash of a statement with its text as it is. */
static inline uint64_t hash_sql(const struct duplicates *d, const struct digest_found *found, uint64_t seed)
{
        return text_hash_mix(found->text ^ seed, d->seed);
}

/** The hash of a statement by its digest and its values, whatever comments it has. */
static uint64_t hash_values(const struct digest_found *found, uint64_t seed)
{
        uint64_t shape;
        memcpy(&shape, found->stat->hash, sizeof shape);
        return (shape ^ found->values) * 0x9e3779b97f4a7c15U + seed;
}

/** The same with the parameters of an execution. @return false if they are not known completely. */
static bool hash_execution(const struct duplicates *d, const struct record *r,
                           const struct digest_found *found, uint64_t seed, uint64_t *key)
{
        *key = hash_values(found, seed);
        if (!record_has(
                r,
                FIELD_STMT_PREPARE_QUERY)) { /* memory was out for redaction, and the values are gone, too */
                return false;
        }
        return parameter_hash(r, key, d->seed);
}

/** The seed of the statements of a trace, which may use several sessions. */
static __attribute__((noinline)) uint64_t seed_of_trace(const struct duplicates *d, const struct record *r)
{
        struct span id = span_head(span_skip(r->traceparent, TRACE_ID_AT), TRACE_ID_LEN);
        return hash_text(d, id, hash_text(d, record_text_if_any(r, FIELD_DATABASE), d->seed));
}

/** Was a table of @p tables written after @p ns? */
static inline bool was_written(const struct duplicates *d, uint64_t tables, uint64_t ns)
{
        if (d->written_any_ns > ns) {
                return true;
        }
        for (; tables != 0; tables &= tables - 1) {
                if (d->written_ns[__builtin_ctzll(tables)] > ns) {
                        return true;
                }
        }
        return false;
}

/** See @p r, whose hash is @p key. */
static inline void compare(struct duplicates *d, struct record *r, const struct digest_found *found,
                           uint64_t key)
{
        struct duplicates_entry *e = &d->entries[seed_bucket(d->seed, key, DUPLICATES_BITS)];
        uint64_t result = (r->rows << 32) + r->bytes_received;
        bool in_time = r->mono_ns < e->ended_ns + d->within_ns || record_has(r, FIELD_TRX_ID);
        bool is_again = e->key == key && e->result == result && in_time &&
                        !was_written(d, found->stat->shape.tables, e->ended_ns);
        bool in_run = (r->findings >> FINDING_N_PLUS_ONE & 1) != 0;
        bool for_row = in_run || found->row_use == ROW_USE_ROW;
        bool is_explained = in_run || (for_row && e->for_rows);
        bool is_reported = is_again && (!is_explained || found->row_use == ROW_USE_AGAIN);
        e->for_rows = for_row && (e->for_rows || !is_again);
        e->key = key;
        e->result = result;
        e->count = is_again ? e->count + is_reported : 0;
        e->ended_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
        if (is_reported) {
                record_add_finding(r, FINDING_DUPLICATE);
                record_set_uint(r, FIELD_DUPLICATES, e->count);
                digests_count_later(d->digests, found->stat, FINDING_DUPLICATE, 1);
        }
}

/** The same of one that is in a trace, has values besides its text, or maybe comments that differ from one to the next: a trace, or the
 *  line of the code. Apart, because most need fewer registers. */
static __attribute__((noinline)) void compare_other(struct duplicates *d, uint64_t epoch, struct record *r,
                                                    const struct digest_found *found)
{
        uint64_t seed = record_has(r, FIELD_TRACEPARENT) ? seed_of_trace(d, r) : d->seed * r->conn_id + epoch;
        uint64_t key;
        if (r->command_id == COM_STMT_EXECUTE) {
                if (!hash_execution(d, r, found, seed, &key)) {
                        return;
                }
        } else {
                key = found->may_have_tags ? hash_values(found, seed) : hash_sql(d, found, seed);
        }
        compare(d, r, found, key);
}

void duplicates_compare(struct duplicates *d, uint64_t epoch, struct record *r,
                        const struct digest_found *found)
{
        if (field_set_meets(&r->present, &unknown)) {
                return;
        }
        if (r->command_id == COM_STMT_EXECUTE || found->may_have_tags || record_has(r, FIELD_TRACEPARENT)) {
                compare_other(d, epoch, r, found);
        } else {
                compare(d, r, found, hash_sql(d, found, d->seed * r->conn_id + epoch));
        }
}

/* --- other statements ----------------------------------------------------------------------------------------------- */

bool duplicates_follow(struct duplicates *d, const struct record *r, const struct digest_found *found)
{
        enum repeat repeat = REPEAT_CONTROLS;
        switch (r->command_id) {
        case COM_QUERY:
        case COM_STMT_EXECUTE:
        case COM_STMT_BULK_EXECUTE:
                repeat = found->stat != NULL ? found->stat->repeat : REPEAT_WRITES_ANY;
                break;
        case COM_INIT_DB:
        case COM_CHANGE_USER:
        case COM_RESET_CONNECTION: break;
        default: return false;
        }
        uint64_t ended_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
        if (repeat == REPEAT_WRITES_TABLES) {
                for (uint64_t left = found->stat->shape.tables; left != 0; left &= left - 1) {
                        uint64_t *at = &d->written_ns[__builtin_ctzll(left)];
                        *at = ended_ns > *at ? ended_ns : *at;
                }
        } else if (repeat == REPEAT_WRITES_ANY) {
                d->written_any_ns = ended_ns > d->written_any_ns ? ended_ns : d->written_any_ns;
        }
        return repeat == REPEAT_CONTROLS || repeat == REPEAT_WRITES_ANY;
}
