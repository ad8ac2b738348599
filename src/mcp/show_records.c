/* Records: lines of them, one whole, and transactions. */
#include "mcp/show.h"

#include "mcp/arguments.h"

#include <string.h>

enum {
        LINE_TEXT = 56,      /* bytes of a statement in a list of the usual length */
        LINE_TEXT_FEW = 300, /* in one of at most FEW */
        FEW = 10,
        NAME_MAX_BYTES = 64,
        ERROR_MAX = 120,
        VALUES_MAX = 60,
        PAGE_MAX = 12 * 1024, /* of a text, at a time */
        MEMBER_MAX = 4 * 1024,
};

/** The number behind the colon of an ID. */
static struct span number_of(const json_t *record)
{
        struct span id = sheet_string_of(record, "id");
        const uint8_t *colon = id.len > 0 ? memchr(id.data, ':', id.len) : NULL;
        return colon != NULL ? span_skip(id, (size_t)(colon - id.data) + 1) : id;
}

/** The time of day of a record, in milliseconds. */
static void put_clock(struct sheet *s, const json_t *record)
{
        enum { DATE = 11, CLOCK = 12 };
        writer_put(&s->w, span_head(span_skip(sheet_string_of(record, "ts"), DATE), CLOCK));
}

static void put_words(struct sheet *s, const char *label, const json_t *list)
{
        for (size_t i = 0; i < json_array_size(list); i++) {
                writer_text(&s->w, i == 0 ? label : ",");
                writer_text(&s->w, json_string_value(json_array_get(list, i)));
        }
}

static void put_error(struct sheet *s, const json_t *record)
{
        sheet_number(s, " error=", record, "errno");
        sheet_text(s, " ", record, "error", ERROR_MAX);
}

static void put_record(struct sheet *s, const json_t *r, size_t text_max)
{
        struct span event = sheet_string_of(r, "event");
        struct span command = sheet_string_of(r, "command");
        bool is_query = span_equal(event, span_str("query"));
        writer_put(&s->w, number_of(r));
        writer_char(&s->w, ' ');
        put_clock(s, r);
        sheet_number(s, " #", r, "conn_id");
        if (!is_query) {
                writer_char(&s->w, ' ');
                writer_put(&s->w, event);
        } else if (!span_equal(command, span_str("COM_QUERY")) &&
                   !span_equal(command, span_str("COM_STMT_EXECUTE"))) {
                writer_char(&s->w, ' ');
                writer_put(&s->w, command);
        }
        sheet_time(s, " ", r, "duration_us");
        sheet_text(s, " user=", r, is_query ? "" : "username", NAME_MAX_BYTES);
        struct span text = sheet_string_of(r, "query");
        sheet_text(s, " ", r, text.len > 0 ? "query" : "stmt_prepare_query", text_max);
        sheet_number(s, ", whole ", r, "truncated");
        sheet_json(s, " values=", json_object_get(r, "stmt_execute_values"), VALUES_MAX);
        sheet_number(s, " rows=", r, "rows");
        sheet_number(s, " affected=", r, "affected_rows");
        put_error(s, r);
        sheet_number(s, " trx=", r, "trx_id");
        put_words(s, " ! ", json_object_get(r, "findings"));
        sheet_number(s, " times=", r, is_query ? "" : "repeated");
        sheet_number(s, " dropped=", r, "dropped");
        sheet_text(s, " ", r, is_query ? "" : "info", ERROR_MAX);
        (void)sheet_end_line(s);
}

