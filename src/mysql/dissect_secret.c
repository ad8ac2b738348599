/* Packets of the server's that hold a password although their statement shows none. */
#include "mysql/dissect_state.h"
#include "mysql/secret.h"

#include <strings.h>

enum { ERR_PARSE = 1064 };

/* How far into a statement it is searched for passwords: more than is kept of a packet for dumps. */
enum { SECRET_WITHIN = 64 * 1024 };

static bool takes(struct span *text, const char *word)
{
        size_t len = strlen(word);
        while (text->len > 0 && memchr(" \t\r\n", text->data[0], 4) != NULL) {
                *text = span_skip(*text, 1);
        }
        if (text->len < len || strncasecmp((const char *)text->data, word, len) != 0) {
                return false;
        }
        *text = span_skip(*text, len);
        return true;
}

static bool asks_for_secret(struct span text)
{
        if (text.len < 2 || (text.data[0] > ' ' && (text.data[1] | 0x20) != 'h')) {
                return false; /* nearly all */
        }
        return takes(&text, "SHOW ") && (takes(&text, "GRANTS") || takes(&text, "CREATE"));
}

bool dissect_text_is_secret(struct span text)
{
        return secret_suspected(span_head(text, SECRET_WITHIN));
}

bool dissect_holds_secret(const struct dissect *d, const struct flight *f, struct span body)
{
        if (f->code == COM_QUERY || f->code == COM_STMT_PREPARE) {
                return dissect_text_is_secret(body) || asks_for_secret(span_skip(body, f->text_at));
        }
        const struct statement *st = f->has_stmt_id ? statements_find(&d->statements, f->stmt_id) : NULL;
        return st != NULL && st->is_secret;
}

bool dissect_is_secret(const struct dissect *d, const struct flight *f)
{
        if (d->shows || f->is_secret) {
                return f->is_secret;
        }
        bool is_whole = f->body_len == f->true_len || f->body_len >= SECRET_WITHIN;
        return !is_whole || dissect_holds_secret(d, f, span_of(f->body, f->body_len));
}

/** MariaDB's table of accounts, which has hashes within JSON. */
static bool is_of_accounts(struct span definition)
{
        static const char schema[] = "\3def\5mysql";
        static const char table[] = "global_priv";
        return definition.len > sizeof schema && memcmp(definition.data, schema, sizeof schema - 1) == 0 &&
               memmem(definition.data, definition.len, table, sizeof table - 1) != NULL;
}

bool dissect_names_secret(struct span definition)
{
        return secret_suspected(definition) || is_of_accounts(definition);
}

void dissect_hide_named(struct dissect *d, struct flight *f, struct span definition)
{
        if (d->shows && !f->is_secret && dissect_names_secret(definition)) {
                f->is_secret = true; /* SELECT * from a table with such a column */
                d->packet_secret = true;
        }
}

void dissect_hide_error(struct dissect *d, const struct flight *f, const struct err *err)
{
        struct span text = span_skip(span_of(f->body, f->body_len), f->text_at);
        if (err->errnum == ERR_PARSE && d->shows && secret_is_in_error(err->message, text)) {
                d->packet_secret = true;
        }
}

/* --- packets without what is in them ------------------------------------------------------------------------------------
 *
 * Shown is what the dissector went by when it took them for what it says they are: the command and its fixed fields, the first
 * byte of a reply, numbers. Of rows, definitions and files it is nothing. */

static const struct plain {
        const char *name;
        uint8_t len;
} plain[] = {
    {"COM_STMT_EXECUTE", 10},
    {"COM_STMT_BULK_EXECUTE", 7},
    {"COM_STMT_SEND_LONG_DATA", 7},
    {"COM_STMT_FETCH", 9},
    {"COM_STMT_CLOSE", 5},
    {"COM_STMT_RESET", 5},
    {"COM_SET_OPTION", 3},
    {"COM_PROCESS_KILL", 5},
    {"prepared statement", 12},
    {"column count", 9},
    {"EOF", 5},
    {"ERR", 9},
    {"OK", 1},
    {"LOCAL INFILE request", 1},
};

void dissect_redact(struct packet *p, struct span head)
{
        size_t len = strncmp(p->name, "COM_", 4) == 0 ? 1 : 0;
        for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
                if (strcmp(p->name, plain[i].name) == 0) {
                        len = plain[i].len;
                }
        }
        p->secret = false;
        p->redacted = true;
        p->head = span_head(head, len);
}
