#include "admin/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

bool guard_is_loopback(const char *host)
{
        struct in_addr v4;
        struct in6_addr v6;
        if (inet_pton(AF_INET, host, &v4) == 1) {
                return ntohl(v4.s_addr) >> 24 == 127;
        }
        if (inet_pton(AF_INET6, host, &v6) == 1) {
                return IN6_IS_ADDR_LOOPBACK(&v6);
        }
        return strcasecmp(host, "localhost") == 0;
}

bool guard_host(const char *host)
{
        char name[64];
        if (host == NULL) {
                return false;
        }
        bool bracketed = host[0] == '[';
        const char *start = bracketed ? host + 1 : host;
        size_t len = strcspn(start, bracketed ? "]" : ":");
        const char *rest = start + len + (bracketed && start[len] == ']' ? 1 : 0);
        if ((bracketed && start[len] != ']') || len == 0 || len >= sizeof name ||
            (*rest != '\0' && *rest != ':') ||
            (*rest == ':' && strspn(rest + 1, "0123456789") != strlen(rest + 1))) {
                return false;
        }
        memcpy(name, start, len);
        name[len] = '\0';
        return guard_is_loopback(name);
}

static bool is_one_of(const char *text, const char *const *words)
{
        while (*words != NULL && strcasecmp(*words, text) != 0) {
                words++;
        }
        return *words != NULL;
}

bool guard_fetch(const struct guard_fetch *fetch, bool is_page)
{
        static const char *const ours[] = {"same-origin", "none", NULL};
        static const char *const frames[] = {"frame", "iframe", "fencedframe", "embed", "object", NULL};
        if (fetch->dest != NULL && is_one_of(fetch->dest, frames)) {
                return false;
        }
        if (fetch->site == NULL || is_one_of(fetch->site, ours)) {
                return true;
        }
        return is_page && fetch->mode != NULL && strcasecmp(fetch->mode, "navigate") == 0 &&
               fetch->dest != NULL && strcasecmp(fetch->dest, "document") == 0;
}

bool guard_origin(const char *origin, const char *host)
{
        static const char scheme[] = "http://";
        return origin == NULL || (strncmp(origin, scheme, sizeof scheme - 1) == 0 &&
                                  strcmp(origin + sizeof scheme - 1, host) == 0);
}
