#include "journal/conflict_event.h"

#include "mysql/wire/command.h"
#include "profile/heap/prof.h"

#include <endian.h>
#include <stdlib.h>

#define NO_MEMORY "the transactions and statements are omitted: out of memory"

enum { TIME_SIZE = CLOCK_RFC3339_SIZE };

/* The two lists. They are made twice: at first, without memory, only to count what they need. */
struct lists {
        struct value *values;
        uint64_t *numbers;
        char (*times)[TIME_SIZE];
        size_t n_values;
        size_t n_numbers;
        size_t n_times;
};

/* --- members ------------------------------------------------------------------------------------------------------------ */

static void add(struct lists *l, struct value v)
{
        if (l->values != NULL) {
                l->values[l->n_values] = v;
        }
        l->n_values++;
}

static void add_mark(struct lists *l, enum value_role role, const char *name)
{
        add(l, (struct value){.role = (uint8_t)role, .name = span_str(name)});
}

/** Add a text whose full length is @p length. */
static void add_cut_text(struct lists *l, const char *name, struct span text, uint64_t length)
{
        add(l, (struct value){.name = span_str(name),
                              .type = VALUE_VAR_STRING,
                              .in_text = true,
                              .bytes = text,
                              .true_len = length});
}

static void add_text(struct lists *l, const char *name, struct span text)
{
        add_cut_text(l, name, text, text.len);
}

static void add_number(struct lists *l, const char *name, uint64_t number)
{
        struct value v = {
            .name = span_str(name), .type = VALUE_LONGLONG, .is_unsigned = true, .true_len = sizeof number};
        if (l->numbers != NULL) {
                l->numbers[l->n_numbers] = htole64(number);
                v.bytes = span_of(&l->numbers[l->n_numbers], sizeof number);
        }
        l->n_numbers++;
        add(l, v);
}

static void add_number_unless_0(struct lists *l, const char *name, uint64_t number)
{
        if (number != 0) {
                add_number(l, name, number);
        }
}

static void add_time(struct lists *l, uint64_t wall_ns)
{
        struct span text = {NULL, 0};
        if (l->times != NULL) {
                clock_rfc3339(wall_ns, l->times[l->n_times]);
                text = span_of(l->times[l->n_times], TIME_SIZE - 1);
        }
        l->n_times++;
        add_text(l, "ts", text);
}

/** Add the elements of @p list, rows as a list of lists. */
static void add_values(struct lists *l, enum value_role role, const char *name, struct value_list list)
{
        bool in_row = false;
        add_mark(l, role, name);
        for (size_t i = 0; i < list.n; i++) {
                if (list.at[i].role == VALUE_BEGINS_RESULT) {
                        continue;
                }
                if (list.at[i].role == VALUE_BEGINS_ROW) {
                        if (in_row) {
                                add_mark(l, VALUE_CLOSES, "");
                        }
                        in_row = true;
                        add_mark(l, VALUE_OPENS_LIST, "");
                } else {
                        add(l, list.at[i]);
                }
        }
        if (in_row) {
                add_mark(l, VALUE_CLOSES, "");
        }
        add_mark(l, VALUE_CLOSES, "");
}

/* --- roles ---------------------------------------------------------------------------------------------------------------- */

/** May @p t have held what the victim waited for? In a deadlock each of the others was waiting, too: a statement of it was running. */
static bool may_be_holder(const struct conflict *c, const struct conflict_transaction *t)
{
        return !t->is_victim && !t->is_gone &&
               (c->errnum == CONFLICT_TIMEOUT || t->last_end_ns >= c->since_ns);
}

/** Does this proxy see only one transaction that may be the holder? */
static bool is_holder_known(const struct conflict *c)
{
        unsigned n = 0;
        for (unsigned i = 0; i < c->n; i++) {
                n += may_be_holder(c, &c->transactions[i]) ? 1 : 0;
        }
        return n == 1 && c->omitted == 0;
}

static struct span role_of(const struct conflict *c, bool is_known, const struct conflict_transaction *t)
{
        if (t->is_victim) {
                return span_str("victim");
        }
        if (!may_be_holder(c, t)) {
                return span_str("open");
        }
        return span_str(is_known ? "holder" : "possible_holder");
}

/* --- the lists -------------------------------------------------------------------------------------------------------------- */

static void add_transaction(struct lists *l, const struct conflict_transaction *t, struct span role)
{
        add_mark(l, VALUE_BEGINS_ROW, "");
        add_text(l, "role", role);
        add_number(l, "conn_id", t->conn_id);
        add_number_unless_0(l, "trx_id", t->trx_id);
        add_number_unless_0(l, "server_conn_id", t->server_conn_id);
        if (t->client_addr.data != NULL) {
                add_text(l, "client_addr", t->client_addr);
        }
        if (t->username.data != NULL) {
                add_text(l, "username", t->username);
        }
        if (t->database.data != NULL) {
                add_text(l, "database", t->database);
        }
        if (t->began_wall_ns != 0) {
                add_time(l, t->began_wall_ns);
        }
        add_number(l, "statements", t->kept);
        add_number_unless_0(l, "statements_omitted", t->omitted);
        add_number_unless_0(l, "statements_overwritten", t->overwritten);
}

