#include "journal/enrich/scope.h"

#include "base/utf8.h"
#include "journal/enrich/redact_token.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/secret_data.h"
#include "mysql/sql/user_variable.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"

_Static_assert((int)USER_VARIABLE_MAX == (int)SCOPE_NAME_MAX, "as much is read as is kept");

const struct scope_session scope_session_unknown = {.has_name = false};

/** Drop @p name, which is one of @p s. */
static void drop(struct scope_session *s, struct scope_name *name)
{
        prof_free(name->bytes);
        *name = (struct scope_name){.bytes = NULL};
        s->has_name = s->variable.bytes != NULL || s->attribute.bytes != NULL;
}

void scope_session_fini(struct scope_session *s)
{
        drop(s, &s->variable);
        drop(s, &s->attribute);
}

/** The part of @p text that is kept. */
static struct span head_of(struct span text)
{
        return text.len > SCOPE_NAME_MAX ? utf8_trim(span_head(text, SCOPE_NAME_MAX)) : text;
}

/** Set @p name, which is one of @p s. Without memory, there is none. */
static void set(struct scope_session *s, struct scope_name *name, struct span text, bool is_cut)
{
        struct span kept = is_cut ? utf8_trim(head_of(text)) : head_of(text);
        drop(s, name);
        name->bytes = kept.len > 0 ? prof_alloc(STAGE_JOURNAL, kept.len) : NULL;
        if (name->bytes != NULL) {
                memcpy(name->bytes, kept.data, kept.len);
                name->len = (uint16_t)kept.len;
                name->is_cut = is_cut || kept.len < text.len;
                s->has_name = true;
        }
}

/** The element called SCOPE_KEY, if it is a text. @return NULL if there is none. */
static const struct value *named(struct value_list list)
{
        for (size_t i = 0; i < list.n; i++) {
                const struct value *v = &list.at[i];
                if (span_equal(v->name, span_str(SCOPE_KEY))) {
                        bool is_text = v->in_text || value_is_text(v->type);
                        return is_text && !v->is_null && !v->unknown && v->bytes.len > 0 ? v : NULL;
                }
        }
        return NULL;
}

static bool is_cut(const struct value *v)
{
        return v->cut || v->true_len > v->bytes.len;
}

/* --- the session --------------------------------------------------------------------------------------------------- */

void scope_on_gap(struct scope_session *s)
{
        drop(s, &s->variable);
}

void scope_on_auth(struct scope_session *s, const struct record *r)
{
        const struct value *v = record_has(r, FIELD_CONNECT_ATTRIBUTES) ? named(r->connect_attributes) : NULL;
        if (v != NULL) {
                set(s, &s->attribute, v->bytes, is_cut(v));
        }
}

/** The variable was set to parameter @p i, from 1, of @p r. */
static void set_parameter(struct scope_session *s, const struct record *r, size_t i)
{
        bool is_there = record_has(r, FIELD_STMT_EXECUTE_VALUES) && i <= r->stmt_execute_values.n;
        const struct value *v = is_there ? &r->stmt_execute_values.at[i - 1] : NULL;
        char number[64];
        if (v == NULL || v->is_null || v->unknown || redact_is_secret_value(v)) {
                drop(s, &s->variable);
        } else if (value_is_text(v->type)) {
                set(s, &s->variable, v->bytes, is_cut(v));
        } else {
                struct writer w = writer_over(number, sizeof number);
                value_print(&w, v, VALUE_AS_JSON);
                set(s, &s->variable, w.failed ? span_str("") : writer_span(&w), false);
        }
}

/** How many statements of @p r, the first ones, were executed. */
static uint64_t executed(const struct record *r)
{
        if (!record_has(r, FIELD_ERRNO)) {
                return UINT64_MAX;
        }
        return record_has(r, FIELD_RESULT_ROWS) ? r->result_rows.n : 0;
}

/** May the name that @p change sets show a password? Escapes and neighbouring strings can hide it in @p text, the statement. */
static bool may_be_secret(const struct user_variable_change *change, struct span text)
{
        return secret_suspected(text) || secret_is_in_value(span_of(change->text, change->len));
}

/** @p text is the statement of @p r. A name is not taken from one that may hold a password. */
static void follow(struct scope_session *s, const struct record *r, struct span text, bool is_cut_off)
{
        const struct user_variable_options options = {
            .name = span_str(SCOPE_KEY), .mode = r->sql_mode, .statements = executed(r)};
        struct user_variable_change change;
        user_variable_read(text, &options, &change);
        bool is_unknown =
            change.effect == USER_VARIABLE_UNKNOWN ||
            (is_cut_off && (change.effect != USER_VARIABLE_KEEPS || record_has(r, FIELD_RESULT_ROWS))) ||
            (change.effect != USER_VARIABLE_KEEPS && record_has(r, FIELD_RESULTS_CUT));
        if (is_unknown || (change.effect == USER_VARIABLE_SETS && may_be_secret(&change, text))) {
                drop(s, &s->variable);
        } else if (change.effect == USER_VARIABLE_SETS && change.parameter > 0) {
                set_parameter(s, r, change.parameter);
        } else if (change.effect == USER_VARIABLE_SETS) {
                set(s, &s->variable, span_of(change.text, change.len), change.is_cut);
        } else if (change.effect == USER_VARIABLE_CLEARS) {
                drop(s, &s->variable);
        }
}

void scope_on_command(struct scope_session *s, const struct record *r)
{
        bool failed = record_has(r, FIELD_ERRNO);
        switch (r->command_id) {
        case COM_QUERY:
                follow(s, r, record_text_if_any(r, FIELD_QUERY), record_has(r, FIELD_QUERY_LENGTH));
                break;
        case COM_STMT_EXECUTE:
                follow(s, r, record_text_if_any(r, FIELD_STMT_PREPARE_QUERY),
                       record_has(r, FIELD_STMT_PREPARE_QUERY_LENGTH));
                break;
        case COM_RESET_CONNECTION:
                if (!failed) {
                        drop(s, &s->variable);
                }
                break;
        case COM_CHANGE_USER: /* MariaDB keeps a session for which it failed, but resets it */
                drop(s, &s->variable);
                if (!failed) {
                        drop(s, &s->attribute);
                }
                break;
        default: break;
        }
}

/* --- statements ------------------------------------------------------------------------------------------------------ */

static void put(struct record *r, struct span name, bool cut)
{
        struct span kept = head_of(name);
        record_set_text(r, FIELD_SCOPE, kept);
        if (cut || kept.len < name.len) {
                field_set_add(&r->cut, FIELD_SCOPE);
        }
        if (!utf8_valid(kept)) {
                field_set_add(&r->undecoded, FIELD_SCOPE);
        }
}

void scope_put(const struct scope_session *s, struct record *r)
{
        const struct value *v = record_has(r, FIELD_TAGS) ? named(r->tags) : NULL;
        if (v == NULL && record_has(r, FIELD_QUERY_ATTRIBUTES)) {
                v = named(r->query_attributes);
        }
        if (v != NULL) {
                put(r, v->bytes, is_cut(v));
        } else if (s->variable.bytes != NULL) {
                put(r, span_of(s->variable.bytes, s->variable.len), s->variable.is_cut);
        } else if (s->attribute.bytes != NULL) {
                put(r, span_of(s->attribute.bytes, s->attribute.len), s->attribute.is_cut);
        }
}
