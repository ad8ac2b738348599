#include "run/handover.h"

#include "base/diag.h"
#include "base/writer.h"
#include "profile/heap/prof.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER_DEFAULT "127.0.0.1:3306"

/* --- texts that name a server --------------------------------------------------------------------------------------- */

/** Write "host:port" for @p host, which may have a port. */
static bool put_server(char out[HANDOVER_SERVER_MAX], struct span host)
{
        const uint8_t *bracket = host.len > 0 ? memrchr(host.data, ']', host.len) : NULL;
        struct span tail = bracket != NULL ? span_skip(host, (size_t)(bracket - host.data)) : host;
        bool has_port = tail.len > 0 && memchr(tail.data, ':', tail.len) != NULL;
        bool has_name = host.len > 0 && host.data[0] != ':';
        int n = snprintf(out, HANDOVER_SERVER_MAX, "%s%.*s%s", has_name ? "" : "127.0.0.1", (int)host.len,
                         (const char *)host.data, has_port ? "" : ":3306");
        return n > 0 && n < HANDOVER_SERVER_MAX;
}

/** Does the scheme @p scheme name a server that speaks MySQL's protocol? */
static bool is_mysql(struct span scheme)
{
        static const char *const words[] = {"mysql", "mariadb", "trilogy"};
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                size_t len = strlen(words[i]);
                for (size_t at = 0; at + len <= scheme.len; at++) {
                        if (span_equal_nocase(span_of(scheme.data + at, len), words[i])) {
                                return true;
                        }
                }
        }
        return false;
}

static bool find_url(const char *text, struct handover_found *out)
{
        const char *slashes = strstr(text, "://");
        if (slashes == NULL || strcspn(text, " \t/?#@") < (size_t)(slashes - text) ||
            !is_mysql(span_of(text, (size_t)(slashes - text)))) {
                return false;
        }
        const char *authority = slashes + 3;
        struct span s = span_of(authority, strcspn(authority, "/?#"));
        const uint8_t *at = s.len > 0 ? memrchr(s.data, '@', s.len) : NULL;
        struct span host = at != NULL ? span_skip(s, (size_t)(at + 1 - s.data)) : s;
        out->form = HANDOVER_URL;
        out->end = (size_t)(authority - text) + s.len;
        out->begin = out->end - host.len;
        return put_server(out->server, host);
}

static bool find_go(const char *text, struct handover_found *out)
{
        const char *tcp = strstr(text, "@tcp(");
        const char *local = tcp == NULL ? strstr(text, "@unix(") : NULL;
        const char *from = tcp != NULL ? tcp + 5 : local != NULL ? local + 6 : NULL;
        const char *end = from != NULL ? strstr(from, ")/") : NULL;
        if (end == NULL) {
                return false;
        }
        out->form = HANDOVER_GO;
        out->begin = (size_t)((tcp != NULL ? tcp : local) + 1 - text);
        out->end = (size_t)(end + 1 - text);
        if (tcp != NULL) {
                return put_server(out->server, span_of(from, (size_t)(end - from)));
        }
        int n = snprintf(out->server, sizeof out->server, "unix:%.*s", (int)(end - from), from);
        return n > 0 && n < (int)sizeof out->server;
}

/** The value of @p key in the list `key=value;key=value` @p list; empty if it is not there. */
static struct span pdo_value(const char *list, const char *key)
{
        size_t len = strlen(key);
        for (const char *at = list; *at != '\0';) {
                size_t n = strcspn(at, ";");
                if (n > len && strncmp(at, key, len) == 0 && at[len] == '=') {
                        return span_of(at + len + 1, n - len - 1);
                }
                at += n + (at[n] == ';' ? 1 : 0);
        }
        return (struct span){NULL, 0};
}

static bool find_pdo(const char *text, struct handover_found *out)
{
        if (strncmp(text, "mysql:", 6) != 0 || strchr(text + 6, '=') == NULL) {
                return false;
        }
        struct span host = pdo_value(text + 6, "host");
        struct span port = pdo_value(text + 6, "port");
        struct span path = pdo_value(text + 6, "unix_socket");
        out->form = HANDOVER_PDO;
        out->begin = 6;
        out->end = strlen(text);
        int n =
            path.len > 0
                ? snprintf(out->server, sizeof out->server, "unix:%.*s", (int)path.len,
                           (const char *)path.data)
                : snprintf(out->server, sizeof out->server, "%.*s:%.*s", host.len > 0 ? (int)host.len : 9,
                           host.len > 0 ? (const char *)host.data : "127.0.0.1",
                           port.len > 0 ? (int)port.len : 4, port.len > 0 ? (const char *)port.data : "3306");
        return n > 0 && n < (int)sizeof out->server;
}

bool handover_find(const char *text, struct handover_found *out)
{
        return find_url(text, out) || find_pdo(text, out) || find_go(text, out);
}

