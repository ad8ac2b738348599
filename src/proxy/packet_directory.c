#include "proxy/packet_directory.h"

#include "base/diag.h"
#include "journal/trigger.h"
#include "profile/heap/prof.h"
#include "settings/places.h"
#include "settings/settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0700, FILE_MODE = 0600, SPARE = 2 };

static const char *ending_of(const struct packet_file *file)
{
        return file->is_text ? ".txt" : ".pcapng";
}

/** @return false */
static bool fail(struct packet_directory *d, const char *what, int error)
{
        d->what = what;
        d->error = error;
        return false;
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

static bool add(struct packet_directory *d, const struct packet_file *file)
{
        if (d->first + d->n == d->space && d->first > 0) {
                memmove(d->files, d->files + d->first, d->n * sizeof *d->files);
                d->first = 0;
        }
        if (d->n == d->space) {
                size_t space = 2 * d->space;
                struct packet_file *files = prof_realloc(STAGE_CAPTURE, d->files, space * sizeof *files);
                if (files == NULL) {
                        return false;
                }
                d->files = files;
                d->space = space;
        }
        d->files[d->first + d->n++] = *file;
        return true;
}

/** Remove the oldest file, unless it belongs to the one that is written. */
static bool remove_oldest(struct packet_directory *d)
{
        char name[TRIGGER_NAME_MAX];
        const struct packet_file *oldest = &d->files[d->first];
        if (d->n == 0 || (d->out >= 0 && oldest->number == d->current.number)) {
                return fail(d, "the packets need more space than triggers.bytes allows", 0);
        }
        trigger_file_name(name, oldest->number, oldest->conn_id, ending_of(oldest));
        if (unlinkat(d->fd, name, 0) != 0 && errno != ENOENT) {
                return fail(d, "an old file can't be removed", errno);
        }
        d->bytes -= oldest->bytes;
        d->first++;
        d->n--;
        return true;
}

/** Remove old files until there is space for @p files and @p bytes more. */
static bool make_space(struct packet_directory *d, size_t files, uint64_t bytes)
{
        const struct settings *s = d->settings;
        while (d->n + files > s->triggers.files || d->bytes + bytes > s->triggers.bytes) {
                if (!remove_oldest(d)) {
                        return false;
                }
        }
        return true;
}

static int compare(const void *a, const void *b)
{
        const struct packet_file *x = a;
        const struct packet_file *y = b;
        return x->number < y->number ? -1 : x->number > y->number;
}

/** Find the files of the directory @p dir. */
static bool read_names(struct packet_directory *d, DIR *dir)
{
        const struct dirent *entry;
        while ((entry = readdir(dir)) != NULL) {
                struct packet_file file = {0};
                struct stat st;
                const char *ending = trigger_file_parse(entry->d_name, &file.number, &file.conn_id);
                if (ending == NULL || fstatat(d->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
                    !S_ISREG(st.st_mode)) {
                        continue;
                }
                file.bytes = (uint64_t)st.st_size;
                file.is_text = strcmp(ending, ".txt") == 0;
                if (!add(d, &file)) {
                        return fail(d, "can't be read: out of memory", 0);
                }
                d->bytes += file.bytes;
        }
        return true;
}

static bool find_files(struct packet_directory *d)
{
        int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        d->first = 0;
        d->n = 0;
        d->bytes = 0;
        if (dir == NULL) {
                int error = errno;
                if (fd >= 0) {
                        (void)close(fd);
                }
                return fail(d, "can't be read", error);
        }
        bool done = read_names(d, dir);
        (void)closedir(dir);
        qsort(d->files, d->n, sizeof *d->files, compare);
        return done && make_space(d, 0, 0);
}

/* --- the directory ------------------------------------------------------------------------------------------------------ */

/** @return what is wrong with the directory @p fd, static text; NULL: nothing is. */
static const char *objection(int fd)
{
        struct stat st;
        if (fstat(fd, &st) != 0) {
                return "can't be examined";
        }
        if (st.st_uid != geteuid()) {
                return "belongs to another user";
        }
        if ((st.st_mode & 077) != 0) {
                return "can be accessed by others than its owner: its mode must be 0700";
        }
        return NULL;
}

/** @return the same as objection. */
static const char *lock_directory(struct packet_directory *d, int fd)
{
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
                return NULL;
        }
        d->is_used = errno == EWOULDBLOCK;
        return d->is_used ? "is used by another process" : "can't be locked";
}

/** @return the directory, or -1 with d->what and d->error. */
static int open_it(struct packet_directory *d, bool locked)
{
        d->is_used = false;
        int fd = open(d->settings->triggers.directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) {
                bool is_link = errno == ELOOP || errno == ENOTDIR;
                (void)fail(d, is_link ? "is a symbolic link, or no directory" : "can't be opened",
                           is_link ? 0 : errno);
                return -1;
        }
        const char *what = objection(fd);
        what = what == NULL && locked ? lock_directory(d, fd) : what;
        if (what != NULL) {
                (void)fail(d, what, 0);
                (void)close(fd);
                return -1;
        }
        return fd;
}

/** Open the directory, and create it if it does not exist. */
static bool prepare(struct packet_directory *d)
{
        if (mkdir(d->settings->triggers.directory, MODE) != 0 && errno != EEXIST) {
                return fail(d, "can't be created", errno);
        }
        d->fd = open_it(d, true);
        return d->fd >= 0 && find_files(d);
}

/** Open it again if it has been removed. */
static bool is_ready(struct packet_directory *d)
{
        struct stat st;
        if (d->fd >= 0 && fstat(d->fd, &st) == 0 && st.st_nlink > 0) {
                return true;
        }
        if (d->fd >= 0) {
                (void)close(d->fd);
        }
        d->fd = -1;
        return prepare(d);
}

static void report(const struct packet_directory *d)
{
        char place[SETTINGS_PLACE_MAX];
        diag(d->is_used ? DIAG_WARNING : DIAG_ERROR, "%ssetting 'triggers.directory': %s %s%s%s",
             settings_place(d->settings, "triggers.directory", 0, place), d->settings->triggers.directory,
             d->what, d->error != 0 ? ": " : "", d->error != 0 ? strerror(d->error) : "");
}

/** Can a directory that does not exist be created? */
static bool can_create(struct packet_directory *d)
{
        char parent[SETTINGS_TEXT_MAX];
        (void)snprintf(parent, sizeof parent, "%s", d->settings->triggers.directory);
        size_t len = strlen(parent);
        while (len > 1 && parent[len - 1] == '/') {
                parent[--len] = '\0';
        }
        char *slash = strrchr(parent, '/');
        if (slash != NULL) {
                slash[slash == parent ? 1 : 0] = '\0';
        }
        return access(slash != NULL ? parent : ".", W_OK | X_OK) == 0 || fail(d, "can't be created", errno);
}

enum status packet_directory_check(const struct settings *settings)
{
        struct packet_directory d = {.settings = settings};
        if (!settings_have_triggers(settings) || *settings->triggers.directory == '\0') {
                return STATUS_OK;
        }
        int fd = open_it(&d, false);
        if (fd >= 0) {
                (void)close(fd);
                return STATUS_OK;
        }
        if (d.error == ENOENT && can_create(&d)) {
                return STATUS_OK;
        }
        report(&d);
        return STATUS_INVALID;
}

enum status packet_directory_open(struct packet_directory *d, const struct settings *settings)
{
        *d = (struct packet_directory){.settings = settings, .fd = -1, .out = -1};
        d->space = settings->triggers.files + SPARE;
        d->files = prof_calloc(STAGE_CAPTURE, d->space, sizeof *d->files);
        if (d->files == NULL) {
                diag(DIAG_ERROR, "the directory of saved packets can't be opened: out of memory");
                return STATUS_NOMEM;
        }
        if (!prepare(d)) {
                report(d);
                if (!d->is_used) {
                        packet_directory_close(d);
                        return STATUS_IO;
                }
        }
        return STATUS_OK;
}

void packet_directory_close(struct packet_directory *d)
{
        packet_directory_abandon(d);
        if (d->fd >= 0) {
                (void)close(d->fd);
        }
        d->fd = -1;
        prof_free(d->files);
        d->files = NULL;
}

/* --- writing ------------------------------------------------------------------------------------------------------------ */

bool packet_directory_begin(struct packet_directory *d, uint64_t number, uint64_t conn_id, bool is_text)
{
        char name[TRIGGER_NAME_MAX];
        d->current = (struct packet_file){.number = number, .conn_id = conn_id, .is_text = is_text};
        if (!is_ready(d) || !make_space(d, 1, 0)) {
                return false;
        }
        trigger_file_name(name, number, conn_id, ending_of(&d->current));
        d->out = openat(d->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
        return d->out >= 0 || fail(d, "a file can't be created in it", errno);
}

bool packet_directory_put(struct packet_directory *d, struct span bytes)
{
        if (d->out < 0) {
                return false;
        }
        bool done = make_space(d, 1, bytes.len);
        while (done && bytes.len > 0) {
                ssize_t n = write(d->out, bytes.data, bytes.len);
                if (n < 0 && errno != EINTR) {
                        done = fail(d, "a file in it can't be written", errno);
                } else if (n > 0) {
                        d->current.bytes += (uint64_t)n;
                        d->bytes += (uint64_t)n;
                        bytes = span_skip(bytes, (size_t)n);
                }
        }
        if (!done) {
                packet_directory_abandon(d);
        }
        return done;
}

bool packet_directory_end(struct packet_directory *d)
{
        if (d->out < 0) {
                return false;
        }
        if (!add(d, &d->current)) {
                packet_directory_abandon(d);
                return fail(d, "can't be used: out of memory", 0);
        }
        int result = close(d->out); /* an error of the file system that comes so late is not repeated */
        d->out = -1;
        return result == 0 || fail(d, "a file in it can't be written", errno);
}

void packet_directory_abandon(struct packet_directory *d)
{
        char name[TRIGGER_NAME_MAX];
        if (d->out < 0) {
                return;
        }
        trigger_file_name(name, d->current.number, d->current.conn_id, ending_of(&d->current));
        (void)close(d->out);
        (void)unlinkat(d->fd, name, 0);
        d->out = -1;
        d->bytes -= d->current.bytes;
}
