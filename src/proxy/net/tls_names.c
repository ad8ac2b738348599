#include "proxy/net/tls_names.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 253 }; /* of a DNS name */

static bool is_address(const char *text)
{
        struct in6_addr number;
        return inet_pton(AF_INET, text, &number) == 1 || inet_pton(AF_INET6, text, &number) == 1;
}

/** Labels of letters, digits, - and _, which may begin with `*.`. Others could not be compared with what a client asks for. */
static bool is_name(const char *text)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
        text += strncmp(text, "*.", 2) == 0 ? 2 : 0;
        for (const char *label = text;; label++) {
                size_t len = strspn(label, allowed);
                label += len;
                if (len == 0 || (*label != '.' && *label != '\0')) {
                        return false;
                }
                if (*label == '\0') {
                        return label - text <= NAME_MAX_BYTES;
                }
        }
}

/** Is @p entry, such as "DNS:localhost", in the list? */
static bool has(const struct tls_names *n, const char *entry)
{
        size_t len = strlen(entry);
        for (const char *at = n->list; *at != '\0'; at += strcspn(at, ",")) {
                at += *at == ',' ? 1 : 0;
                if (strcspn(at, ",") == len && strncmp(at, entry, len) == 0) {
                        return true;
                }
        }
        return false;
}

static enum status add(struct tls_names *n, const char *name)
{
        char entry[NAME_MAX_BYTES + 8];
        if (!is_address(name) && !is_name(name)) {
                return STATUS_INVALID;
        }
        (void)snprintf(entry, sizeof entry, "%s:%s", is_address(name) ? "IP" : "DNS", name);
        size_t len = strlen(n->list);
        if (!has(n, entry) && snprintf(n->list + len, sizeof n->list - len, "%s%s", len > 0 ? "," : "",
                                       entry) >= (int)(sizeof n->list - len)) {
                return STATUS_INVALID;
        }
        return STATUS_OK;
}

/** Clients of a wildcard address connect to another one, which is not known here. */
static bool is_wildcard(const char *address)
{
        return strspn(address, "0.:") == strlen(address);
}

static void add_listener(struct tls_names *n, const struct address *listen)
{
        char host[ADDRESS_TEXT_MAX];
        (void)snprintf(host, sizeof host, "%s", listen->host);
        host[strcspn(host, "%")] = '\0'; /* the interface of a link-local address */
        if (!listen->is_unix && !is_wildcard(host)) {
                (void)add(n, host); /* the name of an address may be one that no certificate can have */
        }
}

/** @return STATUS_INVALID if an entry of @p names is neither a name nor an address. */
static enum status add_all(struct tls_names *n, const char *names)
{
        while (*names != '\0') {
                char name[NAME_MAX_BYTES + 3];
                names += strspn(names, " ");
                size_t len = strcspn(names, ",");
                size_t end = len;
                while (end > 0 && names[end - 1] == ' ') {
                        end--;
                }
                if (end >= sizeof name) {
                        return STATUS_INVALID;
                }
                (void)snprintf(name, sizeof name, "%.*s", (int)end, names);
                if (add(n, name) != STATUS_OK) {
                        return STATUS_INVALID;
                }
                names += len;
                if (*names == ',' && *++names == '\0') {
                        return STATUS_INVALID; /* a comma at the end */
                }
        }
        return STATUS_OK;
}

/** A machine may have a name that no certificate can have. */
static void add_own_name(struct tls_names *n)
{
        if (gethostname(n->host, sizeof n->host) != 0 || memchr(n->host, '\0', sizeof n->host) == NULL ||
            *n->host == '*' || add(n, n->host) != STATUS_OK) {
                n->host[0] = '\0';
        }
}

enum status tls_names_init(struct tls_names *n, const struct address *listen, unsigned n_listen,
                           const char *more)
{
        *n = (struct tls_names){.list = "DNS:localhost,IP:127.0.0.1,IP:::1"};
        n->required = strlen(n->list);
        for (unsigned i = 0; i < n_listen; i++) {
                add_listener(n, &listen[i]);
        }
        enum status status = add_all(n, more);
        n->required_end = strlen(n->list);
        add_own_name(n);
        return status;
}

void tls_names_missing(const struct tls_names *n, X509 *certificate, char *out, size_t size)
{
        char list[TLS_NAMES_MAX];
        char *rest = NULL;
        size_t at = 0;
        (void)snprintf(list, sizeof list, "%.*s", (int)(n->required_end - n->required),
                       n->list + n->required);
        *out = '\0';
        for (char *entry = strtok_r(list, ",", &rest); entry != NULL; entry = strtok_r(NULL, ",", &rest)) {
                const char *name = strchr(entry, ':') + 1;
                bool named = *entry == 'I' ? X509_check_ip_asc(certificate, name, 0) == 1
                                           : X509_check_host(certificate, name, 0, 0, NULL) == 1;
                if (!named && at < size) {
                        int len = snprintf(out + at, size - at, "%s%s", at > 0 ? ", " : "", name);
                        at += len > 0 ? (size_t)len : 0;
                }
        }
}
