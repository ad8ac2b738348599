#include "mysql/dissect/secret_watch.h"

#include "mysql/sql/sql_marks.h"

#include <strings.h>

enum { ERR_PARSE = 1064 };

/* Only so many bytes of a statement are searched: more than dumps keep of a packet, and more than most statements have. */
enum { SECRET_WITHIN = 64 * 1024 };

/* --- the first words of a statement --------------------------------------------------------------------------------------- */

static bool begins_with(struct span text, const char *word)
{
        size_t len = strlen(word);
        return text.len >= len && memcmp(text.data, word, len) == 0;
}

/** @return @p text behind the first @p end in it; empty if there is none. */
static struct span skip_to(struct span text, const char *end)
{
        size_t len = strlen(end);
        const uint8_t *at = memmem(text.data, text.len, end, len);
        return at != NULL ? span_skip(text, (size_t)(at - text.data) + len) : (struct span){NULL, 0};
}

/** Skip the beginning of a comment whose content is executed, up to the version. Which versions execute it is not checked. */
static struct span skip_version(struct span text)
{
        text = span_skip(text, begins_with(text, "/*!") ? 3 : 4);
        while (text.len > 0 && text.data[0] >= '0' && text.data[0] <= '9') {
                text = span_skip(text, 1);
        }
        return text;
}

/** Skip blanks and comments. */
static struct span skip_blanks(struct span text)
{
        while (text.len > 0) {
                if (memchr(" \t\r\n\f\v(;", text.data[0], 8) != NULL) {
                        text = span_skip(text, 1);
                } else if (begins_with(text, "/*!") || begins_with(text, "/*M!")) {
                        text = skip_version(text);
                } else if (begins_with(text, "*/")) {
                        text = span_skip(text, 2); /* the end of what is executed */
                } else if (begins_with(text, "/*")) {
                        text = skip_to(span_skip(text, 2), "*/");
                } else if (text.data[0] == '#' || begins_with(text, "--")) {
                        text = skip_to(text, "\n");
                } else {
                        return text;
                }
        }
        return text;
}

static bool takes(struct span *text, const char *word)
{
        size_t len = strlen(word);
        struct span rest = skip_blanks(*text);
        if (rest.len < len || strncasecmp((const char *)rest.data, word, len) != 0) {
                return false;
        }
        *text = span_skip(rest, len);
        return true;
}

/** Skip one of @p words, which end in NULL. @return false: @p text begins with none of them. */
static bool takes_one(struct span *text, const char *const *words)
{
        for (size_t i = 0; words[i] != NULL; i++) {
                if (takes(text, words[i])) {
                        return true;
                }
        }
        return false;
}

/** Does @p text ask for accounts with their hashes, tables with their defaults, servers with their passwords, or statements of other
 *  sessions? */
static __attribute__((noinline)) bool asks_for_secret(struct span text)
{
        static const char *const kinds[] = {"GRANTS", "CREATE", "BINLOG", "RELAYLOG", "BINARY LOG ", NULL};
        return takes(&text, "SHOW") && takes_one(&text, kinds);
}

/** Does @p text ask for the warnings of the statement before? */
static bool asks_for_diagnostics(struct span text)
{
        static const char *const kinds[] = {"WARNINGS", "ERRORS", NULL};
        if (!secret_watch_may_ask(text)) {
                return false;
        }
        return takes(&text, "SHOW") ? takes_one(&text, kinds) || takes(&text, "COUNT") : takes(&text, "GET");
}

/** Can @p c end the name of a user, which a host follows? The second @ of @@x is not the first of a variable either. */
static bool ends_user(uint8_t c)
{
        return sql_marks_is_name(c) || c == '\'' || c == '"' || c == '`' || c == '@';
}

/** Does @p text contain a user variable: @x, but neither @@x nor user@host? */
static bool has_variable(struct span text)
{
        if (text.len == 0) {
                return false;
        }
        const uint8_t *end = text.data + text.len;
        const uint8_t *at = memchr(text.data, '@', text.len);
        while (at != NULL) {
                bool is_host = at > text.data && ends_user(at[-1]);
                if (!is_host && at + 1 < end && at[1] != '@') {
                        return true;
                }
                at = memchr(at + 1, '@', (size_t)(end - at - 1));
        }
        return false;
}

/** Can @p text, which mentions a password, store it where other statements find it: in a variable, in a prepared statement? */
static bool leaves_secret(struct span text)
{
        static const char *const keepers[] = {"SET", "SELECT", "CALL", "EXECUTE", "GET", "WITH", NULL};
        if (takes(&text, "PREPARE")) {
                return true;
        }
        struct span rest = text;
        return takes_one(&rest, keepers) && has_variable(rest);
}

