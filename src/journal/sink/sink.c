#include "journal/sink/sink.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/files.h"
#include "journal/sink/datagram.h"
#include "journal/sink/logfile.h"
#include "journal/sink/retention.h"
#include "journal/sink/sink_message.h"
#include "mysql/record/gap.h"
#include "rules/filter.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1024 * 1024, FLUSH_AT = 256 * 1024, FLUSH_MS = 1000, GAP_BYTES = 1024 };

static bool is_stdout(const struct sink *sink)
{
        return strcmp(sink->path, "-") == 0;
}

static const char *name_of(const struct sink *sink)
{
        return is_stdout(sink) ? "standard output" : sink->settings->file;
}

static void count(_Atomic uint64_t *counter, uint64_t n)
{
        atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

/** @return false with errno; the sink is as it was then. */
static bool open_fd(struct sink *sink)
{
        int fd = STDOUT_FILENO;
        bool owns = false;
        if (sink->is_messages) {
                fd = datagram_open(sink->path);
                owns = true;
        } else if (!is_stdout(sink)) {
                fd = logfile_open(sink->path);
                owns = true;
        } else {
                fd = logfile_stdout(&owns);
        }
        if (!logfile_is_output(fd)) {
                return false;
        }
        sink->fd = fd;
        sink->owns_fd = owns;
        sink->is_stream = logfile_is_stream(fd);
        sink->may_block = sink->is_stream && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
        return true;
}

/** What ends a line, or an entry, that was cut. */
static bool mend(struct sink *sink)
{
        static const char ends[] = ";\n";
        const char *end = sink->format == FORMAT_SLOW ? ends : ends + 1;
        ssize_t n = write(sink->fd, end, strlen(end));
        sink->torn = n < (ssize_t)strlen(end);
        if (n > 0) {
                sink->rotate.bytes += (size_t)n;
                count(&sink->bytes, (size_t)n);
        }
        return !sink->torn;
}

/** What a crash, a full disk or somebody else has left at the file's end must not take the next record with it. */
static void look_at_end(struct sink *sink)
{
        sink->torn = !sink->is_messages && !logfile_ends_whole(sink->fd, sink->format == FORMAT_SLOW);
        if (sink->torn) {
                count(&sink->torn_lines, 1);
                if (!sink->torn_logged) {
                        diag(DIAG_WARNING,
                             "log file %s ended in the middle of a line (after a crash or a full disk, or "
                             "because of another writer): the next record starts on a new line (reported "
                             "once)",
                             name_of(sink));
                        sink->torn_logged = true;
                }
                (void)mend(sink); /* else before the next record */
        }
}

/** @p sink has a new descriptor. */
static void begin_file(struct sink *sink)
{
        rotate_begin(&sink->rotate, sink->owns_fd ? sink->settings : NULL, sink->fd);
        look_at_end(sink);
}

static enum format wanted_format(const struct settings_sink *settings)
{
        static const enum format formats[][2] = {
            [SETTINGS_FORMAT_AUTO] = {FORMAT_AUTO, FORMAT_AUTO_VERBOSE},
            [SETTINGS_FORMAT_TEXT] = {FORMAT_TEXT, FORMAT_VERBOSE},
            [SETTINGS_FORMAT_JSON] = {FORMAT_JSON, FORMAT_JSON},
            [SETTINGS_FORMAT_LTSV] = {FORMAT_LTSV, FORMAT_LTSV},
            [SETTINGS_FORMAT_SLOW] = {FORMAT_SLOW, FORMAT_SLOW},
        };
        return formats[settings->format][settings->verbose ? 1 : 0];
}

_Static_assert((int)SETTINGS_FILTERS == (int)FILTER_KEYS, "a setting for each criterion");

static enum status make_filter(struct sink *sink)
{
        char error[FILTER_ERROR_MAX];
        struct filter_spec spec;
        for (enum filter_key key = 0; key < FILTER_KEYS; key++) {
                spec.text[key] = sink->settings->filter[key];
        }
        enum status status = filter_new(&spec, &sink->filter, error);
        if (status != STATUS_OK) {
                diag(DIAG_ERROR, "the log's filter: filter.%s (log %s)", error, name_of(sink));
        }
        return status;
}

enum status sink_open(struct sink *sink, const struct settings_sink *settings)
{
        const char *socket_path = datagram_path(settings->file);
        sink->settings = settings;
        sink->is_messages = socket_path != NULL;
        sink->path = socket_path != NULL ? socket_path : settings->file;
        sink->fd = -1;
        enum status status = make_filter(sink);
        if (status == STATUS_OK && !open_fd(sink)) {
                diag(DIAG_ERROR, "log file %s: %s", name_of(sink), files_why(errno));
                status = STATUS_IO;
        }
        if (status == STATUS_OK && !output_queue_init(&sink->queue, BUFFER_BYTES)) {
                diag(DIAG_ERROR, "log file %s: out of memory", name_of(sink));
                status = STATUS_NOMEM;
        }
        if (status != STATUS_OK) {
                sink_close(sink);
                return status;
        }
        sink->format = format_on(wanted_format(settings), isatty(sink->fd) != 0);
        begin_file(sink);
        char stamp[ROTATE_STAMP_LEN + 1];
        retention_newest(sink->retention, settings, stamp);
        rotate_after(&sink->rotate, stamp);
        return STATUS_OK;
}

static void close_fd(struct sink *sink)
{
        if (sink->fd >= 0 && sink->owns_fd) {
                (void)close(sink->fd);
        }
        sink->fd = -1;
        sink->owns_fd = false;
        sink->stuck = false;
}

void sink_close(struct sink *sink)
{
        count(&sink->dropped, output_queue_discard(&sink->queue));
        output_queue_fini(&sink->queue);
        close_fd(sink);
        filter_free(sink->filter);
        sink->filter = NULL;
}

/* --- rotation ------------------------------------------------------------------------------------------------------ */

static bool rotation_failed(struct sink *sink, int error)
{
        count(&sink->errors, 1);
        if (!sink->trouble_logged) {
                diag(DIAG_ERROR,
                     "log file %s can't be rotated: %s; it keeps growing, and rotation is retried",
                     sink->path, files_why(error));
                sink->trouble_logged = true;
        }
        return false;
}

/** No record may be half written. @return false if the old file stays. */
static bool rotate(struct sink *sink)
{
        char name[PATH_MAX];
        if (!rotate_move(&sink->rotate, name, sizeof name)) {
                return rotation_failed(sink, errno);
        }
        int fd = logfile_open(sink->path);
        if (fd < 0) {
                int error = errno;
                rotate_move_back(&sink->rotate, name);
                return rotation_failed(sink, error);
        }
        close_fd(sink);
        sink->fd = fd;
        sink->owns_fd = true;
        begin_file(sink);
        enum record_event event;
        retention_free_space(sink->retention, sink->settings, output_queue_oldest(&sink->queue, &event).len);
        count(&sink->rotations, 1);
        sink->has_rotated = true;
        sink->trouble_logged = false;
        return true;
}

/** What is due for this file: with rotation by size it ends where a record ends. Rotates if it is full. */
static struct span due_for_file(struct sink *sink)
{
        struct span due = output_queue_pending(&sink->queue);
        size_t left = rotate_bytes_left(&sink->rotate);
        enum record_event event;
        if (due.len <= left) {
                return due;
        }
        size_t whole = output_queue_whole_records(&sink->queue, left);
        if (whole == 0 && sink->rotate.bytes > 0 && !output_queue_is_mid_record(&sink->queue)) {
                if (!rotate(sink)) {
                        return due;
                }
                whole = output_queue_whole_records(&sink->queue, rotate_bytes_left(&sink->rotate));
        }
        /* the rest of a record that is begun stays in its file; one that is larger than a file has one of its own */
        return whole > 0 ? span_head(due, whole) : output_queue_oldest(&sink->queue, &event);
}

/** Somebody made the file smaller (copytruncate), or writes to it as well. */
static void look_for_others(struct sink *sink)
{
        if (rotate_is_changed(&sink->rotate, sink->fd)) {
                output_queue_rewind(&sink->queue); /* a record that was begun comes again, whole */
                look_at_end(sink);
        }
}

/** By time, or because somebody took the file away. */
static void look_after_file(struct sink *sink)
{
        if (output_queue_pending(&sink->queue).len > 0 && rotate_is_gone(&sink->rotate, sink->fd)) {
                sink_reopen(sink);
        }
        if (sink->fd >= 0 && output_queue_pending(&sink->queue).len > 0) {
                look_for_others(sink);
        }
        if (!output_queue_is_mid_record(&sink->queue) && rotate_is_old(&sink->rotate, clock_wall_ns())) {
                (void)rotate(sink);
        }
}

int sink_wait_ms(const struct sink *sink)
{
        return sink->fd >= 0 ? rotate_wait_ms(&sink->rotate, clock_wall_ns()) : -1;
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

static int poll_out(int fd, int wait_ms)
{
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        return poll(&p, 1, wait_ms);
}

static ssize_t write_some(struct sink *sink, struct span due)
{
        size_t n = due.len;
        if (sink->is_messages) {
                return sink_message_send(sink);
        }
        if (sink->may_block) {
                if (poll_out(sink->fd, 0) <= 0) {
                        errno = EAGAIN;
                        return -1;
                }
                n = n < PIPE_BUF ? n : PIPE_BUF; /* what a pipe that is ready takes without blocking */
        }
        return write(sink->fd, due.data, n);
}

/** Wait for the reader, but not for long, nor past @p until_ns. @return false if it does not read. */
static bool wait_for_reader(struct sink *sink, uint64_t until_ns)
{
        uint64_t now = clock_mono_ns();
        uint64_t left_ms = now < until_ns ? (until_ns - now + CLOCK_MS_NS - 1) / CLOCK_MS_NS : 0;
        int wait_ms = sink->stuck ? 0 : left_ms < SINK_STUCK_MS ? (int)left_ms : SINK_STUCK_MS;
        int ready = poll_out(sink->fd, wait_ms);
        if (ready == 0 && wait_ms == SINK_STUCK_MS) {
                sink->stuck = true;
        }
        return left_ms > 0 && (ready > 0 || (ready < 0 && errno == EINTR));
}

static void on_progress(struct sink *sink, size_t n)
{
        count(&sink->bytes, n);
        sink->rotate.bytes += n;
        count(&sink->records, output_queue_advance(&sink->queue, n));
        if (sink->failing || sink->stuck_logged) {
                diag(DIAG_INFO, "log to %s: can be written again; %llu records were dropped", name_of(sink),
                     (unsigned long long)sink->missing);
        }
        sink->failing = false;
        sink->stuck = false;
        sink->stuck_logged = false;
}

/** Drop @p n records in the place behind the buffer's last one. */
static void miss(struct sink *sink, uint64_t n)
{
        sink->missing += n;
        count(&sink->dropped, n);
}

static void on_error(struct sink *sink, int error)
{
        count(&sink->errors, 1);
        sink->stuck =
            false; /* a reader that is gone would end each wait for it at once: it is tried again by time */
        if (!sink->is_messages && (error == EPIPE || error == EBADF)) {
                diag(DIAG_WARNING,
                     "log to %s: its reader has gone; from now on records are counted as dropped",
                     name_of(sink));
                close_fd(sink);
                miss(sink, output_queue_discard(&sink->queue));
        } else if (!sink->failing) {
                diag(DIAG_ERROR,
                     "log to %s: %s; records are buffered up to %d bytes, then counted as dropped",
                     name_of(sink), strerror(error), BUFFER_BYTES);
                sink->failing = true;
        }
}

static void write_due(struct sink *sink)
{
        uint64_t until_ns = 0;
        if (sink->is_messages && sink->failing && sink->fd >= 0 && !sink_message_connect(sink)) {
                on_error(sink, errno);
                return;
        }
        while (sink->fd >= 0) {
                struct span due = due_for_file(sink);
                if (due.len == 0) {
                        return;
                }
                if (sink->torn && !mend(sink) && errno != EINTR) {
                        on_error(sink, errno);
                        return;
                }
                ssize_t n = write_some(sink, due);
                if (n > 0) {
                        on_progress(sink, (size_t)n);
                } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
                        on_error(sink, errno);
                        return;
                } else if (n == 0 || errno == EAGAIN) {
                        if (until_ns == 0) {
                                until_ns = clock_mono_ns() + FLUSH_MS * CLOCK_MS_NS;
                                if (sink->deadline_ns != 0 && sink->deadline_ns < until_ns) {
                                        until_ns = sink->deadline_ns;
                                }
                        }
                        if (!wait_for_reader(sink, until_ns)) {
                                return;
                        }
                }
        }
}

bool sink_flush(struct sink *sink)
{
        if (sink->fd >= 0) {
                look_after_file(sink);
        }
        write_due(sink);
        if (sink->missing > 0 && sink->fd >= 0 && output_queue_is_half_free(&sink->queue)) {
                struct record gap = gap_record(sink->missing, "the log could not be written");
                if (output_queue_add(&sink->queue, sink->format, &gap)) {
                        sink->missing = 0;
                        if (!sink_is_blocked(sink)) {
                                write_due(sink);
                        }
                }
        }
        return output_queue_pending(&sink->queue).len == 0;
}

bool sink_is_blocked(const struct sink *sink)
{
        return sink->failing || sink->stuck;
}

bool sink_has_space(const struct sink *sink, size_t len)
{
        /* the worst a byte becomes; what is larger than the buffer needs all of it */
        size_t worst = 8 * len + FIELD_COUNT * RECORD_KEY_SIZE;
        size_t free_bytes = output_queue_free_bytes(&sink->queue);
        return sink->fd < 0 || free_bytes > worst ||
               (free_bytes == sink->queue.size && !sink_is_blocked(sink));
}

int sink_wait_fd(const struct sink *sink)
{
        return sink->stuck && output_queue_pending(&sink->queue).len > 0 ? sink->fd : -1;
}

/* --- putting ------------------------------------------------------------------------------------------------------- */

static bool place(struct sink *sink, const struct record *r)
{
        if (sink->missing > 0 && sink->fd >= 0 && !sink_is_blocked(sink)) {
                (void)sink_flush(sink); /* puts the gap record that comes first */
        }
        if (sink->fd < 0 || sink->missing > 0) {
                return false;
        }
        if (output_queue_add(&sink->queue, sink->format, r)) {
                return true;
        }
        if (sink_is_blocked(sink)) {
                return false;
        }
        (void)sink_flush(sink);
        return sink->fd >= 0 && (output_queue_add(&sink->queue, sink->format, r) ||
                                 output_queue_add_large(&sink->queue, sink->format, r));
}

void sink_put(struct sink *sink, const struct record *r)
{
        if (sink->filter != NULL) {
                bool passes = filter_pass(sink->filter, r);
                atomic_store_explicit(&sink->undecided, filter_undecided(sink->filter), memory_order_relaxed);
                if (!passes) {
                        count(&sink->filtered, 1);
                        return;
                }
        }
        if (!format_shows(sink->format, r)) {
                count(&sink->records, 1); /* nothing of it is to be written */
                return;
        }
        if (!place(sink, r)) {
                if (r->event == EVENT_GAP) {
                        sink->missing +=
                            record_uint_if_any(r, FIELD_DROPPED); /* counted by whoever dropped them */
                } else {
                        miss(sink, 1);
                }
                if (sink->stuck && !sink->stuck_logged) {
                        diag(DIAG_WARNING,
                             "log to %s: its reader is too slow; records are dropped and counted",
                             name_of(sink));
                        sink->stuck_logged = true;
                }
                return;
        }
        if (output_queue_pending(&sink->queue).len >= FLUSH_AT && !sink_is_blocked(sink)) {
                (void)sink_flush(sink);
        }
}

void sink_reopen(struct sink *sink)
{
        if (is_stdout(sink)) {
                return;
        }
        (void)sink_flush(sink);
        if (sink->owns_fd && !sink->is_messages && logfile_is_at(sink->fd, sink->path)) {
                look_for_others(sink); /* nobody moved it: what is half written goes on there */
                diag(DIAG_INFO, "log file %s has not been moved and stays open", name_of(sink));
                return;
        }
        struct sink old = {.fd = sink->fd, .owns_fd = sink->owns_fd};
        if (!open_fd(sink)) {
                count(&sink->errors, 1);
                if (!sink->reopen_logged) {
                        diag(DIAG_ERROR, "log file %s can't be reopened: %s; the old file is still used",
                             name_of(sink), files_why(errno));
                        sink->reopen_logged = true;
                }
                return;
        }
        sink->reopen_logged = false;
        output_queue_rewind(&sink->queue); /* what the old file has half of comes whole into the new one */
        close_fd(&old);
        begin_file(sink);
        sink->stuck = false;
        diag(DIAG_INFO, "log file %s was reopened", name_of(sink));
}
