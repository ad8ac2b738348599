#include "journal/sink/destination.h"

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
static void look_at_end(struct destination *d)
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
        look_at_end(d);
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

bool destination_rotate(struct destination *d, uint64_t need)
{
        char name[PATH_MAX];
        if (!rotate_move(&d->rotate, name, sizeof name)) {
                return rotation_failed(d, errno);
        }
        if (!destination_open(d)) {
                int error = errno;
                rotate_move_back(&d->rotate, name);
                return rotation_failed(d, error);
        }
        destination_begin(d);
        retention_free_space(d->retention, d->settings, need);
        sink_count(&d->counters->rotations, 1);
        d->has_rotated = true;
        d->logged &= ~(unsigned)LOGGED_ROTATION;
        return true;
}

bool destination_is_changed(struct destination *d)
{
        if (!rotate_is_changed(&d->rotate, d->fd)) {
                return false;
        }
        look_at_end(d);
        return true;
}

bool destination_is_at_path(const struct destination *d)
{
        return d->owns_fd && logfile_is_at(d->fd, d->path);
}
