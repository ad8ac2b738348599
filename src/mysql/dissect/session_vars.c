#include "mysql/dissect/session_vars.h"

#include "base/seed.h"
#include "mysql/sql/setnames.h"
#include "mysql/wire/charset.h"
#include "profile/heap/prof.h"

#include <xxhash.h>

enum { CHANGES_MAX = 16 * 1024, CHANGES_COUNT_MAX = 1024, CHANGES_FIRST = 64, PLACES_BITS = 11, FEW = 8 };
_Static_assert(1 << PLACES_BITS >= 2 * CHANGES_COUNT_MAX, "at least half of the places stay free");

bool session_vars_set_next_database(struct session_vars *vars, struct span name, uint8_t charset)
{
        vars->next_database_charset = charset;
        return owned_text_set(&vars->next_database, name);
}

void session_vars_forget(struct session_vars *vars)
{
        value_buffer_drop(&vars->changes);
        owned_text_drop(&vars->next_username);
        owned_text_drop(&vars->next_database);
}

void session_vars_fini(struct session_vars *vars)
{
        session_vars_forget(vars);
        owned_text_drop(&vars->username);
        owned_text_drop(&vars->database);
}

/* --- character sets -------------------------------------------------------------------------------------------------- */

void session_vars_set_charset(struct session_vars *vars, const char *name)
{
        uint8_t charset = charset_of_name(span_str(name));
        vars->charsets.client = charset;
        vars->charsets.results = charset;
        vars->charsets.login = charset;
        vars->charsets.username = charset;
        vars->charsets.database = charset;
        vars->identity++;
}

bool session_vars_on_login_ok(struct session_vars *vars, const struct ok *ok)
{
        vars->identity++;
        if (ok->has_schema) {
                vars->charsets.database = CHARSET_UNKNOWN; /* it is UTF-8 */
                if (!owned_text_set(&vars->database, ok->schema)) {
                        return false;
                }
        }
        if (ok->character_set.len > 0) {
                vars->charsets.client = charset_of_name(ok->character_set);
        }
        if (ok->has_results_set) {
                vars->charsets.results = charset_of_name(ok->results_set);
        }
        return true;
}

/** The session starts over: set both character sets from the next command on. */
static void start_over(struct session_vars *vars, uint8_t charset)
{
        vars->ansi_quotes = false;
        vars->next = (struct next_charsets){true, true, charset, charset};
}

void session_vars_reset(struct session_vars *vars, bool is_mariadb)
{
        start_over(vars, is_mariadb ? vars->charsets.login : vars->charsets.server);
}

void session_vars_change_user(struct session_vars *vars)
{
        owned_text_move(&vars->username, &vars->next_username);
        vars->charsets.login = vars->next_login_charset;
        vars->charsets.username = vars->next_login_charset;
        vars->identity++;
        start_over(vars, vars->next_login_charset);
}

void session_vars_keep_user(struct session_vars *vars)
{
        owned_text_drop(&vars->next_username);
        owned_text_drop(&vars->next_database);
        start_over(vars, vars->charsets.server);
}

static bool same_options(const struct setnames_options *a, const struct setnames_options *b)
{
        return a->charset == b->charset && sql_mode_bits(a->mode) == sql_mode_bits(b->mode) &&
               a->succeeded == b->succeeded && a->results == b->results;
}

/** Scan a prepared statement. Many short packets may execute it: the result of the last scan is kept. */
static bool scan_statement(struct statement *st, const struct setnames_options *options, struct setnames *out)
{
        if (!st->was_scanned || !same_options(&st->scanned_as, options)) {
                (void)setnames_scan(span_of(st->text, st->text_len), options, &st->names);
                st->scanned_as = *options;
                st->was_scanned = true;
        }
        *out = st->names;
        return out->has_client || out->has_results || out->global || out->ansi != SETNAMES_KEPT;
}

/** Find out from the text of a completed statement what it changed, unless session tracking has already reported that. */
static void scan_text(struct session_vars *vars, const struct statements *statements,
                      const struct command *cmd, struct sql_mode mode)
{
        bool any = false;
        struct setnames found;
        struct setnames_options options = {
            .charset = vars->charsets.client,
            .mode = mode,
            .succeeded = !cmd->failed,
            .results = cmd->ends,
        };
        if (cmd->ends == 0) {
                return;
        }
        if (cmd->code == COM_QUERY && !cmd->text_lost) {
                any = setnames_scan(command_text(cmd), &options, &found);
        } else if (cmd->code == COM_STMT_EXECUTE) {
                struct statement *st = statements_find(statements, cmd->stmt_id);
                any = st != NULL && scan_statement(st, &options, &found);
        }
        if (!any) {
                return;
        }
        if (found.global) {
                vars->charsets.server = CHARSET_UNKNOWN;
        }
        if (found.ansi != SETNAMES_KEPT) {
                vars->ansi_quotes = found.ansi == SETNAMES_ON;
        }
        if (found.has_client && !vars->next.has_client) {
                vars->next.has_client = true;
                vars->next.client = found.client_default ? vars->charsets.server : found.client;
        }
        if (found.has_results && !vars->next.has_results) {
                vars->next.has_results = true;
                vars->next.results = found.results_default ? vars->charsets.server : found.results;
        }
}

