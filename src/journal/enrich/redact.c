#include "journal/enrich/redact.h"

#include "base/diag.h"
#include "journal/enrich/redact_columns.h"
#include "journal/enrich/redact_rows.h"
#include "journal/enrich/redact_text.h"
#include "journal/enrich/scope.h"
#include "profile/heap/prof.h"

enum {
        GROWTH = REDACT_TOKEN_MAX + 3, /* a constant of one byte becomes a token in quotes */
        /* kept between records, in bytes and elements */
        BUFFER_SMALL = 64 * 1024,
        LIST_SMALL = 64,
};

/* --- values --------------------------------------------------------------------------------------------------------- */

/** Attributes that link a statement with its trace or its scope show nothing of its values. */
static bool is_link(struct span name)
{
        return span_equal(name, span_str("traceparent")) || span_equal(name, span_str("tracestate")) ||
               span_equal(name, span_str(SCOPE_KEY));
}

/** Replace the elements of the list in @p field that are passwords by their place (the bits of @p secrets), name or content, and the
 *  others too if @p all. @return the REDACTED_ bits of what was replaced. */
static unsigned redact_list(struct redact *f, struct record *r, enum record_field field, uint64_t secrets,
                            bool all)
{
        struct value_list list = record_list(r, field);
        struct value *to = f->list + f->list_used;
        unsigned taken = 0;
        size_t place = 0;
        for (size_t i = 0; i < list.n; i++) {
                const struct value *v = &list.at[i];
                to[i] = *v;
                if (redact_is_mark(v)) {
                        place = 0;
                        continue;
                }
                bool secret = (secrets >> (place < 63 ? place : 63) & 1) != 0 || redact_is_secret_value(v);
                place++;
                if (secret || (all && !is_link(v->name))) {
                        to[i] = redact_token_value(f, v, secret);
                        taken |= secret ? 1U << REDACTED_PASSWORD : 1U << REDACTED_VALUES;
                }
        }
        if (taken != 0) {
                f->list_used += list.n;
                record_set_list(r, field, (struct value_list){to, list.n});
        }
        return taken;
}

static const enum record_field value_fields[] = {FIELD_STMT_EXECUTE_VALUES,
                                                 FIELD_BULK_ROWS,
                                                 FIELD_QUERY_ATTRIBUTES,
                                                 FIELD_FIRST_ROWS,
                                                 FIELD_CONNECT_ATTRIBUTES,
                                                 FIELD_SESSION_CHANGES,
                                                 FIELD_TAGS};
static const enum record_field text_fields[] = {FIELD_QUERY, FIELD_STMT_PREPARE_QUERY};
enum { VALUE_FIELDS = sizeof value_fields / sizeof value_fields[0] };

/** Replace values in all lists but the rows. What is a password is replaced whatever the settings are. */
static unsigned redact_values(struct redact *f, struct record *r, const struct redact_found *found)
{
        unsigned taken = 0;
        /* the text that would show the places of the further parameters was cut off */
        uint64_t behind =
            r->secret_behind ? UINT64_MAX << (found->n_parameters < 63 ? found->n_parameters : 63) : 0;
        for (size_t i = 0; i < VALUE_FIELDS; i++) {
                enum record_field field = value_fields[i];
                bool named = field == FIELD_QUERY_ATTRIBUTES || field == FIELD_CONNECT_ATTRIBUTES ||
                             field == FIELD_SESSION_CHANGES || field == FIELD_TAGS;
                uint64_t secret = named ? 0 : found->parameters | behind;
                /* attributes of the login and variables are not values of statements; tags are part of a comment */
                bool all = field == FIELD_TAGS ? f->literals
                                               : f->values && (!named || field == FIELD_QUERY_ATTRIBUTES);
                if (record_has(r, field) && field != FIELD_FIRST_ROWS) {
                        taken |= redact_list(f, r, field, secret, all);
                }
        }
        return taken;
}

/* --- records --------------------------------------------------------------------------------------------------------- */

static bool prepare(struct redact *f, const struct record *r)
{
        size_t bytes = 256;
        size_t values = 0;
        for (size_t i = 0; i < sizeof text_fields / sizeof text_fields[0]; i++) {
                bytes += record_has(r, text_fields[i]) ? record_text(r, text_fields[i]).len * GROWTH : 0;
        }
        bytes += record_has(r, FIELD_ERROR) ? r->error.len * GROWTH : 0;
        for (size_t i = 0; i < VALUE_FIELDS; i++) {
                values += record_has(r, value_fields[i]) ? record_list(r, value_fields[i]).n : 0;
        }
        values += record_has(r, FIELD_COLUMN_NAMES) ? r->column_names.n : 0;
        bytes += values * GROWTH;
        void *buffer = f->buffer;
        void *list = f->list;
        bool made = redact_reserve(&buffer, &f->size, bytes, BUFFER_SMALL, 1);
        made = redact_reserve(&list, &f->list_size, values + 1, LIST_SMALL, sizeof *f->list) && made;
        f->buffer = buffer;
        f->list = list;
        f->list_used = 0;
        f->w = writer_over(f->buffer, f->size);
        f->failed = false;
        return made;
}

