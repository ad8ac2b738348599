#include "journal/sink/datagram.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WARNING = 4, INFORMATION = 6 };

int datagram_open(const char *path, bool *owns)
{
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        (void)owns;
        if (strlen(path) >= sizeof to.sun_path) {
                errno = ENAMETOOLONG;
                return -1;
        }
        memcpy(to.sun_path, path, strlen(path));
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
                int error = errno;
                (void)close(fd);
                errno = error;
                return -1;
        }
        return fd;
}

ssize_t datagram_send(int fd, struct iovec *parts, size_t n)
{
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};
        return sendmsg(fd, &message, MSG_NOSIGNAL);
}

struct iovec datagram_part(const void *data, size_t len)
{
        union {
                const void *given;
                void *wanted; /* sendmsg does not write to it */
        } p = {.given = data};
        return (struct iovec){.iov_base = p.wanted, .iov_len = len};
}

struct span datagram_text(struct span text)
{
        return text.len > 0 && text.data[text.len - 1] == '\n' ? span_head(text, text.len - 1) : text;
}

unsigned datagram_severity(enum record_event event)
{
        return event == EVENT_GAP || event == EVENT_ERROR ? WARNING : INFORMATION;
}
