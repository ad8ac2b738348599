/* Settings as an annotated file in libconfig's language. */
#include "base/utf8.h"
#include "settings/listeners.h"
#include "settings/settings.h"

#include <string.h>

/** Write a quoted string. Hidden characters (base/utf8.h) and invalid bytes are escaped as \xHH, so that a terminal can
 *  show the file; libconfig reads the same value from it. */
static void write_quoted(FILE *out, const char *text)
{
        unsigned n;
        (void)putc('"', out);
        for (struct span s = span_str(text); s.len > 0; s = span_skip(s, n)) {
                n = utf8_sequence(s);
                bool escaped = n == 0 || utf8_is_hidden(s);
                n = n > 0 ? n : 1;
                if (s.data[0] == '"' || s.data[0] == '\\') {
                        (void)fprintf(out, "\\%c", s.data[0]);
                } else if (!escaped) {
                        (void)fwrite(s.data, 1, n, out);
                }
                for (unsigned i = 0; escaped && i < n; i++) {
                        (void)fprintf(out, "\\x%02x", s.data[i]);
                }
        }
        (void)putc('"', out);
}

static void write_value(const struct settings_row *row, const char *value, FILE *out)
{
        if (row->type == SETTINGS_UINT || row->type == SETTINGS_MS || row->type == SETTINGS_BOOL) {
                (void)fputs(value, out);
        } else {
                write_quoted(out, value);
        }
}

/** Write @p text in lines of about 100 characters, each after @p prefix. */
static void write_lines(const char *prefix, const char *text, FILE *out)
{
        const size_t width = 100 - strlen(prefix);
        for (size_t n; *text != '\0'; text += n + strspn(text + n, " ")) {
                n = strlen(text);
                for (size_t i = width; n > width && i > 0; i--) {
                        n = text[i] == ' ' ? i : n;
                }
                (void)fprintf(out, "%s%.*s\n", prefix, (int)n, text);
        }
}

void settings_write_help(const struct settings_row *row, const char *prefix, FILE *out)
{
        write_lines(prefix, row->help, out);
        if (row->type == SETTINGS_UINT || row->type == SETTINGS_SIZE || row->type == SETTINGS_MS ||
            row->type == SETTINGS_CHOICE) {
                char allowed[SETTINGS_ALLOWED_MAX];
                char line[SETTINGS_ALLOWED_MAX + sizeof "Must be ."];
                settings_print_allowed(row, allowed, sizeof allowed);
                (void)snprintf(line, sizeof line, "Must be %s.", allowed);
                write_lines(prefix, line, out);
        }
}

static void write_row(const struct settings *s, const struct settings_row *row, const char *key,
                      const char *indent, FILE *out)
{
        char value[SETTINGS_TEXT_MAX];
        char prefix[16];
        settings_print(s, row, value, sizeof value);
        (void)snprintf(prefix, sizeof prefix, "%s# ", indent);
        settings_write_help(row, prefix, out);
        (void)fprintf(out, "%s%s = ", indent, key);
        write_value(row, value, out);
        (void)fputs(";\n\n", out);
}

/** Write an entry of `logs`: only the settings that differ from the defaults. Those of its filter are adjacent in the table. */
static void write_sink(const struct settings *s, uint64_t i, FILE *out)
{
        bool in_filter = false;
        (void)fputs("    {", out);
        for (size_t k = 0; k < settings_row_count; k++) {
                const struct settings_row *row = &settings_rows[k];
                struct settings_row own = settings_row_of(row, i);
                char value[SETTINGS_TEXT_MAX];
                if (!settings_row_is_of_sink(row)) {
                        continue;
                }
                settings_print(s, &own, value, sizeof value);
                if (strcmp(value, row->def) == 0) {
                        continue;
                }
                bool filter = strncmp(row->name, "filter.", strlen("filter.")) == 0;
                (void)fprintf(out, "%s %s = ", filter && !in_filter ? " filter = {" : "",
                              strchr(row->name, '.') + 1);
                in_filter = filter;
                write_value(row, value, out);
                (void)fputs(";", out);
        }
        (void)fputs(in_filter ? " }; }" : " }", out);
}

static void write_sinks(const struct settings *s, FILE *out)
{
        (void)fprintf(
            out,
            "\n# Up to %d more logs; they can only be set in a file like this one. Each may have the "
            "settings of\n# the group log above, from file to filter.\n"
            "# logs = ( { file = \"slow.log\"; format = \"slow\"; filter = \"d:1s+\"; },\n#          { file "
            "= \"syslog:\"; } );\n",
            SETTINGS_SINKS - 1);
        if (s->n_sinks > 1) {
                (void)fputs("logs = (\n", out);
                for (uint64_t i = 1; i < s->n_sinks; i++) {
                        write_sink(s, i, out);
                        (void)fputs(i + 1 < s->n_sinks ? ",\n" : "\n", out);
                }
                (void)fputs(");\n", out);
        }
}

static void write_listeners(const struct settings *s, FILE *out)
{
        (void)fprintf(
            out,
            "# Up to %d listeners, in a list instead of the single address listen (or besides it, if "
            "that is not\n# off). Each has an address; an upstream, unless it is that of remote; and "
            "for a UNIX socket perhaps a\n# socket_mode.\n"
            "# listeners = ( { address = \"127.0.0.1:3308\"; upstream = \"db2.example:3306\"; },\n"
            "#               { address = \"unix:/run/querytap/mysqld.sock\"; socket_mode = \"0660\"; "
            "} );\n",
            SETTINGS_LISTENERS - 1);
        for (uint64_t i = 0; i < s->n_listeners; i++) {
                const struct settings_listener *l = &s->listeners[i];
                (void)fputs(i == 0 ? "listeners = (\n    { address = " : ",\n    { address = ", out);
                write_quoted(out, l->address);
                if (l->upstream[0] != '\0') {
                        (void)fputs("; upstream = ", out);
                        write_quoted(out, l->upstream);
                }
                if (l->socket_mode != LISTENERS_SOCKET_MODE_UNSET) {
                        (void)fprintf(out, "; socket_mode = \"%04o\"", (unsigned)l->socket_mode);
                }
                (void)fputs("; }", out);
        }
        (void)fputs(s->n_listeners > 0 ? "\n);\n" : "", out);
}

void settings_write(const struct settings *s, FILE *out)
{
        char group[64] = "";
        (void)fputs(
            "# querytap.cfg - the settings of querytap; querytap(1) describes them in detail.\n"
            "# It is read only if 'querytap proxy -c FILE' names it.\n"
            "# Each is also an option of 'querytap proxy', which takes precedence: limits.sessions is\n"
            "# --limits-sessions. Sizes may end in K, M or G, times in ms or s; put these in quotes.\n\n",
            out);
        for (size_t i = 0; i < settings_row_count; i++) {
                const struct settings_row *row = &settings_rows[i];
                const char *dot = strchr(row->name, '.');
                size_t len = dot != NULL ? (size_t)(dot - row->name) : 0;
                if (strlen(group) != len || strncmp(group, row->name, len) != 0) {
                        (void)fputs(group[0] != '\0' ? "};\n\n" : "", out);
                        memcpy(group, row->name, len);
                        group[len] = '\0';
                        (void)fprintf(out, "%s = {\n", group);
                }
                write_row(s, row, dot != NULL ? dot + 1 : row->name, len > 0 ? "    " : "", out);
        }
        (void)fputs(group[0] != '\0' ? "};\n" : "", out);
        write_sinks(s, out);
        (void)fputs("\n", out);
        write_listeners(s, out);
}
