/* What changes in the session: the default database, the character sets, and whatever else the server tells. */
#include "mysql/capability.h"
#include "mysql/charset.h"
#include "mysql/dissect_state.h"
#include "mysql/setnames.h"
#include "profile/prof.h"

enum { CHANGES_MAX = 16 * 1024, CHANGES_COUNT_MAX = 1024 };

#define STATUS_NO_BACKSLASH_ESCAPES 0x0200u

bool track_database(struct dissect *d, struct span name, uint8_t charset)
{
        d->next_database_charset = charset;
        return dissect_set_text(&d->next_database, name);
}

/* --- character sets -------------------------------------------------------------------------------------------------- */

uint8_t track_results_charset(const struct dissect *d)
{
        return d->next.has_results ? d->next.results : d->charsets.results;
}

/** Both, from the next command on. */
static void set_next(struct dissect *d, uint8_t charset)
{
        d->next = (struct next_charsets){true, true, charset, charset};
}

void track_reset(struct dissect *d)
{
        bool is_mariadb = (d->capabilities & CAP_MYSQL) == 0;
        set_next(d, is_mariadb ? d->charsets.login : d->charsets.server);
}

void track_change_user(struct dissect *d)
{
        d->charsets.login = d->next_login_charset;
        d->charsets.username = d->next_login_charset;
        set_next(d, d->next_login_charset);
}

/** What the text of a statement that came to its end tells. Session tracking knows better. */
static void scan_text(struct dissect *d, const struct flight *f)
{
        struct span text = {NULL, 0};
        struct setnames found;
        struct setnames_options options = {
            .charset = d->charsets.client,
            .no_backslashes = (f->status & STATUS_NO_BACKSLASH_ESCAPES) != 0,
            .succeeded = !f->failed,
            .results = f->ends,
        };
        if (f->code == COM_QUERY && !f->text_lost) {
                text = span_skip(span_of(f->body, f->body_len), f->text_at);
        } else if (f->code == COM_STMT_EXECUTE) {
                const struct statement *st = statements_find(&d->statements, f->stmt_id);
                text = st != NULL ? span_of(st->text, st->text_len) : text;
        }
        if (f->ends == 0 || !setnames_scan(text, &options, &found)) {
                return;
        }
        if (found.has_client && !d->next.has_client) {
                d->next.has_client = true;
                d->next.client = found.client_default ? d->charsets.server : found.client;
        }
        if (found.has_results && !d->next.has_results) {
                d->next.has_results = true;
                d->next.results = found.results_default ? d->charsets.server : found.results;
        }
}

void track_settle(struct dissect *d, const struct flight *f)
{
        if (!f->is_plain || f->failed || f->ends > 1) {
                scan_text(d, f);
        }
        if (d->next.has_client) {
                d->charsets.client = d->next.client;
        }
        if (d->next.has_results) {
                d->charsets.results = d->next.results;
        }
        d->next = (struct next_charsets){.has_client = false};
        if (d->next_database.at != NULL) {
                dissect_take_text(&d->database, &d->next_database);
                d->charsets.database = d->next_database_charset;
        }
}

/* --- session tracking --------------------------------------------------------------------------------------------------- */

/** Keep the block until the record is made; what is beyond the bound is told as unknown. */
static bool keep_changes(struct dissect *d, struct flight *f, struct span changes)
{
        if (f->changes_len + changes.len > CHANGES_MAX) {
                f->changes_cut = true;
                return true;
        }
        uint8_t *bigger = prof_realloc(STAGE_DISSECT, f->changes, f->changes_len + changes.len);
        if (bigger == NULL) {
                return false;
        }
        memcpy(bigger + f->changes_len, changes.data, changes.len);
        f->changes = bigger;
        f->changes_len += changes.len;
        d->held += changes.len;
        return true;
}

bool track_ok(struct dissect *d, struct flight *f, const struct ok *ok)
{
        if (ok->character_set.len > 0) {
                d->next.has_client = true;
                d->next.client = charset_of_name(ok->character_set);
        }
        if (ok->has_results_set) {
                d->next.has_results = true;
                d->next.results = charset_of_name(ok->results_set);
        }
        if (ok->has_schema && !track_database(d, ok->schema, CHARSET_UNKNOWN)) {
                return false;
        }
        return ok->changes.len == 0 || keep_changes(d, f, ok->changes);
}

/** The place for @p name: a later change replaces an earlier one. */
static struct value *place_of(struct value *values, size_t *n, struct span name)
{
        for (size_t i = 0; i < *n; i++) {
                if (span_equal(values[i].name, name)) {
                        return &values[i];
                }
        }
        return &values[(*n)++];
}

void track_put(struct dissect *d, const struct flight *f, struct record *r)
{
        struct session_changes at = session_changes_of(span_of(f->changes, f->changes_len));
        struct session_change change;
        size_t n = 0;
        size_t count = 1;
        while (count < CHANGES_COUNT_MAX && session_change_next(&at, &change)) {
                count++;
        }
        bool is_cut = f->changes_cut || count == CHANGES_COUNT_MAX || at.entries.failed;
        struct value *values = dissect_room(&d->changes, count);
        if (values == NULL) {
                return;
        }
        at = session_changes_of(span_of(f->changes, f->changes_len));
        for (size_t i = 1; i < count && session_change_next(&at, &change); i++) {
                struct value *v = place_of(values, &n, change.name);
                *v = (struct value){.name = change.name,
                                    .bytes = change.value,
                                    .true_len = change.value.len,
                                    .type = VALUE_VAR_STRING};
        }
        if (is_cut) {
                values[n++] = (struct value){.name = span_str("more"), .unknown = true};
        }
        if (n > 0) {
                record_set_list(r, FIELD_SESSION_CHANGES, (struct value_list){values, n});
        }
}
