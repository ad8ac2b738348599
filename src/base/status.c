#include "base/status.h"

const char *status_text(enum status status)
{
        switch (status) {
        case STATUS_OK: return "ok";
        case STATUS_NOMEM: return "out of memory";
        case STATUS_PROTOCOL: return "protocol error";
        case STATUS_LIMIT: return "limit reached";
        case STATUS_IO: return "system error";
        case STATUS_INVALID: return "invalid value";
        case STATUS_NOTFOUND: return "not found";
        }
        return "unknown status";
}
