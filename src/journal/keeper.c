#include "journal/keeper.h"

#include "base/diag.h"
#include "base/start.h"
#include "journal/hook.h"
#include "journal/pack.h"
#include "journal/rotate.h"
#include "profile/prof.h"
#include "settings/settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOOK_MS = 60000, FILES_MAX = 200000, FIRST_FILES = 64 };

/* Forms that a rotated file is in; bits. */
enum { PLAIN = 1, PACKED = 2, HALF_PACKED = 4 };

/* A rotated file. */
struct old_file {
        char stamp[ROTATE_STAMP_LEN + 1];
        unsigned forms;
        uint64_t bytes;
};

struct old_files {
        struct old_file *all; /* oldest first */
        size_t n;
        size_t size;
};

/* The keeper's view of a log. */
struct kept_log {
        const struct settings_sink *settings;
        char hooked[ROTATE_STAMP_LEN + 1]; /* stamp of the newest file that the hook was run for */
        char tried[ROTATE_STAMP_LEN + 1];  /* … that was to be compressed in this round */
        bool said;
        _Atomic uint64_t errors;
};

struct keeper {
        pthread_t thread;
        int wake_fd;
        int stop_fd;
        _Atomic bool stopping;
        _Atomic uint64_t stop_ns; /* when a hook that runs must have ended */
        struct kept_log logs[SETTINGS_SINKS];
        unsigned n;
};

static void fail(struct kept_log *log, const char *what, const char *name)
{
        atomic_fetch_add_explicit(&log->errors, 1, memory_order_relaxed);
        if (!log->said) {
                diag(DIAG_WARNING, "rotated log %s: %s: %s (said once)", name, what, strerror(errno));
                log->said = true;
        }
}

/* --- what is there -------------------------------------------------------------------------------------------------- */

static void name_file(const struct kept_log *log, const char *stamp, unsigned form, char *out, size_t size)
{
        (void)snprintf(out, size, "%s%s%s", log->settings->file, stamp,
                       form == PACKED        ? ".gz"
                       : form == HALF_PACKED ? ".gz.tmp"
                                             : "");
}

/** The form that the end of a name tells; 0 = none of ours. */
static unsigned form_of(const char *end)
{
        return *end == '\0'                  ? PLAIN
               : strcmp(end, ".gz") == 0     ? PACKED
               : strcmp(end, ".gz.tmp") == 0 ? HALF_PACKED
                                             : 0;
}

static bool add(struct old_files *files, const char *stamp, unsigned form, uint64_t bytes)
{
        if (files->n == files->size) {
                size_t size = files->size > 0 ? 2 * files->size : FIRST_FILES;
                struct old_file *more =
                    size > FILES_MAX ? NULL : prof_realloc(STAGE_SINK, files->all, size * sizeof *more);
                if (more == NULL) {
                        errno = ENOMEM;
                        return false;
                }
                files->all = more;
                files->size = size;
        }
        struct old_file *f = &files->all[files->n++];
        *f = (struct old_file){.forms = form, .bytes = bytes};
        memcpy(f->stamp, stamp, ROTATE_STAMP_LEN);
        return true;
}

static int compare(const void *a, const void *b)
{
        const struct old_file *x = a;
        const struct old_file *y = b;
        return strcmp(x->stamp, y->stamp);
}

/** The forms of a file are one. */
static void sort(struct old_files *files)
{
        size_t n = 0;
        if (files->n > 0) {
                qsort(files->all, files->n, sizeof files->all[0], compare);
        }
        for (size_t i = 0; i < files->n; i++) {
                if (n > 0 && strcmp(files->all[n - 1].stamp, files->all[i].stamp) == 0) {
                        files->all[n - 1].forms |= files->all[i].forms;
                        files->all[n - 1].bytes += files->all[i].bytes;
                } else {
                        files->all[n++] = files->all[i];
                }
        }
        files->n = n;
}

