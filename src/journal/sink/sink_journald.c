/* A sink that is journald, by its native protocol, with the fields MESSAGE, PRIORITY, SYSLOG_FACILITY, SYSLOG_IDENTIFIER, SYSLOG_PID
 * and QUERYTAP_EVENT. */
#include "journal/sink/datagram.h"
#include "journal/sink/sink_ops.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 640 };

/** What is larger than a datagram is sent as a sealed file in memory. */
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

static ssize_t send_journald(int fd, const struct settings_sink *s, struct span bytes,
                             enum record_event event)
{
        char head[HEAD_MAX];
        uint8_t length[8]; /* little-endian; it stands before a text that may contain newlines */
        struct span text = datagram_text(bytes);
        for (unsigned i = 0; i < sizeof length; i++) {
                length[i] = (uint8_t)((uint64_t)text.len >> (8 * i));
        }
        int len = snprintf(head, sizeof head,
                           "PRIORITY=%u\nSYSLOG_FACILITY=%u\nSYSLOG_IDENTIFIER=%s\nSYSLOG_PID=%ld\n"
                           "QUERYTAP_EVENT=%s\nMESSAGE\n",
                           datagram_severity(event), (unsigned)s->syslog_facility, s->syslog_tag,
                           (long)getpid(), record_event_name(event));
        struct iovec parts[] = {datagram_part(head, (size_t)len), datagram_part(length, sizeof length),
                                datagram_part(text.data, text.len), datagram_part("\n", 1)};
        ssize_t sent = datagram_send(fd, parts, 4);
        if (sent < 0 && errno == EMSGSIZE) {
                sent = send_as_file(fd, parts, 4);
        }
        return sent >= 0 ? (ssize_t)bytes.len : -1;
}

const struct sink_ops sink_journald_ops = {
    .scheme = "journald:",
    .default_path = "/run/systemd/journal/socket",
    .is_message = true,
    .reconnects = true,
    .reopens = true,
    .open = datagram_open,
    .write = send_journald,
};
