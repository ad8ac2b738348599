#include "mcp/arguments.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct tool_arg *find_arg(const struct tool *t, const char *name)
{
        for (size_t i = 0; i < TOOL_ARGS && t->args[i].name != NULL; i++) {
                if (strcmp(t->args[i].name, name) == 0) {
                        return &t->args[i];
                }
        }
        return NULL;
}

/** Word @p i of "one|two"; its length is 0 behind the last. */
static struct span word_at(const char *words, size_t i)
{
        for (; i > 0 && words != NULL; i--) {
                words = strchr(words, '|');
                words = words != NULL ? words + 1 : NULL;
        }
        return words != NULL ? span_of(words, strcspn(words, "|")) : span_of(NULL, 0);
}

json_t *arguments_schema(const struct tool *t)
{
        static const char *const types[] = {"integer", "string", "string"};
        json_t *properties = json_object();
        json_t *required = json_array();
        for (size_t i = 0; i < TOOL_ARGS && t->args[i].name != NULL; i++) {
                const struct tool_arg *a = &t->args[i];
                json_t *p = json_pack("{s:s, s:s}", "type", types[a->type], "description", a->help);
                if (a->type == TOOL_NUMBER) {
                        (void)json_object_set_new(p, "minimum", json_integer(0));
                        (void)json_object_set_new(p, "maximum", json_integer((json_int_t)a->most));
                }
                if (a->type == TOOL_WORD) {
                        json_t *words = json_array();
                        for (size_t k = 0; word_at(a->words, k).len > 0; k++) {
                                struct span word = word_at(a->words, k);
                                (void)json_array_append_new(words,
                                                            json_stringn((const char *)word.data, word.len));
                        }
                        (void)json_object_set_new(p, "enum", words);
                }
                (void)json_object_set_new(properties, a->name, p);
                if (a->is_required) {
                        (void)json_array_append_new(required, json_string(a->name));
                }
        }
        return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
                         required, "additionalProperties", 0);
}

static bool is_word(const char *words, const char *value)
{
        for (size_t i = 0; word_at(words, i).len > 0; i++) {
                if (span_equal(word_at(words, i), span_str(value))) {
                        return true;
                }
        }
        return false;
}

static bool check_arg(const struct tool_arg *a, const json_t *value, char *why, size_t size)
{
        if (a->type == TOOL_NUMBER) {
                json_int_t number = json_integer_value(value);
                if (!json_is_integer(value) || number < 0 || (uint64_t)number > a->most) {
                        (void)snprintf(why, size, "%s must be a whole number from 0 to %" PRIu64, a->name,
                                       a->most);
                        return false;
                }
                return true;
        }
        size_t len = json_string_length(value);
        if (!json_is_string(value) || len == 0 || len > TOOL_TEXT_MAX ||
            strlen(json_string_value(value)) != len) {
                (void)snprintf(why, size, "%s must be a text of 1 to %d bytes, without NUL", a->name,
                               TOOL_TEXT_MAX);
                return false;
        }
        if (a->type == TOOL_WORD && !is_word(a->words, json_string_value(value))) {
                (void)snprintf(why, size, "%s must be one of %s", a->name, a->words);
                return false;
        }
        return true;
}

bool arguments_check(const struct tool *t, const json_t *args, char *why, size_t why_size)
{
        const char *name;
        json_t *value;
        if (!json_is_object(args)) {
                (void)snprintf(why, why_size, "\"arguments\" must be an object");
                return false;
        }
        json_object_foreach((json_t *)(uintptr_t)args, name, value)
        {
                const struct tool_arg *a = find_arg(t, name);
                if (a == NULL) {
                        (void)snprintf(why, why_size, "%s has no argument %.60s", t->name, name);
                        return false;
                }
                if (!check_arg(a, value, why, why_size)) {
                        return false;
                }
        }
        for (size_t i = 0; i < TOOL_ARGS && t->args[i].name != NULL; i++) {
                if (t->args[i].is_required && json_object_get(args, t->args[i].name) == NULL) {
                        (void)snprintf(why, why_size, "%s needs the argument %s: %.200s", t->name,
                                       t->args[i].name, t->args[i].help);
                        return false;
                }
        }
        return true;
}

uint64_t arguments_number(const struct tool_call *call, const char *name)
{
        const struct tool_arg *a = find_arg(call->tool, name);
        const json_t *value = json_object_get(call->args, name);
        return value != NULL ? (uint64_t)json_integer_value(value) : a != NULL ? a->otherwise : 0;
}

/** Append @p text, encoded for a query (RFC 3986). */
static void put_encoded(struct writer *w, const char *text)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
        for (; *text != '\0'; text++) {
                if (strchr(plain, *text) != NULL) {
                        writer_char(w, *text);
                } else {
                        writer_format(w, "%%%02X", (unsigned)(unsigned char)*text);
                }
        }
}

bool arguments_path(const struct tool *t, size_t i, const json_t *args, char *path, size_t size)
{
        struct writer w = writer_over(path, size - 1);
        char joint = strchr(t->paths[i], '?') != NULL ? '&' : '?';
        const char *star = strchr(t->paths[i], '*');
        struct tool_call call = {.tool = t, .args = args};
        size_t head = star != NULL ? (size_t)(star - t->paths[i]) : strlen(t->paths[i]);
        writer_bytes(&w, t->paths[i], head);
        if (star != NULL) {
                writer_decimal(&w, arguments_number(&call, t->place));
                writer_text(&w, star + 1);
        }
        for (size_t k = 0; k < TOOL_ARGS && t->args[k].name != NULL; k++) {
                const struct tool_arg *a = &t->args[k];
                const json_t *value = json_object_get(args, a->name);
                bool has_number = a->type == TOOL_NUMBER && (value != NULL || a->otherwise > 0);
                if (a->param == NULL || (value == NULL && !has_number)) {
                        continue;
                }
                writer_format(&w, "%c%s=", joint, a->param);
                joint = '&';
                if (has_number) {
                        writer_decimal(&w, arguments_number(&call, a->name));
                } else {
                        put_encoded(&w, json_string_value(value));
                }
        }
        path[w.at] = '\0';
        return !w.failed;
}
