#include "run/run_config.h"

#include "base/diag.h"
#include "base/nearest.h"
#include "profile/heap/prof.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {"allow_empty", "baseline",  "budgets", "contract",
                                    "findings",    "scope_tag", "total"};
enum { NAMES = sizeof names / sizeof names[0], WHERE_MAX = RUN_CONFIG_PATH + 16 };

/* --- where it is ---------------------------------------------------------------------------------------------------- */

static bool exists(const char *folder, size_t len, const char *name)
{
        char path[RUN_CONFIG_PATH];
        int n = snprintf(path, sizeof path, "%.*s/%s", (int)len, folder, name);
        return n > 0 && n < (int)sizeof path && access(path, F_OK) == 0;
}

static bool is_root(const char *folder, size_t len)
{
        return exists(folder, len, ".git") || exists(folder, len, ".hg") || exists(folder, len, ".svn");
}

bool run_config_find(const char *from, char path[RUN_CONFIG_PATH])
{
        size_t len = strlen(from);
        size_t root = len; /* the length of the last folder in which it is looked for */
        while (root > 0 && !is_root(from, root)) {
                const char *slash = memrchr(from, '/', root);
                root = slash != NULL ? (size_t)(slash - from) : 0;
        }
        root = root == 0 ? len : root;
        for (;;) {
                if (exists(from, len, RUN_CONFIG_NAME)) {
                        int n = snprintf(path, RUN_CONFIG_PATH, "%.*s/%s", (int)len, from, RUN_CONFIG_NAME);
                        return n > 0 && n < RUN_CONFIG_PATH;
                }
                const char *slash = len > root ? memrchr(from, '/', len) : NULL;
                if (slash == NULL) {
                        return false;
                }
                len = (size_t)(slash - from);
        }
}

/* --- its settings --------------------------------------------------------------------------------------------------- */

static void tell_where(const config_setting_t *setting, const char *path, char out[WHERE_MAX])
{
        (void)snprintf(out, WHERE_MAX, "%s:%u", path, config_setting_source_line(setting));
}

static enum status wrong(const config_setting_t *setting, const char *path, const char *expected)
{
        char where[WHERE_MAX];
        tell_where(setting, path, where);
        diag(DIAG_ERROR, "%s: '%s' must be %s", where, config_setting_name(setting), expected);
        return STATUS_INVALID;
}

static enum status take_text(char *out, size_t size, const config_setting_t *setting, const char *path)
{
        const char *text = config_setting_get_string(setting);
        if (text == NULL || *text == '\0' || strlen(text) >= size) {
                return wrong(setting, path, "a text in quotes");
        }
        (void)snprintf(out, size, "%s", text);
        return STATUS_OK;
}

/** Does @p file lead out of the folder in which it is? */
static bool leads_out(const char *file)
{
        bool out = *file == '/';
        while (!out && *file != '\0') {
                size_t n = strcspn(file, "/");
                out = n == 2 && file[0] == '.' && file[1] == '.';
                file += n + (file[n] == '/' ? 1 : 0);
        }
        return out;
}

/** Is a folder on the way to @p file, below the first @p base bytes, a symbolic link? */
static bool has_links(const char *file, size_t base)
{
        char folder[RUN_CONFIG_PATH];
        struct stat info;
        for (const char *at = file + base; (at = strchr(at, '/')) != NULL; at++) {
                (void)snprintf(folder, sizeof folder, "%.*s", (int)(at - file), file);
                if (lstat(folder, &info) == 0 && S_ISLNK(info.st_mode)) {
                        return true;
                }
        }
        return false;
}

/** A file below the folder of the settings. */
static enum status take_file(char out[RUN_CONFIG_PATH], const config_setting_t *setting, const char *path)
{
        char name[RUN_CONFIG_TEXT];
        enum status status = take_text(name, sizeof name, setting, path);
        if (status != STATUS_OK) {
                return status;
        }
        const char *slash = strrchr(path, '/');
        size_t folder = slash != NULL ? (size_t)(slash + 1 - path) : 0;
        int n = snprintf(out, RUN_CONFIG_PATH, "%.*s%s", (int)folder, path, name);
        if (leads_out(name) || n < 0 || n >= RUN_CONFIG_PATH || has_links(out, folder)) {
                return wrong(setting, path,
                             "a file below the folder of the settings, without symbolic links on the way");
        }
        return STATUS_OK;
}

/** The members of @p group, but for the scope, are limits. */
static enum status take_limits(struct run_config *c, const config_setting_t *group, const char *scope,
                               const char *path)
{
        enum status status = STATUS_OK;
        for (int i = 0; i < config_setting_length(group) && status == STATUS_OK; i++) {
                const config_setting_t *limit = config_setting_get_elem(group, (unsigned)i);
                char where[WHERE_MAX];
                const char *name = config_setting_name(limit);
                int type = config_setting_type(limit);
                tell_where(limit, path, where);
                if (scope != NULL && strcmp(name, "scope") == 0) {
                        continue;
                }
                long long most = config_setting_get_int64(limit);
                if ((type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) || most < 0) {
                        return wrong(limit, path, "a whole number");
                }
                status = budget_add(&c->budgets, scope, span_str(name), (uint64_t)most, where);
        }
        return status;
}

