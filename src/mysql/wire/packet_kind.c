#include "mysql/wire/packet_kind.h"

#include "mysql/wire/command.h"

struct row {
        const char *name;
        uint8_t
            shown_bytes; /* the first byte of a reply, ids and numbers; nothing of rows, definitions and files */
        bool is_secret;
};

#define AT(kind) [(kind)-PACKET_UNKNOWN]

static const struct row rows[] = {
    AT(PACKET_UNKNOWN) = {"?", 0, false},
    AT(PACKET_PART) = {"part of a longer payload", 0, false},
    AT(PACKET_CUT_OFF) = {"cut off", 0, false},
    AT(PACKET_GREETING) = {"greeting", 0, false},
    AT(PACKET_SSL_REQUEST) = {"SSLRequest", 0, false},
    AT(PACKET_LOGIN) = {"login", 0, true},
    AT(PACKET_AUTH_DATA) = {"authentication data", 0, true},
    AT(PACKET_AUTH_SWITCH) = {"AuthSwitchRequest", 0, true},
    AT(PACKET_AUTH_NEXT_FACTOR) = {"AuthNextFactor", 0, true},
    AT(PACKET_AUTH_MORE_DATA) = {"AuthMoreData", 0, true},
    AT(PACKET_PLUGIN_DATA) = {"plugin data", 0, true},
    AT(PACKET_OK) = {"OK", 1, false},
    AT(PACKET_EOF) = {"EOF", 5, false},
    AT(PACKET_ERR) = {"ERR", 9, false},
    AT(PACKET_PROGRESS_REPORT) = {"progress report", 0, false},
    AT(PACKET_STRING) = {"string", 0, false},
    AT(PACKET_COLUMN_COUNT) = {"column count", 9, false},
    AT(PACKET_COLUMN_DEFINITION) = {"column definition", 0, false},
    AT(PACKET_ROW) = {"row", 0, false},
    AT(PACKET_BINARY_ROW) = {"row", 0, false},
    AT(PACKET_PREPARED) = {"prepared statement", 12, false},
    AT(PACKET_PARAMETER_DEFINITION) = {"parameter definition", 0, false},
    AT(PACKET_LOCAL_INFILE_REQUEST) = {"LOCAL INFILE request", 1, false},
    AT(PACKET_LOCAL_INFILE_DATA) = {"LOCAL INFILE data", 0, false},
    AT(PACKET_LOCAL_INFILE_END) = {"LOCAL INFILE end", 0, false},
    AT(PACKET_EVENT) = {"event", 0, false},
    AT(PACKET_REPLICATION_ACK) = {"replication acknowledgement", 0, false},
    AT(PACKET_WITHIN_STREAM) = {"packet within a stream", 0, false},
};
_Static_assert(sizeof rows / sizeof rows[0] == PACKET_KINDS - PACKET_UNKNOWN,
               "a row for each kind that is no command");

static bool is_command(enum packet_kind kind)
{
        return kind < PACKET_UNKNOWN;
}

const char *packet_kind_name(enum packet_kind kind)
{
        return is_command(kind) ? command_type((uint8_t)kind)->name : rows[kind - PACKET_UNKNOWN].name;
}

size_t packet_kind_shown_bytes(enum packet_kind kind)
{
        if (is_command(kind)) {
                return 1U + command_type((uint8_t)kind)->argument_bytes; /* and the code */
        }
        return rows[kind - PACKET_UNKNOWN].shown_bytes;
}

bool packet_kind_is_secret(enum packet_kind kind)
{
        return is_command(kind) ? command_type((uint8_t)kind)->is_secret
                                : rows[kind - PACKET_UNKNOWN].is_secret;
}
