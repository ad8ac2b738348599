#include "base/diag.h"

#include "base/clock.h"
#include "base/shown.h"
#include "base/utf8.h"
#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic int threshold = DIAG_INFO;
static _Atomic uint64_t counts[DIAG_LEVELS];

static _Atomic uint64_t unsaid;

static _Thread_local struct {
        void (*on_line)(void *arg, enum diag_level level, const char *text);
        void *arg;
} copies;

void diag_tee(void (*on_line)(void *arg, enum diag_level level, const char *text), void *arg)
{
        copies.on_line = on_line;
        copies.arg = arg;
}

uint64_t diag_unsaid(void)
{
        return atomic_load_explicit(&unsaid, memory_order_relaxed);
}

void diag_set_level(enum diag_level level)
{
        atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

enum diag_level diag_level(void)
{
        return (enum diag_level)atomic_load_explicit(&threshold, memory_order_relaxed);
}

static const char *level_name(enum diag_level level)
{
        static const char *const names[DIAG_LEVELS] = {"error", "warning", "info", "debug"};
        return level < DIAG_LEVELS ? names[level] : "?";
}

uint64_t diag_count(enum diag_level level)
{
        return atomic_load_explicit(&counts[level], memory_order_relaxed);
}

/** The text of @p n bytes, cut between characters if it was too long. */
static struct span text_of(const char *text, int n, size_t size)
{
        return n >= (int)size ? utf8_trim(span_of(text, size - 1)) : span_str(text);
}

/** Write @p line without waiting: standard error may be a pipe that nobody reads, perhaps the one that is also a log. It is shared with
 *  other processes, so O_NONBLOCK must not be set on it; opening it again gives a description of its own. @return false if the
 *  line was not written. */
static bool put(struct span line)
{
        struct stat st;
        int fd = STDERR_FILENO;
        if (fstat(fd, &st) != 0) {
                return false;
        }
        if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
                int own = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
                fd = own >= 0 ? own : fd;
        }
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        bool done = poll(&p, 1, 0) > 0 &&
                    (S_ISSOCK(st.st_mode) ? send(fd, line.data, line.len, MSG_DONTWAIT | MSG_NOSIGNAL)
                                          : write(fd, line.data, line.len)) >= 0;
        if (fd != STDERR_FILENO) {
                (void)close(fd);
        }
        return done;
}

void diag(enum diag_level level, const char *format, ...)
{
        atomic_fetch_add_explicit(&counts[level], 1, memory_order_relaxed);
        if (level > diag_level() && copies.on_line == NULL) {
                return;
        }
        int saved_errno = errno;
        char text[960];
        char line[PIPE_BUF]; /* a pipe takes so many bytes in one piece */
        _Static_assert(SHOWN_GROWTH * sizeof text + 256 <= sizeof line, "the longest text fits");
        char when[CLOCK_RFC3339_SIZE];
        va_list args;
        va_start(args, format);
        int n = vsnprintf(text, sizeof text, format, args);
        va_end(args);
        if (copies.on_line != NULL) {
                copies.on_line(copies.arg, level, text);
                if (level > diag_level()) {
                        return;
                }
        }
        clock_rfc3339(clock_wall_ns(), when);
        struct writer w = writer_over(line, sizeof line);
        writer_format(&w, "%s querytap: %s: ", when, level_name(level));
        shown_put(&w, text_of(text, n, sizeof text));
        writer_char(&w, '\n');
        if (!put(writer_span(&w))) {
                atomic_fetch_add_explicit(&unsaid, 1, memory_order_relaxed);
        }
        errno = saved_errno;
}
