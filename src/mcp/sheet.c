#include "mcp/sheet.h"

#include "base/json.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOTE_ROOM = 400, LINE_SIZE = 1024 };

struct sheet sheet_over(void *data, size_t size)
{
        return (struct sheet){.w = writer_over(data, size > NOTE_ROOM ? size - NOTE_ROOM : 0)};
}

bool sheet_end_line(struct sheet *s)
{
        writer_char(&s->w, '\n');
        if (s->is_full || s->w.failed) {
                s->is_full = true;
                s->w.at = s->line;
                return false;
        }
        s->line = s->w.at;
        return true;
}

bool sheet_line(struct sheet *s, const char *format, ...)
{
        char line[LINE_SIZE];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(line, sizeof line, format, args);
        va_end(args);
        writer_text(&s->w, line);
        return sheet_end_line(s);
}

void sheet_note(struct sheet *s, const char *format, ...)
{
        char line[NOTE_ROOM / 2];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(line, sizeof line - 1, format, args);
        va_end(args);
        if (s->w.failed) { /* what a full sheet had begun was removed */
                s->w.at = s->line;
                s->w.failed = false;
        }
        s->w.size += strlen(line) + 1;
        writer_text(&s->w, line);
        writer_char(&s->w, '\n');
        s->line = s->w.at;
}

void sheet_quote(struct sheet *s, struct span text, size_t max)
{
        struct span head = text.len > max ? utf8_trim(span_head(text, max)) : text;
        (void)json_quote(&s->w, head);
        if (head.len < text.len) {
                writer_format(&s->w, "+%zu bytes", text.len - head.len);
        }
}

struct span sheet_string_of(const json_t *object, const char *key)
{
        const json_t *value = json_object_get(object, key);
        return json_is_string(value) ? span_of(json_string_value(value), json_string_length(value))
                                     : span_of(NULL, 0);
}

uint64_t sheet_number_of(const json_t *object, const char *key)
{
        const json_t *value = json_object_get(object, key);
        json_int_t number = json_is_integer(value) ? json_integer_value(value) : 0;
        return number > 0 ? (uint64_t)number : 0;
}

void sheet_text(struct sheet *s, const char *label, const json_t *object, const char *key, size_t max)
{
        struct span text = sheet_string_of(object, key);
        if (text.len > 0) {
                writer_text(&s->w, label);
                sheet_quote(s, text, max);
        }
}

void sheet_number(struct sheet *s, const char *label, const json_t *object, const char *key)
{
        uint64_t number = sheet_number_of(object, key);
        if (number > 0) {
                writer_text(&s->w, label);
                writer_decimal(&s->w, number);
        }
}

void sheet_time(struct sheet *s, const char *label, const json_t *object, const char *key)
{
        uint64_t us = sheet_number_of(object, key);
        if (json_object_get(object, key) == NULL) {
                return;
        }
        writer_text(&s->w, label);
        if (us < 1000) {
                writer_format(&s->w, "%lluus", (unsigned long long)us);
        } else if (us < 1000000) {
                writer_format(&s->w, "%.1fms", (double)us / 1e3);
        } else {
                writer_format(&s->w, "%.2fs", (double)us / 1e6);
        }
}

enum { DEPTH_MAX = 8, STRING_MAX = 200 };

static void put_value(struct sheet *s, const json_t *value, size_t end, unsigned depth);

/** The members of an object or the items of an array, up to byte @p end; of those that follow, how many they are. */
static void put_members(struct sheet *s, const json_t *value, size_t end, unsigned depth)
{
        bool is_object = json_is_object(value);
        size_t n = is_object ? json_object_size(value) : json_array_size(value);
        void *at = is_object ? json_object_iter((json_t *)(uintptr_t)value) : NULL;
        writer_char(&s->w, is_object ? '{' : '[');
        for (size_t i = 0; i < n; i++) {
                writer_text(&s->w, i > 0 ? "," : "");
                if (s->w.at >= end || depth >= DEPTH_MAX) {
                        writer_format(&s->w, "+%zu more", n - i);
                        break;
                }
                if (is_object) {
                        (void)json_quote(&s->w, span_str(json_object_iter_key(at)));
                        writer_char(&s->w, ':');
                }
                put_value(s, is_object ? json_object_iter_value(at) : json_array_get(value, i), end,
                          depth + 1);
                at = is_object ? json_object_iter_next((json_t *)(uintptr_t)value, at) : NULL;
        }
        writer_char(&s->w, is_object ? '}' : ']');
}

static void put_value(struct sheet *s, const json_t *value, size_t end, unsigned depth)
{
        size_t left = end > s->w.at ? end - s->w.at : 0;
        switch (json_typeof(value)) {
        case JSON_OBJECT:
        case JSON_ARRAY: put_members(s, value, end, depth); break;
        case JSON_STRING:
                sheet_quote(s, span_of(json_string_value(value), json_string_length(value)),
                            depth == 0 || left > STRING_MAX ? left : STRING_MAX);
                break;
        case JSON_INTEGER: writer_format(&s->w, "%" JSON_INTEGER_FORMAT, json_integer_value(value)); break;
        case JSON_REAL: writer_format(&s->w, "%.15g", json_real_value(value)); break;
        case JSON_TRUE: writer_text(&s->w, "true"); break;
        case JSON_FALSE: writer_text(&s->w, "false"); break;
        case JSON_NULL: writer_text(&s->w, "null"); break;
        }
}

void sheet_json(struct sheet *s, const char *label, const json_t *value, size_t max)
{
        if (value != NULL) {
                writer_text(&s->w, label);
                put_value(s, value, s->w.at + max, 0);
        }
}