/** @return false (counted, said) if the folder can't be read; what was read then counts for nothing. */
static bool list(struct kept_log *log, struct old_files *files)
{
        char folder[SETTINGS_TEXT_MAX];
        const char *slash = strrchr(log->settings->file, '/');
        const char *base = slash != NULL ? slash + 1 : log->settings->file;
        size_t len = strlen(base);
        (void)snprintf(folder, sizeof folder, "%.*s",
                       slash != NULL ? (int)(slash - log->settings->file) + 1 : 1,
                       slash != NULL ? log->settings->file : ".");
        files->n = 0;
        DIR *dir = opendir(folder);
        bool done = dir != NULL;
        const struct dirent *entry;
        while (done && (entry = readdir(dir)) != NULL) {
                const char *stamp = entry->d_name + len;
                struct stat st;
                if (strncmp(entry->d_name, base, len) != 0 || !rotate_is_stamp(stamp) ||
                    form_of(stamp + ROTATE_STAMP_LEN) == 0 ||
                    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
                    !S_ISREG(st.st_mode)) {
                        continue;
                }
                done = add(files, stamp, form_of(stamp + ROTATE_STAMP_LEN), (uint64_t)st.st_size);
        }
        if (!done) {
                fail(log, "its folder can't be read", folder);
        }
        if (dir != NULL) {
                (void)closedir(dir);
        }
        sort(files);
        return done;
}

/* --- what is done --------------------------------------------------------------------------------------------------- */

/** @return false if a form of it could not be removed. */
static bool remove_forms(struct kept_log *log, const struct old_file *f, unsigned forms)
{
        bool done = true;
        for (unsigned form = PLAIN; form <= HALF_PACKED; form *= 2) {
                char name[PATH_MAX];
                name_file(log, f->stamp, form, name, sizeof name);
                if ((f->forms & forms & form) != 0 && unlink(name) != 0 && errno != ENOENT) {
                        fail(log, "can't be removed", name);
                        done = false;
                }
        }
        return done;
}

/** Remove the oldest that are too many, or too much with a full new one. @return how many of the list are gone. */
static size_t prune(struct kept_log *log, const struct old_files *files)
{
        const struct settings_sink *s = log->settings;
        uint64_t bytes = s->rotate_bytes;
        size_t gone = 0;
        for (size_t i = 0; i < files->n; i++) {
                bytes += files->all[i].bytes;
        }
        while (gone < files->n && ((s->rotate_keep > 0 && files->n - gone > s->rotate_keep) ||
                                   (s->disk_bytes > 0 && bytes > s->disk_bytes))) {
                if (!remove_forms(log, &files->all[gone], PLAIN | PACKED | HALF_PACKED)) {
                        break;
                }
                bytes -= files->all[gone].bytes;
                gone++;
        }
        return gone;
}

/** What a crash left: half of a packed file, or a plain one that is packed already. */
static void tidy(struct kept_log *log, const struct old_files *files)
{
        for (size_t i = 0; i < files->n; i++) {
                const struct old_file *f = &files->all[i];
                unsigned forms = HALF_PACKED | ((f->forms & PACKED) != 0 ? PLAIN : 0);
                (void)remove_forms(log, f, forms);
        }
}

static void run_hook(struct keeper *k, struct kept_log *log, const struct old_file *f)
{
        char name[PATH_MAX];
        struct stat st;
        name_file(log, f->stamp, PACKED, name, sizeof name);
        if (stat(name, &st) != 0) {
                name_file(log, f->stamp, PLAIN, name, sizeof name);
        }
        memcpy(log->hooked, f->stamp, sizeof log->hooked);
        if (!hook_run(log->settings->rotate_hook, name, k->stop_fd, HOOK_MS, &k->stop_ns)) {
                atomic_fetch_add_explicit(&log->errors, 1, memory_order_relaxed);
        }
}

/** Compress @p f, hand it to the hook. @return true if there was something to do. */
static bool tend_file(struct keeper *k, struct kept_log *log, const struct old_file *f)
{
        bool pack =
            log->settings->rotate_compress && (f->forms & PACKED) == 0 && strcmp(f->stamp, log->tried) > 0;
        bool hook = log->settings->rotate_hook[0] != '\0' && strcmp(f->stamp, log->hooked) > 0;
        if (pack) {
                char name[PATH_MAX];
                name_file(log, f->stamp, PLAIN, name, sizeof name);
                memcpy(log->tried, f->stamp, sizeof log->tried);
                enum status status = pack_file(name, &k->stopping);
                if (status == STATUS_NOMEM) {
                        errno = ENOMEM;
                }
                if (status != STATUS_OK && errno != ECANCELED) {
                        fail(log, "can't be compressed", name);
                }
        }
        if (hook && !atomic_load(&k->stopping)) {
                run_hook(k, log, f);
        }
        return pack || hook;
}

