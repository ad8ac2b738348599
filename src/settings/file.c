/* Settings from a file (libconfig) and from flags. */
#include "base/diag.h"
#include "settings/settings.h"

#include <errno.h>
#include <libconfig.h>
#include <string.h>

enum { NAME_MAX_LEN = 128 };

/* --- the file ------------------------------------------------------------------------------------------------------ */

/** A scalar as a user would write it. @return false for lists and the like. */
static bool scalar_text(const config_setting_t *setting, char *out, size_t size)
{
        switch (config_setting_type(setting)) {
        case CONFIG_TYPE_INT: (void)snprintf(out, size, "%d", config_setting_get_int(setting)); return true;
        case CONFIG_TYPE_INT64:
                (void)snprintf(out, size, "%lld", config_setting_get_int64(setting));
                return true;
        case CONFIG_TYPE_FLOAT:
                (void)snprintf(out, size, "%g", config_setting_get_float(setting));
                return true;
        case CONFIG_TYPE_BOOL:
                (void)snprintf(out, size, "%s", config_setting_get_bool(setting) ? "true" : "false");
                return true;
        case CONFIG_TYPE_STRING: {
                int n = snprintf(out, size, "%s", config_setting_get_string(setting));
                return n >= 0 && (size_t)n < size;
        }
        default: return false;
        }
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
        char text[SETTINGS_TEXT_MAX + 64];
        const char *own = config_setting_name(setting);
        (void)snprintf(name, sizeof name, "%s%s", prefix, own != NULL ? own : "?");
        (void)snprintf(where, sizeof where, "%s:%u", path, config_setting_source_line(setting));
        if (config_setting_is_group(setting)) {
                char inner[NAME_MAX_LEN + 1];
                (void)snprintf(inner, sizeof inner, "%s.", name);
                return apply_group(s, setting, path, inner);
        }
        if (!scalar_text(setting, text, sizeof text)) {
                diag(DIAG_ERROR, "%s: setting '%s' must be one value of at most %d characters", where, name,
                     SETTINGS_TEXT_MAX - 1);
                return STATUS_INVALID;
        }
        return settings_set(s, name, text, where);
}

enum status settings_load(struct settings *s, const char *path)
{
        config_t config;
        enum status status;
        config_init(&config);
        if (config_read_file(&config, path) == CONFIG_TRUE) {
                status = apply_group(s, config_root_setting(&config), path, "");
        } else if (config_error_type(&config) == CONFIG_ERR_PARSE) {
                diag(DIAG_ERROR, "%s:%d: %s", path, config_error_line(&config), config_error_text(&config));
                status = STATUS_INVALID;
        } else {
                diag(DIAG_ERROR, "%s: %s", path, errno != 0 ? strerror(errno) : "can't be read");
                status = STATUS_IO;
        }
        config_destroy(&config);
        return status;
}

/* --- flags --------------------------------------------------------------------------------------------------------- */

static bool flag_matches(const struct settings_row *row, const char *flag, size_t len)
{
        if (strlen(row->name) != len) {
                return false;
        }
        for (size_t i = 0; i < len; i++) {
                char c = row->name[i] == '.' || row->name[i] == '_' ? '-' : row->name[i];
                if (c != flag[i]) {
                        return false;
                }
        }
        return true;
}

/** The row that argv[i] sets. --format and --log are short for the two that are used most. */
static const struct settings_row *find_flag(const char *arg, const char **value)
{
        static const struct {
                const char *flag;
                const char *full;
        } aliases[] = {{"format", "log-format"}, {"log", "log-file"}};
        const char *flag = arg + 2;
        const char *equals = strchr(flag, '=');
        size_t len = equals != NULL ? (size_t)(equals - flag) : strlen(flag);
        *value = equals != NULL ? equals + 1 : NULL;
        for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
                if (strlen(aliases[i].flag) == len && strncmp(aliases[i].flag, flag, len) == 0) {
                        flag = aliases[i].full;
                        len = strlen(flag);
                        break;
                }
        }
        for (size_t i = 0; i < settings_row_count; i++) {
                if (flag_matches(&settings_rows[i], flag, len)) {
                        return &settings_rows[i];
                }
        }
        return NULL;
}

static const struct settings_row *find_letter(const char *arg, const char **value)
{
        for (size_t i = 0; i < settings_row_count; i++) {
                if (settings_rows[i].letter != 0 && settings_rows[i].letter == arg[1]) {
                        *value = arg[2] != '\0' ? arg + 2 : NULL;
                        return &settings_rows[i];
                }
        }
        return NULL;
}

static bool is_file_flag(const char *arg)
{
        return strcmp(arg, "-c") == 0 || strcmp(arg, "--config") == 0;
}

static bool is_flag(const char *arg)
{
        return arg[0] == '-' && arg[1] != '\0';
}

static enum status load_files(struct settings *s, int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                if (!is_file_flag(argv[i])) {
                        continue;
                }
                if (i + 1 >= argc) {
                        diag(DIAG_ERROR, "%s needs a file", argv[i]);
                        return STATUS_INVALID;
                }
                enum status status = settings_load(s, argv[++i]);
                if (status != STATUS_OK) {
                        return STATUS_INVALID;
                }
        }
        return STATUS_OK;
}

/** Apply the flag at argv[*i], moving *i on to its last word. */
static enum status apply_flag(struct settings *s, int argc, char **argv, int *i)
{
        const char *arg = argv[*i];
        const char *value = NULL;
        const struct settings_row *row = arg[1] == '-' ? find_flag(arg, &value) : find_letter(arg, &value);
        if (row == NULL) {
                diag(DIAG_ERROR, "unknown flag %s; 'querytap help' tells the flags", arg);
                return STATUS_INVALID;
        }
        if (value == NULL && row->type == SETTINGS_BOOL) {
                value = "true";
        }
        if (value == NULL) {
                if (*i + 1 >= argc) {
                        diag(DIAG_ERROR, "%s needs a value", arg);
                        return STATUS_INVALID;
                }
                value = argv[++*i];
        }
        char where[160];
        (void)snprintf(where, sizeof where, "%.*s", (int)strcspn(arg, "="), arg);
        return settings_set(s, row->name, value, where);
}

enum status settings_args(struct settings *s, int *argc, char **argv)
{
        enum status status = load_files(s, *argc, argv);
        int kept = 1;
        for (int i = 1; i < *argc && status == STATUS_OK; i++) {
                if (is_file_flag(argv[i])) {
                        i++;
                } else if (!is_flag(argv[i])) {
                        argv[kept++] = argv[i];
                } else {
                        status = apply_flag(s, *argc, argv, &i);
                }
        }
        if (status != STATUS_OK) {
                return status;
        }
        *argc = kept;
        argv[kept] = NULL;
        return settings_check(s);
}
