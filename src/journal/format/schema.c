#include "journal/format/schema.h"

#include "base/json.h"
#include "mysql/record/record.h"

enum { FLAG_BITS = 64, TEXT_MAX = 2048 };

static void put_string(FILE *out, const char *text)
{
        char room[TEXT_MAX];
        struct writer w = writer_over(room, sizeof room);
        (void)json_string(&w, span_str(text));
        (void)fwrite(room, 1, w.at, out);
}

/** Shapes that fields have in common, and what each stands for. */
static const char shapes[] =
    "  \"$defs\": {\n"
    "    \"number\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 18446744073709551615},\n"
    "    \"hex\": {\"type\": \"string\", \"pattern\": \"^([0-9a-f]{2})*$\"},\n"
    "    \"value\": {\n"
    "      \"description\": \"A typed value: number, text, NULL, vector; bytes that are no text; one that "
    "was "
    "cut, with its true length; one that can't be decoded; the indicators of MariaDB's bulk executions.\",\n"
    "      \"anyOf\": [\n"
    "        {\"type\": [\"number\", \"string\", \"null\"]},\n"
    "        {\"type\": \"array\", \"items\": {\"type\": [\"number\", \"string\"]}},\n"
    "        {\"type\": \"object\", \"properties\": {\"hex\": {\"$ref\": \"#/$defs/hex\"}, \"length\": "
    "{\"$ref\": "
    "\"#/$defs/number\"}}, \"required\": [\"hex\"], \"additionalProperties\": false},\n"
    "        {\"type\": \"object\", \"properties\": {\"text\": {\"type\": \"string\"}, \"length\": "
    "{\"$ref\": "
    "\"#/$defs/number\"}}, \"required\": [\"text\", \"length\"], \"additionalProperties\": false},\n"
    "        {\"type\": \"object\", \"properties\": {\"unknown\": {\"const\": true}}, \"required\": "
    "[\"unknown\"], \"additionalProperties\": false},\n"
    "        {\"type\": \"object\", \"properties\": {\"default\": {\"const\": true}}, \"required\": "
    "[\"default\"], \"additionalProperties\": false},\n"
    "        {\"type\": \"object\", \"properties\": {\"ignore\": {\"const\": true}}, \"required\": "
    "[\"ignore\"], "
    "\"additionalProperties\": false}\n"
    "      ]\n"
    "    },\n"
    "    \"list\": {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/value\"}},\n"
    "    \"map\": {\"type\": \"object\", \"additionalProperties\": {\"$ref\": \"#/$defs/value\"}},\n"
    "    \"rows\": {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/list\"}},\n"
    "    \"rows_of_results\": {\"anyOf\": [{\"$ref\": \"#/$defs/rows\"}, {\"type\": \"array\", \"items\": "
    "{\"$ref\": \"#/$defs/rows\"}}]},\n"
    "    \"names_of_results\": {\"anyOf\": [{\"$ref\": \"#/$defs/list\"}, {\"$ref\": \"#/$defs/rows\"}]}\n"
    "  }\n";

static void put_reference(FILE *out, const char *shape)
{
        (void)fprintf(out, "\"$ref\": \"#/$defs/%s\"", shape);
}

static void put_flags(FILE *out, enum record_field f)
{
        const char *comma = "";
        (void)fputs("\"type\": \"array\", \"uniqueItems\": true, \"items\": {\"enum\": [", out);
        for (unsigned bit = 0; bit < FLAG_BITS; bit++) {
                const char *name = record_flag_name(f, bit);
                if (name != NULL) {
                        (void)fprintf(out, "%s\"%s\"", comma, name);
                        comma = ", ";
                }
        }
        (void)fputs("]}", out);
}