/** A file at a time: the list is read anew after each, for meanwhile there may be more. */
static void tend(struct keeper *k, struct kept_log *log)
{
        struct old_files files = {0};
        bool busy = true;
        log->tried[0] = '\0';
        if (list(log, &files)) {
                tidy(log, &files);
        }
        while (busy && !atomic_load(&k->stopping) && list(log, &files)) {
                busy = false;
                for (size_t i = prune(log, &files); i < files.n && !busy; i++) {
                        busy = tend_file(k, log, &files.all[i]);
                }
        }
        prof_free(files.all);
}

/** Files that were rotated too late for the hook. */
static void tell_left(struct kept_log *log)
{
        struct old_files files = {0};
        size_t left = 0;
        if (log->settings->rotate_hook[0] != '\0' && list(log, &files)) {
                for (size_t i = 0; i < files.n; i++) {
                        left += strcmp(files.all[i].stamp, log->hooked) > 0 ? 1 : 0;
                }
        }
        if (left > 0) {
                diag(DIAG_WARNING, "log %s: %zu rotated files were not given to log.rotate_hook: it ends",
                     log->settings->file, left);
        }
        prof_free(files.all);
}

static void *run(void *arg)
{
        struct keeper *k = arg;
        (void)prof_enter(STAGE_SINK);
        while (!atomic_load(&k->stopping)) {
                uint64_t woken;
                for (unsigned i = 0; i < k->n; i++) {
                        tend(k, &k->logs[i]);
                }
                struct pollfd p[] = {{.fd = k->wake_fd, .events = POLLIN},
                                     {.fd = k->stop_fd, .events = POLLIN}};
                (void)poll(p, 2, -1);
                if (p[0].revents != 0) {
                        ssize_t n = read(k->wake_fd, &woken, sizeof woken);
                        (void)n; /* the folder tells */
                }
        }
        for (unsigned i = 0; i < k->n; i++) {
                tell_left(&k->logs[i]);
        }
        return NULL;
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

static void discard(struct keeper *k)
{
        if (k->wake_fd >= 0) {
                (void)close(k->wake_fd);
        }
        if (k->stop_fd >= 0) {
                (void)close(k->stop_fd);
        }
        prof_free(k);
}

/** The hook is for what is rotated from now on. */
static void begin_log(struct kept_log *log, const struct settings_sink *settings)
{
        struct old_files files = {0};
        log->settings = settings;
        if ((settings->rotate_bytes > 0 || settings->rotate_seconds > 0) && list(log, &files) &&
            files.n > 0) {
                memcpy(log->hooked, files.all[files.n - 1].stamp, sizeof log->hooked);
        }
        prof_free(files.all);
}

enum status keeper_new(const struct settings *settings, struct keeper **out)
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
        struct keeper *k = prof_calloc(STAGE_SINK, 1, sizeof *k);
        if (k == NULL) {
                diag(DIAG_ERROR, "the keeper of rotated logs can't be started: out of memory");
                return STATUS_NOMEM;
        }
        k->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        k->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        int error = k->wake_fd < 0 || k->stop_fd < 0 ? errno : 0;
        for (uint64_t i = 0; i < settings->n_sinks; i++) {
                if (settings->sinks[i].rotate_bytes > 0 || settings->sinks[i].rotate_seconds > 0) {
                        begin_log(&k->logs[k->n++], &settings->sinks[i]);
                }
        }
        if (error == 0) {
                error = start_thread(&k->thread, "keeper", run, k);
        }
        if (error != 0) {
                diag(DIAG_ERROR, "the keeper of rotated logs can't be started: %s", strerror(error));
                discard(k);
                return STATUS_IO;
        }
        *out = k;
        return STATUS_OK;
}

static void ring(int fd)
{
        uint64_t one = 1;
        ssize_t n = write(fd, &one, sizeof one);
        (void)n; /* fails only if it rings already */
}

void keeper_wake(struct keeper *k)
{
        if (k != NULL) {
                ring(k->wake_fd);
        }
}

uint64_t keeper_errors(const struct keeper *k, const struct settings_sink *settings)
{
        for (unsigned i = 0; k != NULL && i < k->n; i++) {
                if (k->logs[i].settings == settings) {
                        return atomic_load_explicit(&k->logs[i].errors, memory_order_relaxed);
                }
        }
        return 0;
}

void keeper_stop(struct keeper *k, uint64_t deadline_ns)
{
        if (k == NULL || atomic_exchange(&k->stopping, true)) {
                return;
        }
        atomic_store(&k->stop_ns, deadline_ns);
        ring(k->stop_fd);
        (void)pthread_join(k->thread, NULL);
}

void keeper_free(struct keeper *k)
{
        if (k != NULL) {
                discard(k);
        }
}
