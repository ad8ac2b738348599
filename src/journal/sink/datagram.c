#include "journal/sink/datagram.h"

#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 640, WARNING = 4, INFORMATION = 6 };

static const struct kind {
        const char *prefix;
        const char *path;
} syslog = {"syslog:", "/dev/log"}, journald = {"journald:", "/run/systemd/journal/socket"};

static bool is_of(const struct kind *kind, const char *file)
{
        return strncmp(file, kind->prefix, strlen(kind->prefix)) == 0;
}

const char *datagram_path(const char *file)
{
        const struct kind *kind = is_of(&syslog, file) ? &syslog : is_of(&journald, file) ? &journald : NULL;
        if (kind == NULL) {
                return NULL;
        }
        const char *path = file + strlen(kind->prefix);
        return *path != '\0' ? path : kind->path;
}

int datagram_open(const char *path)
{
        struct sockaddr_un to = {.sun_family = AF_UNIX};
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

static unsigned severity(enum record_event event)
{
        return event == EVENT_GAP || event == EVENT_ERROR ? WARNING : INFORMATION;
}

static ssize_t send_parts(int fd, struct iovec *parts, size_t n)
{
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};
        return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static struct iovec part(const void *data, size_t len)
{
        union {
                const void *given;
                void *wanted; /* sendmsg does not write to it */
        } p = {.given = data};
        return (struct iovec){.iov_base = p.wanted, .iov_len = len};
}

static ssize_t send_syslog(int fd, const struct settings_sink *s, struct span text, enum record_event event)
{
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec"; /* in no locale's language */
        char head[HEAD_MAX];
        time_t now = time(NULL);
        struct tm tm;
        if (localtime_r(&now, &tm) == NULL) {
                memset(&tm, 0, sizeof tm);
        }
        int len =
            snprintf(head, sizeof head, "<%u>%.3s %2d %02d:%02d:%02d %s[%ld]: ",
                     (unsigned)s->syslog_facility * 8 + severity(event), months + (ptrdiff_t)3 * tm.tm_mon,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, s->syslog_tag, (long)getpid());
        struct iovec parts[] = {part(head, (size_t)len), part(text.data, text.len)};
        return send_parts(fd, parts, 2);
}

/** What is larger than a datagram goes as a sealed file in memory. */
static ssize_t send_as_file(int fd, const struct iovec *parts, size_t n)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control;
        int file = memfd_create("querytap-record", MFD_ALLOW_SEALING | MFD_CLOEXEC);
        ssize_t sent = -1;
        size_t whole = 0;
        for (size_t i = 0; i < n; i++) {
                whole += parts[i].iov_len;
        }
        if (file < 0) {
                return -1;
        }
        if (writev(file, parts, (int)n) == (ssize_t)whole &&
            fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0) {
                memset(&control, 0, sizeof control);
                struct msghdr message = {.msg_control = control.bytes,
                                         .msg_controllen = sizeof control.bytes};
                struct cmsghdr *c = CMSG_FIRSTHDR(&message);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(c), &file, sizeof file);
                sent = sendmsg(fd, &message, MSG_NOSIGNAL);
        }
        int error = errno;
        (void)close(file);
        errno = error;
        return sent;
}

static ssize_t send_journald(int fd, const struct settings_sink *s, struct span text, enum record_event event)
{
        char head[HEAD_MAX];
        uint8_t length[8]; /* little-endian: a text may have newlines, so its length is told */
        for (unsigned i = 0; i < sizeof length; i++) {
                length[i] = (uint8_t)((uint64_t)text.len >> (8 * i));
        }
        int len = snprintf(head, sizeof head,
                           "PRIORITY=%u\nSYSLOG_FACILITY=%u\nSYSLOG_IDENTIFIER=%s\nSYSLOG_PID=%ld\n"
                           "QUERYTAP_EVENT=%s\nMESSAGE\n",
                           severity(event), (unsigned)s->syslog_facility, s->syslog_tag, (long)getpid(),
                           record_event_name(event));
        struct iovec parts[] = {part(head, (size_t)len), part(length, sizeof length),
                                part(text.data, text.len), part("\n", 1)};
        ssize_t sent = send_parts(fd, parts, 4);
        return sent < 0 && errno == EMSGSIZE ? send_as_file(fd, parts, 4) : sent;
}

ssize_t datagram_send(int fd, const struct settings_sink *settings, struct span text, enum record_event event)
{
        size_t whole = text.len;
        if (text.len > 0 && text.data[text.len - 1] == '\n') {
                text.len--;
        }
        ssize_t sent = is_of(&syslog, settings->file) ? send_syslog(fd, settings, text, event)
                                                      : send_journald(fd, settings, text, event);
        return sent >= 0 ? (ssize_t)whole : -1;
}