static void add_record_text(struct lists *l, const struct record *r, enum record_field f,
                            enum record_field length)
{
        if (record_has(r, f)) {
                struct span text = record_text(r, f);
                uint64_t all = record_has(r, length) ? record_uint(r, length) : text.len;
                add_cut_text(l, record_fields[f].name, text, all);
        }
}

static void add_record_list(struct lists *l, const struct record *r, enum record_field f)
{
        if (record_has(r, f)) {
                enum value_role role =
                    record_fields[f].kind == RECORD_MAP ? VALUE_OPENS_MAP : VALUE_OPENS_LIST;
                add_values(l, role, record_fields[f].name, record_list(r, f));
        }
}

static void add_record_number(struct lists *l, const struct record *r, enum record_field f)
{
        if (record_has(r, f)) {
                add_number(l, record_fields[f].name, record_uint(r, f));
        }
}

static void add_mode(struct lists *l, struct sql_mode mode)
{
        if (mode.ansi_quotes || mode.no_backslash_escapes) {
                add_text(l, "sql_mode",
                         span_str(!mode.ansi_quotes            ? "NO_BACKSLASH_ESCAPES"
                                  : !mode.no_backslash_escapes ? "ANSI_QUOTES"
                                                               : "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"));
        }
}

static void add_statement(struct lists *l, const struct conflict *c, const struct conflict_statement *s,
                          const struct record *r, struct span role)
{
        bool is_running = !s->transaction->is_victim && s == s->transaction->last &&
                          s->transaction->last_end_ns >= c->since_ns;
        add_mark(l, VALUE_BEGINS_ROW, "");
        add_time(l, r->wall_ns);
        add_text(l, "role", role);
        add_number(l, "conn_id", r->conn_id);
        add_record_number(l, r, FIELD_TRX_ID);
        add_number(l, "conn_seq_num", r->conn_seq_num);
        if (s->is_failed || is_running) {
                add_text(l, "state", span_str(s->is_failed ? "failed" : "running"));
        }
        add_record_text(l, r, FIELD_QUERY, FIELD_QUERY_LENGTH);
        add_record_text(l, r, FIELD_STMT_PREPARE_QUERY, FIELD_STMT_PREPARE_QUERY_LENGTH);
        add_record_list(l, r, FIELD_STMT_EXECUTE_VALUES);
        add_record_list(l, r, FIELD_BULK_ROWS);
        add_record_list(l, r, FIELD_TAGS);
        add_record_number(l, r, FIELD_DURATION_US);
        add_record_number(l, r, FIELD_ROWS);
        add_record_number(l, r, FIELD_AFFECTED_ROWS);
        add_record_number(l, r, FIELD_ERRNO);
        if (record_has(r, FIELD_INFO)) {
                add_text(l, "info", r->info);
        }
        add_mode(l, r->sql_mode);
}

/* --- the record ---------------------------------------------------------------------------------------------------------------- */

/* A statement and its record, which is decoded. */
struct entry {
        const struct conflict_statement *statement;
        struct record *record;
};

static int compare(const void *left, const void *right)
{
        const struct record *a = ((const struct entry *)left)->record;
        const struct record *b = ((const struct entry *)right)->record;
        if (a->mono_ns != b->mono_ns) {
                return a->mono_ns < b->mono_ns ? -1 : 1;
        }
        if (a->conn_id != b->conn_id) {
                return a->conn_id < b->conn_id ? -1 : 1;
        }
        return (a->conn_seq_num > b->conn_seq_num) - (a->conn_seq_num < b->conn_seq_num);
}

/** Decode the statements of transactions that were open, and sort them by time. @return how many. */
static size_t sort_statements(struct conflict *c, struct entry *entries)
{
        size_t n = 0;
        for (struct conflict_statement *s = c->statements; s != NULL; s = s->next) {
                if (!s->transaction->is_gone) {
                        struct record_packed *packed = (struct record_packed *)(void *)s->packed;
                        entries[n++] = (struct entry){s, record_unpack(packed)};
                }
        }
        qsort(entries, n, sizeof *entries, compare);
        return n;
}

/** @return how many elements the list of transactions has. */
static size_t fill(struct lists *l, const struct conflict *c, const struct entry *entries, size_t n)
{
        bool is_known = is_holder_known(c);
        *l = (struct lists){.values = l->values, .numbers = l->numbers, .times = l->times};
        for (unsigned i = 0; i < c->n; i++) {
                if (!c->transactions[i].is_gone) {
                        add_transaction(l, &c->transactions[i], role_of(c, is_known, &c->transactions[i]));
                }
        }
        size_t n_transactions = l->n_values;
        for (size_t i = 0; i < n; i++) {
                const struct conflict_statement *s = entries[i].statement;
                add_statement(l, c, s, entries[i].record, role_of(c, is_known, s->transaction));
        }
        return n_transactions;
}

