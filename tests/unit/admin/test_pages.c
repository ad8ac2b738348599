/* Pages of recent records, and the files of the page in the browser. */
#include "admin/admin_state.h"
#include "admin/port.h"
#include "admin/web.h"
#include "profile/heap/hooks.h"
#include "tap.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

static bool has_records(uint64_t n)
{
        return journal_recent_last(journal) >= n;
}

static void records_have_pages(void)
{
        char path[128];
        open_port();
        for (unsigned i = 1; i <= 10; i++) {
                char text[16];
                (void)snprintf(text, sizeof text, "n%02u", i);
                put_notice(span_str(text));
        }
        CU_ASSERT_TRUE(loop_until(has_records, 10));
        static const struct {
                const char *query;
                const char *first;
                const char *last;
        } pages[] = {
            {"n=3", "n08", "n10"},
            {"n=3&before=8", "n05", "n07"},
            {"n=3&after=2", "n03", "n05"},
            {"n=3&before=2", "n01", "n01"},
            {"n=3&after=9", "n10", "n10"},
            {"n=9&after=2&before=5", "n03", "n04"},
            {"before=99&n=1", "n10", "n10"},
            {"n=2&q=event:notice", "n09", "n10"},
            {"n=2&q=event:notice&before=5", "n03", "n04"},
            {"n=2&q=event:notice&after=5", "n06", "n07"},
        };
        for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
                (void)snprintf(path, sizeof path, "/records?format=json&ids=1&%s", pages[i].query);
                const struct reply *r = get(path);
                CU_ASSERT_EQUAL(r->code, 200);
                const char *first = strstr(r->body, "\"reason\":\"");
                const char *last = first;
                for (const char *at = first; at != NULL; at = strstr(at + 1, "\"reason\":\"")) {
                        last = at;
                }
                if (first == NULL || strncmp(first + 10, pages[i].first, 3) != 0 ||
                    strncmp(last + 10, pages[i].last, 3) != 0) {
                        printf("# %s: %s\n", pages[i].query, r->body);
                        CU_FAIL("another page");
                }
        }
        CU_ASSERT_STRING_EQUAL(get("/records?after=10")->body, "");
        CU_ASSERT_STRING_EQUAL(get("/records?before=0")->body, "");
        CU_ASSERT_STRING_EQUAL(get("/records?before=1")->body, "");
        CU_ASSERT_EQUAL(get("/records?before=abc:1")->code, 404);
        CU_ASSERT_EQUAL(get("/records?after=x")->code, 400);
        CU_ASSERT_EQUAL(get("/records?ids=1")->code, 400);
        CU_ASSERT_EQUAL(get("/records?ids=1&format=json&cut=65537")->code, 400);
        close_port();
}

/* --- the page ------------------------------------------------------------------------------------------------------- */

static void the_page_is_embedded(void)
{
        open_port();
        const struct reply *r = ask(EVHTTP_REQ_GET, "/", NULL, HEADERS("Accept", "text/html,*/*;q=0.8"));
        CU_ASSERT_EQUAL(r->code, 200);
        CU_ASSERT_STRING_EQUAL(r->type, "text/html; charset=utf-8");
        CU_ASSERT_PTR_NOT_NULL(strstr(r->policy, "default-src 'none'; script-src 'self';"));
        CU_ASSERT_PTR_NOT_NULL(strstr(r->policy, "frame-ancestors 'none'"));
        CU_ASSERT_PTR_NULL(strstr(r->policy, "unsafe"));
        size_t total = 0;
        for (size_t i = 0; i < web_files_n; i++) {
                char path[128];
                char tag[64];
                total += web_files[i].size;
                (void)snprintf(path, sizeof path, "/web/%s", web_files[i].name);
                r = get(path);
                CU_ASSERT_EQUAL(r->code, 200);
                CU_ASSERT_STRING_EQUAL(r->type, web_files[i].type);
                CU_ASSERT_STRING_EQUAL(r->sniff, "nosniff");
                CU_ASSERT_STRING_EQUAL(r->tag, web_files[i].tag);
                (void)snprintf(tag, sizeof tag, "%s", r->tag);
                r = ask(EVHTTP_REQ_GET, path, NULL, HEADERS("If-None-Match", tag));
                CU_ASSERT_EQUAL(r->code, 304);
                CU_ASSERT_EQUAL(r->len, 0);
                CU_ASSERT_EQUAL(ask(EVHTTP_REQ_POST, path, NULL, NULL)->code, 405);
        }
        CU_ASSERT_TRUE(total < 150 * 1024);
        CU_ASSERT_EQUAL(get("/web/none.js")->code, 404);
        CU_ASSERT_EQUAL(get("/web/../index.html")->code, 404);
        CU_ASSERT_EQUAL(get("/web/")->code, 404);
        CU_ASSERT_EQUAL(get("/web")->code, 404);
        CU_ASSERT_PTR_NOT_NULL(strstr(get("/")->body, "/records/stream")); /* the list, for curl */
        close_port();
}

/** Is @p r the file of the page called @p name, as it is in the source? */
static bool is_source(const struct reply *r, const char *name)
{
        static char source[sizeof r->body];
        char path[512];
        const char *top = getenv("top_srcdir");
        (void)snprintf(path, sizeof path, "%s/web/%s", top != NULL ? top : ".", name);
        FILE *in = fopen(path, "r");
        CU_ASSERT_PTR_NOT_NULL_FATAL(in);
        size_t len = fread(source, 1, sizeof source, in);
        (void)fclose(in);
        return span_equal(span_of(r->body, r->len), span_of(source, len));
}

static void files_are_compressed_for_those_who_accept_it(void)
{
        static const char *const plain[] = {
            "identity", "", "br", "gzip;q=0", "GZIP ; q=0.000 ", "br, gzip;q=0,zstd", "gzippy", "*"};
        static const char *const packed[] = {"gzip", "deflate, gzip, br", "br;q=1.0,GZIP ; q=0.001",
                                             ",,gzip"};
        open_port();
        for (size_t i = 0; i < web_files_n; i++) {
                char path[128];
                (void)snprintf(path, sizeof path, "/web/%s", web_files[i].name);
                CU_ASSERT_TRUE(is_source(get(path), web_files[i].name));
        }
        for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
                const struct reply *r =
                    ask(EVHTTP_REQ_GET, "/web/page.js", NULL, HEADERS("Accept-Encoding", plain[i]));
                CU_ASSERT_TRUE(is_source(r, "page.js"));
        }
        for (size_t i = 0; i < sizeof packed / sizeof packed[0]; i++) {
                const struct reply *r =
                    ask(EVHTTP_REQ_GET, "/web/page.js", NULL, HEADERS("Accept-Encoding", packed[i]));
                CU_ASSERT_EQUAL(r->code, 200);
                CU_ASSERT_TRUE(r->len > 2 && (uint8_t)r->body[0] == 0x1f && (uint8_t)r->body[1] == 0x8b);
        }
        close_port();
}

static const struct tap_test tests[] = {
    {"records have pages", records_have_pages},
    {"the page is embedded", the_page_is_embedded},
    {"files are compressed for those who accept it", files_are_compressed_for_those_who_accept_it},
};

int main(void)
{
        (void)prof_hooks_install();
        int status = TAP_RUN("admin pages", tests);
        libevent_global_shutdown();
        return status;
}
