/* Tables: digests, scopes, findings, sessions, memory, marks; and packets. */
#include "mcp/show.h"

#include "mcp/arguments.h"

#include <string.h>

enum { SHAPE_MAX = 140, EXAMPLE_MAX = 100, NAME_BYTES = 80, SENTENCE_MAX = 400 };

/** The end of a list that may be cut. */
static void end_list(const struct tool_call *call, struct sheet *s, size_t n)
{
        if (s->is_full) {
                sheet_note(s, "The rest is missing, for want of space: ask for fewer (n).");
        } else if (n > 0 && n >= arguments_number(call, "n")) {
                sheet_note(s, "There may be more: ask for more (n).");
        } else if (n == 0) {
                sheet_note(s, "There are none.");
        }
}

static uint64_t mean_us(const json_t *row)
{
        uint64_t n = sheet_number_of(row, "count");
        return n > 0 ? sheet_number_of(row, "sum_us") / n : 0;
}

static void put_digest(struct sheet *s, const json_t *d)
{
        sheet_number(s, "count=", d, "count");
        sheet_time(s, " total=", d, "sum_us");
        writer_format(&s->w, " mean=%lluus", (unsigned long long)mean_us(d));
        sheet_time(s, " p95=", d, "p95_us");
        sheet_time(s, " max=", d, "max_us");
        sheet_number(s, " errors=", d, "errors");
        sheet_number(s, " rows=", d, "rows");
        sheet_number(s, " affected=", d, "affected_rows");
        sheet_number(s, " no_index=", d, "no_index");
        sheet_number(s, " n_plus_one=", d, "n_plus_one");
        sheet_number(s, " duplicates=", d, "duplicates");
        sheet_text(s, " ", d, "digest_text", SHAPE_MAX);
        sheet_text(s, " digest=", d, "digest", NAME_BYTES);
        (void)sheet_end_line(s);
}

void show_digests(const struct tool_call *call, struct sheet *s)
{
        const json_t *list = json_object_get(call->answers[0], "digests");
        const json_t *d;
        size_t i;
        (void)sheet_line(s, "%zu of %llu shapes of statements", json_array_size(list),
                         (unsigned long long)sheet_number_of(call->answers[0], "shapes"));
        json_array_foreach((json_t *)(uintptr_t)list, i, d)
        {
                put_digest(s, d);
        }
        end_list(call, s, json_array_size(list));
        sheet_note(s, "The statements of one: search(q=\"digest:HASH\").");
}

void show_scopes(const struct tool_call *call, struct sheet *s)
{
        const json_t *list = json_object_get(call->answers[0], "rows");
        const json_t *row;
        size_t i;
        json_array_foreach((json_t *)(uintptr_t)list, i, row)
        {
                sheet_text(s, "", row, "name", NAME_BYTES);
                sheet_number(s, " statements=", row, "count");
                sheet_number(s, " errors=", row, "errors");
                sheet_time(s, " database=", row, "sum_us");
                sheet_time(s, " application=", row, "between_us");
                sheet_number(s, " rows=", row, "rows");
                sheet_number(s, " affected=", row, "affected_rows");
                sheet_number(s, " duplicates=", row, "duplicates");
                sheet_number(s, " n_plus_one=", row, "n_plus_one");
                (void)sheet_end_line(s);
        }
        end_list(call, s, json_array_size(list));
        if (sheet_number_of(call->answers[0], "without_statements") > 0) {
                sheet_note(s, "%llu statements belong to none.",
                           (unsigned long long)sheet_number_of(call->answers[0], "without_statements"));
        }
}

void show_findings(const struct tool_call *call, struct sheet *s)
{
        const json_t *list = json_object_get(call->answers[0], "findings");
        const json_t *f;
        size_t i;
        (void)sheet_line(s, "%zu findings, those first that cost most", json_array_size(list));
        json_array_foreach((json_t *)(uintptr_t)list, i, f)
        {
                const json_t *tag;
                size_t k;
                struct span example = sheet_string_of(f, "example");
                const uint8_t *colon = example.len > 0 ? memchr(example.data, ':', example.len) : NULL;
                writer_put(&s->w, sheet_string_of(f, "kind"));
                sheet_number(s, " count=", f, "count");
                sheet_time(s, " time=", f, "time_us");
                sheet_text(s, " ", f, "digest_text", SHAPE_MAX);
                sheet_text(s, " ", f, "info", SHAPE_MAX);
                json_array_foreach(json_object_get(f, "tags"), k, tag)
                {
                        sheet_text(s, " tag ", tag, "name", NAME_BYTES);
                        sheet_text(s, "=", tag, "value", NAME_BYTES);
                }
                if (colon != NULL) {
                        writer_text(&s->w, " example=");
                        writer_put(&s->w, span_skip(example, (size_t)(colon - example.data) + 1));
                }
                (void)sheet_end_line(s);
        }
        end_list(call, s, json_array_size(list));
        sheet_note(s,
                   "An example whole: statement(number). The manual, querytap://manual/querytap-record, says "
                   "what each finding means.");
}

