#include "mysql/dissect/default_database.h"

#include "mysql/sql/use.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/charset.h"

#include <strings.h>

/* What the statements of a text have done so far. */
struct outcome_of_text {
        enum { AS_BEFORE, IS_SET, IS_NONE, IS_UNKNOWN } state;
        uint8_t name[USE_NAME_MAX];
        size_t len;
        bool charset_unknown;
};

static bool has_high_bytes(struct span text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.data[i] >= 0x80) {
                        return true;
                }
        }
        return false;
}

/** May bytes of @p text that look like backslashes or backticks be second halves of characters? */
static bool is_ambiguous(const struct dissect *d, struct span text)
{
        if (!charset_hides_ascii(d->vars.charsets.client)) {
                return false;
        }
        for (size_t i = 1; i < text.len; i++) {
                if (text.data[i - 1] >= 0x80 && (text.data[i] == '\\' || text.data[i] == '`')) {
                        return true;
                }
        }
        return false;
}

/* --- one statement --------------------------------------------------------------------------------------------------- */

static void set(const struct dissect *d, struct outcome_of_text *o, struct span name)
{
        o->len = is_ambiguous(d, name) ? 0 : use_name(name, o->name);
        o->state = o->len > 0 ? IS_SET : IS_UNKNOWN;
}

/** The database @p name was dropped. Names that differ in upper and lower case or in their character sets may be the same. */
static void drop(const struct dissect *d, struct outcome_of_text *o, struct span name)
{
        const struct session_vars *vars = &d->vars;
        uint8_t dropped[USE_NAME_MAX];
        size_t len = use_name(name, dropped);
        bool is_set = o->state == IS_SET;
        struct span current = is_set ? span_of(o->name, o->len) : owned_text_span(&vars->database);
        bool same_charset = is_set || vars->charsets.database == vars->charsets.client;
        if (o->state == IS_NONE || o->state == IS_UNKNOWN || (current.len == 0 && !vars->database_unknown)) {
                return;
        }
        bool is_ascii = !has_high_bytes(span_of(dropped, len)) && !has_high_bytes(current);
        if (len == 0 || (!is_set && vars->database_unknown) || (!is_ascii && !same_charset)) {
                o->state = IS_UNKNOWN;
        } else if (span_equal(current, span_of(dropped, len))) {
                o->state = IS_NONE;
        } else if (!is_ascii || (current.len == len &&
                                 strncasecmp((const char *)current.data, (const char *)dropped, len) == 0)) {
                o->state = IS_UNKNOWN;
        }
}

static void apply(const struct dissect *d, struct outcome_of_text *o, const struct use_change *change)
{
        o->charset_unknown = o->charset_unknown || change->charset_unknown;
        switch (change->effect) {
        case USE_KEEPS: break;
        case USE_SETS: set(d, o, change->name); break;
        case USE_DROPS: drop(d, o, change->name); break;
        case USE_UNKNOWN: o->state = IS_UNKNOWN; break;
        }
}

/* --- texts ------------------------------------------------------------------------------------------------------------- */

/** One statement, or a text whose first one only was executed. */
static void read_one(const struct dissect *d, const struct command *cmd, const struct use_change *change,
                     struct outcome_of_text *o)
{
        if (!cmd->failed || change->effect == USE_UNKNOWN || change->charset_unknown) {
                apply(d, o, change);
        }
}

/** Of several statements, those before the failed one were executed; each has one result, unless it executes others. */
static void read_several(const struct dissect *d, const struct command *cmd, struct sql_reader *reader,
                         struct outcome_of_text *o)
{
        bool is_counted = true; /* the results that ended well tell how many statements did */
        uint64_t n = 0;
        do {
                struct use_change change = use_read(reader);
                bool failed = cmd->failed && is_counted && n >= cmd->ends;
                if (failed) {
                        read_one(d, cmd, &change, o);
                        return;
                }
                if (!is_counted && change.effect != USE_KEEPS) {
                        change.effect = USE_UNKNOWN;
                }
                apply(d, o, &change);
                is_counted = is_counted && !(cmd->failed && change.any_results);
                n++;
        } while (use_next_statement(reader));
}

static void read_query(const struct dissect *d, const struct command *cmd, struct sql_mode mode,
                       struct outcome_of_text *o)
{
        struct span text = command_text(cmd);
        bool is_cut = cmd->true_len > cmd->body_len;
        bool is_one = cmd->failed ? cmd->ends == 0 : cmd->ends <= 1;
        struct sql_reader reader = sql_reader_over(text, mode);
        if (cmd->text_lost || (is_cut && !is_one)) {
                o->state = IS_UNKNOWN;
        } else if (is_one) {
                struct use_change change = use_read(&reader);
                bool seen =
                    !is_cut || (change.effect == USE_KEEPS && !change.is_empty && !change.any_results);
                if (!seen) {
                        change.effect = USE_UNKNOWN;
                }
                read_one(d, cmd, &change, o);
        } else if (is_ambiguous(d, text)) {
                o->state = IS_UNKNOWN; /* where one statement ends and the next one begins is not certain */
        } else {
                read_several(d, cmd, &reader, o);
        }
}

/** Many short packets may execute a prepared statement: its text is read once. */
static void read_prepared(const struct dissect *d, const struct command *cmd, struct sql_mode mode,
                          struct outcome_of_text *o)
{
        struct statement *st = statements_find(&d->statements, cmd->stmt_id);
        if (st == NULL) {
                return; /* the text was not kept: in all likelihood it is none of these */
        }
        if (!st->use_was_read || st->use_read_as != sql_mode_bits(mode)) {
                struct sql_reader reader = sql_reader_over(span_of(st->text, st->text_len), mode);
                st->use = use_read(&reader);
                if (st->true_len > st->text_len &&
                    (st->use.effect != USE_KEEPS || st->use.is_empty || st->use.any_results)) {
                        st->use.effect = USE_UNKNOWN;
                }
                st->use_read_as = sql_mode_bits(mode);
                st->use_was_read = true;
        }
        read_one(d, cmd, &st->use, o);
}

/** The session's character sets are unknown from the next command on. (The server did not report them: nothing is tracked.) */
static void forget_charsets(struct session_vars *vars)
{
        vars->next = (struct next_charsets){true, true, CHARSET_UNKNOWN, CHARSET_UNKNOWN};
}

void default_database_note(struct dissect *d, const struct command *cmd, struct sql_mode mode)
{
        struct outcome_of_text o;
        o.state = AS_BEFORE;
        o.len = 0;
        o.charset_unknown = false;
        bool is_tracked = (d->capabilities & CAP_SESSION_TRACK) != 0;
        if (d->vars.next_database.at != NULL) {
                return; /* the server reported it */
        }
        if (cmd->code == COM_QUERY) {
                read_query(d, cmd, mode, &o);
        } else if (cmd->code == COM_STMT_EXECUTE || cmd->code == COM_STMT_BULK_EXECUTE) {
                read_prepared(d, cmd, mode, &o);
        }
        if (o.state == IS_SET || o.state == IS_NONE) {
                struct span name = span_of(o.name, o.state == IS_SET ? o.len : 0);
                bool is_kept = session_vars_set_next_database(&d->vars, name, d->vars.charsets.client);
                d->vars.next_database_unknown = !is_kept;
        } else if (o.state == IS_UNKNOWN) {
                /* where sessions are tracked, what a failed statement did is reported only with the next OK */
                d->vars.next_database_unknown = !is_tracked || cmd->failed;
        }
        if (o.charset_unknown && !is_tracked) {
                forget_charsets(&d->vars);
        }
}
