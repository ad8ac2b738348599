#include "base/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/** What precedes an IPv4 address that is mapped to IPv6. */
static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool parse_address(const char *text, struct network *out)
{
        if (inet_pton(AF_INET, text, out->bytes + 12) == 1) {
                memcpy(out->bytes, mapped, sizeof mapped);
                out->bits = 128;
                return true;
        }
        out->bits = 128;
        return inet_pton(AF_INET6, text, out->bytes) == 1;
}

void network_print(const struct network *n, char out[NETWORK_TEXT_MAX])
{
        char address[INET6_ADDRSTRLEN] = "";
        bool is_v4 = n->bits >= 96 && memcmp(n->bytes, mapped, sizeof mapped) == 0;
        (void)inet_ntop(is_v4 ? AF_INET : AF_INET6, n->bytes + (is_v4 ? sizeof mapped : 0), address,
                        sizeof address);
        if (n->bits == 128) {
                (void)snprintf(out, NETWORK_TEXT_MAX, "%s", address);
        } else {
                (void)snprintf(out, NETWORK_TEXT_MAX, "%s/%u", address, n->bits - (is_v4 ? 96 : 0));
        }
}

bool network_parse(char *text, struct network *out)
{
        char *slash = strchr(text, '/');
        bool is_v4 = strchr(text, ':') == NULL;
        unsigned long bits = is_v4 ? 32 : 128;
        if (slash != NULL) {
                char *end;
                *slash = '\0';
                bits = strtoul(slash + 1, &end, 10);
                if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || bits > (is_v4 ? 32U : 128U)) {
                        return false;
                }
        }
        if (!parse_address(text, out)) {
                return false;
        }
        out->bits = (unsigned)bits + (is_v4 ? 96 : 0);
        return true;
}

bool network_of_host(struct span host, struct network *out)
{
        char text[64];
        if (host.len >= sizeof text) {
                return false;
        }
        (void)snprintf(text, sizeof text, "%.*s", (int)host.len, (const char *)host.data);
        return parse_address(text, out);
}

bool network_has(const struct network *n, const struct network *address)
{
        unsigned whole = n->bits / 8;
        unsigned rest = n->bits % 8;
        return memcmp(address->bytes, n->bytes, whole) == 0 &&
               (rest == 0 || ((address->bytes[whole] ^ n->bytes[whole]) >> (8 - rest)) == 0);
}
