#include "journal/sink/sink_check.h"

#include "base/diag.h"
#include "base/files.h"
#include "journal/sink/hook.h"
#include "journal/sink/sink_kinds.h"
#include "rules/filter.h"
#include "settings/places.h"
#include "settings/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static enum status check_kind(const struct settings *settings, uint64_t i)
{
        const struct settings_sink *sink = &settings->sinks[i];
        char place[SETTINGS_PLACE_MAX];
        const struct sink_ops *ops = sink_kinds_find(sink->file);
        bool rotates = sink->rotate_bytes > 0 || sink->rotate_seconds > 0;
        if (rotates && !ops->is_file) {
                diag(DIAG_ERROR, "%slog %s: only a file can be rotated",
                     settings_place(settings,
                                    sink->rotate_bytes > 0 ? "log.rotate_bytes" : "log.rotate_seconds", i,
                                    place),
                     sink->file);
                return STATUS_INVALID;
        }
        if (ops->is_one_line && sink->format == SETTINGS_FORMAT_SLOW) {
                diag(DIAG_ERROR, "%slog %s: a message of this kind is one line; the format slow has several",
                     settings_place(settings, "log.format", i, place), sink->file);
                return STATUS_INVALID;
        }
        if (rotates && !is_off(sink) && sink->rotate_hook[0] != '\0' && !hook_is_found(sink->rotate_hook)) {
                int error = errno;
                diag(DIAG_WARNING, "%slog %s: log.rotate_hook %s can't be run: %s",
                     settings_place(settings, "log.rotate_hook", i, place), sink->file, sink->rotate_hook,
                     strerror(error));
        }
        return STATUS_OK;
}

/** Check the texts of @p spec, all of which belong to the setting @p name of log @p i. */
static enum status check_texts(const struct settings *settings, uint64_t i, const char *name,
                               const struct filter_spec *spec)
{
        char place[SETTINGS_PLACE_MAX];
        char error[FILTER_ERROR_MAX];
        struct filter *filter;
        enum status status = filter_new(spec, &filter, error);
        filter_free(filter);
        if (status != STATUS_OK) {
                bool is_expression =
                    spec->text[FILTER_EXPRESSION] != NULL && spec->text[FILTER_EXPRESSION][0] != '\0';
                diag(DIAG_ERROR, "%s%s%s (log %s)", settings_place(settings, name, i, place),
                     is_expression ? "log.filter: " : "filter.", error, settings->sinks[i].file);
        }
        return status;
}

/** Each text by itself, so that the message has its place; then together. */
static enum status check_filter(const struct settings *settings, uint64_t i)
{
        char name[64];
        enum status result = STATUS_OK;
        struct filter_spec all = {0};
        for (enum filter_key key = 0; key < FILTER_KEYS; key++) {
                struct filter_spec one = {0};
                one.text[key] = all.text[key] = settings->sinks[i].filter[key];
                (void)snprintf(name, sizeof name, "filter.%s", filter_keys[key]);
                enum status status =
                    check_texts(settings, i, key == FILTER_EXPRESSION ? "log.filter" : name, &one);
                result = status != STATUS_OK ? status : result;
        }
        return result != STATUS_OK ? result : check_texts(settings, i, "log.filter", &all);
}

/** Why the log cannot be opened: an errno, or what files_append_error returns; 0: it can. */
static int open_error(const struct settings_sink *sink)
{
        const struct sink_ops *ops = sink_kinds_find(sink->file);
        bool owns = true;
        if (is_off(sink)) {
                return 0;
        }
        if (ops->is_file) {
                return files_append_error(sink->file);
        }
        if (!ops->is_message) {
                return 0; /* standard output: the start may have another one */
        }
        int fd = ops->open(sink_kinds_path(ops, sink->file), &owns);
        int error = fd < 0 ? errno : 0;
        if (fd >= 0) {
                (void)close(fd);
        }
        return error;
}

enum status sink_check_start(const struct settings *settings)
{
        enum status result = STATUS_OK;
        char place[SETTINGS_PLACE_MAX];
        for (uint64_t i = 0; i < settings->n_sinks; i++) {
                const char *path = settings->sinks[i].file;
                int error = open_error(&settings->sinks[i]);
                if (error != 0) {
                        diag(DIAG_ERROR, "%ssetting '%s': log file %s: %s",
                             settings_place(settings, "log.file", i, place),
                             i == 0 ? "log.file" : "logs.file", path, files_why(error));
                        result = STATUS_INVALID;
                }
                enum status status = check_filter(settings, i);
                result = status != STATUS_OK ? status : result;
        }
        return result;
}

enum status sink_check(const struct settings *settings)
{
        char place[SETTINGS_PLACE_MAX];
        for (uint64_t i = 0; i < settings->n_sinks; i++) {
                const struct settings_sink *sink = &settings->sinks[i];
                for (uint64_t other = 0; other < i; other++) {
                        if (share_a_file(sink, &settings->sinks[other])) {
                                diag(DIAG_ERROR, "%stwo logs have the same file: %s and %s",
                                     settings_place(settings, "log.file", i, place),
                                     settings->sinks[other].file, sink->file);
                                return STATUS_INVALID;
                        }
                }
                if (check_kind(settings, i) != STATUS_OK) {
                        return STATUS_INVALID;
                }
        }
        return STATUS_OK;
}
