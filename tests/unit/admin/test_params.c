/* The query parameters of each endpoint: unknown ones, misspelled ones, repeated ones and wrong words are refused. */
#include "admin/admin_state.h"
#include "admin/endpoints.h"
#include "admin/params.h"
#include "admin/port.h"
#include "profile/heap/hooks.h"
#include "tap.h"

#include <event2/event.h>
#include <inttypes.h>
#include <string.h>

/** Send a request to @p e with the query @p query. */
static const struct reply *ask_endpoint(const struct endpoint *e, const char *query)
{
        char path[256];
        const char *star = strchr(e->path, '*');
        (void)snprintf(path, sizeof path, "%.*s%s%s?%s", star != NULL ? (int)(star - e->path) : 128, e->path,
                       star != NULL ? "7" : "", star != NULL ? star + 1 : "", query);
        return ask(strcmp(e->method, "GET") == 0 ? EVHTTP_REQ_GET : EVHTTP_REQ_POST, path, NULL, NULL);
}

/** Expect that @p query is refused with a sentence that has @p part. */
static void expect_refusal(const struct endpoint *e, const char *query, const char *part)
{
        const struct reply *r = ask_endpoint(e, query);
        if (r->code != 400 || strstr(r->body, part) == NULL) {
                printf("# %s %s?%s: %d %s# wanted: %s\n", e->method, e->path, query, r->code, r->body, part);
                CU_FAIL("not refused");
        }
}

/** A word that is misspelled is refused with the right one; one that resembles none, with all of them. */
static void check_words(const struct endpoint *e, const struct endpoint_param *p)
{
        char query[128];
        const char *word;
        for (size_t i = 0; (word = p->word(i)) != NULL; i++) {
                char part[128];
                (void)snprintf(query, sizeof query, "%s=%sx", p->name, word);
                (void)snprintf(part, sizeof part, "; did you mean '%s'?", word);
                expect_refusal(e, query, part);
        }
        (void)snprintf(query, sizeof query, "%s=-----------", p->name);
        expect_refusal(e, query, "must be one of ");
        expect_refusal(e, query, p->word(0));
        (void)snprintf(query, sizeof query, "%s=", p->name);
        expect_refusal(e, query, "must be one of ");
}

static void each_endpoint_refuses_what_it_does_not_know(void)
{
        open_port();
        for (size_t i = 0; i < endpoints_n; i++) {
                const struct endpoint *e = &endpoints[i];
                struct endpoint_param filter;
                const struct endpoint_param *p;
                if (e->any_query) {
                        continue;
                }
                expect_refusal(e, "-----------=1", "has no parameter '-----------', only ");
                expect_refusal(e, "format=json&-----------", "query must be name=value");
                expect_refusal(e, "format=json&-----------=a%00b", "query must be name=value");
                expect_refusal(e, "format=json&-----------=%4", "query must be name=value");
                expect_refusal(e, "format=json&-----------=%zz", "query must be name=value");
                bool has_format = false;
                for (size_t j = 0; (p = params_at(e, j, &filter)) != NULL; j++) {
                        char query[128];
                        char part[128];
                        (void)snprintf(query, sizeof query, "%s%c=1", p->name, p->name[strlen(p->name) - 1]);
                        (void)snprintf(part, sizeof part, "did you mean '%s'?", p->name);
                        expect_refusal(e, query, part);
                        const char *value = p->word != NULL ? p->word(0) : "1";
                        (void)snprintf(query, sizeof query, "%s=%s&%s=%s", p->name, value, p->name, value);
                        (void)snprintf(part, sizeof part, "the parameter %s is there twice", p->name);
                        expect_refusal(e, query, part);
                        if (p->word != NULL) {
                                check_words(e, p);
                        }
                        has_format = has_format || strcmp(p->name, "format") == 0;
                }
                CU_ASSERT_TRUE(has_format);
        }
        CU_ASSERT_EQUAL(admin->context.n_streams, 0);
        close_port();
}

/* What is required, and has no value that is always right: a digest. */
#define NO_DIGEST "00000000000000000000000000000000"

/** Parameters without which others have no effect, and are refused. */
static const char *companion(const struct endpoint *e, const struct endpoint_param *p)
{
        static const struct {
                const char *path;
                const char *name;
                const char *query;
        } companions[] = {
            {"/records", "cut", "&ids=1&format=json"}, {"/records", "ids", "&format=json"},
            {"/fault", "seed", "&probability=0"},      {"/fault", "stage", "&probability=0"},
            {"/fault", "format", "&probability=0"},
        };
        for (size_t i = 0; i < sizeof companions / sizeof companions[0]; i++) {
                if (e->params != NULL && strcmp(companions[i].path, e->path) == 0 &&
                    strcmp(companions[i].name, p->name) == 0) {
                        return companions[i].query;
                }
        }
        return "";
}

/** The code of the reply to @p p with @p value (NULL: without it), and with all else that the endpoint requires. GET is asked as HEAD, which
 *  checks the same and starts no stream. */
