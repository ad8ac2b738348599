#include "mcp/resources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANUAL "querytap://manual/"
#define SCHEMA "querytap://schema/record"

enum { URI_SIZE = 128 };

json_t *resources_list(const struct mcp_options *options)
{
        json_t *list = json_array();
        for (size_t i = 0; i < manual_pages_n; i++) {
                char uri[URI_SIZE];
                (void)snprintf(uri, sizeof uri, MANUAL "%s", manual_pages[i].name);
                (void)json_array_append_new(
                    list, json_pack("{s:s, s:s, s:s, s:s}", "uri", uri, "name", manual_pages[i].name,
                                    "description", "A page of querytap's manual.", "mimeType", "text/plain"));
        }
        if (options->schema != NULL) {
                (void)json_array_append_new(
                    list,
                    json_pack("{s:s, s:s, s:s, s:s}", "uri", SCHEMA, "name", "record schema", "description",
                              "The JSON Schema of a log record, with what each field means.", "mimeType",
                              "application/schema+json"));
        }
        return list;
}

static json_t *read_schema(const struct mcp_options *options)
{
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        if (out == NULL) {
                return NULL;
        }
        options->schema(out);
        json_t *contents = fclose(out) == 0 ? json_pack("{s:s, s:s, s:s%}", "uri", SCHEMA, "mimeType",
                                                        "application/schema+json", "text", text, len)
                                            : NULL;
        free(text);
        return contents;
}

json_t *resources_read(const struct mcp_options *options, const char *uri)
{
        if (strcmp(uri, SCHEMA) == 0 && options->schema != NULL) {
                return read_schema(options);
        }
        for (size_t i = 0; i < manual_pages_n; i++) {
                const struct manual_page *p = &manual_pages[i];
                if (strncmp(uri, MANUAL, strlen(MANUAL)) == 0 && strcmp(uri + strlen(MANUAL), p->name) == 0) {
                        return json_pack("{s:s, s:s, s:s%}", "uri", uri, "mimeType", "text/plain", "text",
                                         (const char *)p->text, p->len);
                }
        }
        return NULL;
}
