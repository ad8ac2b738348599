/* querytap heap explain: saved heap profiles, this proxy's or a Go program's, in words. */
#include "profile/explain/explain.h"
#include "base/diag.h"
#include "cli/cli.h"
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

/** All of a file; "-" is standard input. @return NULL, and said so, if it can't be read. */
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

/** @return the index into formats, or FORMATS; takes the flag out of argv. */
static size_t take_format(int *argc, char **argv)
{
        size_t format = 0;
        int kept = 1;
        for (int i = 1; i < *argc; i++) {
                const char *value = NULL;
                if (strncmp(argv[i], "--format=", 9) == 0) {
                        value = argv[i] + 9;
                } else if (strcmp(argv[i], "--format") == 0) {
                        value = i + 1 < *argc ? argv[++i] : "";
                } else {
                        argv[kept++] = argv[i];
                        continue;
                }
                for (format = 0; format < FORMATS && strcmp(formats[format].name, value) != 0; format++) {
                }
        }
        *argc = kept;
        return format;
}

/** "3" or "3-7" into @p e. */
static bool take_range(const char *text, struct explain *e)
{
        char *end;
        if (!isdigit((unsigned char)*text)) {
                return false;
        }
        e->list_first = e->list_last = strtoul(text, &end, 10);
        if (*end == '-' && isdigit((unsigned char)end[1])) {
                e->list_last = strtoul(end + 1, &end, 10);
        }
        return *end == '\0' && e->list_first > 0 && e->list_first <= e->list_last;
}

/** Take --rounds and --verbose out of argv. @return false if a value is none. */
static bool take_flags(int *argc, char **argv, struct explain *e)
{
        bool ok = true;
        int kept = 1;
        for (int i = 1; i < *argc; i++) {
                if (strncmp(argv[i], "--rounds=", 9) == 0) {
                        ok = take_range(argv[i] + 9, e) && ok;
                } else if (strcmp(argv[i], "--rounds") == 0) {
                        ok = ++i < *argc && take_range(argv[i], e) && ok;
                } else if (strcmp(argv[i], "--verbose") == 0) {
                        e->verbose = true;
                } else {
                        argv[kept++] = argv[i];
                }
        }
        *argc = kept;
        return ok;
}

/** Read and judge. @return false, and said so, if something can't be read. */
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

/** An URL is no file: then the profiles are taken from there. */
static bool has_url(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                if (strncmp(argv[i], "http://", 7) == 0 || strncmp(argv[i], "https://", 8) == 0) {
                        return true;
                }
        }
        return false;
}

int cli_explain(int argc, char **argv, const char *usage)
{
        struct explain e;
        if (has_url(argc, argv)) {
                return cli_watch(argc, argv, usage);
        }
        size_t format = take_format(&argc, argv);
        explain_init(&e);
        bool ok = take_flags(&argc, argv, &e);
        if (!ok || argc < 2 || format == FORMATS || strncmp(argv[1], "--", 2) == 0) {
                diag(DIAG_ERROR, "usage: querytap heap %s", usage);
                return EXIT_USAGE;
        }
        ok = add_files(&e, argc, argv);
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