static int code_of(const struct endpoint *e, const struct endpoint_param *p, const char *value)
{
        char path[512];
        const char *star = strchr(e->path, '*');
        size_t at =
            (size_t)snprintf(path, sizeof path, "%.*s%s%s?", star != NULL ? (int)(star - e->path) : 128,
                             e->path, star != NULL ? "7" : "", star != NULL ? star + 1 : "");
        if (value != NULL) {
                at += (size_t)snprintf(path + at, sizeof path - at, "%s=%s%s&", p->name, value,
                                       companion(e, p));
        }
        for (const struct endpoint_param *other = e->params; other != NULL && other->name != NULL; other++) {
                if (other->is_required && other != p) {
                        at += (size_t)snprintf(path + at, sizeof path - at, "%s=%s&", other->name,
                                               other->right != NULL  ? other->right
                                               : other->word != NULL ? other->word(0)
                                                                     : NO_DIGEST);
                }
        }
        path[at - 1] = '\0';
        return ask(strcmp(e->method, "GET") == 0 ? EVHTTP_REQ_HEAD : EVHTTP_REQ_POST, path, NULL,
                   HEADERS("Accept", "text/event-stream"))
            ->code;
}

/** Whether right parameters may be answered with @p code. */
static bool is_accepted(const struct endpoint *e, int code)
{
        static const struct {
                const char *path;
                int code;
        } others[] = {
            {"/digests/detail", 404}, /* there is none */
            {"/scopes", 409},         /* the first request has begun one */
            {"/mcp", 415},            /* there is no message */
        };
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
                if (strcmp(e->path, others[i].path) == 0 && code == others[i].code) {
                        return true;
                }
        }
        /* there is no session, record or file called 7 */
        return code == (strchr(e->path, '*') == NULL ? 200 : 404);
}

static void expect_code(const struct endpoint *e, const struct endpoint_param *p, const char *value,
                        bool is_right)
{
        int code = code_of(e, p, value);
        if (is_right ? !is_accepted(e, code) : code != 400 && code != 404) {
                printf("# %s %s, %s=%s: %d\n", e->method, e->path, p->name, value != NULL ? value : "", code);
                CU_FAIL("another code");
        }
}

/** What the table, and so the OpenAPI document, says of a parameter is what its handler does. */
static void each_parameter_is_checked(void)
{
        open_port();
        for (size_t i = 0; i < endpoints_n; i++) {
                const struct endpoint *e = &endpoints[i];
                struct endpoint_param filter;
                const struct endpoint_param *p;
                for (size_t j = 0; !e->any_query && (p = params_at(e, j, &filter)) != NULL; j++) {
                        const char *right = p->right != NULL ? p->right : p->word != NULL ? p->word(0) : NULL;
                        CU_ASSERT_PTR_NOT_NULL_FATAL(p->help);
                        if (right != NULL &&
                            strcmp(p->name, "record") != 0) { /* which would make allocations fail */
                                expect_code(e, p, right, true);
                        }
                        if (p->wrong != NULL) {
                                expect_code(e, p, p->wrong, false);
                        }
                        if (p->is_number) {
                                char above[32];
                                (void)snprintf(above, sizeof above, "%" PRIu64 "%s",
                                               p->max < UINT64_MAX ? p->max + 1 : p->max,
                                               p->max < UINT64_MAX ? "" : "0");
                                expect_code(e, p, above, false);
                                expect_code(e, p, "-1", false);
                                expect_code(e, p, "", false);
                        }
                        if (p->is_required) {
                                expect_code(e, p, NULL, false);
                        }
                }
        }
        CU_ASSERT_EQUAL(admin->context.n_streams, 0);
        close_port();
}

static void the_nearest_name_is_suggested(void)
{
        static const struct {
                const char *path;
                const char *sentence;
        } cases[] = {
            {"/records?nunber=5", "/records has no parameter 'nunber'; did you mean 'n'?\n"},
            {"/records?min_durations=5ms",
             "/records has no parameter 'min_durations'; did you mean 'min_duration'?\n"},
            {"/records?command=exceute", "command: 'exceute' is not a command; did you mean 'execute'?\n"},
            {"/records/stream?finding=n_plus_on",
             "finding: 'n_plus_on' is not a value of finding; did you mean 'n_plus_one'?\n"},
            {"/records?q=err+usr:a", "column 5: 'usr' is not a term; did you mean 'user'?\n"},
            {"/records?q=err&user=a", "an expression and the criterion 'user' exclude each other: add it to "
                                      "the expression as user:\n"},
            {"/digests?sort=eror", "sort must be one of time, active, count, errors, max, p99, rows, last, "
                                   "between, not 'eror'; did you mean "
                                   "'errors'?\n"},
            {"/sessions?format=xml", "format must be one of text, json, not 'xml'\n"},
            {"/sessions/7/hex?n=5", "/sessions/*/hex has no parameter 'n', only annotate, format\n"},
        };
        open_port();
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                const struct reply *r = get(cases[i].path);
                CU_ASSERT_EQUAL(r->code, 400);
                CU_ASSERT_STRING_EQUAL(r->body, cases[i].sentence);
                if (strcmp(r->body, cases[i].sentence) != 0) {
                        printf("# %s", r->body);
                }
        }
        CU_ASSERT_STRING_EQUAL(get("/records?N=5&Format=json&USER=app")->type, "application/x-ndjson");
        CU_ASSERT_PTR_NOT_NULL(
            strstr(get("/records?format=json&nn=1")->body, "{\"error\":\"/records has no"));
        close_port();
}

static const struct tap_test tests[] = {
    {"each endpoint refuses what it does not know", each_endpoint_refuses_what_it_does_not_know},
    {"each parameter is checked", each_parameter_is_checked},
    {"the nearest name is suggested", the_nearest_name_is_suggested},
};

int main(void)
{
        (void)prof_hooks_install();
        int status = TAP_RUN("params", tests);
        libevent_global_shutdown();
        return status;
}