static enum status take_budgets(struct run_config *c, const config_setting_t *list, const char *path)
{
        enum status status = STATUS_OK;
        if (config_setting_is_list(list) == CONFIG_FALSE) {
                return wrong(list, path, "a list of groups: ( { scope = \"*\"; statements = 50; } )");
        }
        for (int i = 0; i < config_setting_length(list) && status == STATUS_OK; i++) {
                const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
                const char *scope = "*";
                bool is_group = config_setting_is_group(group) == CONFIG_TRUE;
                if (!is_group || (config_setting_get_member(group, "scope") != NULL &&
                                  config_setting_lookup_string(group, "scope", &scope) == CONFIG_FALSE)) {
                        return wrong(list, path, "a list of groups: ( { scope = \"*\"; statements = 50; } )");
                }
                status = take_limits(c, group, scope, path);
        }
        return status;
}

static enum status refuse(const config_setting_t *setting, const char *path)
{
        char where[WHERE_MAX];
        struct nearest n = nearest_to(config_setting_name(setting));
        for (size_t i = 0; i < NAMES; i++) {
                nearest_try(&n, names[i]);
        }
        const char *near = nearest_found(&n);
        tell_where(setting, path, where);
        diag(
            DIAG_ERROR,
            "%s: '%s' is no setting of querytap run%s%s%s; settings of the proxy are not allowed here, since "
            "the file may come from elsewhere: --settings names a file of yours",
            where, config_setting_name(setting), near != NULL ? "; did you mean " : "",
            near != NULL ? near : "", near != NULL ? "?" : "");
        return STATUS_INVALID;
}

static enum status take(struct run_config *c, const config_setting_t *setting, const char *path)
{
        const char *name = config_setting_name(setting);
        if (strcmp(name, "contract") == 0) {
                return take_file(c->contract, setting, path);
        }
        if (strcmp(name, "baseline") == 0) {
                return take_file(c->baseline, setting, path);
        }
        if (strcmp(name, "findings") == 0) {
                return take_text(c->findings, sizeof c->findings, setting, path);
        }
        if (strcmp(name, "scope_tag") == 0) {
                return take_text(c->scope_tag, sizeof c->scope_tag, setting, path);
        }
        if (strcmp(name, "budgets") == 0) {
                return take_budgets(c, setting, path);
        }
        if (strcmp(name, "total") == 0) {
                return config_setting_is_group(setting) == CONFIG_TRUE
                           ? take_limits(c, setting, NULL, path)
                           : wrong(setting, path, "a group: { statements = 5000; }");
        }
        if (strcmp(name, "allow_empty") == 0) {
                c->allow_empty = config_setting_get_bool(setting) == CONFIG_TRUE;
                return config_setting_type(setting) == CONFIG_TYPE_BOOL
                           ? STATUS_OK
                           : wrong(setting, path, "true or false");
        }
        return refuse(setting, path);
}

/* --- the file ------------------------------------------------------------------------------------------------------- */

/** Read the text of @p path. @return NULL if that is not possible, which is reported. */
static char *slurp(const char *path)
{
        struct stat info = {.st_mode = 0};
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        int error = fd < 0 || fstat(fd, &info) != 0 ? errno : 0;
        if (error == 0 && (!S_ISREG(info.st_mode) || info.st_size > RUN_CONFIG_MAX)) {
                error = S_ISREG(info.st_mode) ? EFBIG : EINVAL;
        }
        char *text = error == 0 ? prof_calloc(STAGE_SETTINGS, 1, (size_t)info.st_size + 1) : NULL;
        if (text != NULL && read(fd, text, (size_t)info.st_size) != (ssize_t)info.st_size) {
                error = errno != 0 ? errno : EIO;
        }
        if (fd >= 0) {
                (void)close(fd);
        }
        if (error != 0 || text == NULL) {
                diag(DIAG_ERROR, "%s: %s", path, strerror(error != 0 ? error : ENOMEM));
                prof_free(text);
                return NULL;
        }
        return text;
}

enum status run_config_read(struct run_config *c, const char *path)
{
        config_t config;
        char *text = slurp(path);
        if (text == NULL) {
                return STATUS_IO;
        }
        enum status status = STATUS_OK;
        if (strstr(text, "@include") != NULL) {
                diag(DIAG_ERROR, "%s: @include is not allowed here, since the file may come from elsewhere",
                     path);
                prof_free(text);
                return STATUS_INVALID;
        }
        config_init(&config);
        if (config_read_string(&config, text) == CONFIG_FALSE) {
                diag(DIAG_ERROR, "%s:%d: %s", path, config_error_line(&config), config_error_text(&config));
                status = STATUS_INVALID;
        }
        const config_setting_t *root = config_root_setting(&config);
        for (int i = 0; status == STATUS_OK && i < config_setting_length(root); i++) {
                status = take(c, config_setting_get_elem(root, (unsigned)i), path);
        }
        config_destroy(&config);
        prof_free(text);
        return status;
}
