#include "journal/format/verbose.h"

#include "journal/format/table.h"
#include "journal/format/text.h"

#include <stdio.h>

enum { LABEL_WIDTH = 12, TYPE_WIDTH = 20, BAR_WIDTH = 32, LINE_WIDTH = 100 };

/* --- a detail: a label, then lines ----------------------------------------------------------------------------------- */

static void put_indent(const struct line *l)
{
        writer_format(l->w, "%*s", (int)TABLE_INDENT, "");
}

static void put_label(const struct line *l, const char *label)
{
        line_paint(l, DIM);
        writer_format(l->w, "%*s%-*s", (int)(TABLE_INDENT - LABEL_WIDTH), "", (int)LABEL_WIDTH, label);
        line_paint(l, PLAIN);
}

static void put_field(const struct line *l, enum record_field f, const char *label)
{
        if (record_has(l->r, f)) {
                put_label(l, label);
                line_flat(l->w, record_text(l->r, f));
                writer_char(l->w, '\n');
        }
}

/* --- values -------------------------------------------------------------------------------------------------------- */

static const char *type_name(uint8_t type)
{
        static const char *const names[256] = {
            [VALUE_DECIMAL] = "decimal",
            [VALUE_TINY] = "tinyint",
            [VALUE_SHORT] = "smallint",
            [VALUE_LONG] = "int",
            [VALUE_FLOAT] = "float",
            [VALUE_DOUBLE] = "double",
            [VALUE_NULL] = "null",
            [VALUE_TIMESTAMP] = "timestamp",
            [VALUE_LONGLONG] = "bigint",
            [VALUE_INT24] = "mediumint",
            [VALUE_DATE] = "date",
            [VALUE_TIME] = "time",
            [VALUE_DATETIME] = "datetime",
            [VALUE_YEAR] = "year",
            [VALUE_NEWDATE] = "date",
            [VALUE_VARCHAR] = "varchar",
            [VALUE_BIT] = "bit",
            [VALUE_BOOL] = "bool",
            [VALUE_VECTOR] = "vector",
            [VALUE_JSON] = "json",
            [VALUE_NEWDECIMAL] = "decimal",
            [VALUE_ENUM] = "enum",
            [VALUE_SET] = "set",
            [VALUE_TINY_BLOB] = "tinyblob",
            [VALUE_MEDIUM_BLOB] = "mediumblob",
            [VALUE_LONG_BLOB] = "longblob",
            [VALUE_BLOB] = "blob",
            [VALUE_VAR_STRING] = "varchar",
            [VALUE_STRING] = "char",
            [VALUE_GEOMETRY] = "geometry",
        };
        return names[type] != NULL ? names[type] : "?";
}

static bool is_integer(uint8_t type)
{
        return type == VALUE_TINY || type == VALUE_SHORT || type == VALUE_LONG || type == VALUE_LONGLONG ||
               type == VALUE_INT24;
}

/** One a line: number or name, type, value. */
static void put_values(const struct line *l, const char *label, struct value_list list)
{
        for (size_t i = 0; i < list.n && !l->w->failed; i++) {
                const struct value *v = &list.at[i];
                char type[TYPE_WIDTH];
                put_label(l, i == 0 ? label : "");
                if (v->name.len > 0) {
                        line_flat(l->w, v->name);
                        writer_text(l->w, " = ");
                } else {
                        writer_format(l->w, "%2zu  ", i + 1);
                        (void)snprintf(type, sizeof type, "%s%s", type_name(v->type),
                                       v->is_unsigned && is_integer(v->type) ? " unsigned" : "");
                        line_paint(l, CYAN);
                        writer_format(l->w, "%-18s", type);
                        line_paint(l, PLAIN);
                }
                value_print(l->w, v, VALUE_AS_SQL);
                writer_char(l->w, '\n');
        }
}

static void put_map(const struct line *l, enum record_field f, const char *label)
{
        if (record_has(l->r, f)) {
                put_values(l, label, record_list(l->r, f));
        }
}

/* --- where the time went --------------------------------------------------------------------------------------------- */

static const struct phase {
        enum record_field field;
        const char *name;
        const char *block;
        const char *color;
} phases[] = {
    {FIELD_REQUEST_US, "request", "░", BLUE},
    {FIELD_SERVER_US, "server", "█", YELLOW},
    {FIELD_STREAM_US, "stream", "▒", GREEN},
};

