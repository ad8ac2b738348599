#include "journal/sink/retention.h"

#include "base/diag.h"
#include "base/lock.h"
#include "base/start.h"
#include "journal/sink/compress_file.h"
#include "journal/sink/hook.h"
#include "journal/sink/old_files.h"
#include "journal/sink/rotate.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        HOOK_MS = 60000,
        COMPRESS_STEP = 64 * 1024,
        COMPRESS_FRAME = 1024,
        COMPRESS_MOST = 2 * COMPRESS_STEP + COMPRESS_FRAME
};

/* A log as the retention thread sees it. The journal thread frees space in it, too, hence the lock. */
struct rotated_log {
        const struct settings_sink *settings;
        struct lock lock; /* for the next five members, and while files get or lose their names */
        char hooked[ROTATE_STAMP_LEN + 1];      /* stamp of the newest file for which the hook was run */
        char compressing[ROTATE_STAMP_LEN + 1]; /* stamp of the file that is being compressed; "" = none */
        uint64_t reserve; /* bytes by which its compressed form may grow before the space is checked again */
        bool abandoned;   /* its compression must not be finished */
        bool skipped_logged; /* that a file was removed before the hook was run for it */
        bool
            no_space_logged; /* that space is missing to compress; the rest is only for the retention thread */
        char tried[ROTATE_STAMP_LEN + 1]; /* stamp of the newest file that this round tried to compress */
        _Atomic bool has_begun;           /* the log is ours: retention_begin */
        _Atomic bool failure_logged;
        _Atomic uint64_t errors;
};

struct retention {
        pthread_t thread;
        int wake_fd;
        int stop_fd;
        _Atomic bool stopping;
        _Atomic uint64_t stop_ns; /* monotonic: when a running hook is killed */
        struct rotated_log logs[SETTINGS_SINKS];
        unsigned n;
};

static void fail(struct rotated_log *log, const char *what, const char *name)
{
        atomic_fetch_add_explicit(&log->errors, 1, memory_order_relaxed);
        if (!atomic_exchange(&log->failure_logged, true)) {
                diag(DIAG_WARNING, "rotated log %s: %s: %s (reported once)", name, what, strerror(errno));
        }
}

/** @return false (counted, reported) if the folder can't be read; the list must not be used then. */
static bool list(struct rotated_log *log, struct old_files *files)
{
        if (old_files_list(files, log->settings->file)) {
                return true;
        }
        fail(log, "its directory can't be read", log->settings->file);
        return false;
}

static void name_file(const struct rotated_log *log, const char *stamp, unsigned form, char *out, size_t size)
{
        old_files_name(log->settings->file, stamp, form, out, size);
}

/* --- work on one file --------------------------------------------------------------------------------------------------- */

/** Remove those of @p forms that exist. @return false if one could not be removed. */
static bool remove_forms(struct rotated_log *log, const struct old_file *f, unsigned forms)
{
        bool done = true;
        for (unsigned form = OLD_PLAIN; form <= OLD_PARTIAL; form *= 2) {
                char name[PATH_MAX];
                name_file(log, f->stamp, form, name, sizeof name);
                if ((f->forms & forms & form) != 0 && unlink(name) != 0 && errno != ENOENT) {
                        fail(log, "can't be deleted", name);
                        done = false;
                }
        }
        return done;
}

/** With the lock. @p f is removed: count it if the hook was not run for it. */
static void skip_hook(struct rotated_log *log, const struct old_file *f)
{
        if (log->settings->rotate_hook[0] == '\0' || strcmp(f->stamp, log->hooked) <= 0) {
                return;
        }
        atomic_fetch_add_explicit(&log->errors, 1, memory_order_relaxed);
        if (!log->skipped_logged) {
                diag(DIAG_WARNING,
                     "log %s: rotated files were deleted before log.rotate_hook was run for them: the hook "
                     "is too slow for log.disk_bytes or log.rotate_keep (reported once; counted as errors)",
                     log->settings->file);
                log->skipped_logged = true;
        }
}

/** With the lock. Remove @p f, or if it is being compressed at first only its unfinished compressed form; subtract from @p bytes
 *  what that frees. @return false if it can't be removed. */