static void set_lists(struct conflict *c, const struct entry *entries, size_t n)
{
        struct lists l = {.values = NULL};
        (void)fill(&l, c, entries, n);
        size_t values = l.n_values * sizeof *l.values;
        size_t numbers = l.n_numbers * sizeof *l.numbers;
        c->lists = prof_alloc(STAGE_JOURNAL, values + numbers + l.n_times * TIME_SIZE);
        if (c->lists == NULL) {
                record_set_text(&c->record, FIELD_INFO, span_str(NO_MEMORY));
                return;
        }
        l.values = c->lists;
        l.numbers = (uint64_t *)(void *)((uint8_t *)c->lists + values);
        l.times = (char(*)[TIME_SIZE])(void *)((uint8_t *)c->lists + values + numbers);
        size_t n_transactions = fill(&l, c, entries, n);
        record_set_list(&c->record, FIELD_TRANSACTIONS, (struct value_list){l.values, n_transactions});
        record_set_list(&c->record, FIELD_STATEMENTS,
                        (struct value_list){l.values + n_transactions, l.n_values - n_transactions});
}

void conflict_describe(struct record *r, const struct record *failed)
{
        static const enum record_field numbers[] = {
            FIELD_CONN_ID, FIELD_CONN_SEQ_NUM,     FIELD_TRX_ID,  FIELD_DURATION_US,
            FIELD_ERRNO,   FIELD_DATABASE_UNKNOWN, FIELD_REDACTED};
        static const enum record_field texts[] = {FIELD_DIGEST, FIELD_TRACEPARENT, FIELD_SQLSTATE,
                                                  FIELD_ERROR};
        record_clear(r);
        r->event = failed->errno_ == CONFLICT_DEADLOCK ? EVENT_DEADLOCK : EVENT_LOCK_WAIT;
        r->cut = failed->cut;
        r->undecoded = failed->undecoded;
        r->wall_ns = failed->wall_ns;
        r->mono_ns = failed->mono_ns;
        r->sql_mode = failed->sql_mode;
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                if (record_has(failed, numbers[i])) {
                        record_set_uint(r, numbers[i], record_uint(failed, numbers[i]));
                }
        }
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                if (record_has(failed, texts[i])) {
                        record_set_text(r, texts[i], record_text(failed, texts[i]));
                }
        }
        if (record_has(failed, FIELD_TAGS)) {
                record_set_list(r, FIELD_TAGS, failed->tags);
        }
        record_set_text(r, FIELD_REASON,
                        span_str(failed->errno_ == CONFLICT_DEADLOCK
                                     ? "deadlock: the server rolled back this transaction"
                                     : "lock wait timeout: the server rolled back this statement, or the "
                                       "transaction with innodb_rollback_on_timeout"));
}

static void set_victim(struct conflict *c, const struct record *failed)
{
        const struct conflict_transaction *t = c->failed->transaction;
        struct record *r = &c->record;
        conflict_describe(r, failed);
        if (t->client_addr.data != NULL) {
                record_set_text(r, FIELD_CLIENT_ADDR, t->client_addr);
        }
        if (t->username.data != NULL) {
                record_set_text(r, FIELD_USERNAME, t->username);
        }
        if (t->database.data != NULL) {
                record_set_text(r, FIELD_DATABASE, t->database);
        }
        if (t->server_conn_id != 0) {
                record_set_uint(r, FIELD_SERVER_CONN_ID, t->server_conn_id);
        }
}

void conflict_event(struct conflict *c)
{
        struct entry *entries = prof_alloc(STAGE_JOURNAL, c->n_statements * sizeof *entries);
        c->is_made = true;
        if (entries == NULL) {
                set_victim(c, record_unpack((struct record_packed *)(void *)c->failed->packed));
                record_set_text(&c->record, FIELD_INFO, span_str(NO_MEMORY));
                return;
        }
        uint64_t redacted = 0;
        size_t n = sort_statements(c, entries);
        for (size_t i = 0; i < n; i++) {
                redacted |= record_uint_if_any(entries[i].record, FIELD_REDACTED);
                if (entries[i].statement == c->failed) {
                        set_victim(c, entries[i].record);
                }
        }
        set_lists(c, entries, n);
        if (redacted != 0) {
                record_set_uint(&c->record, FIELD_REDACTED, redacted);
        }
        if (c->omitted != 0) {
                record_set_uint(&c->record, FIELD_TRANSACTIONS_OMITTED, c->omitted);
        }
        prof_free(entries);
}
