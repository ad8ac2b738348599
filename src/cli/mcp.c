/* mcp: the Model Context Protocol on standard input and output, a message a line. What a message asks for is fetched from the admin port. */
#include "cli/commands.h"

#include "base/diag.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "config.h"
#include "journal/format/schema.h"
#include "mcp/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** A line of input that grows as it is read. */
struct line {
        char *bytes;
        size_t len;
        size_t size;
        bool is_too_long; /* its rest is skipped */
};

/** What a request gets: status 0 if there was no response. */
struct answer {
        char *body;
        size_t len;
        int status;
};

static void fetch(const struct client_options *options, const struct exchange_want *want, struct answer *out)
{
        struct client_options o = *options;
        char *refusal = NULL;
        size_t refusal_len = 0;
        *out = (struct answer){.body = NULL};
        o.format = want->format;
        o.out = open_memstream(&out->body, &out->len);
        o.err = open_memstream(&refusal, &refusal_len);
        int status = o.out == NULL || o.err == NULL      ? EXIT_FAILED
                     : strcmp(want->method, "POST") == 0 ? client_post(&o, want->path)
                                                         : client_get(&o, want->path);
        if (o.out != NULL) {
                (void)fclose(o.out);
        }
        if (o.err != NULL) {
                (void)fclose(o.err);
        }
        if (status == EXIT_DONE) {
                out->status = 200;
                free(refusal);
                return;
        }
        free(out->body);
        out->body = refusal;
        out->len = refusal_len;
        if (refusal_len == 0) { /* no response */
                free(refusal);
                int n =
                    asprintf(&out->body, "no proxy answers at %s: is it running, and is this its admin port?",
                             options->admin);
                out->body = n < 0 ? NULL : out->body;
                out->len = n < 0 ? 0 : (size_t)n;
        }
}

/** Write one message. @return false if nobody reads any more. */
static bool reply(const char *text)
{
        return text == NULL ||
               (fputs(text, stdout) >= 0 && fputc('\n', stdout) != EOF && fflush(stdout) == 0);
}

static bool handle(const struct mcp_options *mcp, const struct client_options *options, struct span message)
{
        struct exchange_want want;
        struct exchange *x = exchange_new(mcp, message);
        if (x == NULL) {
                return reply(exchange_no_memory);
        }
        while (exchange_wants(x, &want)) {
                struct answer answer;
                fetch(options, &want, &answer);
                exchange_give(x, answer.status, span_of(answer.body, answer.len));
                free(answer.body);
        }
        bool is_read = reply(exchange_reply(x));
        exchange_free(x);
        return is_read;
}

/** Add @p n bytes. @return false if memory is out. */
static bool extend(struct line *l, const char *bytes, size_t n)
{
        if (n == 0) {
                return true;
        }
        if (l->is_too_long || l->len + n > EXCHANGE_MESSAGE_MAX) {
                l->is_too_long = true;
                return true;
        }
        if (l->len + n > l->size) {
                size_t size = 2 * (l->len + n);
                char *bigger = realloc(l->bytes, size);
                if (bigger == NULL) {
                        return false;
                }
                l->bytes = bigger;
                l->size = size;
        }
        memcpy(l->bytes + l->len, bytes, n);
        l->len += n;
        return true;
}

/** The line is complete. @return false if nobody reads the replies any more. */
static bool end_line(const struct mcp_options *mcp, const struct client_options *options, struct line *l)
{
        bool is_read = l->is_too_long ? reply(exchange_too_long)
                       : strspn(l->len > 0 ? l->bytes : "", " \t\r") >= l->len
                           ? true
                           : handle(mcp, options, span_of(l->bytes, l->len));
        l->len = 0;
        l->is_too_long = false;
        return is_read;
}

static int serve(const struct mcp_options *mcp, const struct client_options *options)
{
        static char buffer[65536];
        struct line l = {.bytes = NULL};
        ssize_t n;
        bool is_open = true;
        while (is_open &&
               ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))) {
                const char *at = buffer;
                for (const char *end; is_open && n > 0 && (end = memchr(at, '\n', (size_t)n)) != NULL;
                     at = end + 1) {
                        is_open = extend(&l, at, (size_t)(end - at)) && end_line(mcp, options, &l);
                        n -= end + 1 - at;
                }
                is_open = is_open && (n <= 0 || extend(&l, at, (size_t)n));
        }
        if (is_open && l.len > 0) {
                is_open = end_line(mcp, options, &l);
        }
        free(l.bytes);
        return is_open ? EXIT_DONE : EXIT_FAILED;
}

int command_mcp(int argc, char **argv)
{
        struct client_options options;
        bool allow_actions = false;
        const struct flag flags[] = {
            {.name = "allow-actions", .take = flags_take_switch, .into = &allow_actions},
        };
        if (!client_parse(&options, &argc, argv, flags, sizeof flags / sizeof flags[0])) {
                return EXIT_USAGE;
        }
        if (argc > 1) {
                diag(DIAG_ERROR, "unexpected argument %s", argv[1]);
                return EXIT_USAGE;
        }
        exchange_start();
        const struct mcp_options mcp = {.allow_actions = allow_actions,
                                        .where = options.admin,
                                        .version = PACKAGE_VERSION,
                                        .schema = schema_write};
        return serve(&mcp, &options);
}
