/* Rows. */
#include "journal/enrich/redact_rows.h"

#include "mysql/sql/secret.h"
#include "mysql/sql/secret_data.h"
#include "mysql/sql/secret_labels.h"

#include <strings.h>

/** What is replaced in the rows of a record. */
struct rules {
        bool all;                      /**< every value is a password, since the statement has one */
        bool values;                   /**< values that are not passwords become tokens */
        bool mentions;                 /**< the statement mentions passwords */
        bool quotes;                   /**< a value with quotes is a password: it may repeat the statement */
        uint64_t reply;                /**< bit i: the i-th column has passwords; see redact_found */
        struct secret_columns columns; /**< what the statement shows of its columns */
};

/** A row of @p n values. @p names are those of its columns; there may be fewer than n when they are not known. */
struct row {
        const struct value *at;
        size_t n;
        struct value_list names;
};

/** May @p v hold a password by itself? Numbers and times do not. */
static bool is_text(const struct value *v)
{
        return !v->is_null && v->type > VALUE_YEAR && v->type != VALUE_NEWDECIMAL && v->bytes.len > 0;
}

static struct span name_of(const struct row *row, size_t i)
{
        return i < row->names.n ? row->names.at[i].bytes : (struct span){NULL, 0};
}

/* --- a name in one column, its value in another --------------------------------------------------------------------------- */

/** Does the column @p name describe a setting rather than hold its value: Type, TABLE_NAME …? */
static bool is_structural(struct span name)
{
        static const char *const parts[] = {"NAME",  "TYPE",   "TABLE",  "SCHEMA", "KEY",
                                            "FIELD", "STATUS", "ENGINE", "PRIV",   "PLUGIN"};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
                if (secret_has_word(name, parts[i])) {
                        return true;
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

/** The index of the value that is the name of a password, as in a row of SHOW VARIABLES. @return row->n if there is none. */
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

/** Is the value @p i the one to which the name @p label belongs? Of two texts, it is the other one. */
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

/** Is the column one of passwords, according to its definition and to the statement? */
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
               (rules->mentions && name->catalog && secret_is_value_column(name->bytes));
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

/** The names of the result whose mark is at *@p at or after it. *@p at becomes the index after them. */
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
        rules.mentions = suspected && secret_is_mentioned(sql);
        if (rules.mentions && !is_show && !explains) {
                rules.columns = secret_columns_of(sql, r->sql_mode);
        }
        rules.quotes = r->secrecy >= SECRECY_QUOTES || (rules.mentions && explains);
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
