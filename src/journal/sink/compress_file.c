#include "journal/sink/compress_file.h"

#include "profile/heap/prof.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>

enum { PIECE = 64 * 1024, GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };

/* The caller's function that is asked whether to continue. */
struct progress {
        compress_continues *continues;
        void *arg;
};

struct pieces {
        unsigned char in[PIECE];
        unsigned char out[PIECE];
};

static void *take(void *unused, unsigned n, unsigned size)
{
        (void)unused;
        return prof_lib_calloc(LIB_ZLIB, n, size);
}

static void give_back(void *unused, void *block)
{
        (void)unused;
        prof_free(block);
}

static bool write_all(int fd, const unsigned char *data, size_t len)
{
        while (len > 0) {
                ssize_t n = write(fd, data, len);
                if (n < 0 && errno != EINTR) {
                        return false;
                }
                data += n > 0 ? n : 0;
                len -= n > 0 ? (size_t)n : 0;
        }
        return true;
}

/** Write all output that zlib has for its input so far. */
static bool drain(z_stream *z, struct pieces *p, int to, int how)
{
        do {
                z->next_out = p->out;
                z->avail_out = sizeof p->out;
                if (deflate(z, how) == Z_STREAM_ERROR) {
                        errno = EINVAL;
                        return false;
                }
                if (!write_all(to, p->out, sizeof p->out - z->avail_out)) {
                        return false;
                }
        } while (z->avail_out == 0);
        return true;
}

static bool copy(z_stream *z, struct pieces *p, int from, int to, const struct progress *progress)
{
        ssize_t n;
        do {
                if (!progress->continues(progress->arg, z->total_out)) {
                        errno = ECANCELED;
                        return false;
                }
                n = read(from, p->in, sizeof p->in);
                if (n < 0 && errno != EINTR) {
                        return false;
                }
                z->next_in = p->in;
                z->avail_in = n > 0 ? (unsigned)n : 0;
                if (n >= 0 && !drain(z, p, to, n == 0 ? Z_FINISH : Z_NO_FLUSH)) {
                        return false;
                }
        } while (n != 0);
        return true;
}

static enum status deflate_file(int from, int to, const struct progress *progress)
{
        PROF_SCOPE(STAGE_SINK);
        z_stream z = {.zalloc = take, .zfree = give_back};
        struct pieces *p = prof_alloc(STAGE_SINK, sizeof *p);
        if (p == NULL || deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
                                      Z_DEFAULT_STRATEGY) != Z_OK) {
                prof_free(p);
                return STATUS_NOMEM;
        }
        bool done = copy(&z, p, from, to, progress) && fsync(to) == 0;
        int error = errno;
        (void)deflateEnd(&z);
        prof_free(p);
        errno = error;
        return done ? STATUS_OK : STATUS_IO;
}

/** A new name is safe on disk only once its folder has been synced. */
static void sync_folder(const char *name)
{
        char folder[PATH_MAX];
        const char *slash = strrchr(name, '/');
        (void)snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - name) + 1 : 1,
                       slash != NULL ? name : ".");
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
                (void)fsync(fd);
                (void)close(fd);
        }
}

static bool rename_under(struct lock *names, const char *from, const char *to)
{
        lock_take(names);
        bool done = rename(from, to) == 0;
        int error = errno;
        lock_give(names);
        errno = error;
        return done;
}

static void remove_under(struct lock *names, const char *name)
{
        int error = errno;
        lock_take(names);
        (void)unlink(name);
        lock_give(names);
        errno = error;
}

enum status compress_file(const char *name, compress_continues *continues, void *arg, struct lock *names)
{
        char compressed[PATH_MAX];
        char partial[PATH_MAX];
        struct stat st = {.st_mode = 0};
        const struct progress progress = {continues, arg};
        enum status status = STATUS_IO;
        (void)snprintf(compressed, sizeof compressed, "%s.gz", name);
        (void)snprintf(partial, sizeof partial, "%s.gz.tmp", name);
        int from = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (from < 0) {
                return STATUS_IO;
        }
        int to = -1;
        if (fstat(from, &st) == 0) {
                to = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, st.st_mode & 0777);
        }
        if (to >= 0) {
                (void)fchmod(to, st.st_mode & 0777); /* independent of the umask */
                status = deflate_file(from, to, &progress);
                if (status == STATUS_OK && !rename_under(names, partial, compressed)) {
                        status = STATUS_IO;
                }
                if (status != STATUS_OK) {
                        remove_under(names, partial);
                }
        }
        int error = errno;
        (void)close(from);
        if (to >= 0) {
                (void)close(to);
        }
        if (status == STATUS_OK) {
                sync_folder(name);
                remove_under(names, name);
        }
        errno = error;
        return status;
}
