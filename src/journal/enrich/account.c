#include "journal/enrich/account.h"

#include "base/utf8.h"
#include "journal/enrich/conflict_statement.h"
#include "journal/enrich/enrich.h"

enum { ERR_LOCK_WAIT_TIMEOUT = 1205, ERR_DEADLOCK = 1213 };

/** A copy of @p text; without data if it does not fit. */
static struct span keep(struct account *a, struct span text)
{
        if (text.len > sizeof a->texts - a->used) {
                return (struct span){NULL, 0};
        }
        uint8_t *to = a->texts + a->used;
        a->used += (size_t)(span_copy(to, text) - to);
        return span_of(to, text.len);
}

static struct span keep_field(struct account *a, const struct record *r, enum record_field f)
{
        return record_has(r, f) ? keep(a, record_text(r, f)) : (struct span){NULL, 0};
}

void account_begin(struct account *a, const struct record *r)
{
        memset(a, 0, offsetof(struct account, tags));
        a->began_wall_ns = r->wall_ns;
        a->began_ns = r->mono_ns;
        a->ended_ns = r->mono_ns;
        a->first_seq_num = record_uint_if_any(r, FIELD_CONN_SEQ_NUM);
        a->username = keep_field(a, r, FIELD_USERNAME);
        a->database = keep_field(a, r, FIELD_DATABASE);
}

static void keep_tags(struct account *a, struct value_list tags)
{
        for (size_t i = 0; i < tags.n && a->n_tags < ACCOUNT_TAGS; i++) {
                struct value *tag = &a->tags[a->n_tags];
                *tag = tags.at[i];
                tag->name = keep(a, tags.at[i].name);
                tag->bytes = keep(a, tags.at[i].bytes);
                a->n_tags += tag->name.data != NULL && tag->bytes.data != NULL ? 1 : 0;
        }
}

static void add_error(struct account *a, const struct record *r)
{
        a->errors++;
        a->errnum = r->errno_;
        if (r->errno_ == ERR_LOCK_WAIT_TIMEOUT || r->errno_ == ERR_DEADLOCK) {
                a->lock_waits++;
                a->lock_wait_us += record_uint_if_any(r, FIELD_SERVER_US);
        }
}

/** Extend the time by that of @p r, which is earlier than what was added before if its session is on another worker. */
static void add_time(struct account *a, const struct record *r)
{
        uint64_t end_ns = r->mono_ns + r->duration_us * CLOCK_US_NS;
        if (r->mono_ns > a->ended_ns) {
                a->idle_ns += r->mono_ns - a->ended_ns;
        } else if (end_ns < a->began_ns) {
                a->idle_ns += a->began_ns - end_ns;
        }
        if (r->mono_ns < a->began_ns) {
                a->began_ns = r->mono_ns;
                a->began_wall_ns = r->wall_ns;
        }
        a->ended_ns = end_ns > a->ended_ns ? end_ns : a->ended_ns;
}

void account_add(struct account *a, const struct record *r)
{
        add_time(a, r);
        a->busy_us += r->duration_us;
        a->statements += conflict_is_statement(r) ? 1 : 0;
        a->rows += record_uint_if_any(r, FIELD_ROWS);
        a->affected_rows += record_uint_if_any(r, FIELD_AFFECTED_ROWS);
        a->bytes_sent += record_uint_if_any(r, FIELD_BYTES_SENT);
        a->bytes_received += record_uint_if_any(r, FIELD_BYTES_RECEIVED);
        a->findings |= record_uint_if_any(r, FIELD_FINDINGS);
        a->last_seq_num = record_uint_if_any(r, FIELD_CONN_SEQ_NUM);
        if (record_has(r, FIELD_ERRNO)) {
                add_error(a, r);
        }
        if (record_has(r, FIELD_TAGS) && a->n_tags == 0) {
                keep_tags(a, r->tags);
        }
        if (record_has(r, FIELD_TRACEPARENT) && a->traceparent.data == NULL) {
                a->traceparent = keep(a, r->traceparent);
        }
}

void account_end(struct account *a, uint64_t mono_ns)
{
        if (mono_ns > a->ended_ns) {
                a->idle_ns += mono_ns - a->ended_ns;
                a->ended_ns = mono_ns;
        }
}

/** A number that is absent if it is 0. */
static void put_number(struct record *r, enum record_field f, uint64_t number)
{
        if (number > 0) {
                record_set_uint(r, f, number);
        }
}

void account_put(const struct account *a, enum record_event event, struct account_times *times,
                 struct record *r)
{
        uint64_t duration_ns = a->ended_ns - a->began_ns;
        record_clear(r);
        r->event = event;
        r->wall_ns = a->began_wall_ns;
        r->mono_ns = a->began_ns;
        clock_rfc3339(a->began_wall_ns + duration_ns, times->end);
        record_set_text(r, FIELD_END_TS, span_of(times->end, CLOCK_RFC3339_SIZE - 1));
        record_set_uint(r, FIELD_DURATION_US, duration_ns / CLOCK_US_NS);
        record_set_uint(r, FIELD_BUSY_US, a->busy_us);
        record_set_uint(r, FIELD_IDLE_US, a->idle_ns / CLOCK_US_NS);
        record_set_uint(r, FIELD_STATEMENT_COUNT, a->statements);
        record_set_uint(r, FIELD_ROWS, a->rows);
        record_set_uint(r, FIELD_AFFECTED_ROWS, a->affected_rows);
        record_set_uint(r, FIELD_BYTES_SENT, a->bytes_sent);
        record_set_uint(r, FIELD_BYTES_RECEIVED, a->bytes_received);
        put_number(r, FIELD_CONN_SEQ_NUM, a->first_seq_num);
        put_number(r, FIELD_LAST_CONN_SEQ_NUM, a->last_seq_num);
        put_number(r, FIELD_ERROR_COUNT, a->errors);
        put_number(r, FIELD_ERRNO, a->errnum);
        put_number(r, FIELD_LOCK_WAITS, a->lock_waits);
        put_number(r, FIELD_LOCK_WAIT_US, a->lock_wait_us);
        put_number(r, FIELD_FINDINGS, a->findings);
        if (a->n_tags > 0) {
                record_set_list(r, FIELD_TAGS, (struct value_list){a->tags, a->n_tags});
        }
        if (a->traceparent.data != NULL) {
                record_set_text(r, FIELD_TRACEPARENT, a->traceparent);
        }
}

/** Let @p f of @p r, a text of its session, be @p text, which it was at the begin; without data: there was none. */
static void restore(struct record *r, enum record_field f, struct span text)
{
        if (text.data == NULL) {
                record_remove(r, f);
        } else if (!record_has(r, f) || !span_equal(record_text(r, f), text)) {
                record_set_text(r, f, text);
        }
}

void account_refer(const struct account *a, uint64_t conn_id, const struct record_session *session,
                   struct record *r)
{
        enrich_refer_run(r, conn_id, session, session->fields);
        restore(r, FIELD_USERNAME, a->username);
        restore(r, FIELD_DATABASE, a->database);
}
