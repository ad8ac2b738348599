#include "journal/sink/destination.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/files.h"
#include "journal/sink/logfile.h"
#include "journal/sink/retention.h"
#include "journal/sink/sink_kinds.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { LOGGED_TORN = 1, LOGGED_ROTATION = 2 };

/* --- opening ------------------------------------------------------------------------------------------------------- */

void destination_init(struct destination *d, const struct settings_sink *settings,
                      struct sink_counters *counters, struct retention *retention)
{
        const struct sink_ops *ops = sink_kinds_find(settings->file);
        *d = (struct destination){.ops = ops,
                                  .settings = settings,
                                  .path = sink_kinds_path(ops, settings->file),
                                  .counters = counters,
                                  .retention = retention,
                                  .fd = -1};
}

const char *destination_name(const struct destination *d)
{
        return d->ops->label != NULL ? d->ops->label : d->settings->file;
}

void destination_close(struct destination *d)
{
        if (d->fd >= 0 && d->owns_fd) {
                (void)close(d->fd);
        }
        d->fd = -1;
        d->owns_fd = false;
        rotate_begin(&d->rotate, NULL, -1);
}

static void take_fd(struct destination *d, int fd, bool owns)
{
        destination_close(d);
        d->fd = fd;
        d->owns_fd = owns;
        d->is_stream = logfile_is_stream(fd);
        d->may_block = d->is_stream && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

bool destination_open(struct destination *d)
{
        bool owns = true;
        int fd = d->ops->open(d->path, &owns);
        if (!logfile_is_output(fd)) {
                return false;
        }
        take_fd(d, fd, owns);
        return true;
}

bool destination_mend(struct destination *d)
{
        size_t len = strlen(d->record_end);
        ssize_t n;
        do {
                n = write(d->fd, d->record_end, len);
        } while (n < 0 && errno == EINTR);
        if (n > 0) {
                d->rotate.bytes += (size_t)n;
                sink_count(&d->counters->bytes, (size_t)n);
        }
        d->is_torn = n < (ssize_t)len;
        errno = n >= 0 ? ENOSPC : errno;
        return !d->is_torn;
}

/** An unfinished line (of a crash, a full disk, or another writer) must not take the next record with it. */
static void mend_end(struct destination *d)
{
        d->is_torn = !logfile_ends_whole(d->fd, d->record_end);
        if (!d->is_torn) {
                return;
        }
        sink_count(&d->counters->torn_lines, 1);
        if ((d->logged & LOGGED_TORN) == 0) {
                diag(DIAG_WARNING,
                     "log file %s ended in the middle of a line (after a crash or a full disk, or because of "
                     "another writer): the next record starts on a new line (reported once)",
                     destination_name(d));
                d->logged |= LOGGED_TORN;
        }
        (void)destination_mend(d); /* if that fails it is tried again before the next record */
}

void destination_begin(struct destination *d)
{
        rotate_begin(&d->rotate, d->owns_fd ? d->settings : NULL, d->fd);
        d->unverified = 0;
        mend_end(d);
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

int destination_wait(const struct destination *d, int wait_ms)
{
        struct pollfd p = {.fd = d->fd, .events = POLLOUT};
        return poll(&p, 1, wait_ms);
}

ssize_t destination_write(struct destination *d, struct span bytes, enum record_event event)
{
        if (d->may_block) {
                if (destination_wait(d, 0) <= 0) {
                        errno = EAGAIN;
                        return -1;
                }
                bytes = span_head(bytes, PIPE_BUF); /* a pipe that is ready takes so much without blocking */
        }
        return d->ops->write(d->fd, d->settings, bytes, event);
}

void destination_wrote(struct destination *d, size_t n, uint64_t records)
{
        d->rotate.bytes += n;
        d->unverified += records;
        sink_count(&d->counters->bytes, n);
        sink_count(&d->counters->records, records);
}

/* --- rotation ------------------------------------------------------------------------------------------------------ */

static bool rotation_failed(struct destination *d, int error)
{
        sink_count(&d->counters->errors, 1);
        if ((d->logged & LOGGED_ROTATION) == 0) {
                diag(DIAG_ERROR,
                     "log file %s can't be rotated: %s; it keeps growing, and rotation is retried", d->path,
                     files_why(error));
                d->logged |= LOGGED_ROTATION;
        }
        return false;
}

/** Rename the file and begin a new one. No record may be half written. @return false (reported, counted) if the old file stays. */
static bool rotate(struct destination *d, const struct output_queue *q)
{
        char name[PATH_MAX];
        char fresh[PATH_MAX];
        enum record_event event;
        (void)snprintf(fresh, sizeof fresh, "%s.next", d->path);
        int fd = logfile_create(fresh);
        if (fd < 0) {
                rotate_put_off(&d->rotate);
                return rotation_failed(d, errno);
        }
        if (!rotate_move(&d->rotate, fresh, name, sizeof name)) {
                int error = errno;
                (void)unlink(fresh);
                (void)close(fd);
                return rotation_failed(d, error);
        }
        take_fd(d, fd, true);
        destination_begin(d);
        retention_free_space(d->retention, d->settings, output_queue_oldest(q, &event).len);
        sink_count(&d->counters->rotations, 1);
        d->has_rotated = true;
        d->logged &= ~(unsigned)LOGGED_ROTATION;
        return true;
}

struct span destination_next(struct destination *d, const struct output_queue *q)
{
        struct span pending = output_queue_pending(q);
        size_t left = rotate_bytes_left(&d->rotate);
        enum record_event event;
        if (pending.len <= left) {
                return pending;
        }
        size_t whole = output_queue_whole_records(q, left);
        if (whole == 0 && d->rotate.bytes > 0 && !output_queue_is_mid_record(q)) {
                if (!rotate(d, q)) {
                        return pending;
                }
                whole = output_queue_whole_records(q, rotate_bytes_left(&d->rotate));
        }
        /* the rest of a record that is begun stays in its file; one that is larger than a file has one of its own */
        return whole > 0 ? span_head(pending, whole) : output_queue_oldest(q, &event);
}

/* --- what others do to the file -------------------------------------------------------------------------------------- */

/** Somebody removed the file: it is created again for the next record. */
static void let_go_of_removed(struct destination *d)
{
        if (d->unverified > 0) {
                diag(DIAG_WARNING,
                     "log file %s was removed, and with it up to %llu records of the last seconds: they are "
                     "lost",
                     destination_name(d), (unsigned long long)d->unverified);
        }
        destination_close(d);
}

bool destination_is_renamed(struct destination *d, const struct output_queue *q)
{
        bool is_pending = output_queue_pending(q).len > 0;
        if (!is_pending && d->unverified == 0) {
                return false; /* there is nothing to lose */
        }
        enum rotate_look look = rotate_look(&d->rotate, d->fd);
        if (look == ROTATE_REMOVED) {
                let_go_of_removed(d);
        }
        if (look != ROTATE_NOT_LOOKED) {
                d->unverified = 0;
        }
        return look == ROTATE_RENAMED && is_pending;
}

void destination_look_at_end(struct destination *d, struct output_queue *q)
{
        if (rotate_is_changed(&d->rotate, d->fd)) {
                output_queue_rewind(q);
                mend_end(d);
        }
}

void destination_look_after(struct destination *d, struct output_queue *q)
{
        if (output_queue_pending(q).len > 0) {
                destination_look_at_end(d, q);
        }
        if (!output_queue_is_mid_record(q) && rotate_is_old(&d->rotate, clock_wall_ns())) {
                (void)rotate(d, q);
        }
}

int destination_wait_ms(const struct destination *d)
{
        int until_old_ms = rotate_wait_ms(&d->rotate, clock_wall_ns());
        int until_look_ms = d->unverified > 0 ? rotate_look_ms(&d->rotate) : -1;
        if (until_old_ms < 0 || until_look_ms < 0) {
                return until_old_ms > until_look_ms ? until_old_ms : until_look_ms;
        }
        return until_old_ms < until_look_ms ? until_old_ms : until_look_ms;
}

bool destination_is_at_path(const struct destination *d)
{
        return d->owns_fd && logfile_is_at(d->fd, d->path);
}
