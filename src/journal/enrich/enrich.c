#include "journal/enrich/enrich.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "mysql/record/record_packed.h"
#include "mysql/sql/secret.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"
#include "settings/places.h"
#include "settings/settings.h"

#define LOOP_FINDINGS (1U << FINDING_N_PLUS_ONE | 1U << FINDING_IN_WRITE_LOOP)

enum status enrich_init(struct enrich *e, const struct settings *settings)
{
        *e = (struct enrich){.settings = settings, .scope = &scope_session_unknown};
        char place[SETTINGS_PLACE_MAX];
        const struct redact_options options = {
            settings_redacts_literals(settings->log.redact), settings_redacts_values(settings->log.redact),
            settings->log.redact_key, settings_place(settings, "log.redact_key", 0, place)};
        enum status status = redact_new(&options, &e->redact);
        if (status == STATUS_OK && settings->log.digests > 0) {
                status = digests_new(settings->log.digests, &e->digests);
        }
        if (status == STATUS_OK) {
                status = n_plus_one_new((unsigned)settings->log.n_plus_one, &e->n_plus_one);
        }
        return status;
}

/** Free the examples of the loops that were reported last. */
static void forget_ended(struct enrich *e)
{
        for (unsigned i = 0; i < e->ended.n; i++) {
                prof_free(e->ended.at[i].example);
        }
        e->ended.n = 0;
}

void enrich_fini(struct enrich *e)
{
        forget_ended(e);
        digests_free(e->digests);
        n_plus_one_free(e->n_plus_one);
        redact_free(e->redact);
        scope_periods_fini(&e->periods);
        *e = (struct enrich){.settings = e->settings};
}

/** The text of the statement that @p r, a command, is about. @return false if it is about none. */
static bool statement_of(const struct record *r, struct span *text)
{
        bool is_query = record_has(r, FIELD_QUERY) && record_has(r, FIELD_COMMAND_ID) &&
                        (r->command_id == COM_QUERY || r->command_id == COM_STMT_PREPARE);
        if (!is_query && !record_has(r, FIELD_STMT_PREPARE_QUERY)) {
                return false;
        }
        *text = is_query ? r->query : r->stmt_prepare_query;
        return text->len > 0;
}

static void add_digest(struct record *r, const struct digest_stat *s)
{
        record_set_text(r, FIELD_DIGEST, span_of(s->hex, sizeof s->hex));
        record_set_text(r, FIELD_DIGEST_TEXT, span_of(s->text, s->text_len));
        r->digest_json = &s->json;
}

/** The server reports a missing index also for its own tables and for derived ones, which cannot have one. */
static bool can_have_index(const struct record *r, const struct digest_stat *stat)
{
        struct span database = record_text_if_any(r, FIELD_DATABASE);
        return stat == NULL || shape_reads_base_table(&stat->shape, database);
}

/** Rows that a cursor has not returned yet are not counted, nor are events of a binary log. */
static bool has_large_result(const struct enrich *e, const struct record *r)
{
        uint64_t limit = e->settings->log.large_result;
        return record_has(r, FIELD_ROWS) && r->rows > limit && limit > 0 &&
               (r->command_id == COM_QUERY || r->command_id == COM_STMT_EXECUTE);
}

static void add_findings(const struct enrich *e, struct record *r, const struct digest_stat *stat)
{
        uint64_t all = STATUS_NO_GOOD_INDEX_USED | STATUS_NO_INDEX_USED | STATUS_QUERY_WAS_SLOW;
        uint64_t flags = record_has(r, FIELD_STATUS_FLAGS) ? r->status_flags & all : 0;
        uint64_t slow_us = e->settings->log.slow_ms * (CLOCK_MS_NS / CLOCK_US_NS);
        bool is_slow = r->duration_us >= slow_us && slow_us > 0;
        bool is_large = has_large_result(e, r);
        if ((flags | r->findings) == 0 && !is_slow && !is_large) {
                return;
        }
        if ((flags & ~(uint64_t)STATUS_QUERY_WAS_SLOW) != 0 && can_have_index(r, stat)) {
                r->findings |= 1U << FINDING_NO_INDEX;
        }
        if ((flags & STATUS_QUERY_WAS_SLOW) != 0 || is_slow) {
                r->findings |= 1U << FINDING_SLOW;
        }
        if (is_large) {
                r->findings |= 1U << FINDING_LARGE_RESULT;
        }
        if (r->findings != 0) {
                record_set_uint(r, FIELD_FINDINGS, r->findings);
        }
}

