/* digest: the digests of statements; it needs no running proxy. */
#include "cli/commands.h"

#include "base/diag.h"
#include "base/shown.h"
#include "cli/exit.h"
#include "cli/flags.h"
#include "mysql/sql/digest.h"

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
        if (end == '\0') { /* read by a program: not escaped */
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

int command_digest(int argc, char **argv)
{
        const char *server = "9.7.0";
        bool ansi_quotes = false;
        bool no_backslash_escapes = false;
        bool with_nul = false;
        const struct flag flags[] = {
            {"ansi-quotes", .take = flags_take_switch, .into = &ansi_quotes},
            {"no-backslash-escapes", .take = flags_take_switch, .into = &no_backslash_escapes},
            {"null", .take = flags_take_switch, .into = &with_nul},
            {"server", .value = FLAG_VALUE, .take = flags_take_text, .into = &server},
        };
        if (!flags_parse(flags, sizeof flags / sizeof flags[0], FLAGS_FIRST, NULL, &argc, argv)) {
                return EXIT_USAGE;
        }
        int end = with_nul ? '\0' : '\n';
        struct sql_mode mode = sql_mode_of_server(span_str(server));
        mode.ansi_quotes = ansi_quotes;
        mode.no_backslash_escapes = no_backslash_escapes;
        if (argc == 1) {
                return print_all(stdin, end, mode);
        }
        for (int i = 1; i < argc; i++) {
                print(span_str(argv[i]), mode, end);
        }
        return EXIT_DONE;
}
