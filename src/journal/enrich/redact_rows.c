/* Rows without what must not be logged. */
#include "journal/enrich/redact_state.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/secret_data.h"

#include <strings.h>

/** What is hidden of a record's rows. */
struct rules {
        bool all;                      /**< whatever is in them: the statement has a password */
        bool values;                   /**< what is no password becomes a token */
        bool speaks;                   /**< the statement does, of passwords */
        bool quotes;                   /**< what has quotes in it: it may repeat the statement */
        uint64_t reply;                /**< bit i: the i-th column; see redact_found */
        struct secret_columns columns; /**< of the statement */
};

/** A row of @p n values under @p names, which may be fewer: then they are not known. */
struct row {
        const struct value *at;
        size_t n;
        struct value_list names;
};

bool redact_begins_with(struct span sql, const char *word)
{
        size_t at = 0;
        while (at < sql.len && strchr(" \t\r\n(", sql.data[at]) != NULL) {
                at++;
        }
        size_t len = strlen(word);
        return sql.len - at >= len && strncasecmp((const char *)sql.data + at, word, len) == 0;
}

/** Numbers and times hold no password by themselves. */
static bool is_text(const struct value *v)
{
        return !v->is_null && v->type > VALUE_YEAR && v->type != VALUE_NEWDECIMAL && v->bytes.len > 0;
}

static struct span name_of(const struct row *row, size_t i)
{
        return i < row->names.n ? row->names.at[i].bytes : (struct span){NULL, 0};
}

/* --- a name in one column, its value in another --------------------------------------------------------------------------- */

/** Columns beside a name that have no value of it: Type, TABLE_NAME … */
static bool is_structural(struct span name)
{
        static const char *const parts[] = {"NAME",  "TYPE",   "TABLE",  "SCHEMA", "KEY",
                                            "FIELD", "STATUS", "ENGINE", "PRIV",   "PLUGIN"};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
                size_t len = strlen(parts[i]);
                for (size_t at = 0; at + len <= name.len; at++) {
                        if (strncasecmp((const char *)name.data + at, parts[i], len) == 0) {
                                return true;
                        }
                }
        }
        return false;
}

static bool is_plugin(struct span value)
{
        static const char *const names[] = {"mysql_native_password", "caching_sha2_password",
                                            "sha256_password", "mysql_old_password", "mysql_clear_password"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                if (span_equal(value, span_str(names[i]))) {
                        return true;
                }
        }
        return false;
}

/** The row's value that names a password, such as one of SHOW VARIABLES. @return row->n if none does. */
static size_t label_of(const struct row *row)
{
        for (size_t i = 0; i < row->n; i++) {
                const struct value *v = &row->at[i];
                if (is_text(v) && secret_is_label(v->bytes) && !is_plugin(v->bytes) &&
                    !secret_is_value_column(name_of(row, i))) {
                        return i;
                }
        }
        return row->n;
}

/** Is it the value that the row's name names? Of two texts, it is the other one. */
static bool is_labelled(const struct row *row, size_t label, size_t i)
{
        if (label == row->n || i == label) {
                return false;
        }
        if (secret_is_value_column(name_of(row, i))) {
                return true;
        }
        size_t texts = 0;
        for (size_t k = 0; k < row->n && texts <= 2; k++) {
                texts += is_text(&row->at[k]) ? 1 : 0;
        }
        return texts == 2 && !is_structural(name_of(row, i));
}

/* --- values ---------------------------------------------------------------------------------------------------------------- */

/** What the column's definition says of it, and the statement. */
static bool is_secret_column(const struct rules *rules, const struct row *row, size_t i)
{
        const struct value *v = &row->at[i];
        if ((rules->reply >> (i < 63 ? i : 63) & 1) != 0) {
                return true;
        }
        if (i >= row->names.n) {
                return rules->columns.secrecy > SECRECY_NONE && is_text(v);
        }
        const struct value *name = &row->names.at[i];
        if (name->secret || secret_is_name(name->bytes) || secret_columns_has(&rules->columns, name->bytes)) {
                return true;
        }
        if (!is_text(v)) {
                return false;
        }
        return rules->columns.secrecy == SECRECY_ALL ||
               (rules->columns.secrecy == SECRECY_DERIVED && name->derived) ||
               (rules->speaks && name->catalog && secret_is_value_column(name->bytes));
}

