/* Responses of HTTP, whole and byte by byte. */
#include "cli/response.h"
#include "tap.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>

struct body {
        char text[64];
        size_t len;
};

static void on_body(void *arg, const char *bytes, size_t n)
{
        struct body *b = arg;
        CU_ASSERT_TRUE_FATAL(b->len + n < sizeof b->text);
        memcpy(b->text + b->len, bytes, n);
        b->len += n;
}

static const struct {
        const char *name;
        const char *bytes;
        bool has_ended; /* the connection, behind them */
        enum response_state state;
        int code;
        const char *body;
} cases[] = {
    {"with a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, RESPONSE_COMPLETE, 200,
     "hello"},
    {"more than its length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello", false, RESPONSE_COMPLETE,
     200, "he"},
    {"without a body", "HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n", false, RESPONSE_COMPLETE, 404,
     ""},
    {"in chunks",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nTrailer: 1\r\n\r\n",
     false, RESPONSE_COMPLETE, 200, "abcd"},
    {"chunks that end too early", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", true,
     RESPONSE_CHUNK_HEAD, 200, "abc"},
    {"up to the end", "HTTP/1.0 200 OK\r\n\r\nabc", true, RESPONSE_COMPLETE, 200, "abc"},
    {"an interim response", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
     false, RESPONSE_COMPLETE, 200, "x"},
    {"a body that is too short", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", true, RESPONSE_LENGTH,
     200, "hel"},
    {"not HTTP", "5.5.5-10.11.6-MariaDB\n", false, RESPONSE_WRONG, 0, ""},
    {"a wrong code", "HTTP/1.1 xyz\r\n", false, RESPONSE_WRONG, 0, ""},
    {"a wrong length", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", false, RESPONSE_WRONG, 200, ""},
    {"a negative chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\n", false, RESPONSE_WRONG,
     200, ""},
    {"no end of a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", false,
     RESPONSE_WRONG, 200, "a"},
};

static void responses(void)
{
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                size_t len = strlen(cases[i].bytes);
                for (size_t piece = 1; piece <= len; piece = piece == 1 ? 7 : piece == 7 ? len : len + 1) {
                        struct response r = response_start(NULL);
                        struct evbuffer *in = evbuffer_new();
                        struct body body = {.len = 0};
                        for (size_t at = 0; at < len; at += piece) {
                                (void)evbuffer_add(in, cases[i].bytes + at,
                                                   len - at < piece ? len - at : piece);
                                response_read(&r, in, on_body, &body);
                        }
                        if (cases[i].has_ended) {
                                response_end(&r);
                        }
                        bool is_right = r.state == cases[i].state && r.code == cases[i].code &&
                                        strcmp(body.text, cases[i].body) == 0;
                        if (!is_right) {
                                (void)printf("# %s: state %d, code %d, body %s\n", cases[i].name,
                                             (int)r.state, r.code, body.text);
                        }
                        CU_ASSERT_TRUE(is_right);
                        evbuffer_free(in);
                }
        }
}

static void a_header_that_is_wanted(void)
{
        static const char bytes[] = "HTTP/1.1 200 OK\r\nx-WANTED: 1\r\nContent-Length: 0\r\n\r\n";
        struct response r = response_start("X-Wanted");
        struct response without = response_start("X-Want");
        struct evbuffer *in = evbuffer_new();
        struct body body = {.len = 0};
        CU_ASSERT_FALSE(response_has_begun(&r));
        (void)evbuffer_add(in, bytes, sizeof bytes - 1);
        response_read(&r, in, on_body, &body);
        (void)evbuffer_add(in, bytes, sizeof bytes - 1);
        response_read(&without, in, on_body, &body);
        CU_ASSERT_TRUE(response_has_begun(&r));
        CU_ASSERT_TRUE(r.has_wanted);
        CU_ASSERT_FALSE(without.has_wanted);
        evbuffer_free(in);
}

/** A peer that never ends its line is no HTTP server, and its bytes are not collected for ever. */
static void a_line_without_end(void)
{
        static char bytes[1024];
        struct response r = response_start(NULL);
        struct evbuffer *in = evbuffer_new();
        struct body body = {.len = 0};
        memset(bytes, 'x', sizeof bytes);
        for (int i = 0; i < 100; i++) {
                (void)evbuffer_add(in, bytes, sizeof bytes);
                response_read(&r, in, on_body, &body);
        }
        CU_ASSERT_EQUAL(r.state, RESPONSE_WRONG);
        evbuffer_free(in);
}

static const struct tap_test tests[] = {
    {"responses, in pieces of any size", responses},
    {"a header that is wanted", a_header_that_is_wanted},
    {"a line without end", a_line_without_end},
};

int main(void)
{
        return TAP_RUN("response", tests);
}
