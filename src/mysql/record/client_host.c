#include "mysql/record/client_host.h"

bool client_is_local(struct span address)
{
        static const char prefix[] = "unix:";
        return address.len >= sizeof prefix - 1 && memcmp(address.data, prefix, sizeof prefix - 1) == 0;
}

struct span client_host(struct span address)
{
        if (client_is_local(address)) {
                return address;
        }
        const uint8_t *colon = address.len > 0 ? memrchr(address.data, ':', address.len) : NULL;
        struct span host = colon != NULL ? span_head(address, (size_t)(colon - address.data)) : address;
        bool is_v6 = host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
        return is_v6 ? span_of(host.data + 1, host.len - 2) : host;
}
