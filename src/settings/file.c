/* Settings from a file (libconfig). */
#include "base/diag.h"
#include "settings/listeners.h"
#include "settings/names.h"
#include "settings/places.h"
#include "settings/settings.h"

#include <ctype.h>
#include <errno.h>
#include <libconfig.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { NAME_MAX_LEN = 128, WHERE_MAX_LEN = 512, DIR_MAX_BYTES = 512 };

/** The value of @p setting as a user would write it in a flag, perhaps in @p buffer; "" for groups and lists. */
static const char *value_text(const config_setting_t *setting, char *buffer, size_t size)
{
        switch (config_setting_type(setting)) {
        case CONFIG_TYPE_STRING: return config_setting_get_string(setting);
        case CONFIG_TYPE_BOOL: return config_setting_get_bool(setting) ? "true" : "false";
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
                (void)snprintf(buffer, size, "%lld", config_setting_get_int64(setting));
                return buffer;
        default: return "";
        }
}

/** May @p row have a value of this libconfig type? Numbers with units are strings. */
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
        case SETTINGS_ADDRESSES:
        case SETTINGS_CHOICE: break;
        case SETTINGS_MODE: return "permissions in octal and in quotes such as \"0660\"";
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
                status = status == STATUS_OK ? one : status; /* report all errors, not only the first one */
        }
        return status;
}

/** Write "file:line" of @p setting, which may be in an included file. */
static void tell_where(const config_setting_t *setting, const char *path, char *out, size_t size)
{
        const char *file = config_setting_source_file(setting);
        (void)snprintf(out, size, "%s:%u", file != NULL ? file : path, config_setting_source_line(setting));
}

/** Remember the place of @p setting, whose row is @p row, in the entry @p sink of `logs` (0 = not in one). */
static void note_place(struct settings *s, const struct settings_row *row, uint64_t sink,
                       const config_setting_t *setting, const char *path)
{
        const char *file = config_setting_source_file(setting);
        if (row != NULL) {
                places_put(s, row, sink, file != NULL ? file : path, config_setting_source_line(setting));
        }
}

/* --- further sinks: logs = ( { file = …; filter = { … }; }, … ) ---------------------------------------------------- */

static enum status apply_sink_member(struct settings *s, const config_setting_t *setting, const char *path,
                                     const char *prefix)
{
        char name[NAME_MAX_LEN];
        char where[WHERE_MAX_LEN];
        char number[24];
        const char *own = config_setting_name(setting);
        (void)snprintf(name, sizeof name, "%s%s", prefix, own != NULL ? own : "?");
        tell_where(setting, path, where, sizeof where);
        if (config_setting_is_group(setting) && strcmp(name, "filter") == 0) {
                enum status status = STATUS_OK;
                for (int i = 0; i < config_setting_length(setting); i++) {
                        enum status one = apply_sink_member(s, config_setting_get_elem(setting, (unsigned)i),
                                                            path, "filter.");
                        status = status == STATUS_OK ? one : status;
                }
                return status;
        }
        const struct settings_row *row = settings_sink_row(name);
        if (row != NULL && !is_kind(row, setting)) {
                diag(DIAG_ERROR, "%s: setting '%s' in logs must be %s", where, name, kind_name(row));
                return STATUS_INVALID;
        }
        note_place(s, row, s->n_sinks - 1, setting, path);
        return settings_set_sink(s, name, value_text(setting, number, sizeof number), where);
}

static enum status apply_sink(struct settings *s, const config_setting_t *entry, const char *path)
{
        char where[WHERE_MAX_LEN];
        enum status status = STATUS_OK;
        tell_where(entry, path, where, sizeof where);
        if (!config_setting_is_group(entry)) {
                diag(DIAG_ERROR, "%s: an entry of 'logs' must be a group: { file = \"…\"; … }", where);
                return STATUS_INVALID;
        }
        if (!settings_add_sink(s)) {
                diag(DIAG_ERROR, "%s: 'logs' has more than %d entries", where, SETTINGS_SINKS - 1);
                return STATUS_INVALID;
        }
        for (size_t i = 0; i < settings_row_count;
             i++) { /* what the entry leaves out has the place of the entry */
                note_place(s, &settings_rows[i], s->n_sinks - 1, entry, path);
        }
        for (int i = 0; i < config_setting_length(entry); i++) {
                enum status one = apply_sink_member(s, config_setting_get_elem(entry, (unsigned)i), path, "");
                status = status == STATUS_OK ? one : status;
        }
        return status;
}

/* --- listeners = ( { address = …; upstream = …; }, … ) --------------------------------------------------------------- */

static enum status apply_listener_member(struct settings *s, const config_setting_t *setting,
                                         const char *path)
{
        char where[WHERE_MAX_LEN];
        char number[24];
        const char *own = config_setting_name(setting);
        const char *name = own != NULL ? own : "?";
        const struct settings_row *row = listeners_row(name);
        tell_where(setting, path, where, sizeof where);
        if (row != NULL && !is_kind(row, setting)) {
                diag(DIAG_ERROR, "%s: setting '%s' in listeners must be %s", where, name, kind_name(row));
                return STATUS_INVALID;
        }
        return settings_set_listener(s, name, value_text(setting, number, sizeof number), where);
}