void session_vars_advance(struct session_vars *vars, const struct statements *statements,
                          const struct command *cmd, struct sql_mode mode)
{
        if (!cmd->is_plain || cmd->failed || cmd->ends > 1) {
                scan_text(vars, statements, cmd, mode);
        }
        if (vars->next.has_client) {
                vars->identity += vars->charsets.client != vars->next.client ? 1 : 0;
                vars->charsets.client = vars->next.client;
        }
        if (vars->next.has_results) {
                vars->charsets.results = vars->next.results;
        }
        vars->next = (struct next_charsets){.has_client = false};
        if (vars->next_database.at != NULL) {
                owned_text_move(&vars->database, &vars->next_database);
                vars->charsets.database = vars->next_database_charset;
                vars->database_unknown = false;
                vars->identity++;
        } else if (vars->next_database_unknown) {
                owned_text_drop(&vars->database);
                vars->database_unknown = true;
                vars->identity++;
        }
        vars->next_database_unknown = false;
}

/* --- session tracking --------------------------------------------------------------------------------------------------- */

/** @return how much is allocated for @p len bytes: a power of two, so that many small blocks are not copied again and again. */
static size_t allocated_for(size_t len)
{
        size_t allocated = CHANGES_FIRST;
        while (allocated < len) {
                allocated *= 2;
        }
        return allocated;
}

/** Keep the block until the record is made; beyond the bound, the record says that there were more. @return false when memory is out. */
static bool keep_changes(struct command_queue *q, struct command *cmd, struct span changes)
{
        if (cmd->changes_len + changes.len > CHANGES_MAX) {
                cmd->changes_cut = true;
                return true;
        }
        size_t allocated = allocated_for(cmd->changes_len);
        size_t wanted = allocated_for(cmd->changes_len + changes.len);
        if (cmd->changes == NULL || wanted > allocated) {
                uint8_t *bigger = prof_realloc(STAGE_DISSECT, cmd->changes, wanted);
                if (bigger == NULL) {
                        return false;
                }
                cmd->changes = bigger;
        }
        memcpy(cmd->changes + cmd->changes_len, changes.data, changes.len);
        cmd->changes_len += changes.len;
        q->budget->used += changes.len;
        return true;
}

bool session_vars_on_ok(struct session_vars *vars, struct command_queue *q, struct command *cmd,
                        const struct ok *ok)
{
        if (ok->character_set.len > 0) {
                vars->next.has_client = true;
                vars->next.client = charset_of_name(ok->character_set);
        }
        if (ok->has_results_set) {
                vars->next.has_results = true;
                vars->next.results = charset_of_name(ok->results_set);
        }
        if (ok->has_schema && !session_vars_set_next_database(vars, ok->schema, CHARSET_UNKNOWN)) {
                return false;
        }
        return ok->changes.len == 0 || keep_changes(q, cmd, ok->changes);
}

/* An open-addressing hash table from names to their indexes among the values, plus 1; 0 marks a free slot. */
struct places {
        uint16_t at[1 << PLACES_BITS];
};

/** @return the value for @p name: a later change replaces an earlier one. @p places may be NULL if there are few names. */
static struct value *place_of(struct places *places, struct value *values, size_t *n, struct span name)
{
        if (places == NULL) {
                for (size_t i = 0; i < *n; i++) {
                        if (span_equal(values[i].name, name)) {
                                return &values[i];
                        }
                }
                return &values[(*n)++];
        }
        size_t mask = (1U << PLACES_BITS) - 1;
        size_t place = XXH3_64bits_withSeed(name.data, name.len, seed_of_process()) & mask;
        while (places->at[place] != 0) {
                struct value *v = &values[places->at[place] - 1];
                if (span_equal(v->name, name)) {
                        return v;
                }
                place = (place + 1) & mask;
        }
        places->at[place] = (uint16_t)++ * n;
        return &values[*n - 1];
}

void session_vars_put(struct session_vars *vars, const struct command *cmd, struct record *r)
{
        struct session_changes at = session_changes_of(span_of(cmd->changes, cmd->changes_len));
        struct session_change change;
        size_t n = 0;
        size_t count = 1;
        while (count < CHANGES_COUNT_MAX && session_change_next(&at, &change)) {
                count++;
        }
        bool is_cut = cmd->changes_cut || count == CHANGES_COUNT_MAX || at.entries.failed;
        struct value *values = value_buffer_take(&vars->changes, count);
        if (values == NULL) {
                return;
        }
        struct places many;
        if (count > FEW) {
                memset(&many, 0, sizeof many);
        }
        at = session_changes_of(span_of(cmd->changes, cmd->changes_len));
        for (size_t i = 1; i < count && session_change_next(&at, &change); i++) {
                struct value *v = place_of(count > FEW ? &many : NULL, values, &n, change.name);
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
