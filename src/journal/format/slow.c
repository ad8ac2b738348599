#include "journal/format/slow.h"

#include "base/clock.h"
#include "base/shown.h"
#include "base/utf8.h"
#include "mysql/record/client_host.h"
#include "mysql/record/fields.h"
#include "mysql/sql/sql.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"

#include <strings.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* --- texts --------------------------------------------------------------------------------------------------------- */

static bool is_space(uint8_t c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

/** Without what the server too takes off before it looks at a statement. */
static struct span trim(struct span s)
{
        while (s.len > 0 && is_space(s.data[0])) {
                s = span_skip(s, 1);
        }
        while (s.len > 0 && (is_space(s.data[s.len - 1]) || s.data[s.len - 1] == ';')) {
                s.len--;
        }
        return s;
}

/** Text over any number of lines. */
static void put_text(struct writer *w, struct span s)
{
        while (s.len > 0 && !w->failed) {
                size_t plain = shown_plain(s, 0);
                if (plain > 0) {
                        writer_bytes(w, s.data, plain);
                        s = span_skip(s, plain);
                        continue;
                }
                uint8_t c = s.data[0];
                unsigned n = utf8_sequence(s);
                bool is_blank = c == '\n' || c == '\r' || c == '\t';
                if (n == 0 || (utf8_is_control(s) && !is_blank)) {
                        writer_text(w, REPLACEMENT);
                } else {
                        writer_bytes(w, s.data, n);
                }
                s = span_skip(s, n > 0 ? n : 1);
        }
}

static bool ends_word(uint8_t c)
{
        return c == ' ' || c == '[' || c == ']' || c == '`' || c == ';';
}

/** A name in a header: one word, without what would end it there. */
static void put_word(struct writer *w, struct span s)
{
        while (s.len > 0 && !w->failed) {
                size_t plain = 0;
                while (plain < s.len && s.data[plain] > ' ' && s.data[plain] < 0x7f &&
                       !ends_word(s.data[plain])) {
                        plain++;
                }
                if (plain > 0) {
                        writer_bytes(w, s.data, plain);
                        s = span_skip(s, plain);
                        continue;
                }
                unsigned n = utf8_sequence(s);
                if (n == 0 || utf8_is_control(s) || ends_word(s.data[0])) {
                        writer_char(w, '?');
                } else {
                        writer_bytes(w, s.data, n);
                }
                s = span_skip(s, n > 0 ? n : 1);
        }
}

/** A number behind its @p name. */
static inline void put_number(struct writer *w, const char *name, uint64_t value)
{
        writer_text(w, name);
        writer_decimal(w, value);
}

/* --- a line of a statement that would look like a header ------------------------------------------------------------ */

static bool begins_with(struct span line, const char *word)
{
        size_t len = strlen(word);
        return line.len >= len && (line.data[0] | 0x20) == word[0] &&
               strncasecmp((const char *)line.data, word, len) == 0;
}

/** What an entry has before its statement. */
static bool is_preface(struct span line)
{
        return begins_with(line, "use ") ||
               (begins_with(line, "set ") &&
                (begins_with(line, "set timestamp") || begins_with(line, "set insert_id") ||
                 begins_with(line, "set last_insert_id")));
}

static bool looks_like_header(struct span line, bool is_first)
{
        if (line.len == 0) {
                return false;
        }
        uint8_t c = line.data[0];
        if (c == '#' || (is_first && is_preface(line))) {
                return true;
        }
        /* what the server writes when it opens its log */
        bool may_open = c == '/' || (c >= 'A' && c <= 'Z');
        return begins_with(line, "tcp port:") || begins_with(line, "time") ||
               (may_open && memmem(line.data, line.len, "Version", 7) != NULL);
}

static struct span line_at(const struct writer *w, size_t at, size_t end)
{
        const uint8_t *stop = at < end ? memchr(w->data + at, '\n', end - at) : NULL;
        return span_of(w->data + at, stop != NULL ? (size_t)(stop - w->data) - at : end - at);
}

/** Put a blank before each line from @p from on that needs it. */
static void indent_headers(struct writer *w, size_t from)
{
        size_t end = w->at;
        size_t more = 0;
        for (size_t at = from; at < end && !w->failed; at += line_at(w, at, end).len + 1) {
                more += looks_like_header(line_at(w, at, end), at == from) ? 1 : 0;
        }
        if (w->failed || more == 0) {
                return;
        }
        w->wanted += more;
        if (more > w->size - w->at) {
                w->failed = true;
                return;
        }
        w->at += more;
        /* from the back, so that nothing is overwritten */
        for (size_t stop = end; more > 0;) {
                const uint8_t *before = stop > from ? memrchr(w->data + from, '\n', stop - from) : NULL;
                size_t at = before != NULL ? (size_t)(before - w->data) + 1 : from;
                bool is_header = looks_like_header(span_of(w->data + at, stop - at), at == from);
                size_t len = (stop < end ? stop + 1 : end) - at;
                memmove(w->data + at + more, w->data + at, len);
                if (is_header) {
                        more--;
                        w->data[at + more] = ' ';
                }
                stop = at > from ? at - 1 : from;
        }
}

/* --- the statement ------------------------------------------------------------------------------------------------- */

/** Length of @p lexer's text from @p from to its next placeholder, or to its end. */
static size_t to_placeholder(struct sql_lexer *lexer, struct span from, bool *found)
{
        struct sql_token t = sql_next(lexer);
        while (t.kind != SQL_END && t.kind != SQL_PARAMETER) {
                t = sql_next(lexer);
        }
        *found = t.kind == SQL_PARAMETER;
        return *found ? (size_t)(t.text.data - from.data) : from.len;
}

static size_t count_placeholders(struct span sql, struct sql_mode mode)
{
        struct sql_lexer lexer = sql_lexer_over(sql, mode);
        size_t n = 0;
        bool found = true;
        while (found) {
                (void)to_placeholder(&lexer, sql, &found);
                n += found ? 1 : 0;
        }
        return n;
}

/** The prepared text with its values in their places; as it is, if they do not fit it. */
static void put_executed(struct writer *w, const struct record *r)
{
        struct span sql = trim(fields_text(r, FIELD_STMT_PREPARE_QUERY));
        enum value_style style = r->sql_mode.no_backslash_escapes ? VALUE_AS_PLAIN_LITERAL : VALUE_AS_LITERAL;
        struct value_list values = {NULL, 0};
        if (record_has(r, FIELD_STMT_EXECUTE_VALUES) &&
            count_placeholders(sql, r->sql_mode) == r->stmt_execute_values.n) {
                values = r->stmt_execute_values;
        }
        struct sql_lexer lexer = sql_lexer_over(sql, r->sql_mode);
        for (size_t i = 0; i < values.n && !w->failed; i++) {
                bool found;
                size_t at = to_placeholder(&lexer, sql, &found);
                put_text(w, span_head(sql, at));
                value_print(w, &values.at[i], style);
                sql = span_skip(sql, at + 1);
        }
        put_text(w, sql);
}

static void put_cut(struct writer *w, const struct record *r, enum record_field length)
{
        if (record_has(r, length)) {
                put_number(w, " /* cut: ", record_uint(r, length));
                writer_text(w, " bytes */");
        }
}

static bool is_execution(uint64_t command)
{
        return command == COM_STMT_EXECUTE || command == COM_STMT_BULK_EXECUTE;
}

static bool has_statement(const struct record *r)
{
        return r->event == EVENT_QUERY &&
               ((r->command_id == COM_QUERY && record_has(r, FIELD_QUERY)) ||
                (is_execution(r->command_id) && record_has(r, FIELD_STMT_PREPARE_QUERY)));
}

static void put_statement(struct writer *w, const struct record *r)
{
        size_t from = w->at;
        if (r->command_id == COM_QUERY) {
                struct span text = trim(fields_text(r, FIELD_QUERY));
                put_text(w, text.len > 0 ? text : span_str("/* No query */")); /* as pt-query-digest has it */
                put_cut(w, r, FIELD_QUERY_LENGTH);
        } else {
                put_executed(w, r);
                put_cut(w, r, FIELD_STMT_PREPARE_QUERY_LENGTH);
        }
        indent_headers(w, from);
}

/* --- the entry ----------------------------------------------------------------------------------------------------- */

/** The client's host as the servers write it: without a port, and "localhost" for a UNIX socket. */
static struct span host_of(const struct record *r)
{
        struct span address = record_text_if_any(r, FIELD_CLIENT_ADDR);
        bool is_local = !record_has(r, FIELD_CLIENT_ADDR) || client_is_local(address);
        return is_local ? span_str("localhost") : client_host(address);
}

static void put_who(struct writer *w, const struct record *r)
{
        bool has_user = record_has(r, FIELD_USERNAME) && record_text(r, FIELD_USERNAME).len > 0;
        struct span user = has_user ? record_text(r, FIELD_USERNAME) : span_str("anonymous");
        struct span host = host_of(r);
        uint64_t id = record_has(r, FIELD_SERVER_CONN_ID) ? record_uint(r, FIELD_SERVER_CONN_ID) : r->conn_id;
        writer_text(w, "# User@Host: ");
        put_word(w, user);
        writer_char(w, '[');
        put_word(w, user);
        writer_text(w, "] @ ");
        put_word(w, host);
        writer_text(w, " [");
        put_word(w, host);
        put_number(w, "]  Id: ", id);
        writer_char(w, '\n');
}

static uint64_t number(const struct record *r, enum record_field f)
{
        return record_has(r, f) ? record_uint(r, f) : 0;
}

static void put_flag(struct writer *w, const struct record *r, const char *name, uint64_t flag)
{
        if (record_has(r, FIELD_STATUS_FLAGS)) {
                writer_text(w, name);
                writer_text(w, (r->status_flags & flag) != 0 ? "Yes" : "No");
        }
}

static void put_measures(struct writer *w, const struct record *r)
{
        char when[CLOCK_RFC3339_SIZE];
        clock_rfc3339(r->wall_ns, when);
        uint64_t us = number(r, FIELD_DURATION_US);
        put_number(w, "# Query_time: ", us / 1000000);
        writer_char(w, '.');
        writer_padded(w, us % 1000000, 6, '0');
        put_number(w, "  Lock_time: 0.000000  Rows_sent: ", number(r, FIELD_ROWS));
        writer_text(w, "  Rows_examined: 0  ts: ");
        writer_bytes(w, when, CLOCK_RFC3339_SIZE - 2); /* without the Z, which is not expected there */
        put_number(w, "  Last_errno: ", number(r, FIELD_ERRNO));
        put_flag(w, r, "  No_index_used: ", STATUS_NO_INDEX_USED);
        put_flag(w, r, "  No_good_index_used: ", STATUS_NO_GOOD_INDEX_USED);
        /* the server's view: it sends what we receive */
        put_number(w, "\n# Rows_affected: ", number(r, FIELD_AFFECTED_ROWS));
        put_number(w, "  Bytes_sent: ", number(r, FIELD_BYTES_RECEIVED));
        put_number(w, "  Bytes_received: ", number(r, FIELD_BYTES_SENT));
        writer_char(w, '\n');
}

/** The database may have any name; one of plain letters needs no quotes, and mysqldumpslow expects none. */
static void put_use(struct writer *w, const struct record *r)
{
        struct span name = record_text_if_any(r, FIELD_DATABASE);
        bool is_plain = true;
        if (name.len == 0) {
                return;
        }
        for (size_t i = 0; i < name.len; i++) {
                uint8_t c = name.data[i];
                is_plain = is_plain &&
                           ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_');
        }
        writer_text(w, is_plain ? "use " : "use `");
        put_word(w, name);
        writer_text(w, is_plain ? ";\n" : "`;\n");
}

bool slow_shows(const struct record *r)
{
        return r->event == EVENT_QUERY || r->event == EVENT_GAP;
}

void slow_record(struct writer *w, const struct record *r)
{
        if (!slow_shows(r)) {
                return;
        }
        put_who(w, r);
        put_measures(w, r);
        /* nothing that ends in ";" may stand before a line that begins with "#": it would end the entry */
        if (has_statement(r)) {
                put_use(w, r);
                put_number(w, "SET timestamp=", r->wall_ns / CLOCK_S_NS);
                writer_text(w, ";\n");
                put_statement(w, r);
        } else if (r->event == EVENT_GAP) {
                writer_format(w, "# administrator command: Gap (%llu records are missing here)",
                              (unsigned long long)record_uint_if_any(r, FIELD_DROPPED));
        } else {
                writer_format(w, "# administrator command: %s",
                              command_type((uint8_t)r->command_id)->server_name);
        }
        writer_text(w, ";\n");
}
