/** @file descriptors.h  What the proxy may have open at once, and what that means for its limits.
 *
 *      | always open | spare | admin port's connections | two a session … |     <= RLIMIT_NOFILE
 *
 * So at limits.sessions the admin port is still answered, and logs are still rotated and opened again.
 * Threads: main.   Memory: none.   Source: getrlimit(2). */
#ifndef CLI_DESCRIPTORS_H
#define CLI_DESCRIPTORS_H

#include "settings/settings.h"

/** How many may be open: the system's limit, and what the proxy will have open besides sessions and admin port. */
struct descriptors {
        uint64_t limit;
        uint64_t fixed;
};

/** What is always open under @p settings with @p workers. */
uint64_t descriptors_fixed(const struct settings *settings, unsigned workers);
/** What everything that @p settings allow takes at once. */
uint64_t descriptors_wanted(const struct settings *settings, uint64_t fixed);
/** With fewer the proxy could not serve one session beside the admin port. */
uint64_t descriptors_least(const struct settings *settings, uint64_t fixed);
/** Lower limits.sessions and limits.admin_connections to what @p d allows. @return false if they fit as they are. */
bool descriptors_share(struct settings *settings, struct descriptors d);
/** Raise the process's limit to what @p settings want; if it can't be raised so far, lower them, and say so.
 *  @return false, which is said, if the system allows fewer than descriptors_least. */
bool descriptors_fit(struct settings *settings, unsigned workers);

#endif