/** Does @p text contain a SELECT within another one, whose columns may have other names outside? */
static bool selects_within(struct span text)
{
        static const char word[] = "SELECT";
        unsigned n = 0;
        for (size_t i = 0; i + sizeof word <= text.len && n < 2; i++) {
                n += strncasecmp((const char *)text.data + i, word, sizeof word - 1) == 0 ? 1 : 0;
        }
        return n > 1;
}

/* --- what a packet contains -------------------------------------------------------------------------------------------------- */

/** Does an execution, its long data or a fetch refer to a statement that may contain a password? One that was never seen may. */
static bool is_of_secret_statement(const struct secret_watch *w, const struct statements *statements,
                                   const struct command *cmd)
{
        if (cmd->stmt_id == LAST_PREPARED) {
                return w->prepared_secret; /* the statement may still be in flight */
        }
        const struct statement *st = statements_find(statements, cmd->stmt_id);
        return st == NULL || st->is_secret;
}

bool secret_watch_holds(const struct secret_watch *w, const struct statements *statements,
                        const struct command *cmd, struct span body)
{
        if (cmd->code == COM_QUERY || cmd->code == COM_STMT_PREPARE) {
                struct span text = span_skip(body, cmd->text_at);
                return secret_suspected(body) || (secret_watch_may_ask(text) && asks_for_secret(text));
        }
        if (cmd->code == COM_STMT_EXECUTE || cmd->code == COM_STMT_BULK_EXECUTE ||
            cmd->code == COM_STMT_SEND_LONG_DATA || cmd->code == COM_STMT_FETCH) {
                return cmd->has_stmt_id && is_of_secret_statement(w, statements, cmd);
        }
        return packet_kind_is_secret(packet_kind_of(cmd->code));
}

static bool is_execution(const struct command *cmd)
{
        return cmd->code == COM_STMT_EXECUTE || cmd->code == COM_STMT_BULK_EXECUTE;
}

/** Mark @p cmd, which runs @p text, if it can repeat a password of an earlier statement. Commands come in the order in which they
 *  run. */
static void note_before(struct secret_watch *w, struct command *cmd, struct span text)
{
        if (w->last_secret && asks_for_diagnostics(text)) {
                cmd->is_secret = true;
                cmd->secrecy = SECRECY_QUOTES;
        } else if (w->left_secret != SECRECY_NONE && !cmd->is_secret &&
                   ((secret_watch_may_ask(text) && takes(&text, "EXECUTE")) || has_variable(text))) {
                cmd->is_secret = true;
                cmd->secrecy = w->left_secret;
        }
        if (cmd->is_secret && w->left_secret < SECRECY_ALL && leaves_secret(text)) {
                w->left_secret = selects_within(text) ? SECRECY_ALL : SECRECY_DERIVED;
        }
}

/** Do the same for the prepared statement that @p cmd executes. */
static void note_execution(struct secret_watch *w, const struct statements *statements, struct command *cmd)
{
        uint32_t id = cmd->stmt_id == LAST_PREPARED ? statements->last_prepared : cmd->stmt_id;
        const struct statement *st = statements_find(statements, id);
        if (st == NULL) {
                cmd->secrecy = cmd->is_secret ? SECRECY_DERIVED : SECRECY_NONE;
        } else if (cmd->is_secret || w->last_secret || w->left_secret != SECRECY_NONE) {
                note_before(w, cmd, span_of(st->text, st->text_len));
        }
}

void secret_watch_examine(struct secret_watch *w, const struct statements *statements, struct command *cmd,
                          struct span body)
{
        cmd->is_secret = secret_watch_holds(w, statements, cmd, body);
        if (cmd->code == COM_STMT_PREPARE) {
                w->prepared_secret = cmd->is_secret;
        } else if (cmd->code == COM_QUERY &&
                   (cmd->is_secret || w->last_secret || w->left_secret != SECRECY_NONE)) {
                note_before(w, cmd, span_skip(body, cmd->text_at));
        } else if (is_execution(cmd)) {
                note_execution(w, statements, cmd);
        }
        if (cmd->code == COM_QUERY || is_execution(cmd)) {
                w->last_secret = cmd->is_secret;
        }
}

void secret_watch_on_reset(struct secret_watch *w)
{
        w->last_secret = false;
        w->left_secret = SECRECY_NONE;
}