void show_records(const struct tool_call *call, struct sheet *s)
{
        const json_t *records = call->answers[0];
        size_t n = json_array_size(records);
        uint64_t wanted = arguments_number(call, "n");
        const json_t *first = NULL;
        const json_t *record;
        size_t i;
        (void)sheet_line(s, "%zu records, oldest first: number, time (UTC), #session, duration, \"text\", …",
                         n);
        json_array_foreach((json_t *)(uintptr_t)records, i, record)
        {
                if (s->is_full) {
                        break;
                }
                first = first == NULL && number_of(record).len > 0 ? record : first;
                put_record(s, record, n <= FEW ? LINE_TEXT_FEW : LINE_TEXT);
        }
        if (n == 0) {
                sheet_note(s,
                           "Nothing was recorded, or nothing that matches. Older records may be gone; set a "
                           "mark and try again while the application works.");
        }
        if (s->is_full) {
                sheet_note(s, "The newest are missing here, for want of space: ask for fewer (n).");
        }
        if (n >= wanted && first != NULL) {
                struct span number = number_of(first);
                sheet_note(s, "Older ones: before=%.*s. One of them whole: statement(number).",
                           (int)number.len, (const char *)number.data);
        }
}

/* --- one record ----------------------------------------------------------------------------------------------------- */

/** A text from the byte that the caller asked for on. */
static void put_page(struct sheet *s, const struct tool_call *call, const char *key)
{
        struct span text = sheet_string_of(call->answers[0], key);
        struct span page = span_skip(text, (size_t)arguments_number(call, "offset"));
        while (page.len > 0 && page.data != text.data && (page.data[0] & 0xc0U) == 0x80) {
                page = span_skip(page, 1); /* it begins within a character */
        }
        if (text.len == 0) {
                return;
        }
        writer_format(&s->w, "%s: ", key);
        sheet_quote(s, page, PAGE_MAX);
        (void)sheet_end_line(s);
        if (page.len > PAGE_MAX) {
                (void)sheet_line(s, "  (cut: statement with offset=%zu has the rest)",
                                 text.len - page.len + PAGE_MAX);
        }
}

static bool is_shown_apart(const char *key)
{
        static const char *const keys[] = {
            "query", "stmt_prepare_query", "server_capabilities", "client_capabilities", "capabilities",
            NULL};
        return span_is_one_of(span_str(key), keys);
}

void show_statement(const struct tool_call *call, struct sheet *s)
{
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)call->answers[0], key, value)
        {
                if (!is_shown_apart(key)) {
                        writer_text(&s->w, key);
                        sheet_json(s, ": ", value, MEMBER_MAX);
                        (void)sheet_end_line(s);
                }
        }
        put_page(s, call, "query");
        put_page(s, call, "stmt_prepare_query");
        if (s->is_full) {
                sheet_note(s, "Some members are missing here, for want of space.");
        }
        sheet_note(
            s, "Before and after it: recent(before=number) and search(q=\"session:…\"); its packets: hex.");
}

/* --- transactions --------------------------------------------------------------------------------------------------- */

static void put_transaction(struct sheet *s, const json_t *t)
{
        const json_t *statement;
        size_t i;
        put_clock(s, t);
        sheet_number(s, " #", t, "conn_id");
        sheet_number(s, " trx=", t, "trx_id");
        sheet_time(s, " took ", t, "duration_us");
        sheet_time(s, ", in the database ", t, "busy_us");
        sheet_time(s, ", application ", t, "idle_us");
        sheet_number(s, ", statements ", t, "count");
        sheet_number(s, ", errors ", t, "errors");
        (void)sheet_end_line(s);
        json_array_foreach(json_object_get(t, "statements"), i, statement)
        {
                writer_text(&s->w, "  ");
                writer_put(&s->w, number_of(statement));
                sheet_time(s, " after ", statement, "gap_us");
                sheet_time(s, " took ", statement, "duration_us");
                sheet_text(s, " ", statement, "text", LINE_TEXT);
                put_error(s, statement);
                (void)sheet_end_line(s);
        }
}

void show_transactions(const struct tool_call *call, struct sheet *s)
{
        const json_t *list = json_object_get(call->answers[0], "transactions");
        const json_t *t;
        size_t i;
        (void)sheet_line(
            s,
            "%zu transactions: time (UTC), #session; their statements: number, the application's "
            "time before it, its duration, \"text\"",
            json_array_size(list));
        json_array_foreach((json_t *)(uintptr_t)list, i, t)
        {
                put_transaction(s, t);
        }
        if (s->is_full) {
                sheet_note(s,
                           "The rest is missing, for want of space: ask for fewer (n), or for one session.");
        }
}
