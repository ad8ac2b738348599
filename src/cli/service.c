#include "cli/service.h"

#include "base/clock.h"
#include "base/diag.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { STATE_MAX = 256 };

/** Where to send; an '@' stands for the NUL byte of an abstract address. @return its length, or 0 */
static socklen_t manager(struct sockaddr_un *out)
{
        const char *path = getenv("NOTIFY_SOCKET");
        size_t len = path != NULL ? strlen(path) : 0;
        *out = (struct sockaddr_un){.sun_family = AF_UNIX};
        if (len < 2 || len >= sizeof out->sun_path || (path[0] != '/' && path[0] != '@')) {
                return 0;
        }
        memcpy(out->sun_path, path, len);
        if (path[0] == '@') {
                out->sun_path[0] = '\0';
        }
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (path[0] == '@' ? 0 : 1));
}

void service_notify(const char *state)
{
        static bool reported;
        struct sockaddr_un where;
        socklen_t len = manager(&where);
        if (len == 0) {
                return;
        }
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if ((fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                              (struct sockaddr *)&where, len) < 0) &&
            !reported) {
                reported = true;
                diag(DIAG_WARNING, "the service manager (NOTIFY_SOCKET) can't be notified: %s",
                     strerror(errno));
        }
        if (fd >= 0) {
                (void)close(fd);
        }
}

void service_notify_reloading(void)
{
        char state[STATE_MAX];
        (void)snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                       (uint64_t)(clock_mono_ns() / CLOCK_US_NS));
        service_notify(state);
}

uint64_t service_watchdog_ms(void)
{
        const char *usec = getenv("WATCHDOG_USEC");
        const char *pid = getenv("WATCHDOG_PID");
        if (usec == NULL || (pid != NULL && strtol(pid, NULL, 10) != (long)getpid())) {
                return 0;
        }
        return strtoull(usec, NULL, 10) / 1000 / 2;
}
