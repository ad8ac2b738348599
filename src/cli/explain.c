/* heap explain: what saved heap profiles, of this proxy or of another program, say about leaks. */
#include "cli/commands.h"

#include "base/diag.h"
#include "cli/exit.h"
#include "cli/flags.h"
#include "profile/explain/explain.h"
#include "profile/heap/prof.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 16 };

static const struct {
        const char *name;
        void (*print)(const struct explain *e, FILE *out);
} formats[] = {{"text", explain_print_text},
               {"json", explain_print_json},
               {"csv", explain_print_csv},
               {"svg", explain_print_svg}};

enum { FORMATS = sizeof formats / sizeof formats[0] };

/** Read a whole file; "-" is standard input. @return NULL if it cannot be read, which is reported. */
static char *read_file(const char *path, size_t *len)
{
        FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
        char *text = NULL;
        size_t size = 0;
        size_t got = 1;
        *len = 0;
        while (in != NULL && got > 0) {
                if (size - *len < PIECE) {
                        size = 2 * size + PIECE;
                        char *bigger = prof_realloc(STAGE_MAIN, text, size);
                        if (bigger == NULL) {
                                errno = ENOMEM;
                                break;
                        }
                        text = bigger;
                }
                got = fread(text + *len, 1, size - *len, in);
                *len += got;
        }
        bool failed = in == NULL || got > 0 || ferror(in) != 0;
        if (failed) {
                diag(DIAG_ERROR, "%s: %s", path, strerror(errno));
                prof_free(text);
                text = NULL;
        }
        if (in != NULL && in != stdin) {
                (void)fclose(in);
        }
        return text;
}

/** Set *(size_t *)@p into to the index of a format. */
static bool take_format(void *into, const char *value)
{
        size_t *format = into;
        for (*format = 0; *format < FORMATS; (*format)++) {
                if (strcmp(formats[*format].name, value) == 0) {
                        return true;
                }
        }
        return false;
}

/** Parse rounds such as "3" or "3-7" into a struct explain. */
static bool take_rounds(void *into, const char *value)
{
        struct explain *e = into;
        char *end;
        if (!isdigit((unsigned char)*value)) {
                return false;
        }
        e->list_first = e->list_last = strtoul(value, &end, 10);
        if (*end == '-' && isdigit((unsigned char)end[1])) {
                e->list_last = strtoul(end + 1, &end, 10);
        }
        return *end == '\0' && e->list_first > 0 && e->list_first <= e->list_last;
}

/** Read the files and judge them. @return false if one cannot be read, which is reported. */
static bool add_files(struct explain *e, int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                size_t len;
                char *text = read_file(argv[i], &len);
                enum status status = text != NULL ? explain_add(e, span_of(text, len)) : STATUS_IO;
                prof_free(text);
                if (status != STATUS_OK) {
                        return false;
                }
        }
        return explain_finish(e) == STATUS_OK;
}

/** Whether there is a URL among the arguments: then the profiles are fetched. */
static bool has_url(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                if (strncmp(argv[i], "http://", 7) == 0 || strncmp(argv[i], "https://", 8) == 0) {
                        return true;
                }
        }
        return false;
}

int command_explain(int argc, char **argv, const char *usage)
{
        struct explain e;
        if (has_url(argc, argv)) {
                return command_watch(argc, argv, usage);
        }
        size_t format = 0;
        const struct flag flags[] = {
            {"format", .value = FLAG_VALUE, .take = take_format, .into = &format},
            {"rounds", .value = FLAG_VALUE, .take = take_rounds, .into = &e},
            {"verbose", .take = flags_take_switch, .into = &e.verbose},
        };
        explain_init(&e);
        if (!flags_parse(flags, sizeof flags / sizeof flags[0], FLAGS_ANYWHERE, usage, &argc, argv)) {
                return EXIT_USAGE;
        }
        if (argc < 2) {
                diag(DIAG_ERROR, "usage: querytap heap %s", usage);
                return EXIT_USAGE;
        }
        bool ok = add_files(&e, argc, argv);
        if (ok) {
                formats[format].print(&e, stdout);
        }
        if (e.failed) {
                diag(DIAG_ERROR, "out of memory");
        }
        ok = ok && e.n_run > 0 && fflush(stdout) == 0 && !explain_rises(&e);
        explain_fini(&e);
        return ok ? EXIT_DONE : EXIT_FAILED;
}