enum { PHASES = sizeof phases / sizeof phases[0] };

static uint64_t phase_us(const struct line *l, size_t i)
{
        return record_has(l->r, phases[i].field) ? record_uint(l->r, phases[i].field) : 0;
}

/** Blocks in proportion; of a phase that is not seen so, none. */
static void put_bar(const struct line *l)
{
        double whole = 0;
        for (size_t i = 0; i < PHASES; i++) {
                whole += (double)phase_us(l, i);
        }
        for (size_t i = 0; i < PHASES; i++) {
                uint64_t blocks = (uint64_t)((double)phase_us(l, i) / whole * BAR_WIDTH + 0.5);
                line_paint(l, phases[i].color);
                for (; blocks > 0 && !l->w->failed; blocks--) {
                        writer_text(l->w, phases[i].block);
                }
                line_paint(l, PLAIN);
        }
}

static void put_time(const struct line *l)
{
        unsigned n = 0;
        for (size_t i = 0; i < PHASES; i++) {
                if (phase_us(l, i) == 0) {
                        continue;
                }
                if (n++ == 0) {
                        put_label(l, "time");
                } else {
                        writer_text(l->w, "  ");
                }
                line_paint(l, phases[i].color);
                writer_text(l->w, phases[i].block);
                line_paint(l, PLAIN);
                writer_format(l->w, " %s %.3f ms", phases[i].name, (double)phase_us(l, i) / 1e3);
        }
        if (n > 1) { /* else there is nothing to compare */
                writer_text(l->w, "   ");
                put_bar(l);
        }
        writer_text(l->w, n > 0 ? "\n" : "");
}

/** What the phases hold that is not the server's. */
static void put_shares(const struct line *l)
{
        const struct record *r = l->r;
        if (record_has(r, FIELD_STALL_US)) {
                put_label(l, "stall");
                writer_format(l->w, "%.3f ms: the client did not read\n", (double)r->stall_us / 1e3);
        }
        if (record_has(r, FIELD_PROXY_US)) {
                put_label(l, "proxy");
                writer_format(l->w, "%.3f ms\n", (double)r->proxy_us / 1e3);
        }
}

/* --- numbers and flags ----------------------------------------------------------------------------------------------- */

static void put_bytes(const struct line *l)
{
        const struct record *r = l->r;
        if (record_has(r, FIELD_BYTES_SENT) && record_has(r, FIELD_BYTES_RECEIVED) &&
            r->event == EVENT_QUERY) {
                put_label(l, "bytes");
                writer_format(l->w, "%llu sent, %llu received\n", (unsigned long long)r->bytes_sent,
                              (unsigned long long)r->bytes_received);
        }
}

/** Names with commas between, over as many lines as it takes. */
static void put_flags(const struct line *l, enum record_field f, const char *label)
{
        if (!record_has(l->r, f)) {
                return;
        }
        size_t width = TABLE_INDENT;
        bool is_first = true;
        for (uint64_t flags = record_uint(l->r, f); flags != 0; flags &= flags - 1) {
                const char *name = record_flag_name(f, (unsigned)__builtin_ctzll(flags));
                if (name == NULL) {
                        continue;
                }
                if (is_first) {
                        put_label(l, label);
                } else if (width + strlen(name) > LINE_WIDTH) {
                        writer_text(l->w, ",\n");
                        put_indent(l);
                        width = TABLE_INDENT;
                } else {
                        writer_text(l->w, ", ");
                }
                writer_text(l->w, name);
                width += strlen(name) + 2;
                is_first = false;
        }
        writer_text(l->w, is_first ? "" : "\n");
}

/** "2 rows, 1 changed, 5 rows" */
static void put_results(const struct line *l)
{
        if (!record_has(l->r, FIELD_RESULT_ROWS) || !record_has(l->r, FIELD_RESULT_AFFECTED_ROWS)) {
                return;
        }
        struct value_list rows = l->r->result_rows;
        struct value_list affected = l->r->result_affected_rows;
        put_label(l, "results");
        for (size_t i = 0; i < rows.n && i < affected.n && !l->w->failed; i++) {
                writer_text(l->w, i > 0 ? ", " : "");
                size_t at = l->w->at;
                value_print(l->w, rows.at[i].is_null ? &affected.at[i] : &rows.at[i], VALUE_AS_SQL);
                bool is_one = l->w->at == at + 1 && l->w->data[at] == '1';
                writer_text(l->w, rows.at[i].is_null ? " changed" : is_one ? " row" : " rows");
        }
        if (record_has(l->r, FIELD_RESULTS_CUT)) {
                writer_format(l->w, " and %llu more", (unsigned long long)l->r->results_cut);
        }
        writer_char(l->w, '\n');
}