void redact_shrink(struct redact *f)
{
        if (f->size > BUFFER_SMALL) {
                prof_free(f->buffer);
                f->buffer = NULL;
                f->size = 0;
        }
        if (f->list_size > LIST_SMALL) {
                prof_free(f->list);
                f->list = NULL;
                f->list_size = 0;
        }
}

/** Memory is out: remove all fields that may hold something secret. */
static void drop_fields(struct record *r)
{
        for (size_t i = 0; i < sizeof text_fields / sizeof text_fields[0]; i++) {
                record_remove(r, text_fields[i]);
        }
        for (size_t i = 0; i < VALUE_FIELDS; i++) {
                record_remove(r, value_fields[i]);
        }
        record_remove(r, FIELD_COLUMN_NAMES);
        record_remove(r, FIELD_ERROR);
        record_set_text(r, FIELD_INFO, span_str("redaction: out of memory, so the texts were left out"));
}

/** Has the list only numbers and times? They hold no password by themselves. */
static bool are_numbers(struct value_list list)
{
        for (size_t i = 0; i < list.n; i++) {
                if (list.at[i].type > VALUE_YEAR || list.at[i].name.len > 0) {
                        return false;
                }
        }
        return true;
}

/** Is there a list in @p r, besides the statement, that may hold a password? */
static bool has_texts(const struct record *r)
{
        if (record_has(r, FIELD_COLUMN_NAMES)) {
                return true;
        }
        for (size_t i = 0; i < VALUE_FIELDS; i++) {
                if (record_has(r, value_fields[i]) && !are_numbers(record_list(r, value_fields[i]))) {
                        return true;
                }
        }
        return false;
}

/** Does a tag show a password? In its comment, it is percent-encoded. */
static bool has_secret_tag(const struct record *r)
{
        for (size_t i = 0; record_has(r, FIELD_TAGS) && i < r->tags.n; i++) {
                if (redact_is_secret_value(&r->tags.at[i])) {
                        return true;
                }
        }
        return false;
}

/** Not in line in redact_record, which returns at once for most records: this function needs many registers. */
static __attribute__((noinline)) void redact(struct redact *f, struct record *r, bool suspected)
{
        struct redact_found found = {.has_secret_tag = has_secret_tag(r)};
        unsigned taken = 0;
        bool changes_text = suspected || f->literals || found.has_secret_tag;
        if (!prepare(f, r)) {
                drop_fields(r);
                taken = 1U << REDACTED_PASSWORD | 1U << REDACTED_LITERALS | 1U << REDACTED_VALUES;
                record_set_uint(r, FIELD_REDACTED, taken);
                return;
        }
        struct span sql = record_has(r, FIELD_QUERY) ? r->query : r->stmt_prepare_query;
        for (size_t i = 0; changes_text && i < sizeof text_fields / sizeof text_fields[0]; i++) {
                if (record_has(r, text_fields[i])) {
                        redact_statement(f, r, text_fields[i], &found);
                }
        }
        bool has_secret = (found.taken >> REDACTED_PASSWORD & 1) != 0 || found.parameters != 0;
        taken = found.taken | redact_error(f, r, sql, has_secret) | redact_values(f, r, &found);
        if (record_has(r, FIELD_FIRST_ROWS)) {
                taken |= redact_rows(f, r, &found, sql, suspected);
        }
        if (record_has(r, FIELD_COLUMN_NAMES)) {
                taken |= redact_column_names(f, r, sql, has_secret);
        }
        if (f->failed || f->w.failed) {
                drop_fields(r);
        }
        if (taken != 0) {
                record_set_uint(r, FIELD_REDACTED, taken);
        }
}

void redact_record(struct redact *f, struct record *r, bool suspected)
{
        if (suspected || f->literals || f->values || record_has(r, FIELD_ERROR) ||
            (record_has_lists(r) && has_texts(r))) {
                redact(f, r, suspected);
        }
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

enum status redact_new(const struct redact_options *options, struct redact **out)
{
        struct redact *f = prof_calloc(STAGE_JOURNAL, 1, sizeof *f);
        enum status status = f != NULL ? STATUS_OK : STATUS_NOMEM;
        if (f != NULL) {
                f->literals = options->literals;
                f->values = options->values;
                status =
                    redact_token_init(f, options->key_file, options->place != NULL ? options->place : "");
        }
        const struct record none = {.event = EVENT_QUERY};
        if (status == STATUS_OK && !prepare(f, &none)) {
                status = STATUS_NOMEM;
        }
        if (status != STATUS_OK) {
                if (status == STATUS_NOMEM) {
                        diag(DIAG_ERROR, "log.redact: out of memory");
                }
                redact_free(f);
                return status;
        }
        *out = f;
        return STATUS_OK;
}

void redact_free(struct redact *f)
{
        if (f != NULL) {
                redact_token_fini(f);
                prof_free(f);
        }
}
