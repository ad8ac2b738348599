#include "proxy/net/address.h"

#include "base/writer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static bool parse_port(const char *text, uint16_t *out)
{
        char *end = NULL;
        errno = 0;
        unsigned long port = strtoul(text, &end, 10);
        if (errno != 0 || end == text || *end != '\0' || text[0] < '0' || text[0] > '9' ||
            port > UINT16_MAX) {
                return false;
        }
        *out = (uint16_t)port;
        return true;
}

static enum status copy(char *to, size_t size, const char *from, size_t len)
{
        if (len == 0 || len >= size) {
                return STATUS_INVALID;
        }
        memcpy(to, from, len);
        to[len] = '\0';
        return STATUS_OK;
}

enum status address_parse(const char *text, struct address *out)
{
        static const char prefix[] = "unix:";
        *out = (struct address){0};
        if (strncmp(text, prefix, sizeof prefix - 1) == 0) {
                out->is_unix = true;
                return copy(out->host, sizeof((struct sockaddr_un *)NULL)->sun_path, text + sizeof prefix - 1,
                            strlen(text) - (sizeof prefix - 1));
        }
        const char *colon = strrchr(text, ':');
        if (colon == NULL || !parse_port(colon + 1, &out->port)) {
                return STATUS_INVALID;
        }
        size_t len = (size_t)(colon - text);
        if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
                return copy(out->host, sizeof out->host, text + 1, len - 2);
        }
        if (memchr(text, ':', len) != NULL) {
                return STATUS_INVALID; /* an IPv6 address without brackets: the beginning of its port is ambiguous */
        }
        return copy(out->host, sizeof out->host, text, len);
}

bool address_numeric(const struct address *address, struct sockaddr_storage *out, socklen_t *len)
{
        memset(out, 0, sizeof *out);
        if (address->is_unix) {
                struct sockaddr_un *un = (struct sockaddr_un *)out;
                un->sun_family = AF_UNIX;
                memcpy(un->sun_path, address->host, strlen(address->host) + 1);
                *len = sizeof *un;
                return true;
        }
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        if (inet_pton(AF_INET, address->host, &v4->sin_addr) == 1) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons(address->port);
                *len = sizeof *v4;
                return true;
        }
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
        if (inet_pton(AF_INET6, address->host, &v6->sin6_addr) == 1) {
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons(address->port);
                *len = sizeof *v6;
                return true;
        }
        return false;
}

/** Avoids snprintf, because each connection formats three addresses. */
static void put_v4(const struct sockaddr_in *v4, struct writer *w)
{
        uint8_t bytes[4];
        memcpy(bytes, &v4->sin_addr, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++) {
                writer_decimal(w, bytes[i]);
                writer_char(w, i < 3 ? '.' : ':');
        }
        writer_decimal(w, ntohs(v4->sin_port));
        writer_char(w, '\0');
}

void address_format(const struct sockaddr_storage *from, socklen_t len, char out[ADDRESS_TEXT_MAX])
{
        out[0] = '\0';
        if (from->ss_family == AF_INET) {
                struct writer w = writer_over(out, ADDRESS_TEXT_MAX);
                put_v4((const struct sockaddr_in *)from, &w);
        } else if (from->ss_family == AF_INET6) {
                char host[INET6_ADDRSTRLEN] = "";
                const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
                (void)inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
                (void)snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%u", host, ntohs(v6->sin6_port));
        } else if (from->ss_family == AF_UNIX) {
                const struct sockaddr_un *un = (const struct sockaddr_un *)from;
                size_t head = offsetof(struct sockaddr_un, sun_path);
                size_t n = len > head ? strnlen(un->sun_path, len - head) : 0;
                (void)snprintf(out, ADDRESS_TEXT_MAX, "unix:%.*s", (int)n, un->sun_path);
        }
}

struct address_bytes address_bytes(const struct sockaddr_storage *from)
{
        struct address_bytes b = {.len = 0};
        if (from->ss_family == AF_INET) {
                b.len = sizeof(struct in_addr);
                memcpy(b.at, &((const struct sockaddr_in *)from)->sin_addr, sizeof(struct in_addr));
        } else if (from->ss_family == AF_INET6) {
                b.len = sizeof(struct in6_addr);
                memcpy(b.at, &((const struct sockaddr_in6 *)from)->sin6_addr, sizeof(struct in6_addr));
        }
        return b;
}

uint16_t address_port(const struct sockaddr_storage *from)
{
        return from->ss_family == AF_INET    ? ntohs(((const struct sockaddr_in *)from)->sin_port)
               : from->ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)from)->sin6_port)
                                             : 0;
}

bool address_leads_to(int fd, const struct address *listen)
{
        static const uint8_t any[sizeof(struct in6_addr)];
        struct sockaddr_storage peer = {0};
        struct sockaddr_storage own = {0};
        struct sockaddr_storage bound;
        socklen_t len = sizeof peer;
        socklen_t bound_len;
        if (!address_numeric(listen, &bound, &bound_len) ||
            getpeername(fd, (struct sockaddr *)&peer, &len) != 0) {
                return false;
        }
        if (listen->is_unix) {
                return peer.ss_family == AF_UNIX &&
                       strcmp(((const struct sockaddr_un *)&peer)->sun_path, listen->host) == 0;
        }
        struct address_bytes to = address_bytes(&peer);
        struct address_bytes at = address_bytes(&bound);
        if (to.len == 0 || address_port(&peer) != listen->port) {
                return false;
        }
        if (memcmp(at.at, any, at.len) != 0) {
                return to.len == at.len && memcmp(to.at, at.at, to.len) == 0;
        }
        len = sizeof own; /* it listens on all addresses: is the peer's one of ours? */
        if (getsockname(fd, (struct sockaddr *)&own, &len) != 0) {
                return false;
        }
        struct address_bytes from = address_bytes(&own);
        return from.len == to.len && memcmp(from.at, to.at, to.len) == 0;
}

void address_own(int fd, char out[ADDRESS_TEXT_MAX])
{
        struct sockaddr_storage ss = {0};
        socklen_t len = sizeof ss;
        out[0] = '\0';
        if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0) {
                address_format(&ss, len, out);
        }
}