static void put_number(const struct line *l, enum record_field f, const char *label)
{
        if (record_has(l->r, f)) {
                put_label(l, label);
                writer_decimal(l->w, record_uint(l->r, f));
                writer_char(l->w, '\n');
        }
}

/* --- rows ------------------------------------------------------------------------------------------------------------ */

static struct value_list list_of(const struct record *r, enum record_field f)
{
        return record_has(r, f) ? record_list(r, f) : (struct value_list){NULL, 0};
}

static bool has_values(struct value_list list)
{
        for (size_t i = 0; i < list.n; i++) {
                if (list.at[i].role != VALUE_BEGINS_RESULT) {
                        return true;
                }
        }
        return false;
}

static void put_table(const struct line *l, const char *label, struct value_list names,
                      struct value_list rows)
{
        if (has_values(names) || has_values(rows)) {
                put_label(l, label);
                table_put(l, names, rows);
        }
}

static void put_rows(const struct line *l)
{
        const struct record *r = l->r;
        put_table(l, "bulk rows", (struct value_list){NULL, 0}, list_of(r, FIELD_BULK_ROWS));
        put_table(l, "result", list_of(r, FIELD_COLUMN_NAMES), list_of(r, FIELD_FIRST_ROWS));
        if (record_has(r, FIELD_FIRST_ROWS_CUT)) {
                put_indent(l);
                writer_format(l->w, "… and %llu more that were not kept\n",
                              (unsigned long long)r->first_rows_cut);
        }
}

/* --- all of it ------------------------------------------------------------------------------------------------------- */

static void put_packet_bytes(const struct line *l)
{
        if (!record_has(l->r, FIELD_PACKET_BYTES)) {
                return;
        }
        struct span bytes = l->r->packet_bytes;
        put_label(l, "packet");
        for (size_t i = 0; i < bytes.len && !l->w->failed; i++) {
                writer_format(l->w, "%s%02x", i > 0 ? " " : "", bytes.data[i]);
        }
        writer_char(l->w, '\n');
}

void verbose_record(struct writer *w, const struct record *r, bool color)
{
        const struct line l = {w, r, .color = color, .brief = true};
        (void)text_line(&l);
        if (r->event == EVENT_PACKET) {
                return; /* a dump has it all */
        }
        put_map(&l, FIELD_STMT_EXECUTE_VALUES, "values");
        put_map(&l, FIELD_QUERY_ATTRIBUTES, "attributes");
        put_map(&l, FIELD_CONNECT_ATTRIBUTES, "attributes");
        put_map(&l, FIELD_TAGS, "tags");
        put_field(&l, FIELD_TRACEPARENT, "trace");
        put_field(&l, FIELD_SCOPE, "scope");
        put_flags(&l, FIELD_FINDINGS, "findings");
        put_number(&l, FIELD_REPEATED, "repeated");
        put_number(&l, FIELD_DUPLICATES, "duplicates");
        put_number(&l, FIELD_TRX_ID, "transaction");
        put_number(&l, FIELD_TRX_IDLE_US, "trx idle us");
        put_field(&l, FIELD_END_TS, "end");
        put_number(&l, FIELD_LOCK_WAIT_US, "lock wait us");
        put_time(&l);
        put_shares(&l);
        put_bytes(&l);
        put_results(&l);
        put_number(&l, FIELD_LAST_INSERT_ID, "insert id");
        put_field(&l, FIELD_INFO, "info");
        put_flags(&l, FIELD_STATUS_FLAGS, "status");
        put_map(&l, FIELD_SESSION_CHANGES, "changes");
        put_flags(&l, FIELD_SERVER_CAPABILITIES, "offered");
        put_flags(&l, FIELD_CLIENT_CAPABILITIES, "asked");
        put_flags(&l, FIELD_CAPABILITIES, "agreed");
        put_flags(&l, FIELD_CAPABILITIES_REMOVED, "taken out");
        put_flags(&l, FIELD_CAPABILITIES_ADDED, "added");
        put_flags(&l, FIELD_REDACTED, "redacted");
        put_packet_bytes(&l);
        put_rows(&l);
}