static void put_type(FILE *out, enum record_field f)
{
        switch (record_fields[f].kind) {
        case RECORD_UINT: put_reference(out, "number"); break;
        case RECORD_TEXT: (void)fputs("\"type\": \"string\"", out); break;
        case RECORD_BYTES: put_reference(out, "hex"); break;
        case RECORD_LIST: put_reference(out, "list"); break;
        case RECORD_MAP: put_reference(out, "map"); break;
        case RECORD_ROWS:
                put_reference(out, f == FIELD_COLUMN_NAMES ? "names_of_results" : "rows_of_results");
                break;
        case RECORD_FLAGS: put_flags(out, f); break;
        }
}

static void put_field(FILE *out, enum record_field f)
{
        const struct record_field_info *info = &record_fields[f];
        (void)fprintf(out, ",\n    \"%s\": {\n      \"description\": ", info->name);
        put_string(out, info->help);
        if (*info->unit != '\0') {
                (void)fprintf(out, ",\n      \"unit\": \"%s\"", info->unit);
        }
        (void)fputs(",\n      ", out);
        put_type(out, f);
        (void)fputs("\n    }", out);
        if (info->kind == RECORD_TEXT) {
                (void)fprintf(
                    out,
                    ",\n    \"%s_hex\": {\n      \"description\": \"The exact bytes of %s, where it is no "
                    "text in its character set.\",\n      ",
                    info->name, info->name);
                put_reference(out, "hex");
                (void)fputs("\n    }", out);
        }
}

static void put_events(FILE *out)
{
        (void)fputs(",\n    \"event\": {\n      \"description\": \"What happened.\",\n      \"enum\": [",
                    out);
        for (unsigned i = 0; i < EVENT_COUNT; i++) {
                (void)fprintf(out, "%s\"%s\"", i > 0 ? ", " : "", record_event_name((enum record_event)i));
        }
        (void)fputs("]\n    }", out);
}

/** What each record of an event has. */
static void put_requirement(FILE *out, enum record_event event, const enum record_field *fields, size_t n,
                            const char *end)
{
        (void)fprintf(
            out,
            "    {\"if\": {\"properties\": {\"event\": {\"const\": \"%s\"}}}, \"then\": {\"required\": [",
            record_event_name(event));
        for (size_t i = 0; i < n; i++) {
                (void)fprintf(out, "%s\"%s\"", i > 0 ? ", " : "", record_fields[fields[i]].name);
        }
        (void)fprintf(out, "]}}%s\n", end);
}

void schema_write(FILE *out)
{
        static const enum record_field of_query[] = {FIELD_CONN_ID, FIELD_CONN_SEQ_NUM, FIELD_COMMAND_ID,
                                                     FIELD_COMMAND, FIELD_DURATION_US};
        static const enum record_field of_disconnect[] = {FIELD_CONN_ID, FIELD_REASON};
        static const enum record_field of_gap[] = {FIELD_REASON, FIELD_DROPPED};
        (void)fputs(
            "{\n"
            "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
            "  \"title\": \"A record of querytap\",\n"
            "  \"description\": \"A line of the log in the format json; querytap-record(5) tells more.\",\n"
            "  \"type\": \"object\",\n"
            "  \"properties\": {\n"
            "    \"ts\": {\n"
            "      \"description\": \"When it began: RFC 3339, UTC, microseconds.\",\n"
            "      \"type\": \"string\",\n"
            "      \"format\": \"date-time\",\n"
            "      \"pattern\": \"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$\"\n"
            "    }",
            out);
        put_events(out);
        for (int i = 0; i < FIELD_COUNT; i++) {
                put_field(out, (enum record_field)i);
        }
        (void)fputs("\n  },\n  \"required\": [\"ts\", \"event\"],\n  \"additionalProperties\": false,\n  "
                    "\"allOf\": [\n",
                    out);
        put_requirement(out, EVENT_QUERY, of_query, sizeof of_query / sizeof of_query[0], ",");
        put_requirement(out, EVENT_DISCONNECT, of_disconnect, sizeof of_disconnect / sizeof of_disconnect[0],
                        ",");
        put_requirement(out, EVENT_GAP, of_gap, sizeof of_gap / sizeof of_gap[0], "");
        (void)fputs("  ],\n", out);
        (void)fputs(shapes, out);
        (void)fputs("}\n", out);
}
