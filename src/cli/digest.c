/* The digest of statements, without a proxy. */
#include "mysql/sql/digest.h"
#include "base/diag.h"
#include "base/shown.h"
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static void print(struct span sql, struct sql_mode mode, int end)
{
        static struct digest d;
        char hex[DIGEST_HEX];
        digest_make(sql, mode, &d);
        digest_hex(d.hash, hex);
        (void)printf("%.*s  ", DIGEST_HEX, hex);
        if (end == '\0') { /* for a program: exactly what was digested */
                (void)fwrite(d.text, 1, d.len, stdout);
        } else {
                shown_print(stdout, span_of(d.text, d.len));
        }
        (void)printf("%s%c", d.is_cut ? " ..." : "", end);
}

static int print_all(FILE *in, int end, struct sql_mode mode)
{
        char *line = NULL;
        size_t size = 0;
        ssize_t len;
        while ((len = getdelim(&line, &size, end, in)) > 0) {
                len -= line[len - 1] == (char)end ? 1 : 0;
                print(span_of(line, (size_t)len), mode, end);
        }
        free(line);
        if (ferror(in) != 0) {
                diag(DIAG_ERROR, "standard input: %s", strerror(errno));
                return EXIT_FAILED;
        }
        return EXIT_DONE;
}

int cli_digest(int argc, char **argv)
{
        const char *server = "9.7.0";
        bool ansi_quotes = false;
        bool no_backslash_escapes = false;
        int end = '\n';
        int i = 1;
        for (; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0; i++) {
                if (strcmp(argv[i], "--ansi-quotes") == 0) {
                        ansi_quotes = true;
                } else if (strcmp(argv[i], "--no-backslash-escapes") == 0) {
                        no_backslash_escapes = true;
                } else if (strcmp(argv[i], "--server") == 0 && i + 1 < argc) {
                        server = argv[++i];
                } else if (strcmp(argv[i], "--null") == 0) {
                        end = '\0';
                } else {
                        diag(DIAG_ERROR, "unknown option %s, or its value is missing", argv[i]);
                        return EXIT_USAGE;
                }
        }
        struct sql_mode mode = sql_mode_of_server(span_str(server));
        mode.ansi_quotes = ansi_quotes;
        mode.no_backslash_escapes = no_backslash_escapes;
        i += i < argc && strcmp(argv[i], "--") == 0 ? 1 : 0;
        if (i == argc) {
                return print_all(stdin, end, mode);
        }
        for (; i < argc; i++) {
                print(span_str(argv[i]), mode, end);
        }
        return EXIT_DONE;
}
