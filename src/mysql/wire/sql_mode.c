#include "mysql/wire/sql_mode.h"

#include <string.h>

struct sql_mode sql_mode_of_server(struct span version)
{
        static const char replication_prefix[] = "5.5.5-"; /* MariaDB's, for old replicas */
        size_t prefix = sizeof replication_prefix - 1;
        struct sql_mode mode = {.is_mariadb = memmem(version.data, version.len, "MariaDB", 7) != NULL};
        if (version.len > prefix && memcmp(version.data, replication_prefix, prefix) == 0) {
                version = span_skip(version, prefix);
                mode.is_mariadb = true;
        }
        uint32_t parts[3] = {0, 0, 0};
        size_t part = 0;
        for (size_t i = 0; i < version.len && part < 3; i++) {
                uint8_t c = version.data[i];
                if (c >= '0' && c <= '9' && parts[part] < 100) {
                        parts[part] = parts[part] * 10 + (uint32_t)(c - '0');
                } else if (c == '.') {
                        part++;
                } else {
                        break;
                }
        }
        mode.version = parts[0] * 10000 + parts[1] * 100 + parts[2];
        return mode;
}