static bool reclaim(struct rotated_log *log, struct old_file *f, uint64_t *bytes)
{
        bool only_partial = strcmp(f->stamp, log->compressing) == 0 && !log->abandoned;
        unsigned forms = only_partial ? OLD_PARTIAL : OLD_PLAIN | OLD_COMPRESSED | OLD_PARTIAL;
        uint64_t less = only_partial ? f->partial_bytes : f->bytes;
        if (only_partial) { /* the plain file is complete, and worth more */
                log->abandoned = true;
                *bytes -= log->reserve;
        }
        if (!remove_forms(log, f, forms)) {
                return false;
        }
        f->forms &= ~forms;
        f->bytes -= less;
        *bytes -= less;
        if (f->forms == 0) {
                skip_hook(log, f);
        }
        return true;
}

/** With the lock. Remove the oldest files while there are more than log.rotate_keep, or while all together take more than
 *  log.disk_bytes with the current file counted at @p current bytes at least. @return how many entries of the list are gone. */
static size_t prune(struct rotated_log *log, struct old_files *files, uint64_t current)
{
        const struct settings_sink *s = log->settings;
        struct stat st;
        uint64_t bytes = stat(s->file, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
        size_t gone = 0;
        bytes = bytes > current ? bytes : current;
        bytes += log->compressing[0] != '\0' && !log->abandoned ? log->reserve : 0;
        for (size_t i = 0; i < files->n; i++) {
                bytes += files->all[i].bytes;
        }
        while (gone < files->n && ((s->rotate_keep > 0 && files->n - gone > s->rotate_keep) ||
                                   (s->disk_bytes > 0 && bytes > s->disk_bytes))) {
                if (!reclaim(log, &files->all[gone], &bytes)) {
                        break;
                }
                gone += files->all[gone].forms == 0 ? 1 : 0;
        }
        return gone;
}

/** The most bytes that the current file may take. */
static uint64_t current_bytes(const struct rotated_log *log, uint64_t need)
{
        return need > log->settings->rotate_bytes ? need : log->settings->rotate_bytes;
}

static void free_space(struct rotated_log *log, uint64_t current)
{
        struct old_files files = {0};
        lock_take(&log->lock);
        if (list(log, &files)) {
                (void)prune(log, &files, current);
        }
        lock_give(&log->lock);
        old_files_free(&files);
}

/** Remove what a crash left: an unfinished compressed file, or a plain file beside its finished compressed form. */
static void clean_up(struct rotated_log *log, const struct old_files *files)
{
        for (size_t i = 0; i < files->n; i++) {
                const struct old_file *f = &files->all[i];
                unsigned forms = OLD_PARTIAL | ((f->forms & OLD_COMPRESSED) != 0 ? OLD_PLAIN : 0);
                (void)remove_forms(log, f, forms);
        }
}

static void run_hook(struct retention *r, struct rotated_log *log, const struct old_file *f)
{
        char name[PATH_MAX];
        struct stat st;
        lock_take(
            &log->lock); /* it may be removed at any time, but the hook counts as run for it from here on */
        name_file(log, f->stamp, OLD_COMPRESSED, name, sizeof name);
        bool there = stat(name, &st) == 0;
        if (!there) {
                name_file(log, f->stamp, OLD_PLAIN, name, sizeof name);
                there = stat(name, &st) == 0;
        }
        memcpy(log->hooked, f->stamp, sizeof log->hooked);
        lock_give(&log->lock);
        if (there && !hook_run(log->settings->rotate_hook, name, r->stop_fd, HOOK_MS, &r->stop_ns)) {
                atomic_fetch_add_explicit(&log->errors, 1, memory_order_relaxed);
        }
}

/* A file that is being compressed. */
struct compression {
        struct retention *retention;
        struct rotated_log *log;
        uint64_t checked; /* size of the compressed form up to which space was checked */
};

/** Before each piece: is there space for it beside the plain file? @return false to stop the compression. */
static bool may_continue(void *arg, uint64_t compressed_bytes)
{
        struct compression *p = arg;
        if (atomic_load(&p->retention->stopping)) {
                return false;
        }
        if (p->log->settings->disk_bytes > 0 && compressed_bytes >= p->checked) {
                free_space(p->log, current_bytes(p->log, 0));
                p->checked = compressed_bytes + COMPRESS_STEP;
        }
        lock_take(&p->log->lock);
        bool abandoned = p->log->abandoned;
        lock_give(&p->log->lock);
        return !abandoned;
}

static void compress(struct retention *r, struct rotated_log *log, const struct old_file *f)
{
        char name[PATH_MAX];
        struct compression compression = {r, log, 0};
        name_file(log, f->stamp, OLD_PLAIN, name, sizeof name);
        memcpy(log->tried, f->stamp, sizeof log->tried);
        lock_take(&log->lock);
        memcpy(log->compressing, f->stamp, sizeof log->compressing);
        log->reserve = f->bytes + COMPRESS_FRAME < COMPRESS_MOST ? f->bytes + COMPRESS_FRAME : COMPRESS_MOST;
        log->abandoned = false;
        lock_give(&log->lock);
        enum status status = compress_file(name, may_continue, &compression, &log->lock);
        int error = status == STATUS_NOMEM ? ENOMEM : errno;
        lock_take(&log->lock);
        log->compressing[0] = '\0';
        bool abandoned = log->abandoned;
        lock_give(&log->lock);
        errno = error;
        if (abandoned && access(name, F_OK) == 0 && !log->no_space_logged) {
                diag(DIAG_WARNING,
                     "log %s: log.disk_bytes leaves no space for compressing a rotated file; it stays "
                     "uncompressed (reported once)",
                     log->settings->file);
                log->no_space_logged = true;
        }
        errno = error;
        if (status != STATUS_OK && errno != ECANCELED && errno != ENOENT) {
                fail(log, "can't be compressed", name);
        }
}

/** Compress @p f and run the hook for it. @return true if there was something to do. */
static bool process_file(struct retention *r, struct rotated_log *log, const struct old_file *f)
{
        bool compresses = log->settings->rotate_compress && (f->forms & OLD_COMPRESSED) == 0 &&
                          (f->forms & OLD_PLAIN) != 0 && strcmp(f->stamp, log->tried) > 0;
        bool hooks = log->settings->rotate_hook[0] != '\0' && strcmp(f->stamp, log->hooked) > 0;
        char name[PATH_MAX];
        name_file(log, f->stamp, OLD_PLAIN, name, sizeof name);
        if (compresses && access(name, F_OK) == 0) { /* else the journal thread needed the space meanwhile */
                compress(r, log, f);
        }
        if (hooks && !atomic_load(&r->stopping)) {
                run_hook(r, log, f);
        }
        return compresses || hooks;
}

/** One file at a time; the list is read again after each, since there may be new files. */
static void process_log(struct retention *r, struct rotated_log *log)
{
        struct old_files files = {0};
        bool busy = true;
        log->tried[0] = '\0';
        if (list(log, &files)) {
                clean_up(log, &files);
        }
        while (busy && !atomic_load(&r->stopping)) {
                lock_take(&log->lock);
                bool listed = list(log, &files);
                size_t i = listed ? prune(log, &files, current_bytes(log, 0)) : files.n;
                lock_give(&log->lock);
                busy = false;
                for (; listed && i < files.n && !busy; i++) {
                        busy = process_file(r, log, &files.all[i]);
                }
        }
        old_files_free(&files);
}

/** Report the files that were rotated too late for the hook. */
static void report_unhooked(struct rotated_log *log)
{
        struct old_files files = {0};
        size_t left = 0;
        if (log->settings->rotate_hook[0] != '\0' && list(log, &files)) {
                for (size_t i = 0; i < files.n; i++) {
                        left += strcmp(files.all[i].stamp, log->hooked) > 0 ? 1 : 0;
                }
        }
        if (left > 0) {
                diag(
                    DIAG_WARNING,
                    "log %s: log.rotate_hook was not run for %zu rotated files, because querytap is stopping",
                    log->settings->file, left);
        }
        old_files_free(&files);
}

static void *run(void *arg)
{
        struct retention *r = arg;
        (void)prof_enter(STAGE_SINK);
        while (!atomic_load(&r->stopping)) {
                uint64_t woken;
                for (unsigned i = 0; i < r->n; i++) {
                        if (atomic_load(&r->logs[i].has_begun)) {
                                process_log(r, &r->logs[i]);
                        }
                }
                struct pollfd p[] = {{.fd = r->wake_fd, .events = POLLIN},
                                     {.fd = r->stop_fd, .events = POLLIN}};
                (void)poll(p, 2, -1);
                if (p[0].revents != 0) {
                        ssize_t n = read(r->wake_fd, &woken, sizeof woken);
                        (void)n; /* the folder says what is to be done */
                }
        }
        for (unsigned i = 0; i < r->n; i++) {
                if (atomic_load(&r->logs[i].has_begun)) {
                        report_unhooked(&r->logs[i]);
                }
        }
        return NULL;
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

static void discard(struct retention *r)
{
        if (r->wake_fd >= 0) {
                (void)close(r->wake_fd);
        }
        if (r->stop_fd >= 0) {
                (void)close(r->stop_fd);
        }
        prof_free(r);
}

enum status retention_new(const struct settings *settings, struct retention **out)
{
        bool rotates = false;
        *out = NULL;
        for (uint64_t i = 0; i < settings->n_sinks; i++) {
                rotates =
                    rotates || settings->sinks[i].rotate_bytes > 0 || settings->sinks[i].rotate_seconds > 0;
        }
        if (!rotates) {
                return STATUS_OK;
        }
        struct retention *r = prof_calloc(STAGE_SINK, 1, sizeof *r);
        if (r == NULL) {
                diag(DIAG_ERROR, "the thread for rotated logs can't be started: out of memory");
                return STATUS_NOMEM;
        }
        r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        int error = r->wake_fd < 0 || r->stop_fd < 0 ? errno : 0;
        for (uint64_t i = 0; i < settings->n_sinks; i++) {
                if (settings->sinks[i].rotate_bytes > 0 || settings->sinks[i].rotate_seconds > 0) {
                        r->logs[r->n++].settings = &settings->sinks[i];
                }
        }
        if (error == 0) {
                error = start_thread(&r->thread, "retention", run, r);
        }
        if (error != 0) {
                diag(DIAG_ERROR, "the thread for rotated logs can't be started: %s", strerror(error));
                discard(r);
                return STATUS_IO;
        }
        *out = r;
        return STATUS_OK;
}

static void notify(int fd)
{
        uint64_t one = 1;
        ssize_t n = write(fd, &one, sizeof one);
        (void)n; /* fails only if the counter is not zero already */
}

static struct rotated_log *find(struct retention *r, const struct settings_sink *settings)
{
        for (unsigned i = 0; r != NULL && i < r->n; i++) {
                if (r->logs[i].settings == settings) {
                        return &r->logs[i];
                }
        }
        return NULL;
}

/** The hook runs for what is rotated from now on. */
void retention_begin(struct retention *r, const struct settings_sink *settings)
{
        struct old_files files = {0};
        struct rotated_log *log = find(r, settings);
        if (log == NULL || atomic_load(&log->has_begun)) {
                return;
        }
        if (list(log, &files) && files.n > 0) {
                memcpy(log->hooked, files.all[files.n - 1].stamp, sizeof log->hooked);
                (void)prune(log, &files,
                            current_bytes(log, 0)); /* without the lock: the thread leaves it alone yet */
        }
        old_files_free(&files);
        atomic_store(&log->has_begun, true);
        notify(r->wake_fd);
}

void retention_free_space(struct retention *r, const struct settings_sink *settings, uint64_t need)
{
        struct rotated_log *log = find(r, settings);
        if (log != NULL && settings->disk_bytes > 0) {
                free_space(log, current_bytes(log, need));
        }
}

void retention_newest(struct retention *r, const struct settings_sink *settings,
                      char stamp[ROTATE_STAMP_LEN + 1])
{
        struct old_files files = {0};
        struct rotated_log *log = find(r, settings);
        *stamp = '\0';
        if (log != NULL && list(log, &files) && files.n > 0) {
                memcpy(stamp, files.all[files.n - 1].stamp, ROTATE_STAMP_LEN + 1);
        }
        old_files_free(&files);
}

void retention_wake(struct retention *r)
{
        if (r != NULL) {
                notify(r->wake_fd);
        }
}

uint64_t retention_errors(const struct retention *r, const struct settings_sink *settings)
{
        for (unsigned i = 0; r != NULL && i < r->n; i++) {
                if (r->logs[i].settings == settings) {
                        return atomic_load_explicit(&r->logs[i].errors, memory_order_relaxed);
                }
        }
        return 0;
}

void retention_stop(struct retention *r, uint64_t deadline_ns)
{
        if (r == NULL || atomic_exchange(&r->stopping, true)) {
                return;
        }
        atomic_store(&r->stop_ns, deadline_ns);
        notify(r->stop_fd);
        (void)pthread_join(r->thread, NULL);
}

void retention_free(struct retention *r)
{
        if (r != NULL) {
                discard(r);
        }
}