static bool is_secret(const struct rules *rules, const struct row *row, size_t label, size_t i)
{
        const struct value *v = &row->at[i];
        return rules->all || v->secret || is_secret_column(rules, row, i) || redact_is_secret_value(v) ||
               (rules->quotes && is_text(v) && secret_has_quotes(v->bytes)) ||
               (is_text(v) && is_labelled(row, label, i));
}

static unsigned redact_row(struct redact *f, const struct rules *rules, const struct row *row,
                           struct value *to)
{
        size_t label = rules->all ? row->n : label_of(row);
        unsigned taken = 0;
        for (size_t i = 0; i < row->n; i++) {
                bool secret = is_secret(rules, row, label, i);
                to[i] = row->at[i];
                if (secret || rules->values) {
                        to[i] = redact_token_value(f, &row->at[i], secret);
                        taken |= secret ? 1U << REDACTED_PASSWORD : 1U << REDACTED_VALUES;
                }
        }
        return taken;
}

/** The names of the result whose mark is at *@p at, or behind. *@p at becomes the place behind them. */
static struct value_list names_from(struct value_list names, size_t *at)
{
        size_t begin = *at;
        while (begin < names.n && names.at[begin].role != VALUE_BEGINS_RESULT) {
                begin++;
        }
        begin += begin < names.n ? 1 : 0;
        *at = begin;
        while (*at < names.n && !redact_is_mark(&names.at[*at])) {
                (*at)++;
        }
        return *at > begin ? (struct value_list){names.at + begin, *at - begin}
                           : (struct value_list){NULL, 0};
}

static struct rules rules_of(const struct redact *f, const struct record *r, const struct redact_found *found,
                             struct span sql, bool suspected)
{
        struct rules rules = {.values = f->values, .reply = found->reply};
        bool is_show = redact_begins_with(sql, "SHOW");
        bool explains = redact_begins_with(sql, "EXPLAIN") || redact_begins_with(sql, "DESC") ||
                        redact_begins_with(sql, "ANALYZE");
        rules.all = (found->taken >> REDACTED_PASSWORD & 1) != 0 || found->parameters != 0;
        rules.speaks = suspected && secret_is_mentioned(sql);
        if (rules.speaks && !is_show && !explains) {
                rules.columns = secret_columns_of(sql, r->sql_mode);
        }
        rules.quotes = r->secrecy >= SECRECY_QUOTES || (rules.speaks && explains);
        if (r->secret_behind) {
                rules.columns.secrecy = SECRECY_ALL;
        }
        if (r->secrecy > rules.columns.secrecy) {
                rules.columns.secrecy = (enum secrecy)r->secrecy;
        }
        return rules;
}

unsigned redact_rows(struct redact *f, struct record *r, const struct redact_found *found, struct span sql,
                     bool suspected)
{
        const struct rules rules = rules_of(f, r, found, sql, suspected);
        struct value_list list = record_list(r, FIELD_FIRST_ROWS);
        struct value_list all_names = {NULL, 0};
        struct value *to = f->list + f->list_used;
        unsigned taken = 0;
        if (record_has(r, FIELD_COLUMN_NAMES)) {
                all_names = r->column_names;
        }
        size_t named = 0;
        struct row row = {.names = names_from(all_names, &named)};
        size_t results = 0;
        for (size_t i = 0; i < list.n; i += row.n) {
                row.n = 0;
                if (redact_is_mark(&list.at[i])) {
                        if (list.at[i].role == VALUE_BEGINS_RESULT && results++ > 0) {
                                row.names = names_from(all_names, &named);
                        }
                        to[i] = list.at[i];
                        row.n = 1;
                        continue;
                }
                row.at = &list.at[i];
                while (i + row.n < list.n && !redact_is_mark(&row.at[row.n])) {
                        row.n++;
                }
                taken |= redact_row(f, &rules, &row, to + i);
        }
        if (taken != 0) {
                f->list_used += list.n;
                record_set_list(r, FIELD_FIRST_ROWS, (struct value_list){to, list.n});
        }
        return taken;
}