/** Of a statement without passwords. */
static void add_tags(struct enrich *e, struct record *r, const struct digest_found *found)
{
        if (found->sql.len == 0 || found->suspected) {
                return;
        }
        e->tags.n = 0;
        if (found->may_have_tags && tags_read(&e->tags, found->sql) > 0) {
                record_set_list(r, FIELD_TAGS, (struct value_list){e->tags.values, e->tags.n});
        }
        struct span traceparent =
            tags_traceparent(&e->tags, record_has(r, FIELD_QUERY_ATTRIBUTES) ? &r->query_attributes : NULL);
        if (traceparent.len > 0) {
                record_set_text(r, FIELD_TRACEPARENT, traceparent);
        }
}

static struct span reason_of(const struct row_loop *loop)
{
        return span_str(
            loop->writes
                ? "one statement for each row: one with IN (...), or an INSERT of several rows, would do"
            : loop->elsewhere > 0
                ? "one statement for each row of a result, on several connections: a join or IN "
                  "(...) would take one"
                : "one statement for each row of a result: a join or IN (...) would take one");
}

/** Write the digest @p text of the statement that returned the rows. If it is too long, columns are left out first: which tables it reads
 *  matters more. */
static void put_parent(struct writer *w, struct span text)
{
        size_t space = w->size - w->at;
        size_t head = space / 4;
        const uint8_t *from = text.len > space ? memmem(text.data, text.len, " FROM ", 6) : NULL;
        if (from != NULL && (size_t)(from - text.data) > head) {
                writer_put(w, utf8_trim(span_head(text, head)));
                writer_text(w, " ...");
                text = span_skip(text, (size_t)(from - text.data));
        }
        writer_put(w, utf8_trim(span_head(text, w->size - w->at)));
}

/** The record of a loop, without its session: rarely, and so apart from see_order. Its time is when the last statement of the loop
 *  ended. */
static __attribute__((noinline)) void put_run(struct enrich *e, unsigned i)
{
        struct record *r = &e->runs[i];
        const struct row_loop *loop = &e->ended.at[i];
        record_clear(r);
        if (loop->example != NULL) {
                record_assign(r, record_unpack(loop->example));
        }
        r->event = loop->writes ? EVENT_WRITE_LOOP : EVENT_N_PLUS_ONE;
        r->wall_ns = loop->wall_ns;
        r->mono_ns = loop->mono_ns;
        record_set_uint(r, FIELD_REPEATED, loop->count);
        record_set_uint(r, FIELD_DURATION_US, loop->sum_us);
        record_set_uint(r, FIELD_FINDINGS, 1U << (loop->writes ? FINDING_WRITE_LOOP : FINDING_N_PLUS_ONE));
        if (loop->first_seq_num > 0) {
                record_set_uint(r, FIELD_CONN_SEQ_NUM, loop->first_seq_num);
                record_set_uint(r, FIELD_LAST_CONN_SEQ_NUM, loop->last_seq_num);
        }
        digest_hex(loop->hash, e->hex[i]);
        record_set_text(r, FIELD_DIGEST, span_of(e->hex[i], DIGEST_HEX));
        record_set_text(r, FIELD_DIGEST_TEXT, digests_text(e->digests, loop->hash));
        if (loop->parent_rows > 0) {
                struct writer w = writer_over(e->info[i], sizeof e->info[i]);
                writer_format(&w, "after %llu rows of ", (unsigned long long)loop->parent_rows);
                put_parent(&w, digests_text(e->digests, loop->parent));
                record_set_text(r, FIELD_INFO, writer_span(&w));
        }
        record_set_text(r, FIELD_REASON, reason_of(loop));
}

void enrich_refer_run(struct record *run, uint64_t conn_id, const struct record_session *session,
                      struct field_set fields)
{
        static const struct field_set same = {{1ULL << FIELD_CLIENT_ADDR | 1ULL << FIELD_PROXY_LISTEN_ADDR |
                                                   1ULL << FIELD_REMOTE_ADDR | 1ULL << FIELD_USERNAME |
                                                   1ULL << FIELD_DATABASE,
                                               0}};
        if (session != NULL) {
                record_refer(run, session, field_set_both(&fields, &same));
        }
        record_set_uint(run, FIELD_CONN_ID, conn_id);
}

/** Find out what is known of the statement that @p r is about, for e->found: no text if it is about none. */
static void look_at(struct enrich *e, const struct record *r)
{
        struct span text;
        if (!statement_of(r, &text)) {
                e->found = (struct digest_found){.stat = NULL};
        } else if (e->digests != NULL) {
                digests_find(e->digests, text, r->sql_mode, r->is_cleared, &e->found);
        } else {
                bool suspected = !r->is_cleared && secret_suspected(text);
                e->found = (struct digest_found){
                    .sql = text, .suspected = suspected, .may_have_tags = !suspected && tags_may_be_in(text)};
        }
}