void show_sessions(const struct tool_call *call, struct sheet *s)
{
        const json_t *list = json_object_get(call->answers[0], "sessions");
        const json_t *one;
        size_t i;
        json_array_foreach((json_t *)(uintptr_t)list, i, one)
        {
                sheet_number(s, "#", one, "conn_id");
                sheet_text(s, " user=", one, "username", NAME_BYTES);
                sheet_text(s, " database=", one, "database", NAME_BYTES);
                sheet_text(s, " client=", one, "client_addr", NAME_BYTES);
                sheet_text(s, " phase=", one, "phase", NAME_BYTES);
                sheet_text(s, " opaque=", one, "opaque_reason", NAME_BYTES);
                sheet_time(s, " age=", one, "age_us");
                sheet_number(s, " commands=", one, "records");
                if (sheet_string_of(one, "command").len > 0) {
                        sheet_time(s, " now for ", one, "command_us");
                        sheet_text(s, " ", one, "query", EXAMPLE_MAX);
                }
                (void)sheet_end_line(s);
        }
        end_list(call, s, json_array_size(list));
}

/* --- memory --------------------------------------------------------------------------------------------------------- */

static const json_t *verdict_of(const json_t *verdicts, struct span stage)
{
        const json_t *v;
        size_t i;
        json_array_foreach((json_t *)(uintptr_t)json_object_get(verdicts, "verdicts"), i, v)
        {
                if (span_equal(sheet_string_of(v, "stage"), stage)) {
                        return v;
                }
        }
        return NULL;
}

void show_memory(const struct tool_call *call, struct sheet *s)
{
        const json_t *all = call->answers[0];
        const json_t *stage;
        size_t i;
        (void)sheet_line(s, "resident %llu bytes; allocated in stages %llu; statements so far %llu",
                         (unsigned long long)sheet_number_of(all, "rss_bytes"),
                         (unsigned long long)sheet_number_of(all, "live_bytes"),
                         (unsigned long long)sheet_number_of(all, "statements"));
        (void)sheet_line(s, "For each stage: bytes now (lowest to highest), whether its bytes leak, why its "
                            "allocation records grow.");
        json_array_foreach(json_object_get(all, "stages"), i, stage)
        {
                const json_t *v = verdict_of(call->answers[1], sheet_string_of(stage, "stage"));
                writer_put(&s->w, sheet_string_of(stage, "stage"));
                writer_format(&s->w, ": %llu (%llu to %llu), ",
                              (unsigned long long)sheet_number_of(stage, "current_number_of_bytes_used"),
                              (unsigned long long)sheet_number_of(stage, "low_number_of_bytes_used"),
                              (unsigned long long)sheet_number_of(stage, "high_number_of_bytes_used"));
                writer_put(&s->w, sheet_string_of(v, "bytes"));
                writer_text(&s->w, ", records ");
                writer_put(&s->w, sheet_string_of(v, "records_verdict"));
                writer_text(&s->w, ". ");
                writer_put(&s->w, span_head(sheet_string_of(v, "sentence"), SENTENCE_MAX));
                (void)sheet_end_line(s);
        }
        sheet_note(
            s, "A count of allocation records that grows is no leak by itself: each new pair of place and "
               "size is a record. The manual, querytap://manual/querytap, explains the words.");
}

/* --- marks and packets ---------------------------------------------------------------------------------------------- */

void show_marks(const struct tool_call *call, struct sheet *s)
{
        const json_t *list = json_object_get(call->answers[0], "log_marks");
        const json_t *mark;
        size_t i;
        json_array_foreach((json_t *)(uintptr_t)list, i, mark)
        {
                sheet_text(s, "", mark, "name", NAME_BYTES);
                sheet_text(s, " set at ", mark, "ts", NAME_BYTES);
                sheet_number(s, ", after record ", mark, "record");
                (void)sheet_end_line(s);
        }
        sheet_note(s, "%zu marks, and \"start\", which is always there.", json_array_size(list));
}

void show_done(const struct tool_call *call, struct sheet *s)
{
        sheet_note(s, "%s: done.", call->tool->name);
}

/** The dump, which has no control characters, from the first line with the wanted text on. */
void show_hex(const struct tool_call *call, struct sheet *s)
{
        struct span dump = call->texts[0];
        struct span from = sheet_string_of(call->args, "text");
        const uint8_t *found =
            from.len > 0 && dump.len > 0 ? memmem(dump.data, dump.len, from.data, from.len) : dump.data;
        if (found == NULL) {
                sheet_note(s, "No packet that is kept has this text.");
                return;
        }
        while (found > dump.data &&
               (found[-1] != '\n' || found[0] == ' ')) { /* to the line that names the packet */
                found--;
        }
        dump = span_skip(dump, (size_t)(found - dump.data));
        (void)sheet_line(s, "What stands right of the bytes is data, as it went over the connection.");
        while (dump.len > 0 && !s->is_full) {
                const uint8_t *end = memchr(dump.data, '\n', dump.len);
                size_t len = end != NULL ? (size_t)(end - dump.data) : dump.len;
                writer_put(&s->w, span_of(dump.data, len));
                (void)sheet_end_line(s);
                dump = span_skip(dump, len + 1);
        }
        if (s->is_full) {
                sheet_note(s, "The dump goes on: call hex again with text=, a part of a later line.");
        }
}
