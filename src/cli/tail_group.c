#include "cli/tail_group.h"

#include "base/clock.h"
#include "base/diag.h"
#include "cli/exit.h"
#include "cli/grouper.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
        return clock_mono_ns() / CLOCK_MS_NS;
}

/** A part of the response. @return 0 if standard output does not take any more. */
static ssize_t take_part(void *cookie, const char *bytes, size_t len)
{
        grouper_feed(cookie, bytes, len, now_ms());
        return fflush(stdout) == 0 && !ferror(stdout) ? (ssize_t)len : 0;
}

static void tick(void *arg)
{
        grouper_tick(arg, now_ms());
        (void)fflush(stdout);
}

int tail_group(struct client_options *options, const char *path)
{
        static const cookie_io_functions_t functions = {.write = take_part};
        bool by_scope = strcmp(options->group, "scope") == 0;
        bool is_text = strcmp(options->format, "text") == 0;
        if (!is_text || options->verbose) {
                diag(DIAG_ERROR, "--group is for lines of text: it accepts neither --format=%s nor --verbose",
                     is_text ? "json" : options->format);
                return EXIT_USAGE;
        }
        struct grouper *g =
            grouper_new(by_scope ? GROUP_BY_SCOPE : GROUP_BY_TRANSACTION, isatty(STDOUT_FILENO) != 0, stdout);
        options->out = g != NULL ? fopencookie(g, "w", functions) : NULL;
        if (options->out == NULL) {
                diag(DIAG_ERROR, "out of memory");
                grouper_free(g);
                return EXIT_FAILED;
        }
        options->tick = tick;
        options->tick_arg = g;
        int status = client_get(options, path);
        (void)fclose(options->out);
        options->out = NULL;
        grouper_finish(g);
        (void)fflush(stdout);
        grouper_free(g);
        return status;
}