/* --- which server --------------------------------------------------------------------------------------------------- */

/** The value of @p name in @p environment; NULL if it is not set, or empty. */
static const char *variable(char **environment, const char *name)
{
        size_t len = strlen(name);
        for (; *environment != NULL; environment++) {
                if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=') {
                        return (*environment)[len + 1] != '\0' ? *environment + len + 1 : NULL;
                }
        }
        return NULL;
}

/** By the variables that the clients of MySQL know. */
static void find_by_host(struct handover *h, char **environment)
{
        const char *host = variable(environment, "MYSQL_HOST");
        const char *port = variable(environment, "MYSQL_TCP_PORT");
        const char *path = variable(environment, "MYSQL_UNIX_PORT");
        port = port != NULL ? port : variable(environment, "MYSQL_PORT");
        if (path != NULL && (host == NULL || strcmp(host, "localhost") == 0)) {
                (void)snprintf(h->server, sizeof h->server, "unix:%s", path);
        } else if (host != NULL || port != NULL) {
                (void)snprintf(h->server, sizeof h->server, "%s:%s", host != NULL ? host : "127.0.0.1",
                               port != NULL ? port : "3306");
        } else {
                (void)snprintf(h->server, sizeof h->server, "%s", SERVER_DEFAULT);
        }
}

void handover_find_server(struct handover *h, char **environment)
{
        struct handover_found found;
        const char *url = variable(environment, "DATABASE_URL");
        bool is_found = url != NULL && handover_find(url, &found);
        for (char **v = environment; *v != NULL && !is_found; v++) {
                const char *value = strchr(*v, '=');
                is_found = value != NULL && handover_find(value + 1, &found);
        }
        if (is_found) {
                (void)snprintf(h->server, sizeof h->server, "%s", found.server);
        } else {
                find_by_host(h, environment);
        }
}

/* --- what the command gets ------------------------------------------------------------------------------------------ */

/** Is @p a the same address as @p b, apart from the names of this machine? */
static bool is_same_server(const char *a, const char *b)
{
        static const char *const here[] = {"localhost", "127.0.0.1", "[::1]"};
        const char *texts[2] = {a, b};
        const char *ports[2] = {strrchr(a, ':'), strrchr(b, ':')};
        bool is_here[2] = {false, false};
        if (strcasecmp(a, b) == 0) {
                return true;
        }
        for (int i = 0; i < 2 && ports[0] != NULL && ports[1] != NULL; i++) {
                for (size_t n = 0; n < sizeof here / sizeof here[0]; n++) {
                        size_t len = (size_t)(ports[i] - texts[i]);
                        is_here[i] |= len == strlen(here[n]) && strncasecmp(texts[i], here[n], len) == 0;
                }
        }
        return is_here[0] && is_here[1] && strcmp(ports[0], ports[1]) == 0;
}

/** Append @p text with the placeholders replaced. */
static void put_template(struct writer *w, const struct handover *h, const char *text)
{
        const struct {
                const char *name;
                const char *value;
        } names[] = {
            {"{host}", h->address.host}, {"{port}", h->address.port}, {"{socket}", h->address.socket}};
        while (*text != '\0') {
                size_t taken = 0;
                for (size_t i = 0; i < sizeof names / sizeof names[0] && taken == 0; i++) {
                        if (strncmp(text, names[i].name, strlen(names[i].name)) == 0) {
                                writer_text(w, names[i].value);
                                taken = strlen(names[i].name);
                        }
                }
                if (taken == 0) {
                        writer_char(w, *text);
                        taken = 1;
                }
                text += taken;
        }
}

/** A string of what @p put writes for @p text. @return NULL if memory is out. */
static char *made(const struct handover *h, const char *text,
                  void (*put)(struct writer *w, const struct handover *h, const char *text))
{
        struct writer measure = writer_over(NULL, 0);
        put(&measure, h, text);
        char *out = prof_alloc(STAGE_MAIN, measure.wanted + 1);
        if (out != NULL) {
                struct writer w = writer_over(out, measure.wanted);
                put(&w, h, text);
                out[w.at] = '\0';
        }
        return out;
}

/** Append the other members of the data source name @p list of PDO. */
static void put_pdo(struct writer *w, const struct handover *h, const char *list)
{
        writer_text(w, "host=");
        writer_text(w, h->address.host);
        writer_text(w, ";port=");
        writer_text(w, h->address.port);
        while (*list != '\0') {
                size_t n = strcspn(list, ";");
                if (n > 0 && strncmp(list, "host=", 5) != 0 && strncmp(list, "port=", 5) != 0 &&
                    strncmp(list, "unix_socket=", 12) != 0) {
                        writer_char(w, ';');
                        writer_bytes(w, list, n);
                }
                list += n + (list[n] == ';' ? 1 : 0);
        }
}