/** Let the record of loop @p i refer to its session. A loop that uses several is that of the last statement's, at no one address. */
static void refer_loop(struct enrich *e, unsigned i, uint64_t conn_id, const struct record_session *session,
                       struct field_set fields)
{
        const struct row_loop *loop = &e->ended.at[i];
        enrich_refer_run(&e->runs[i], loop->elsewhere > 0 ? loop->conn_id : conn_id, session, fields);
        if (loop->elsewhere > 0) {
                record_remove(&e->runs[i], FIELD_CLIENT_ADDR);
        }
}

/** The records of the loops in e->ended, which @p r ended. */
static __attribute__((noinline)) void put_runs(struct enrich *e, const struct record *r)
{
        const struct record_session *session = record_session(r);
        bool is_query = r->event == EVENT_QUERY || session == NULL;
        for (unsigned i = 0; i < e->ended.n; i++) {
                put_run(e, i);
                refer_loop(e, i, r->conn_id, session, is_query ? r->present : session->fields);
                if (record_has(r, FIELD_DATABASE_UNKNOWN)) {
                        record_set_uint(&e->runs[i], FIELD_DATABASE_UNKNOWN, 1);
                }
        }
}

/** Look at the order of statements. @return how many records of loops come first. */
static __attribute__((noinline)) unsigned see_order(struct enrich *e, struct n_plus_one_session *session,
                                                    struct record *r, const struct digest_found *found)
{
        if (e->ended.n > 0) {
                forget_ended(e);
        }
        if (e->digests == NULL || session == NULL) {
                return 0;
        }
        e->found.row_use = n_plus_one_see(e->n_plus_one, session, r, found, &e->ended);
        if (e->ended.n > 0) {
                put_runs(e, r);
        }
        return e->ended.n;
}

/** The same of a command: most of them are of no interest for it, and no loop has just ended. */
static inline unsigned see_command(struct enrich *e, struct n_plus_one_session *session, struct record *r,
                                   const struct digest_found *found)
{
        bool passes = e->ended.n == 0 && session != NULL && n_plus_one_pass(session, r, found->stat);
        return passes ? 0 : see_order(e, session, r, found);
}

/** One that is no command. */
static __attribute__((noinline)) unsigned enrich_other(struct enrich *e, struct n_plus_one_session *session,
                                                       struct record *r)
{
        struct digest_found none = {.stat = NULL};
        unsigned n = see_order(e, session, r, &none);
        if (r->event == EVENT_AUTH && record_has(r, FIELD_CONNECT_ATTRIBUTES)) {
                redact_record(e->redact, r, false);
        }
        return n;
}

unsigned enrich_record(struct enrich *e, struct n_plus_one_session *session, struct record *r)
{
        e->first_error = false;
        if (r->event != EVENT_QUERY) {
                return enrich_other(e, session, r);
        }
        look_at(e, r);
        const struct digest_found *found = &e->found;
        unsigned n = see_command(e, session, r, found);
        if (found->stat != NULL) {
                add_digest(r, found->stat);
        }
        add_findings(e, r, found->stat);
        bool may_have_own = found->may_have_tags || record_has(r, FIELD_QUERY_ATTRIBUTES);
        if (may_have_own) {
                add_tags(e, r, found);
        }
        redact_record(e->redact, r, found->suspected);
        if (may_have_own || e->scope->has_name) {
                scope_put(e->scope, r);
        }
        if (scope_periods_any(&e->periods) && !record_has(r, FIELD_SCOPE)) {
                scope_periods_put(&e->periods, r);
        }
        if ((r->findings & LOOP_FINDINGS) != 0) { /* the example shows what the log does */
                n_plus_one_keep_example(e->n_plus_one, r);
        }
        r->row_hashes = (struct span){NULL, 0};
        if (found->stat != NULL && r->command_id != COM_STMT_PREPARE && r->command_id != COM_STMT_CLOSE) {
                e->first_error = digests_count(e->digests, found, r);
        }
        return n;
}

bool enrich_is_waiting(const struct enrich *e)
{
        return n_plus_one_is_waiting(e->n_plus_one);
}

struct n_plus_one_session *enrich_expire(struct enrich *e, const struct n_plus_one_session *after,
                                         uint64_t now_mono_ns, unsigned *n)
{
        forget_ended(e);
        struct n_plus_one_session *session = n_plus_one_expire(e->n_plus_one, after, now_mono_ns, &e->ended);
        *n = e->ended.n;
        for (unsigned i = 0; i < *n; i++) {
                put_run(e, i);
        }
        return session;
}

void enrich_refer(struct enrich *e, unsigned n, uint64_t conn_id, const struct record_session *session)
{
        for (unsigned i = 0; i < n; i++) {
                refer_loop(e, i, conn_id, session, session->fields);
        }
}

void enrich_shrink(struct enrich *e)
{
        redact_shrink(e->redact);
}
