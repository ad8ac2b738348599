#include "admin/params.h"

#include "admin/call.h"
#include "base/nearest.h"
#include "profile/heap/stage.h"

#include <event2/http.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

enum { LIST_MAX = 160, SHOWN_MAX = 40 };

const char *params_switch(size_t i)
{
        static const char *const words[] = {"0", "1"};
        return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

const char *params_stage(size_t i)
{
        return i < STAGE_COUNT ? prof_stage_name((enum prof_stage)i) : NULL;
}

/** The words of a format that is not in the table. */
static const char *text_or_json(size_t i)
{
        static const char *const words[] = {"text", "json"};
        return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

const struct endpoint_param *params_at(const struct endpoint *e, size_t i, struct endpoint_param *filter)
{
        static const struct endpoint_param format = {
            .name = "format", .word = text_or_json, .help = "text (the default) or json."};
        bool has_format = false;
        size_t n = 0;
        for (; e->params != NULL && e->params[n].name != NULL; n++) {
                has_format = has_format || strcmp(e->params[n].name, format.name) == 0;
                if (n == i) {
                        return &e->params[n];
                }
        }
        i -= n;
        if (!has_format && i-- == 0) {
                return &format;
        }
        if (e->filters && i < FILTER_KEYS) {
                *filter = (struct endpoint_param){
                    .name = filter_keys[i],
                    .help = i == FILTER_EXPRESSION
                                ? "An expression of the filter language: querytap-filter(7)."
                                : "A filter: querytap(1), filter.NAME; an expression excludes it."};
                return filter;
        }
        return NULL;
}

/** Append @p word to the list @p text; a list that becomes too long ends with an ellipsis. */
static void list(char text[LIST_MAX], const char *word)
{
        static const char more[] = ", …";
        size_t at = strlen(text);
        size_t len = strlen(word) + 2;
        if (at + len + sizeof more <= LIST_MAX) {
                (void)snprintf(text + at, LIST_MAX - at, "%s%s", at > 0 ? ", " : "", word);
        } else if (at < sizeof more || strcmp(text + at - (sizeof more - 1), more) != 0) {
                (void)snprintf(text + at, LIST_MAX - at, "%s", more);
        }
}

static void refuse_name(struct call *call, const struct endpoint *e, const char *name)
{
        struct endpoint_param filter;
        const struct endpoint_param *p;
        struct nearest n = nearest_to(name);
        char all[LIST_MAX] = "";
        for (size_t i = 0; (p = params_at(e, i, &filter)) != NULL; i++) {
                nearest_try(&n, p->name);
                list(all, p->name);
        }
        const char *near = nearest_found(&n);
        if (near != NULL) {
                call_fail(call, HTTP_BADREQUEST, "%s has no parameter '%.*s'; did you mean '%s'?", e->path,
                          SHOWN_MAX, name, near);
        } else {
                call_fail(call, HTTP_BADREQUEST, "%s has no parameter '%.*s', only %s", e->path, SHOWN_MAX,
                          name, all);
        }
}

static void refuse_value(struct call *call, const struct endpoint_param *p, const char *value)
{
        const char *word;
        struct nearest n = nearest_to(value);
        char all[LIST_MAX] = "";
        for (size_t i = 0; (word = p->word(i)) != NULL; i++) {
                nearest_try(&n, word);
                list(all, word);
        }
        const char *near = nearest_found(&n);
        call_fail(call, HTTP_BADREQUEST, "%s must be one of %s, not '%.*s'%s%s%s", p->name, all, SHOWN_MAX,
                  value, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                  near != NULL ? "'?" : "");
}

static const struct endpoint_param *find(const struct endpoint *e, const char *name,
                                         struct endpoint_param *filter)
{
        const struct endpoint_param *p;
        for (size_t i = 0; (p = params_at(e, i, filter)) != NULL; i++) {
                if (strcasecmp(p->name, name) == 0) { /* as call_param does */
                        return p;
                }
        }
        return NULL;
}

static bool is_word(const struct endpoint_param *p, const char *value)
{
        const char *word;
        for (size_t i = 0; (word = p->word(i)) != NULL; i++) {
                if (strcmp(word, value) == 0) {
                        return true;
                }
        }
        return false;
}

bool params_check(struct call *call, const struct endpoint *e)
{
        const struct evkeyval *item;
        struct endpoint_param filter;
        TAILQ_FOREACH(item, &call->query, next)
        {
                const struct endpoint_param *p = find(e, item->key, &filter);
                if (p == NULL) {
                        refuse_name(call, e, item->key);
                        return false;
                }
                if (call_param(call, item->key) != item->value) { /* which is the first of that name */
                        call_fail(call, HTTP_BADREQUEST, "the parameter %s is there twice", p->name);
                        return false;
                }
                if (p->word != NULL && !is_word(p, item->value)) {
                        refuse_value(call, p, item->value);
                        return false;
                }
        }
        return true;
}
