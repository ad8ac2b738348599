#include "journal/sink/sink_check.h"

#include "base/diag.h"
#include "journal/sink/hook.h"
#include "journal/sink/sink_kinds.h"
#include "settings/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_off(const struct settings_sink *sink)
{
        return strcmp(sink->file, "off") == 0;
}

static bool is_same_inode(const struct stat *a, const struct stat *b)
{
        return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/** Split @p path into its folder, "." if it names none, and the name, which is returned. */
static const char *split(const char *path, char *folder, size_t size)
{
        const char *slash = strrchr(path, '/');
        (void)snprintf(folder, size, "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
                       slash != NULL ? path : ".");
        return slash != NULL ? slash + 1 : path;
}

/** Will both be one file: by two names of a folder, or by a link? Files that are not there yet are compared by folder and name. */
static bool is_same_file(const char *a, const char *b)
{
        struct stat x;
        struct stat y;
        char folders[2][SETTINGS_TEXT_MAX];
        if (stat(a, &x) == 0 && stat(b, &y) == 0) {
                return is_same_inode(&x, &y) && !S_ISCHR(x.st_mode);
        }
        const char *names[] = {split(a, folders[0], sizeof folders[0]),
                               split(b, folders[1], sizeof folders[1])};
        return strcmp(names[0], names[1]) == 0 && stat(folders[0], &x) == 0 && stat(folders[1], &y) == 0 &&
               is_same_inode(&x, &y);
}

static bool share_a_file(const struct settings_sink *a, const struct settings_sink *b)
{
        if (strcmp(a->file, b->file) == 0) {
                return !is_off(a);
        }
        return !is_off(a) && !is_off(b) && sink_kinds_find(a->file)->is_file &&
               sink_kinds_find(b->file)->is_file && is_same_file(a->file, b->file);
}

static enum status check_kind(const struct settings_sink *sink)
{
        const struct sink_ops *ops = sink_kinds_find(sink->file);
        bool rotates = sink->rotate_bytes > 0 || sink->rotate_seconds > 0;
        if (rotates && !ops->is_file) {
                diag(DIAG_ERROR, "log %s: only a file can be rotated", sink->file);
                return STATUS_INVALID;
        }
        if (ops->is_one_line && sink->format == SETTINGS_FORMAT_SLOW) {
                diag(DIAG_ERROR, "log %s: a message of this kind is one line; the format slow has several",
                     sink->file);
                return STATUS_INVALID;
        }
        if (rotates && !is_off(sink) && sink->rotate_hook[0] != '\0' && !hook_is_found(sink->rotate_hook)) {
                diag(DIAG_WARNING, "log %s: log.rotate_hook %s can't be run: %s", sink->file,
                     sink->rotate_hook, strerror(errno));
        }
        return STATUS_OK;
}

enum status sink_check(const struct settings *settings)
{
        for (uint64_t i = 0; i < settings->n_sinks; i++) {
                const struct settings_sink *sink = &settings->sinks[i];
                for (uint64_t other = 0; other < i; other++) {
                        if (share_a_file(sink, &settings->sinks[other])) {
                                diag(DIAG_ERROR, "two logs have the same file: %s and %s",
                                     settings->sinks[other].file, sink->file);
                                return STATUS_INVALID;
                        }
                }
                if (check_kind(sink) != STATUS_OK) {
                        return STATUS_INVALID;
                }
        }
        return STATUS_OK;
}
