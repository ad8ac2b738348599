#include "journal/format/schema.h"

#include "base/json_writer.h"
#include "mysql/record/record.h"

enum { FLAG_BITS = 64 };

/* --- the shapes that fields have in common -------------------------------------------------------------------------- */

static void put_reference(struct json_writer *j, const char *shape)
{
        char path[48];
        (void)snprintf(path, sizeof path, "#/$defs/%s", shape);
        json_writer_text(j, "$ref", path);
}

/** A member whose schema is another shape's. */
static void put_member(struct json_writer *j, const char *name, const char *shape)
{
        json_writer_object_inline(j, name);
        put_reference(j, shape);
        json_writer_end(j);
}

static void put_texts(struct json_writer *j, const char *key, const char *const *texts, size_t n)
{
        json_writer_array_inline(j, key);
        for (size_t i = 0; i < n; i++) {
                json_writer_text(j, NULL, texts[i]);
        }
        json_writer_end(j);
}

#define PUT_TEXTS(j, key, ...)                                                                               \
        put_texts(j, key, (const char *const[]){__VA_ARGS__},                                                \
                  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/** Bytes that are not text; their true length stands beside them if they were cut. */
static void put_bytes_value(struct json_writer *j)
{
        json_writer_object_inline(j, NULL);
        json_writer_text(j, "type", "object");
        json_writer_object_inline(j, "properties");
        put_member(j, "hex", "hex");
        put_member(j, "length", "number");
        json_writer_end(j);
        PUT_TEXTS(j, "required", "hex");
        json_writer_bool(j, "additionalProperties", false);
        json_writer_end(j);
}

/** A text that was cut. */
static void put_cut_value(struct json_writer *j)
{
        json_writer_object_inline(j, NULL);
        json_writer_text(j, "type", "object");
        json_writer_object_inline(j, "properties");
        json_writer_object_inline(j, "text");
        json_writer_text(j, "type", "string");
        json_writer_end(j);
        put_member(j, "length", "number");
        json_writer_end(j);
        PUT_TEXTS(j, "required", "text", "length");
        json_writer_bool(j, "additionalProperties", false);
        json_writer_end(j);
}

/** {"NAME": true}. */
static void put_mark_value(struct json_writer *j, const char *name)
{
        json_writer_object_inline(j, NULL);
        json_writer_text(j, "type", "object");
        json_writer_object_inline(j, "properties");
        json_writer_object_inline(j, name);
        json_writer_bool(j, "const", true);
        json_writer_end(j);
        json_writer_end(j);
        PUT_TEXTS(j, "required", name);
        json_writer_bool(j, "additionalProperties", false);
        json_writer_end(j);
}

/** {"repeated": [values]}. */
static void put_repeated_values(struct json_writer *j)
{
        json_writer_object_inline(j, NULL);
        json_writer_text(j, "type", "object");
        json_writer_object_inline(j, "properties");
        json_writer_object_inline(j, "repeated");
        json_writer_text(j, "type", "array");
        put_member(j, "items", "value");
        json_writer_end(j);
        json_writer_end(j);
        PUT_TEXTS(j, "required", "repeated");
        json_writer_bool(j, "additionalProperties", false);
        json_writer_end(j);
}

static void put_value_shape(struct json_writer *j)
{
        json_writer_object(j, "value");
        json_writer_text(
            j, "description",
            "A typed value: number, text, NULL or vector; binary data; a truncated value with its full "
            "length; a value that can't be decoded; an indicator of MariaDB's bulk executions; in a map, the "
            "values of a name that was given several times.");
        json_writer_array(j, "anyOf");
        json_writer_object_inline(j, NULL);
        PUT_TEXTS(j, "type", "number", "string", "null");
        json_writer_end(j);
        json_writer_object_inline(j, NULL);
        json_writer_text(j, "type", "array");
        json_writer_object_inline(j, "items");
        PUT_TEXTS(j, "type", "number", "string");
        json_writer_end(j);
        json_writer_end(j);
        put_bytes_value(j);
        put_cut_value(j);
        put_mark_value(j, "unknown");
        put_mark_value(j, "default");
        put_mark_value(j, "ignore");
        put_repeated_values(j);
        json_writer_end(j);
        json_writer_end(j);
}

/** An array (@p of "items") or a map (@p of "additionalProperties") of @p shape. */
static void put_shape_of(struct json_writer *j, const char *name, const char *of, const char *shape)
{
        json_writer_object_inline(j, name);
        json_writer_text(j, "type", strcmp(of, "items") == 0 ? "array" : "object");
        put_member(j, of, shape);
        json_writer_end(j);
}

/** One result's @p one, or an array of such, one for each result: @p many if that has a name. */
static void put_shape_of_results(struct json_writer *j, const char *name, const char *one, const char *many)
{
        json_writer_object_inline(j, name);
        json_writer_array_inline(j, "anyOf");
        put_member(j, NULL, one);
        if (many != NULL) {
                put_member(j, NULL, many);
        } else {
                put_shape_of(j, NULL, "items", one);
        }
        json_writer_end(j);
        json_writer_end(j);
}

/** An array of objects, whose members are values, lists, maps or rows. */
static void put_objects_shape(struct json_writer *j)
{
        json_writer_object_inline(j, "objects");
        json_writer_text(j, "type", "array");
        json_writer_object_inline(j, "items");
        json_writer_text(j, "type", "object");
        json_writer_object_inline(j, "additionalProperties");
        json_writer_array_inline(j, "anyOf");
        put_member(j, NULL, "value");
        put_member(j, NULL, "list");
        put_member(j, NULL, "map");
        put_member(j, NULL, "rows");
        json_writer_end(j);
        json_writer_end(j);
        json_writer_end(j);
        json_writer_end(j);
}

static void put_shapes(struct json_writer *j)
{
        json_writer_object(j, "$defs");
        json_writer_object_inline(j, "number");
        json_writer_text(j, "type", "integer");
        json_writer_uint(j, "minimum", 0);
        json_writer_uint(j, "maximum", UINT64_MAX);
        json_writer_end(j);
        json_writer_object_inline(j, "hex");
        json_writer_text(j, "type", "string");
        json_writer_text(j, "pattern", "^([0-9a-f]{2})*$");
        json_writer_end(j);
        put_value_shape(j);
        put_shape_of(j, "list", "items", "value");
        put_shape_of(j, "map", "additionalProperties", "value");
        put_shape_of(j, "rows", "items", "list");
        put_objects_shape(j);
        put_shape_of_results(j, "rows_of_results", "rows", NULL);
        put_shape_of_results(j, "names_of_results", "list", "rows");
        json_writer_end(j);
}

/* --- the fields ------------------------------------------------------------------------------------------------------ */

static void put_flags(struct json_writer *j, enum record_field f)
{
        json_writer_text(j, "type", "array");
        json_writer_bool(j, "uniqueItems", true);
        json_writer_object_inline(j, "items");
        json_writer_array_inline(j, "enum");
        for (unsigned bit = 0; bit < FLAG_BITS; bit++) {
                const char *name = record_flag_name(f, bit);
                if (name != NULL) {
                        json_writer_text(j, NULL, name);
                }
        }
        json_writer_end(j);
        json_writer_end(j);
}

static void put_type(struct json_writer *j, enum record_field f)
{
        switch (record_fields[f].kind) {
        case RECORD_UINT: put_reference(j, "number"); break;
        case RECORD_BOOL: json_writer_text(j, "type", "boolean"); break;
        case RECORD_TEXT: json_writer_text(j, "type", "string"); break;
        case RECORD_BYTES: put_reference(j, "hex"); break;
        case RECORD_LIST: put_reference(j, "list"); break;
        case RECORD_MAP: put_reference(j, "map"); break;
        case RECORD_ROWS:
                put_reference(j, f == FIELD_COLUMN_NAMES ? "names_of_results" : "rows_of_results");
                break;
        case RECORD_OBJECTS: put_reference(j, "objects"); break;
        case RECORD_FLAGS: put_flags(j, f); break;
        }
}

static void put_field(struct json_writer *j, enum record_field f)
{
        const struct record_field_info *info = &record_fields[f];
        json_writer_object(j, info->name);
        json_writer_text(j, "description", info->help);
        if (*info->unit != '\0') {
                json_writer_text(j, "unit", info->unit);
        }
        put_type(j, f);
        json_writer_end(j);
        if (info->kind == RECORD_TEXT) {
                char name[64];
                char help[160];
                (void)snprintf(name, sizeof name, "%s_hex", info->name);
                (void)snprintf(help, sizeof help,
                               "The exact bytes of %s, if it is not valid in its character set.", info->name);
                json_writer_object(j, name);
                json_writer_text(j, "description", help);
                put_reference(j, "hex");
                json_writer_end(j);
        }
}

static void put_time_and_event(struct json_writer *j)
{
        json_writer_object(j, "ts");
        json_writer_text(j, "description", "Time at which the event began: RFC 3339, UTC, microseconds.");
        json_writer_text(j, "type", "string");
        json_writer_text(j, "format", "date-time");
        json_writer_text(j, "pattern", "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$");
        json_writer_end(j);
        json_writer_object(j, "event");
        json_writer_text(j, "description", "Type of the event.");
        json_writer_array_inline(j, "enum");
        for (unsigned i = 0; i < EVENT_COUNT; i++) {
                json_writer_text(j, NULL, record_event_name((enum record_event)i));
        }
        json_writer_end(j);
        json_writer_end(j);
}

/** What each record of an event has. */
static void put_requirement(struct json_writer *j, enum record_event event, const enum record_field *fields,
                            size_t n)
{
        json_writer_object_inline(j, NULL);
        json_writer_object_inline(j, "if");
        json_writer_object_inline(j, "properties");
        json_writer_object_inline(j, "event");
        json_writer_text(j, "const", record_event_name(event));
        json_writer_end(j);
        json_writer_end(j);
        json_writer_end(j);
        json_writer_object_inline(j, "then");
        json_writer_array_inline(j, "required");
        for (size_t i = 0; i < n; i++) {
                json_writer_text(j, NULL, record_fields[fields[i]].name);
        }
        json_writer_end(j);
        json_writer_end(j);
        json_writer_end(j);
}

void schema_write(FILE *out)
{
        static const enum record_field of_query[] = {FIELD_CONN_ID, FIELD_CONN_SEQ_NUM, FIELD_COMMAND_ID,
                                                     FIELD_COMMAND, FIELD_DURATION_US};
        static const enum record_field of_disconnect[] = {FIELD_CONN_ID, FIELD_REASON};
        static const enum record_field of_gap[] = {FIELD_REASON, FIELD_DROPPED};
        struct json_writer j = json_writer_indented(out);
        json_writer_object(&j, NULL);
        json_writer_text(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
        json_writer_text(&j, "title", "A log record of querytap");
        json_writer_text(&j, "description", "A line of the log in the format json; see querytap-record(5).");
        json_writer_text(&j, "type", "object");
        json_writer_object(&j, "properties");
        put_time_and_event(&j);
        for (int i = 0; i < FIELD_COUNT; i++) {
                put_field(&j, (enum record_field)i);
        }
        json_writer_end(&j);
        PUT_TEXTS(&j, "required", "ts", "event");
        json_writer_bool(&j, "additionalProperties", false);
        json_writer_array(&j, "allOf");
        put_requirement(&j, EVENT_QUERY, of_query, sizeof of_query / sizeof of_query[0]);
        put_requirement(&j, EVENT_DISCONNECT, of_disconnect, sizeof of_disconnect / sizeof of_disconnect[0]);
        put_requirement(&j, EVENT_GAP, of_gap, sizeof of_gap / sizeof of_gap[0]);
        json_writer_end(&j);
        put_shapes(&j);
        json_writer_end(&j);
        json_writer_finish(&j);
}
