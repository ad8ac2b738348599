#include "journal/enrich/repeated_setup.h"

#include "mysql/sql/use.h"
#include "mysql/wire/command.h"

#include <strings.h>

enum scope { SCOPE_NONE, SCOPE_SESSION, SCOPE_OTHER };

/* Reads one SET statement. */
struct setup_reader {
        struct sql_reader in;
        const struct value_list *parameters;
        size_t n_parameters; /* that were read */
};

/* One assignment of a SET statement. */
struct assignment {
        uint64_t name; /* 0: of no interest */
        uint64_t value;
        enum repeated_setup_group group;
        bool is_constant;
};

static void forget_all(struct repeated_setup *s)
{
        memset(s->variables, 0, sizeof s->variables);
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

/** The hash @p h of some text, extended by @p text in lower case (FNV-1a). */
static uint64_t hash_text(uint64_t h, struct span text)
{
        for (size_t i = 0; i < text.len; i++) {
                uint8_t c = text.data[i];
                h = (h ^ (c >= 'A' && c <= 'Z' ? c | 0x20 : c)) * 0x100000001b3U;
        }
        return (h ^ 0x100) * 0x100000001b3U; /* no byte: the end */
}

static uint64_t hash_name(struct span name)
{
        uint64_t h = hash_text(0xcbf29ce484222325U, name);
        return h != 0 ? h : 1;
}

/* --- assignments -------------------------------------------------------------------------------------------------- */

/** The next parameter of a prepared statement, added to @p a. */
static void read_parameter(struct setup_reader *r, struct assignment *a)
{
        size_t i = r->n_parameters++;
        if (i >= r->parameters->n || !value_is_whole(&r->parameters->at[i])) {
                a->is_constant = false;
                return;
        }
        const struct value *v = &r->parameters->at[i];
        a->value = hash_text(a->value + v->is_null, v->bytes);
}

/** The value of an assignment: to the next comma, or the end of the statement. */
static void read_value(struct setup_reader *r, struct assignment *a)
{
        a->is_constant = true;
        a->value = 0xcbf29ce484222325U;
        for (; r->in.token.kind != SQL_END && !sql_is_operator(&r->in.token, ",") &&
               !sql_is_operator(&r->in.token, ";");
             sql_reader_advance(&r->in)) {
                struct span text = r->in.token.text;
                bool is_quoted = r->in.token.kind == SQL_STRING && text.len >= 2;
                if (r->in.token.kind == SQL_PARAMETER) {
                        read_parameter(r, a);
                        continue;
                }
                if (r->in.token.kind == SQL_OPERATOR && !sql_is_operator(&r->in.token, "-") &&
                    !sql_is_operator(&r->in.token, "+")) {
                        a->is_constant = false;
                }
                a->value = hash_text(a->value, is_quoted ? span_of(text.data + 1, text.len - 2) : text);
        }
}

static enum scope read_scope(struct setup_reader *r)
{
        if (sql_accept(&r->in, "SESSION") || sql_accept(&r->in, "LOCAL")) {
                return SCOPE_SESSION;
        }
        bool other = sql_accept(&r->in, "GLOBAL") || sql_accept(&r->in, "PERSIST") ||
                     sql_accept(&r->in, "PERSIST_ONLY");
        return other ? SCOPE_OTHER : SCOPE_NONE;
}

/** SET [SESSION] TRANSACTION, whose list of characteristics is one value. */
static void read_transaction(struct setup_reader *r, enum scope scope, struct assignment *a)
{
        a->name = scope == SCOPE_SESSION ? hash_name(span_str("transaction")) : 0;
        a->group = SETUP_TRANSACTION;
        uint64_t value = 0;
        read_value(r, a);
        while (sql_accept_sign(&r->in, ",")) {
                value += a->value * 31;
                read_value(r, a);
        }
        a->value += value;
}

/** What the variable @p name is, which is set with @p scope. @p a becomes of no interest if its value is not that of the session. */
static void name_variable(struct span name, enum scope scope, struct assignment *a)
{
        static const char *const passing[] = {
            "timestamp", "insert_id",   "last_insert_id", "identity",  "rand_seed1",       "rand_seed2",
            "gtid_next", "gtid_seq_no", "gtid_domain_id", "server_id", "pseudo_thread_id", "password",
            NULL};
        static const char *const transaction[] = {"transaction_isolation", "tx_isolation",
                                                  "transaction_read_only", "tx_read_only", NULL};
        static const char charset[] = "character_set_";
        if (scope == SCOPE_OTHER || span_is_one_of(name, passing)) {
                return;
        }
        a->name = hash_name(name);
        if (span_is_one_of(name, transaction)) {
                a->group = SETUP_TRANSACTION;
                a->is_constant =
                    a->is_constant && scope == SCOPE_SESSION; /* otherwise of the next transaction */
        }
        bool is_charset = name.len >= sizeof charset - 1 &&
                          strncasecmp((const char *)name.data, charset, sizeof charset - 1) == 0;
        if (is_charset || span_equal(name, span_str("collation_connection"))) {
                a->group = SETUP_CHARSET;
        }
}

/** @return false if the text is not understood. */
static bool read_assignment(struct setup_reader *r, struct assignment *a)
{
        *a = (struct assignment){.name = 0};
        enum scope scope = SCOPE_NONE;
        if (sql_accept_sign(&r->in, "@")) {
                if (!sql_accept_sign(&r->in, "@")) { /* a user variable */
                        sql_reader_advance(&r->in);
                        bool is_set = sql_accept_sign(&r->in, "=") || sql_accept_sign(&r->in, ":=");
                        read_value(r, a);
                        return is_set;
                }
                scope = read_scope(r);
                if (scope != SCOPE_NONE && !sql_accept_sign(&r->in, ".")) {
                        return false;
                }
        } else {
                scope = read_scope(r);
                if (sql_accept(&r->in, "TRANSACTION")) {
                        read_transaction(r, scope, a);
                        return true;
                }
                bool is_names = sql_accept(&r->in, "NAMES");
                if (is_names || sql_accept(&r->in, "CHARSET") ||
                    (sql_accept(&r->in, "CHARACTER") && sql_accept(&r->in, "SET"))) {
                        read_value(r, a);
                        a->name = hash_name(span_str(is_names ? "names" : "character set"));
                        a->group = SETUP_CHARSET;
                        return true;
                }
        }
        struct sql_token name = r->in.token;
        bool is_name = name.kind == SQL_NAME || name.kind == SQL_KEYWORD;
        sql_reader_advance(&r->in);
        if (!is_name || !(sql_accept_sign(&r->in, "=") || sql_accept_sign(&r->in, ":="))) {
                return false;
        }
        read_value(r, a);
        name_variable(name.text, scope, a);
        return true;
}

/* --- what a session has set --------------------------------------------------------------------------------------- */

static struct repeated_setup_variable *find(struct repeated_setup *s, uint64_t name)
{
        for (unsigned i = 0; i < REPEATED_SETUP_VARIABLES; i++) {
                if (s->variables[i].name == name) {
                        return &s->variables[i];
                }
        }
        return NULL;
}

static void forget_group(struct repeated_setup *s, enum repeated_setup_group group)
{
        for (unsigned i = 0; i < REPEATED_SETUP_VARIABLES && group != SETUP_ALONE; i++) {
                if (s->variables[i].group == group) {
                        s->variables[i] = (struct repeated_setup_variable){.name = 0};
                }
        }
}

/** @return true if the session has that value already. */
static bool assign(struct repeated_setup *s, const struct assignment *a)
{
        if (a->name == 0) {
                return false;
        }
        struct repeated_setup_variable *v = find(s, a->name);
        if (v != NULL && a->is_constant && v->value == a->value) {
                return true;
        }
        if (v != NULL) {
                *v = (struct repeated_setup_variable){.name = 0};
        }
        forget_group(s, a->group);
        if (a->is_constant) {
                s->variables[s->next++ % REPEATED_SETUP_VARIABLES] =
                    (struct repeated_setup_variable){a->name, a->value, a->group};
        }
        return false;
}

/* --- records ------------------------------------------------------------------------------------------------------ */

/** The assignments of a SET statement. @return true if the session has all of these values already. */
static bool set_all(struct repeated_setup *s, struct setup_reader *r)
{
        bool needless = true;
        do {
                struct assignment a;
                if (!read_assignment(r, &a)) {
                        forget_all(s);
                        return false;
                }
                needless = assign(s, &a) && needless;
        } while (sql_accept_sign(&r->in, ","));
        (void)sql_accept_sign(&r->in, ";");
        if (r->in.token.kind != SQL_END) { /* another statement follows */
                forget_all(s);
                return false;
        }
        return needless;
}

/** Is @p database the one that the session was in before @p r? */
static bool is_current(const struct record *r, struct span database)
{
        return !record_has(r, FIELD_ERRNO) && record_has(r, FIELD_DATABASE) && database.len > 0 &&
               span_equal(record_text(r, FIELD_DATABASE), database);
}

static bool uses_current(struct setup_reader *r, const struct record *record)
{
        uint8_t name[USE_NAME_MAX];
        size_t len = use_name(r->in.token.text, name);
        sql_reader_advance(&r->in);
        (void)sql_accept_sign(&r->in, ";");
        return r->in.token.kind == SQL_END && is_current(record, span_of(name, len));
}

/** Does the statement execute others, which its text may not show? */
static bool runs_others(struct sql_reader *r)
{
        return sql_is_word(&r->token, "CALL") || sql_is_word(&r->token, "EXECUTE") || sql_begins_compound(r);
}

/** @p text is the statement of @p record. */
static uint64_t see_statement(struct repeated_setup *s, const struct record *record, struct span text)
{
        static const struct value_list none = {NULL, 0};
        struct setup_reader r = {.in = sql_reader_over(text, record->sql_mode),
                                 .parameters = record_has(record, FIELD_STMT_EXECUTE_VALUES)
                                                   ? &record->stmt_execute_values
                                                   : &none};
        bool is_cut =
            record_has(record, FIELD_QUERY_LENGTH) || record_has(record, FIELD_STMT_PREPARE_QUERY_LENGTH);
        bool needless = false;
        if (is_cut || record_has(record, FIELD_RESULT_ROWS)) {
                forget_all(s);
        } else if (sql_accept(&r.in, "SET")) {
                needless =
                    !record_has(record, FIELD_ERRNO) && set_all(s, &r); /* one that fails sets nothing */
        } else if (sql_accept(&r.in, "USE")) {
                needless = uses_current(&r, record);
        } else if (runs_others(&r.in)) {
                forget_all(s);
        }
        return needless ? ++s->needless : 0;
}

uint64_t repeated_setup_see(struct repeated_setup *s, const struct record *r)
{
        if (r->command_id == COM_QUERY) {
                return see_statement(s, r, record_text_if_any(r, FIELD_QUERY));
        }
        if (r->command_id == COM_STMT_EXECUTE) {
                return see_statement(s, r, record_text_if_any(r, FIELD_STMT_PREPARE_QUERY));
        }
        if (r->command_id == COM_CHANGE_USER || r->command_id == COM_RESET_CONNECTION) {
                forget_all(s);
                return 0;
        }
        bool needless = r->command_id == COM_INIT_DB && record_has(r, FIELD_QUERY) && is_current(r, r->query);
        return needless ? ++s->needless : 0;
}
