/* Messages of the Model Context Protocol: the first line is a message, the rest what the endpoints answer. Whatever both are, the reply is one
 * line of JSON of bounded size, and a request has one. */
#include "fuzz.h"
#include "mcp/exchange.h"

#include <jansson.h>
#include <stdlib.h>

enum { REPLY_MAX = 256 * 1024 };

static void no_schema(FILE *out)
{
        (void)fputs("{}", out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static bool is_started;
        static const struct mcp_options options = {
            .allow_actions = true, .where = "here", .version = "1", .schema = no_schema};
        const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
        size_t len = end != NULL ? (size_t)(end - data) : size;
        struct exchange_want want;
        json_error_t error;
        if (!is_started) {
                exchange_start();
                is_started = true;
        }
        struct exchange *x = exchange_new(&options, span_of(data, len));
        while (x != NULL && exchange_wants(x, &want)) {
                exchange_give(x, size % 7 == 0 ? 400 : 200, span_skip(span_of(data, size), len + 1));
        }
        const char *reply = x != NULL ? exchange_reply(x) : exchange_no_memory;
        if (reply != NULL) {
                json_t *json = json_loads(reply, 0, &error);
                if (json == NULL || strchr(reply, '\n') != NULL) {
                        fuzz_fail("the reply is not a line of JSON", reply, error.text);
                }
                if (strstr(reply, "\"isError\"") != NULL && strlen(reply) > REPLY_MAX) {
                        fuzz_fail("the reply is too long", "", "");
                }
                json_decref(json);
        }
        exchange_free(x);
        return 0;
}
