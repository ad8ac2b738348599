#include "cli/stop_watch.h"

#include "cli/client.h"
#include "proxy/net/address.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(const struct client_options *options)
{
        struct address address;
        struct sockaddr_storage where;
        socklen_t len;
        if (!client_address(options, &address)) {
                return -1;
        }
        int fd = address_numeric(&address, &where, &len)
                     ? socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)
                     : -1;
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&where, len) != 0) {
                (void)close(fd);
                return -1;
        }
        return fd;
}

void stop_watch_open(struct stop_watch *w, const struct client_options *options)
{
        char request[SETTINGS_TEXT_MAX + 128];
        *w = (struct stop_watch){.fd = connect_to(options)};
        int n =
            snprintf(request, sizeof request,
                     "GET /healthz?wait=1 HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", options->admin);
        if (w->fd >= 0 &&
            (send(w->fd, request, (size_t)n, MSG_NOSIGNAL) != n || fcntl(w->fd, F_SETFL, O_NONBLOCK) != 0)) {
                stop_watch_close(w);
        }
}

void stop_watch_close(struct stop_watch *w)
{
        if (w->fd >= 0) {
                (void)close(w->fd);
        }
        w->fd = -1;
}

/** What the response means, now that it has ended. */
static enum stop_watch_state state_of(const char *text)
{
        static const char accepted[] = "HTTP/1.1 200";
        if (strstr(text, "\r\n\r\nstopping\n") != NULL) {
                return STOP_WATCH_STOPPED;
        }
        bool is_refused = *text != '\0' && strncmp(text, accepted, sizeof accepted - 1) != 0;
        return is_refused ? STOP_WATCH_UNKNOWN : STOP_WATCH_LOST;
}

enum stop_watch_state stop_watch_read(struct stop_watch *w)
{
        while (w->fd >= 0) {
                size_t left = sizeof w->text - 1 - w->n;
                ssize_t n = left > 0 ? recv(w->fd, w->text + w->n, left, 0) : 0;
                if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                        return STOP_WATCH_WAITING;
                }
                w->n += n > 0 ? (size_t)n : 0;
                w->text[w->n] = '\0';
                if (n <= 0) {
                        stop_watch_close(w);
                        return state_of(w->text);
                }
        }
        return STOP_WATCH_UNKNOWN;
}
