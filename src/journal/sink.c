#include "journal/sink.h"

#include "base/diag.h"
#include "journal/gap.h"
#include "profile/prof.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        BUFFER_BYTES = 1024 * 1024,
        BUFFER_MAX = 256 * 1024 * 1024, /* for one record larger than the buffer */
        FLUSH_AT = 256 * 1024,
        STREAM_WAIT_MS = 100,
        FILE_MODE = 0640,
};

static int open_path(const char *path)
{
        return strcmp(path, "-") == 0 ? STDOUT_FILENO
                                      : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, FILE_MODE);
}

static bool is_stream(int fd)
{
        struct stat st;
        return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd) != 0);
}

enum status sink_open(struct sink *sink, const char *path, enum format wanted)
{
        sink->path = path;
        sink->fd = open_path(path);
        if (sink->fd < 0) {
                diag(DIAG_ERROR, "log file %s: %s", path, strerror(errno));
                return STATUS_IO;
        }
        bool terminal = isatty(sink->fd) != 0;
        if (wanted == FORMAT_COUNT) {
                wanted = terminal ? FORMAT_TEXT : FORMAT_JSON;
        }
        sink->format = wanted == FORMAT_TEXT && terminal ? FORMAT_TEXT_COLOR : wanted;
        sink->is_stream = is_stream(sink->fd);
        sink->buffer = prof_alloc(STAGE_SINK, BUFFER_BYTES);
        sink->size = BUFFER_BYTES;
        if (sink->buffer == NULL) {
                (void)sink_close(sink);
                diag(DIAG_ERROR, "log file %s: out of memory", path);
                return STATUS_NOMEM;
        }
        return STATUS_OK;
}

static const char *name_of(const struct sink *sink)
{
        return strcmp(sink->path, "-") == 0 ? "standard output" : sink->path;
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

/** One write of what is due. @return bytes written, 0 if it would wait too long, -1 with errno. */
static ssize_t write_some(const struct sink *sink)
{
        if (!sink->is_stream) {
                return write(sink->fd, sink->buffer, sink->len);
        }
        /* a pipe that is ready takes PIPE_BUF bytes without blocking, whatever its mode */
        struct pollfd p = {.fd = sink->fd, .events = POLLOUT};
        int ready = poll(&p, 1, STREAM_WAIT_MS);
        if (ready <= 0) {
                return ready;
        }
        return write(sink->fd, sink->buffer, sink->len < PIPE_BUF ? sink->len : PIPE_BUF);
}

static void give_up(struct sink *sink)
{
        diag(DIAG_WARNING, "log to %s: nobody reads it any more; records are counted as dropped from here on",
             name_of(sink));
        sink->fd = -1;
        sink->len = 0;
}

static void on_error(struct sink *sink, int error)
{
        atomic_fetch_add_explicit(&sink->errors, 1, memory_order_relaxed);
        if (error == EPIPE || error == EBADF) {
                give_up(sink);
        } else if (!sink->failing) {
                diag(DIAG_ERROR, "log to %s: %s; records are kept up to %d bytes, then counted as dropped",
                     name_of(sink), strerror(error), BUFFER_BYTES);
                sink->failing = true;
        }
}

bool sink_flush(struct sink *sink)
{
        while (sink->len > 0 && sink->fd >= 0) {
                ssize_t n = write_some(sink);
                if (n < 0 && errno == EINTR) {
                        continue;
                }
                if (n <= 0) {
                        if (n < 0 && errno != EAGAIN) {
                                on_error(sink, errno);
                        }
                        return sink->len == 0;
                }
                atomic_fetch_add_explicit(&sink->bytes, (uint64_t)n, memory_order_relaxed);
                sink->len -= (size_t)n;
                memmove(sink->buffer, sink->buffer + n, sink->len);
                if (sink->failing) {
                        sink->failing = false;
                        diag(DIAG_INFO, "log to %s: can be written again", name_of(sink));
                }
        }
        return true;
}

/* --- putting ------------------------------------------------------------------------------------------------------- */

/** Append @p r if it fits. @return 0, or the bytes that it needs. */
static uint64_t append(struct sink *sink, const struct record *r)
{
        struct writer w = writer_over(sink->buffer + sink->len, sink->size - sink->len);
        format_record(&w, sink->format, r);
        if (w.failed) {
                return w.wanted > sink->size - sink->len ? w.wanted : sink->size - sink->len + 1;
        }
        sink->len += w.at;
        return 0;
}

/** Larger than the whole buffer: the buffer grows for it. */
static bool grow(struct sink *sink, const struct record *r)
{
        size_t bound = format_size(sink->format, r);
        if (bound > BUFFER_MAX) {
                return false;
        }
        uint8_t *bigger = prof_realloc(STAGE_SINK, sink->buffer, bound);
        if (bigger == NULL) {
                return false;
        }
        sink->buffer = bigger;
        sink->size = bound;
        return true;
}

static bool put_one(struct sink *sink, const struct record *r)
{
        if (append(sink, r) == 0) {
                return true;
        }
        if (!sink_flush(sink)) {
                return false;
        }
        return append(sink, r) == 0 || (grow(sink, r) && append(sink, r) == 0);
}

void sink_put(struct sink *sink, const struct record *r)
{
        if (sink->missing > 0 && sink->fd >= 0) {
                struct record gap = gap_record(sink->missing, "the log could not be written");
                if (put_one(sink, &gap)) {
                        sink->missing = 0;
                }
        }
        if (sink->fd < 0 || sink->missing > 0 || !put_one(sink, r)) {
                sink->missing++;
                atomic_fetch_add_explicit(&sink->dropped, 1, memory_order_relaxed);
                return;
        }
        atomic_fetch_add_explicit(&sink->records, 1, memory_order_relaxed);
        if (sink->len >= FLUSH_AT && !sink->failing) {
                (void)sink_flush(sink);
        }
}

void sink_reopen(struct sink *sink)
{
        if (strcmp(sink->path, "-") == 0) {
                return;
        }
        int fd = open_path(sink->path);
        if (fd < 0) {
                diag(DIAG_ERROR, "log file %s can't be opened anew: %s; the old one is kept", sink->path,
                     strerror(errno));
                return;
        }
        (void)sink_flush(sink);
        if (sink->fd >= 0) {
                (void)close(sink->fd);
        }
        sink->fd = fd;
        sink->is_stream = is_stream(fd);
        diag(DIAG_INFO, "log file %s was opened anew", sink->path);
}

size_t sink_close(struct sink *sink)
{
        size_t lost = sink->len;
        if (sink->fd >= 0 && sink->fd != STDOUT_FILENO) {
                (void)close(sink->fd);
        }
        sink->fd = -1;
        prof_free(sink->buffer);
        sink->buffer = NULL;
        sink->len = 0;
        return lost;
}
