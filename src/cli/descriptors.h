/** @file descriptors.h  How many file descriptors the proxy may have open, and what follows for its limits.
 *
 *      | always open | spare | admin port's connections | two a session … |     <= RLIMIT_NOFILE
 *
 * So even at limits.sessions the admin port answers, and logs are rotated and reopened.
 * Threads: main.   Memory: none.   Source: getrlimit(2). */
#ifndef CLI_DESCRIPTORS_H
#define CLI_DESCRIPTORS_H

#include "settings/settings.h"

/** Numbers of file descriptors. */
struct descriptors {
        uint64_t limit; /**< that the system allows */
        uint64_t fixed; /**< that are open besides those of sessions and of the admin port */
};

/** The number that is always open with @p settings and @p workers. */
uint64_t descriptors_fixed(const struct settings *settings, unsigned workers);
/** The number that is needed if everything that @p settings allow is open at once. */
uint64_t descriptors_wanted(const struct settings *settings, uint64_t fixed);
/** The number without which not even one session and the admin port could be served. */
uint64_t descriptors_least(const struct settings *settings, uint64_t fixed);
/** Lower limits.sessions and limits.admin_connections to what @p d allows. @return false if they need not be lowered. */
bool descriptors_share(struct settings *settings, struct descriptors d);
/** Raise the limit of the process to what @p settings need; where that is not possible, lower them, with a warning.
 *  @return false, with an error, if the system allows fewer than descriptors_least. */
bool descriptors_fit(struct settings *settings, unsigned workers);

#endif
