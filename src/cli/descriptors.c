#include "cli/descriptors.h"

#include "base/diag.h"
#include "proxy/net/address.h"
#include "settings/listeners.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum {
        /* standard input, output and error; the main event loop, its signals (2) and its mailbox; the eventfd of the
         * journal thread; the admin port's listener; the eventfds (2) of the retention thread and its hook; the key log */
        HOUSE = 13,
        A_WORKER = 2,   /* its event loop and its mailbox */
        A_RESOLVER = 4, /* of a worker: sockets to name servers */
        A_LOG = 2,      /* a new file is opened before the old one is closed */
        SPARE = 40, /* debugging information, a directory, a file to compress, a client that is rejected */
        SCARCE_SHARE = 4, /* if there are few: the share of the rest for SPARE and for the admin port */
        ADMIN_LEAST = 4,
        SESSION_LEAST = 4, /* one session, and two spare descriptors */
};

static uint64_t min_of(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

/** Are all addresses in the list @p text numbers or paths, so that no name has to be looked up? */
static bool are_numbers(const char *text)
{
        char copy[SETTINGS_TEXT_MAX];
        char *rest = copy;
        char *word;
        struct address address;
        struct sockaddr_storage ss;
        socklen_t len;
        bool numbers = true;
        (void)snprintf(copy, sizeof copy, "%s", text);
        while ((word = strsep(&rest, ",")) != NULL && numbers) {
                numbers = address_parse(word + strspn(word, " "), &address) == STATUS_OK &&
                          address_numeric(&address, &ss, &len);
        }
        return numbers;
}

uint64_t descriptors_fixed(const struct settings *settings, unsigned workers)
{
        struct listeners_one all[SETTINGS_LISTENERS];
        unsigned n = listeners_all(settings, all);
        bool numbers = true;
        uint64_t checks = 0; /* at most one of each server at a time, by the first worker */
        for (unsigned i = 0; i < n; i++) {
                numbers = numbers && are_numbers(all[i].upstream);
                checks++;
                for (const char *at = all[i].upstream; (at = strchr(at, ',')) != NULL; at++) {
                        checks++;
                }
        }
        const uint64_t a_worker = numbers ? A_WORKER : A_WORKER + A_RESOLVER;
        return HOUSE + n + checks + workers * a_worker + settings->n_sinks * A_LOG;
}

static uint64_t admin_wanted(const struct settings *settings)
{
        return strcmp(settings->admin, "off") == 0 ? 0 : settings->limits.admin_connections;
}

uint64_t descriptors_wanted(const struct settings *settings, uint64_t fixed)
{
        return fixed + SPARE + admin_wanted(settings) + 2 * settings->limits.sessions;
}

uint64_t descriptors_least(const struct settings *settings, uint64_t fixed)
{
        return fixed + min_of(admin_wanted(settings), ADMIN_LEAST) + SESSION_LEAST;
}

bool descriptors_share(struct settings *settings, struct descriptors d)
{
        if (descriptors_wanted(settings, d.fixed) <= d.limit) {
                return false;
        }
        uint64_t left = d.limit > d.fixed ? d.limit - d.fixed : 0;
        uint64_t share = left / SCARCE_SHARE;
        uint64_t admin = min_of(admin_wanted(settings), share > ADMIN_LEAST ? share : ADMIN_LEAST);
        uint64_t taken = admin + min_of(SPARE, share);
        uint64_t sessions = left > taken ? (left - taken) / 2 : 0;
        settings->limits.sessions = min_of(settings->limits.sessions, sessions > 0 ? sessions : 1);
        if (admin > 0) {
                settings->limits.admin_connections = admin;
        }
        return true;
}

bool descriptors_fit(struct settings *settings, unsigned workers)
{
        struct rlimit limit;
        const struct settings asked = *settings;
        uint64_t fixed = descriptors_fixed(settings, workers);
        uint64_t wanted = descriptors_wanted(settings, fixed);
        if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
            limit.rlim_cur >= wanted) { /* RLIM_INFINITY is the largest */
                return true;
        }
        const struct rlimit raised = {.rlim_cur = min_of(wanted, limit.rlim_max), .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
                limit = raised;
        }
        uint64_t least = descriptors_least(settings, fixed);
        if (limit.rlim_cur < least) {
                diag(DIAG_ERROR,
                     "the system allows %" PRIu64 " open files (ulimit -n), and %" PRIu64
                     " are needed with %u workers",
                     (uint64_t)limit.rlim_cur, least, workers);
                return false;
        }
        if (!descriptors_share(settings, (struct descriptors){limit.rlim_cur, fixed})) {
                return true;
        }
        char more[96] = "";
        if (settings->limits.admin_connections != asked.limits.admin_connections) {
                (void)snprintf(more, sizeof more,
                               ", limits.admin_connections %" PRIu64 " instead of %" PRIu64,
                               settings->limits.admin_connections, asked.limits.admin_connections);
        }
        diag(DIAG_WARNING,
             "the system allows %" PRIu64 " open files (ulimit -n), and %" PRIu64
             " are needed: limits.sessions is now %" PRIu64 " instead of %" PRIu64 "%s",
             (uint64_t)limit.rlim_cur, wanted, settings->limits.sessions, asked.limits.sessions, more);
        return true;
}
