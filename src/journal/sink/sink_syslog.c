/* A sink that is syslog: <PRI>Mmm dd hh:mm:ss TAG[PID]: TEXT, as the C library writes to /dev/log, which all its daemons read. */
#include "journal/sink/datagram.h"
#include "journal/sink/sink_ops.h"
#include "settings/settings.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 640 };

static ssize_t send_syslog(int fd, const struct settings_sink *s, struct span bytes, enum record_event event)
{
        static const char months[] =
            "JanFebMarAprMayJunJulAugSepOctNovDec"; /* in English, whatever the locale */
        char head[HEAD_MAX];
        time_t now = time(NULL);
        struct tm tm;
        struct span text = datagram_text(bytes);
        if (localtime_r(&now, &tm) == NULL) {
                memset(&tm, 0, sizeof tm);
        }
        int len = snprintf(head, sizeof head, "<%u>%.3s %2d %02d:%02d:%02d %s[%ld]: ",
                           (unsigned)s->syslog_facility * 8 + datagram_severity(event),
                           months + (ptrdiff_t)3 * tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                           s->syslog_tag, (long)getpid());
        struct iovec parts[] = {datagram_part(head, (size_t)len), datagram_part(text.data, text.len)};
        return datagram_send(fd, parts, 2) >= 0 ? (ssize_t)bytes.len : -1;
}

const struct sink_ops sink_syslog_ops = {
    .scheme = "syslog:",
    .default_path = "/dev/log",
    .is_message = true,
    .is_one_line = true,
    .reconnects = true,
    .reopens = true,
    .open = datagram_open,
    .write = send_syslog,
};