static enum status apply_listener(struct settings *s, const config_setting_t *entry, const char *path)
{
        char where[WHERE_MAX_LEN];
        enum status status = STATUS_OK;
        const char *file = config_setting_source_file(entry);
        tell_where(entry, path, where, sizeof where);
        if (!config_setting_is_group(entry)) {
                diag(DIAG_ERROR, "%s: an entry of 'listeners' must be a group: { address = \"…\"; … }",
                     where);
                return STATUS_INVALID;
        }
        if (!settings_add_listener(s)) {
                diag(DIAG_ERROR, "%s: 'listeners' has more than %d entries", where, SETTINGS_LISTENERS - 1);
                return STATUS_INVALID;
        }
        s->listeners[s->n_listeners - 1].line =
            places_note(s, file != NULL ? file : path, config_setting_source_line(entry));
        for (int i = 0; i < config_setting_length(entry); i++) {
                enum status one = apply_listener_member(s, config_setting_get_elem(entry, (unsigned)i), path);
                status = status == STATUS_OK ? one : status;
        }
        return status;
}

/* --- lists --------------------------------------------------------------------------------------------------------- */

/** Is @p setting one of the lists? The list of a later file replaces that of an earlier one. */
static bool is_list(const char *name)
{
        return strcmp(name, "logs") == 0 || strcmp(name, "listeners") == 0;
}

static enum status apply_list(struct settings *s, const config_setting_t *list, const char *path,
                              const char *name)
{
        const bool logs = strcmp(name, "logs") == 0;
        char where[WHERE_MAX_LEN];
        enum status status = STATUS_OK;
        tell_where(list, path, where, sizeof where);
        if (config_setting_is_list(list) == CONFIG_FALSE) {
                diag(DIAG_ERROR, "%s: '%s' must be a list of groups: %s = ( { … }, … );", where, name, name);
                return STATUS_INVALID;
        }
        if (logs) {
                memset(&s->sinks[1], 0, sizeof s->sinks - sizeof s->sinks[0]);
                s->n_sinks = 1;
        } else {
                settings_clear_listeners(s);
        }
        for (int i = 0; i < config_setting_length(list) && status == STATUS_OK; i++) {
                const config_setting_t *entry = config_setting_get_elem(list, (unsigned)i);
                status = logs ? apply_sink(s, entry, path) : apply_listener(s, entry, path);
        }
        return status;
}

/* --- the rest ------------------------------------------------------------------------------------------------------ */

static enum status apply(struct settings *s, const config_setting_t *setting, const char *path,
                         const char *prefix)
{
        char name[NAME_MAX_LEN];
        char where[WHERE_MAX_LEN];
        char number[24];
        const char *own = config_setting_name(setting);
        (void)snprintf(name, sizeof name, "%s%s", prefix, own != NULL ? own : "?");
        tell_where(setting, path, where, sizeof where);
        if (is_list(name)) {
                return apply_list(s, setting, path, name);
        }
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
        enum status status = settings_set(s, name, value_text(setting, number, sizeof number), where);
        note_place(s, row, 0, setting, path);
        return status;
}

/** Let @include search the folder of the file. */
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

/** Read a file. @return NULL, after a message, if @p path can't be read. libconfig's scanner ends the process when it can't read what was
 *  opened, so a folder must not get that far. */
static FILE *open_file(const char *path)
{
        struct stat info = {.st_mode = 0};
        FILE *file = fopen(path, "re");
        int error = file == NULL || fstat(fileno(file), &info) != 0 ? errno : 0;
        if (error == 0 && S_ISDIR(info.st_mode)) {
                error = EISDIR;
        }
        if (error == 0) {
                return file;
        }
        if (file != NULL) {
                (void)fclose(file);
        }
        diag(DIAG_ERROR, "%s: %s", path, strerror(error));
        return NULL;
}

/** What may be wrong in line @p number of @p path: a size, a time or a text without its quotes. "" if it is something else. */
static const char *hint_for(const char *path, int number)
{
        char line[1024] = "";
        FILE *file = open_file(path);
        for (int i = 0; file != NULL && i < number && fgets(line, sizeof line, file) != NULL; i++) {
        }
        if (file != NULL) {
                (void)fclose(file);
        }
        for (const char *at = strpbrk(line, "=:"); at != NULL; at = strpbrk(at + 1, "=:")) {
                const char *value = at + 1 + strspn(at + 1, " \t");
                size_t digits = strspn(value, "0123456789.");
                bool is_word = isalpha((unsigned char)*value) || *value == '/' || value[digits] == ':';
                if (digits > 0 && isalpha((unsigned char)value[digits])) {
                        return "; a size or time with a unit needs quotes: \"64K\", \"2s\"";
                }
                if (is_word && strncasecmp(value, "true", 4) != 0 && strncasecmp(value, "false", 5) != 0) {
                        return "; a text needs quotes: \"json\", \"/var/log/queries.log\"";
                }
        }
        return "";
}

enum status settings_load(struct settings *s, const char *path)
{
        config_t config;
        enum status status;
        FILE *file = open_file(path);
        if (file == NULL) {
                return STATUS_IO;
        }
        places_file(s, path);
        config_init(&config);
        set_include_dir(&config, path);
        if (config_read(&config, file) == CONFIG_TRUE) {
                status = apply_group(s, config_root_setting(&config), path, "");
        } else {
                const char *included = config_error_file(&config);
                const char *wrong = included != NULL ? included : path;
                diag(DIAG_ERROR, "%s:%d: %s%s", wrong, config_error_line(&config), config_error_text(&config),
                     hint_for(wrong, config_error_line(&config)));
                status = STATUS_INVALID;
        }
        config_destroy(&config);
        (void)fclose(file);
        return status;
}