/** Append the variable @p variable, NAME=VALUE, with the proxy in place of the server. */
static void put_variable(struct writer *w, const struct handover *h, const char *variable)
{
        struct handover_found found;
        const char *value = strchr(variable, '=');
        if (value == NULL || !handover_find(value + 1, &found)) {
                writer_text(w, variable);
                return;
        }
        writer_bytes(w, variable, (size_t)(value + 1 - variable) + found.begin);
        if (found.form == HANDOVER_PDO) {
                put_pdo(w, h, value + 1 + found.begin);
        } else {
                writer_text(w, found.form == HANDOVER_GO ? "tcp(" : "");
                writer_text(w, h->address.host);
                writer_char(w, ':');
                writer_text(w, h->address.port);
                writer_text(w, found.form == HANDOVER_GO ? ")" : "");
        }
        writer_text(w, value + 1 + found.end);
}

/** The variables that are always set. */
static size_t fixed_variables(const struct handover *h, char out[][HANDOVER_SERVER_MAX + 32])
{
        const struct handover_address *a = &h->address;
        const struct {
                const char *name;
                const char *value;
        } all[] = {{"MYSQL_HOST", a->host},        {"MYSQL_TCP_PORT", a->port}, {"MYSQL_PORT", a->port},
                   {"MYSQL_UNIX_PORT", a->socket}, {"QUERYTAP_HOST", a->host},  {"QUERYTAP_PORT", a->port},
                   {"QUERYTAP_SOCKET", a->socket}, {"QUERYTAP_ADMIN", a->admin}};
        size_t n = 0;
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
                if (*all[i].value != '\0') {
                        (void)snprintf(out[n++], HANDOVER_SERVER_MAX + 32, "%s=%s", all[i].name,
                                       all[i].value);
                }
        }
        return n;
}

enum { FIXED_MAX = 8 };

/** Is the name of @p variable that of one of the @p n others? */
static bool is_set_by(const char *variable, const char *const *others, size_t n)
{
        size_t len = strcspn(variable, "=") + 1;
        for (size_t i = 0; i < n; i++) {
                if (strncmp(variable, others[i], len) == 0) {
                        return true;
                }
        }
        return false;
}

/** The variable @p variable as the command gets it. */
static char *handed_over(const struct handover *h, const char *variable)
{
        struct handover_found found;
        const char *value = strchr(variable, '=');
        if (value == NULL || !handover_find(value + 1, &found)) {
                return prof_strdup(STAGE_MAIN, variable);
        }
        if (!h->all && !is_same_server(found.server, h->server)) {
                diag(DIAG_WARNING,
                     "the variable %.*s leads to another server than %s: what is sent there is not seen; "
                     "--remote names the server for all",
                     (int)(value - variable), variable, h->server);
                return prof_strdup(STAGE_MAIN, variable);
        }
        return made(h, variable, put_variable);
}

char **handover_environment(const struct handover *h, char **environment)
{
        char fixed[FIXED_MAX][HANDOVER_SERVER_MAX + 32];
        const char *own[FIXED_MAX + HANDOVER_TEMPLATES_MAX];
        size_t n_fixed = fixed_variables(h, fixed);
        size_t n_own = 0;
        size_t n = 0;
        for (size_t i = 0; i < n_fixed; i++) {
                own[n_own++] = fixed[i];
        }
        for (size_t i = 0; i < h->n_templates; i++) {
                own[n_own++] = h->templates[i];
        }
        for (char **v = environment; *v != NULL; v++) {
                n++;
        }
        char **out = prof_calloc(STAGE_MAIN, n + n_own + 1, sizeof *out);
        bool ok = out != NULL;
        n = 0;
        for (char **v = environment; ok && *v != NULL; v++) {
                if (!is_set_by(*v, own, n_own)) {
                        out[n] = handed_over(h, *v);
                        ok = out[n++] != NULL;
                }
        }
        for (size_t i = 0; ok && i < n_own; i++) {
                if (!is_set_by(own[i], own + i + 1, n_own - i - 1)) {
                        out[n] = made(h, own[i], put_template);
                        ok = out[n++] != NULL;
                }
        }
        if (!ok) {
                handover_free(out);
                return NULL;
        }
        return out;
}

char **handover_arguments(const struct handover *h, int n, char **arguments)
{
        char **out = prof_calloc(STAGE_MAIN, (size_t)n + 1, sizeof *out);
        for (int i = 0; out != NULL && i < n; i++) {
                out[i] = made(h, arguments[i], put_template);
                if (out[i] == NULL) {
                        handover_free(out);
                        return NULL;
                }
        }
        return out;
}

void handover_free(char **list)
{
        for (char **at = list; at != NULL && *at != NULL; at++) {
                prof_free(*at);
        }
        prof_free(list);
}
