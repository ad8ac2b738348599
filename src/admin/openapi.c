/* GET /openapi.json: the table of endpoints as an OpenAPI document. It is made from the table, so it has what there is. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "admin/params.h"
#include "base/column.h"
#include "base/json_writer.h"
#include "config.h"

#include <event2/http.h>
#include <string.h>

enum { PATH_SIZE = 64 };

/** What the '*' in the path of @p e is called. */
static const char *place_name(const struct endpoint *e)
{
        return !e->is_open ? "number" : strncmp(e->path, "/records/", 9) == 0 ? "id" : "file";
}

/** Write the path of @p e with its '*' as {name}. */
static void template_of(const struct endpoint *e, char out[PATH_SIZE])
{
        const char *star = strchr(e->path, '*');
        if (star == NULL) {
                (void)snprintf(out, PATH_SIZE, "%s", e->path);
        } else {
                (void)snprintf(out, PATH_SIZE, "%.*s{%s}%s", (int)(star - e->path), e->path, place_name(e),
                               star + 1);
        }
}

static void put_schema(struct json_writer *j, const struct endpoint_param *p)
{
        const char *word;
        json_writer_object(j, "schema");
        json_writer_text(j, "type", p->is_number ? "integer" : "string");
        if (p->is_number) {
                json_writer_uint(j, "minimum", 0);
                json_writer_uint(j, "maximum", p->max);
        }
        if (p->word != NULL) {
                json_writer_array(j, "enum");
                for (size_t i = 0; (word = p->word(i)) != NULL; i++) {
                        json_writer_text(j, NULL, word);
                }
                json_writer_end(j);
        }
        json_writer_end(j);
}

static void put_param(struct json_writer *j, const struct endpoint_param *p, const char *where)
{
        json_writer_object(j, NULL);
        json_writer_text(j, "name", p->name);
        json_writer_text(j, "in", where);
        json_writer_bool(j, "required", p->is_required);
        json_writer_text(j, "description", p->help);
        put_schema(j, p);
        if (p->right != NULL) {
                json_writer_text(j, "example", p->right);
        }
        json_writer_end(j);
}

static void put_params(struct json_writer *j, const struct endpoint *e)
{
        struct endpoint_param filter;
        const struct endpoint_param *p;
        json_writer_array(j, "parameters");
        if (strchr(e->path, '*') != NULL) {
                const struct endpoint_param place = {
                    .name = place_name(e),
                    .is_number = !e->is_open,
                    .max = UINT64_MAX,
                    .is_required = true,
                    .help = e->is_open ? "The ID of a record, or the name of a file."
                                       : "The number of a session."};
                put_param(j, &place, "path");
        }
        for (size_t i = 0; !e->any_query && (p = params_at(e, i, &filter)) != NULL; i++) {
                put_param(j, p, "query");
        }
        json_writer_end(j);
}

/** What a reply of @p type looks like. */
static void put_content(struct json_writer *j, const struct endpoint *e, const char *type)
{
        json_writer_object(j, type);
        if (e->table != NULL && strcmp(type, "application/json") == 0) {
                char name[PATH_SIZE];
                (void)snprintf(name, sizeof name, "#/components/schemas/%s", e->list);
                json_writer_object(j, "schema");
                json_writer_text(j, "$ref", name);
                json_writer_end(j);
        }
        json_writer_end(j);
}

static void put_responses(struct json_writer *j, const struct endpoint *e)
{
        static const char *const usual[] = {"text/plain", "application/json", NULL};
        const char *const *types = e->types != NULL ? e->types : usual;
        json_writer_object(j, "responses");
        json_writer_object(j, "200");
        json_writer_text(j, "description", e->help);
        json_writer_object(j, "content");
        for (size_t i = 0; types[i] != NULL; i++) {
                put_content(j, e, types[i]);
        }
        json_writer_end(j);
        json_writer_end(j);
        json_writer_object(j, "default");
        json_writer_text(j, "description",
                         "An error: a sentence, or with format=json an object with the member error.");
        json_writer_end(j);
        json_writer_end(j);
}

static void put_operation(struct json_writer *j, const struct endpoint *e)
{
        json_writer_object(j, strcmp(e->method, "GET") == 0 ? "get" : "post");
        json_writer_text(j, "summary", e->help);
        put_params(j, e);
        put_responses(j, e);
        json_writer_end(j);
}

/** Write all methods of the path of row @p i, unless it is that of a row before it. */
static void put_path(struct json_writer *j, const struct admin_context *a, size_t i)
{
        char path[PATH_SIZE];
        for (size_t k = 0; k < i; k++) {
                if (strcmp(a->endpoints[k].path, a->endpoints[i].path) == 0) {
                        return;
                }
        }
        template_of(&a->endpoints[i], path);
        json_writer_object(j, path);
        for (size_t k = i; k < a->n_endpoints; k++) {
                if (strcmp(a->endpoints[k].path, a->endpoints[i].path) == 0) {
                        put_operation(j, &a->endpoints[k]);
                }
        }
        json_writer_end(j);
}

static const char *column_type(const struct column *c)
{
        switch (c->kind) {
        case COLUMN_U32:
        case COLUMN_U64:
        case COLUMN_I64: return "integer";
        case COLUMN_FIXED: return "number";
        case COLUMN_NONE:
        case COLUMN_TIME:
        case COLUMN_CHARS:
        case COLUMN_TEXT:
        case COLUMN_SPAN: break;
        }
        return "string";
}

/** Describe the JSON of an endpoint that shows a table. */
static void put_table(struct json_writer *j, const struct endpoint *e)
{
        json_writer_object(j, e->list);
        json_writer_text(j, "type", "object");
        json_writer_object(j, "properties");
        json_writer_object(j, e->list);
        json_writer_text(j, "type", "array");
        json_writer_object(j, "items");
        json_writer_text(j, "type", "object");
        json_writer_object(j, "properties");
        for (size_t i = 0; i < e->table->n; i++) {
                const struct column *c = &e->table->columns[i];
                if (c->name != NULL) {
                        json_writer_object(j, c->name);
                        json_writer_text(j, "type", column_type(c));
                        json_writer_text(j, "description", c->help);
                        json_writer_end(j);
                }
        }
        for (int depth = 0; depth < 5; depth++) { /* properties, items, the array, properties, the object */
                json_writer_end(j);
        }
}

void handle_openapi(struct call *call)
{
        const struct admin_context *a = call->admin;
        struct json_writer j = json_writer_to(call->out);
        json_writer_object(&j, NULL);
        json_writer_text(&j, "openapi", "3.1.0");
        json_writer_object(&j, "info");
        json_writer_text(&j, "title", "querytap");
        json_writer_text(&j, "version", PACKAGE_VERSION);
        json_writer_text(
            &j, "description",
            "The admin port of the proxy. Requests of other origins than its own page are refused, and what "
            "changes something is POST.");
        json_writer_end(&j);
        json_writer_object(&j, "paths");
        for (size_t i = 0; i < a->n_endpoints; i++) {
                put_path(&j, a, i);
        }
        json_writer_end(&j);
        json_writer_object(&j, "components");
        json_writer_object(&j, "schemas");
        for (size_t i = 0; i < a->n_endpoints; i++) {
                if (a->endpoints[i].table != NULL) {
                        put_table(&j, &a->endpoints[i]);
                }
        }
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_end(&j);
        json_writer_finish(&j);
        call_reply(call, HTTP_OK, "application/json");
}