bool secret_watch_covers(const struct secret_watch *w, const struct statements *statements,
                         const struct command *cmd)
{
        if (w->is_on || cmd->is_secret) {
                return cmd->is_secret;
        }
        bool is_whole = cmd->body_len + cmd->dropped == cmd->true_len || cmd->body_len >= SECRET_WITHIN;
        return !is_whole || secret_watch_holds(w, statements, cmd, command_body(cmd));
}

static bool is_of(struct span definition, const char *schema, const char *table)
{
        size_t len = strlen(schema);
        return definition.len > len && memcmp(definition.data, schema, len) == 0 &&
               memmem(definition.data, definition.len, table, strlen(table)) != NULL;
}

/** Does the column belong to MariaDB's table of accounts, which has hashes within JSON? */
static bool is_of_accounts(struct span definition)
{
        return is_of(definition, "\3def\5mysql", "global_priv");
}

/** Does the column belong to a table of user variables? Their names do not show what a statement stored in them. */
static bool is_of_variables(struct span definition)
{
        return is_of(definition, "\3def\22performance_schema", "user_variables_by_thread") ||
               is_of(definition, "\3def\22information_schema", "USER_VARIABLES");
}

/** Does the column belong to a table whose name reveals more than the column's? The length of the schema's name excludes most. */
static bool is_of_secrets(struct span definition)
{
        enum { SCHEMA_AT = 4, MYSQL = 5, PERFORMANCE_SCHEMA = 18 };
        uint8_t len = definition.len > SCHEMA_AT ? definition.data[SCHEMA_AT] : 0;
        return (len == MYSQL && is_of_accounts(definition)) ||
               (len == PERFORMANCE_SCHEMA && is_of_variables(definition));
}

bool secret_watch_is_secret_definition(struct span definition)
{
        enum {
                CATALOG = 3
        }; /* "def"; it is longer in wide characters (character_set_results), which are not searched */
        return secret_suspected(definition) || is_of_secrets(definition) ||
               (definition.len > 0 && definition.data[0] > CATALOG);
}

bool secret_watch_on_definition(struct secret_watch *w, const struct statements *statements,
                                struct command *cmd, struct span definition)
{
        if (!w->is_on || !secret_watch_is_secret_definition(definition)) {
                return false;
        }
        cmd->is_secret = true; /* such as SELECT * from a table with such a column */
        if (is_of_variables(definition)) {
                cmd->secrecy = SECRECY_ALL;
        }
        w->last_secret = true;
        struct statement *st = cmd->has_stmt_id ? statements_find(statements, cmd->stmt_id) : NULL;
        if (st != NULL) {
                st->is_secret = true; /* rows may come without definitions, for COM_STMT_FETCH say */
        }
        if (cmd->code == COM_STMT_PREPARE) {
                w->prepared_secret = true;
        }
        return true;
}

bool secret_watch_on_error(const struct secret_watch *w, const struct command *cmd, const struct err *err,
                           bool is_shown)
{
        bool is_whole = cmd->body_len == cmd->true_len; /* the error may quote a part that was not searched */
        if (is_shown && err->errnum == ERR_PARSE &&
            (!is_whole || secret_is_in_error(err->message, command_text(cmd)))) {
                return true;
        }
        return w->is_on && secret_is_in_value(err->message);
}

/** Is the event that begins at @p at of a packet of a sealed type? */
static bool is_sealed_type(struct span event, size_t at)
{
        enum { TYPE_AT = 4 };
        static const uint8_t types[] = {
            8,   9,   11,  14,  17, /* CREATE_FILE, APPEND_BLOCK, DELETE_FILE, USER_VAR, BEGIN_LOAD_QUERY */
            20,  21,  22,  23,  24,  25,  30,  31,  32, /* rows */
            39,  40,                                    /* PARTIAL_UPDATE_ROWS, TRANSACTION_PAYLOAD */
            164, 165, 166, 167, 168, 169, 170, 171,     /* MariaDB's: encrypted, compressed */
        };
        return event.len > at + TYPE_AT && memchr(types, event.data[at + TYPE_AT], sizeof types) != NULL;
}

bool secret_watch_is_sealed_event(struct span event)
{
        enum { STATUS = 1, SEMISYNC = 2, SEMISYNC_MARK = 0xef };
        bool may_be_semisync = event.len > STATUS && event.data[STATUS] == SEMISYNC_MARK;
        return is_sealed_type(event, STATUS) || (may_be_semisync && is_sealed_type(event, STATUS + SEMISYNC));
}
