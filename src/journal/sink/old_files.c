#include "journal/sink/old_files.h"

#include "profile/heap/prof.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 200000, FIRST_FILES = 64 };

void old_files_name(const char *file, const char *stamp, unsigned form, char *out, size_t size)
{
        (void)snprintf(out, size, "%s%s%s", file, stamp,
                       form == OLD_COMPRESSED ? ".gz"
                       : form == OLD_PARTIAL  ? ".gz.tmp"
                                              : "");
}

/** The form of a file by the end of its name; 0 = not a rotated file. */
static unsigned form_of(const char *end)
{
        return *end == '\0'                  ? OLD_PLAIN
               : strcmp(end, ".gz") == 0     ? OLD_COMPRESSED
               : strcmp(end, ".gz.tmp") == 0 ? OLD_PARTIAL
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
        *f = (struct old_file){
            .forms = form, .bytes = bytes, .partial_bytes = form == OLD_PARTIAL ? bytes : 0};
        memcpy(f->stamp, stamp, ROTATE_STAMP_LEN);
        return true;
}

static int compare(const void *a, const void *b)
{
        const struct old_file *x = a;
        const struct old_file *y = b;
        return strcmp(x->stamp, y->stamp);
}

/** By time; the forms of one file become one entry. */
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
                        files->all[n - 1].partial_bytes += files->all[i].partial_bytes;
                } else {
                        files->all[n++] = files->all[i];
                }
        }
        files->n = n;
}

/** The folder that @p file is in, with a slash at its end, or ".". */
static void print_folder(const char *file, char *out, size_t size)
{
        const char *slash = strrchr(file, '/');
        (void)snprintf(out, size, "%.*s", slash != NULL ? (int)(slash - file) + 1 : 1,
                       slash != NULL ? file : ".");
}

bool old_files_list(struct old_files *files, const char *file)
{
        char folder[PATH_MAX];
        const char *slash = strrchr(file, '/');
        const char *base = slash != NULL ? slash + 1 : file;
        size_t len = strlen(base);
        print_folder(file, folder, sizeof folder);
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
        int error = errno;
        if (dir != NULL) {
                (void)closedir(dir);
        }
        sort(files);
        errno = error;
        return done;
}

void old_files_free(struct old_files *files)
{
        prof_free(files->all);
        *files = (struct old_files){NULL, 0, 0};
}
