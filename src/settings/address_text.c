#include "settings/address_text.h"

#include "base/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

static bool is_port(const char *text)
{
        size_t len = strlen(text);
        return len >= 1 && len <= 5 && strspn(text, "0123456789") == len && strtoul(text, NULL, 10) <= 65535;
}

static bool is_address(const char *text)
{
        if (strncmp(text, "unix:", 5) == 0) {
                return text[5] == '/' && strlen(text + 5) < sizeof((struct sockaddr_un *)NULL)->sun_path;
        }
        if (text[0] == '[') {
                const char *end = strchr(text, ']');
                return end != NULL && end > text + 1 && end[1] == ':' && is_port(end + 2);
        }
        const char *colon = strchr(text, ':');
        return colon != NULL && colon > text && is_port(colon + 1);
}

static bool is_long_path(const char *text)
{
        return strncmp(text, "unix:/", 6) == 0 &&
               strlen(text + 5) >= sizeof((struct sockaddr_un *)NULL)->sun_path;
}

/** Whether @p text is a host without a port. A number is more likely a port without its colon, and "off" is a word of other settings. */
static bool is_bare_host(const char *text)
{
        size_t len = strlen(text);
        if (text[0] == '[') {
                return len > 2 && strchr(text, ']') == text + len - 1;
        }
        return strpbrk(text, ":/[] \t\r\n") == NULL && strspn(text, "0123456789") < len &&
               strcasecmp(text, "off") != 0;
}

/** Complete the address @p text in @p out: a host or a port that is missing is that of the default address @p def.
 *  @return @p out, or @p text if nothing is missing, or if it is not clear which of them is. */
static const char *complete_address(const char *text, const char *def, char out[SETTINGS_TEXT_MAX])
{
        const char *port = strrchr(def, ':');
        int n = 0;
        if (text[0] == ':' && is_port(text + 1)) {
                n = snprintf(out, SETTINGS_TEXT_MAX, "%.*s%s", (int)(port - def), def, text);
        } else if (is_bare_host(text)) {
                n = snprintf(out, SETTINGS_TEXT_MAX, "%s%s", text, port);
        }
        return n > 0 && n < SETTINGS_TEXT_MAX ? out : text;
}

/** Read one address. */
static enum status read_one(const struct settings_row *row, const char *given, const char *where,
                            char out[SETTINGS_TEXT_MAX])
{
        char complete[SETTINGS_TEXT_MAX];
        const char *text = complete_address(given, row->def, complete);
        if (is_long_path(text)) {
                diag(DIAG_ERROR, "%s: setting '%s': the path of a UNIX socket can have %zu bytes, not %zu",
                     where, row->name, sizeof((struct sockaddr_un *)NULL)->sun_path - 1, strlen(text) - 5);
                return STATUS_INVALID;
        }
        if (!is_address(text)) {
                diag(DIAG_ERROR,
                     "%s: setting '%s' must be host:port, host, :port, [v6]:port or unix:/path%s%s, not '%s'",
                     where, row->name, row->choices != NULL ? ", or " : "",
                     row->choices != NULL ? row->choices[0] : "", given);
                return STATUS_INVALID;
        }
        (void)snprintf(out, SETTINGS_TEXT_MAX, "%s", text);
        return STATUS_OK;
}

/** Is @p one among the @p len bytes of the list @p all, in which ", " separates the addresses? */
static bool is_in(const char *one, const char *all, size_t len)
{
        size_t n = strlen(one);
        for (size_t i = 0; i + n <= len; i++) {
                bool begins = i == 0 || all[i - 1] == ' ';
                bool ends = i + n == len || all[i + n] == ',';
                if (begins && ends && memcmp(all + i, one, n) == 0) {
                        return true;
                }
        }
        return false;
}

/** Read addresses that are separated by commas; @p out has ", " between them. */
static enum status read_list(const struct settings_row *row, const char *text, const char *where,
                             char out[SETTINGS_TEXT_MAX])
{
        char copy[SETTINGS_TEXT_MAX];
        char one[SETTINGS_TEXT_MAX];
        char *rest = copy;
        char *word;
        size_t len = 0;
        unsigned n = 0;
        (void)snprintf(copy, sizeof copy, "%s", text);
        while ((word = strsep(&rest, ",")) != NULL) {
                word += n > 0 ? strspn(word, " ") : 0; /* blanks may stand on both sides of a comma */
                for (size_t i = strlen(word); rest != NULL && i > 0 && word[i - 1] == ' '; i--) {
                        word[i - 1] = '\0';
                }
                enum status status = read_one(row, word, where, one);
                if (status != STATUS_OK) {
                        return status;
                }
                if (++n > SETTINGS_SERVERS || is_in(one, out, len) ||
                    len + strlen(one) + 2 >= SETTINGS_TEXT_MAX) {
                        diag(DIAG_ERROR, "%s: setting '%s' must have up to %d different addresses, not '%s'",
                             where, row->name, SETTINGS_SERVERS, text);
                        return STATUS_INVALID;
                }
                len += (size_t)snprintf(out + len, SETTINGS_TEXT_MAX - len, "%s%s", len > 0 ? ", " : "", one);
        }
        return STATUS_OK;
}

enum status address_text_read(const struct settings_row *row, const char *text, const char *where,
                              char out[SETTINGS_TEXT_MAX])
{
        if (row->choices != NULL && strcmp(row->choices[0], text) == 0) {
                (void)snprintf(out, SETTINGS_TEXT_MAX, "%s", text);
                return STATUS_OK;
        }
        char read[SETTINGS_TEXT_MAX] = "";
        enum status status = row->type == SETTINGS_ADDRESSES ? read_list(row, text, where, read)
                                                             : read_one(row, text, where, read);
        if (status == STATUS_OK) {
                memcpy(out, read, sizeof read);
        }
        return status;
}
