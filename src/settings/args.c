/* Settings from flags. */
#include "base/diag.h"
#include "settings/names.h"
#include "settings/settings.h"

#include <string.h>

enum { FLAG_MAX = 64 }; /* bytes of a flag in a message; longer flags are cut */

/** Is @p flag (@p len bytes, without its dashes) the flag for the setting @p name, with dashes for dots and underscores? */
static bool is_flag_of(const char *flag, size_t len, const char *name)
{
        size_t i = 0;
        for (; name[i] != '\0'; i++) {
                bool dash = name[i] == '.' || name[i] == '_';
                if (i >= len || flag[i] != (dash ? '-' : name[i])) {
                        return false;
                }
        }
        return i == len;
}

static const struct settings_row *find_long(const char *flag, size_t len)
{
        /* the two flags that are used most have short names */
        if (is_flag_of(flag, len, "format")) {
                return names_find("log.format");
        }
        if (is_flag_of(flag, len, "log")) {
                return names_find("log.file");
        }
        for (size_t i = 0; i < settings_row_count; i++) {
                if (is_flag_of(flag, len, settings_rows[i].name)) {
                        return &settings_rows[i];
                }
        }
        return NULL;
}

static const struct settings_row *find_short(char letter)
{
        for (size_t i = 0; i < settings_row_count; i++) {
                if (settings_rows[i].letter == letter) {
                        return &settings_rows[i];
                }
        }
        return NULL;
}

/** The parts of a flag. */
struct flag {
        const struct settings_row *row; /**< NULL if it names a file to load, or is unknown */
        bool file;
        const char *value;   /**< NULL if there is none */
        char name[FLAG_MAX]; /**< with its dashes, for messages */
        int words;           /**< how many elements of argv it takes */
};

static void cut_name(struct flag *f, const char *arg, size_t len)
{
        (void)snprintf(f->name, sizeof f->name, "%.*s",
                       (int)(len < sizeof f->name ? len : sizeof f->name - 1), arg);
}

/** Split the flag that begins at argv[i]. */
static struct flag split(int argc, char **argv, int i)
{
        const char *arg = argv[i];
        struct flag f = {.words = 1};
        if (arg[1] == '-') {
                size_t len = strcspn(arg, "=");
                f.row = find_long(arg + 2, len - 2);
                f.file = is_flag_of(arg + 2, len - 2, "config");
                f.value = arg[len] == '=' ? arg + len + 1 : NULL;
                cut_name(&f, arg, len);
        } else {
                f.row = find_short(arg[1]);
                f.file = arg[1] == 'c';
                f.value = arg[2] != '\0' ? arg + 2 : NULL;
                cut_name(&f, arg, 2);
        }
        bool wants = f.file || (f.row != NULL && f.row->type != SETTINGS_BOOL);
        if (f.value == NULL && wants && i + 1 < argc) {
                f.value = argv[i + 1];
                f.words = 2;
        } else if (f.value == NULL && f.row != NULL && f.row->type == SETTINGS_BOOL) {
                f.value = "true";
        }
        return f;
}

static enum status refuse_unknown(const struct flag *f)
{
        char name[sizeof f->name];
        const char *bare = f->name + strspn(f->name, "-");
        size_t i = 0;
        for (; bare[i] != '\0'; i++) {
                name[i] = bare[i];
                if (name[i] == '-') {
                        name[i] = '_';
                }
        }
        name[i] = '\0';
        const struct settings_row *near = f->name[1] == '-' ? names_nearest(name) : NULL;
        char hint[FLAG_MAX] = "";
        if (near != NULL) {
                (void)snprintf(hint, sizeof hint, "%s", near->name);
                for (char *p = hint; *p != '\0'; p++) {
                        if (*p == '.' || *p == '_') {
                                *p = '-';
                        }
                }
        }
        diag(DIAG_ERROR, "unknown option %s%s%s%s", f->name, near != NULL ? "; did you mean --" : "", hint,
             near != NULL ? "?" : " (querytap help proxy lists them)");
        return STATUS_INVALID;
}

/** The options --listen replace what the files say: the first one is the setting, each further one an entry of `listeners`. */
static enum status apply_listen(struct settings *s, const struct flag *f, bool is_first)
{
        if (is_first) {
                settings_clear_listeners(s);
                return settings_set(s, f->row->name, f->value, f->name);
        }
        if (!settings_add_listener(s)) {
                diag(DIAG_ERROR, "%s: there can be %d listeners", f->name, SETTINGS_LISTENERS);
                return STATUS_INVALID;
        }
        return settings_set_listener(s, "address", f->value, f->name);
}

static enum status apply(struct settings *s, const struct flag *f, unsigned *listens)
{
        if (f->value == NULL) {
                diag(DIAG_ERROR, "%s needs a value", f->name);
                return STATUS_INVALID;
        }
        if (f->file) {
                return settings_load(s, f->value);
        }
        if (f->row == names_find("listen")) {
                return apply_listen(s, f, (*listens)++ == 0);
        }
        return settings_set(s, f->row->name, f->value, f->name);
}

enum pass { PASS_FILES, PASS_FLAGS };

/** Walk over argv once. The last walk removes all flags from it. */
static enum status walk(struct settings *s, int *argc, char **argv, enum pass pass)
{
        enum status status = STATUS_OK;
        unsigned listens = 0;
        int kept = *argc > 0 ? 1 : 0;
        int i = kept;
        while (i < *argc && status == STATUS_OK) {
                if (strcmp(argv[i], "--") == 0) {
                        i++;
                        break;
                }
                if (argv[i][0] != '-' || argv[i][1] == '\0') {
                        argv[pass == PASS_FLAGS ? kept++ : i] = argv[i];
                        i++;
                        continue;
                }
                struct flag f = split(*argc, argv, i);
                if (f.row == NULL && !f.file) {
                        return refuse_unknown(&f);
                }
                if (f.file == (pass == PASS_FILES)) {
                        status = apply(s, &f, &listens);
                }
                i += f.words;
        }
        if (pass == PASS_FLAGS) {
                while (i < *argc) {
                        argv[kept++] = argv[i++];
                }
                *argc = kept;
                argv[kept] = NULL;
        }
        return status;
}

enum status settings_args(struct settings *s, int *argc, char **argv)
{
        enum status status = walk(s, argc, argv, PASS_FILES);
        if (status == STATUS_OK) {
                status = walk(s, argc, argv, PASS_FLAGS);
        }
        return status == STATUS_OK ? settings_check(s) : status;
}
