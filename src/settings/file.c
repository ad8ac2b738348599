/* Settings from a file (libconfig). */
#include "base/diag.h"
#include "profile/prof.h"
#include "settings/names.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MAX_LEN = 128, FILE_MAX_BYTES = 1 << 20, DIR_MAX_BYTES = 512 };

/* --- the text ------------------------------------------------------------------------------------------------------ */

static enum status refuse_file(const char *path, const char *what)
{
        diag(DIAG_ERROR, "%s: %s", path, what);
        return STATUS_IO;
}

/** Fill @p text, FILE_MAX_BYTES + 1 long, from @p fd; a NUL ends it. */
static enum status fill(int fd, const char *path, char *text)
{
        size_t at = 0;
        for (;;) {
                ssize_t n = read(fd, text + at, FILE_MAX_BYTES + 1 - at);
                if (n < 0 && errno == EINTR) {
                        continue;
                }
                if (n < 0) {
                        return refuse_file(path, strerror(errno));
                }
                if (n == 0) {
                        break;
                }
                at += (size_t)n;
                if (at > FILE_MAX_BYTES) {
                        return refuse_file(path, "a settings file has at most 1 MiB");
                }
        }
        text[at] = '\0';
        if (strlen(text) < at) {
                return refuse_file(path, "there is a NUL byte in it: this is no settings file");
        }
        return STATUS_OK;
}

/** The whole of @p path as text, to be freed by the caller. libconfig's own reader ends the process on some read
 *  errors (a directory, say), so it only gets to see text. */
static enum status slurp(const char *path, char **out)
{
        enum status status;
        char *text = NULL;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
                return refuse_file(path, strerror(errno));
        }
        text = prof_alloc(STAGE_SETTINGS, FILE_MAX_BYTES + 1);
        if (text == NULL) {
                diag(DIAG_ERROR, "%s: %s", path, status_text(STATUS_NOMEM));
                status = STATUS_NOMEM;
                goto out;
        }
        status = fill(fd, path, text);
        if (status == STATUS_OK) {
                *out = text;
                text = NULL;
        }
out:
        prof_free(text);
        (void)close(fd);
        return status;
}

/* --- the settings in it --------------------------------------------------------------------------------------------- */

/** The value of @p setting as a user would write it as a flag, maybe in @p room; "" for groups and lists. */
static const char *value_text(const config_setting_t *setting, char *room, size_t size)
{
        switch (config_setting_type(setting)) {
        case CONFIG_TYPE_STRING: return config_setting_get_string(setting);
        case CONFIG_TYPE_BOOL: return config_setting_get_bool(setting) ? "true" : "false";
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
                (void)snprintf(room, size, "%lld", config_setting_get_int64(setting));
                return room;
        default: return "";
        }
}

/** Whether a value of that libconfig type may stand for @p row. Numbers with units are strings. */
static bool is_kind(const struct settings_row *row, const config_setting_t *setting)
{
        int type = config_setting_type(setting);
        if (type == CONFIG_TYPE_STRING) {
                return true;
        }
        if (row->type == SETTINGS_BOOL) {
                return type == CONFIG_TYPE_BOOL;
        }
        bool number = row->type == SETTINGS_UINT || row->type == SETTINGS_SIZE || row->type == SETTINGS_MS;
        return number && (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64);
}

static const char *kind_name(const struct settings_row *row)
{
        switch (row->type) {
        case SETTINGS_BOOL: return "true or false";
        case SETTINGS_UINT: return "a whole number";
        case SETTINGS_SIZE: return "a whole number, or a size in quotes such as \"64K\"";
        case SETTINGS_MS: return "a whole number, or a time in quotes such as \"2s\"";
        case SETTINGS_TEXT:
        case SETTINGS_ADDRESS:
        case SETTINGS_CHOICE: break;
        }
        return "a text in quotes";
}

static enum status apply(struct settings *s, const config_setting_t *setting, const char *path,
                         const char *prefix);

static enum status apply_group(struct settings *s, const config_setting_t *group, const char *path,
                               const char *prefix)
{
        enum status status = STATUS_OK;
        int n = config_setting_length(group);
        for (int i = 0; i < n; i++) {
                enum status one = apply(s, config_setting_get_elem(group, (unsigned)i), path, prefix);
                status = status == STATUS_OK ? one : status; /* tell all errors, not only the first */
        }
        return status;
}

static enum status apply(struct settings *s, const config_setting_t *setting, const char *path,
                         const char *prefix)
{
        char name[NAME_MAX_LEN];
        char where[512];
        char number[24];
        const char *own = config_setting_name(setting);
        (void)snprintf(name, sizeof name, "%s%s", prefix, own != NULL ? own : "?");
        const char *file = config_setting_source_file(setting); /* of an @include */
        (void)snprintf(where, sizeof where, "%s:%u", file != NULL ? file : path,
                       config_setting_source_line(setting));
        if (config_setting_is_group(setting) && names_is_group(name)) {
                char inner[NAME_MAX_LEN + 1];
                (void)snprintf(inner, sizeof inner, "%s.", name);
                return apply_group(s, setting, path, inner);
        }
        const struct settings_row *row = names_find(name);
        if (row == NULL && names_is_group(name)) {
                diag(DIAG_ERROR, "%s: '%s' is a group of settings: %s = { … };", where, name, name);
                return STATUS_INVALID;
        }
        if (row != NULL && !is_kind(row, setting)) {
                diag(DIAG_ERROR, "%s: setting '%s' must be %s", where, name, kind_name(row));
                return STATUS_INVALID;
        }
        return settings_set(s, name, value_text(setting, number, sizeof number), where);
}

/** Let @include look beside the file. */
static void set_include_dir(config_t *config, const char *path)
{
        char dir[DIR_MAX_BYTES];
        const char *slash = strrchr(path, '/');
        size_t len = slash != NULL ? (size_t)(slash - path) : 0;
        if (len > 0 && len < sizeof dir) {
                memcpy(dir, path, len);
                dir[len] = '\0';
                config_set_include_dir(config, dir);
        }
}

enum status settings_load(struct settings *s, const char *path)
{
        config_t config;
        char *text = NULL;
        enum status status = slurp(path, &text);
        if (status != STATUS_OK) {
                return status;
        }
        config_init(&config);
        set_include_dir(&config, path);
        if (config_read_string(&config, text) == CONFIG_TRUE) {
                status = apply_group(s, config_root_setting(&config), path, "");
        } else {
                const char *file = config_error_file(&config);
                diag(DIAG_ERROR, "%s:%d: %s", file != NULL ? file : path, config_error_line(&config),
                     config_error_text(&config));
                status = STATUS_INVALID;
        }
        config_destroy(&config);
        prof_free(text);
        return status;
}
