#include "mysql/command.h"

#include <stddef.h>

static const struct command_info commands[] = {
    [COM_SLEEP] = {"COM_SLEEP", SHAPE_OK, false, false},
    [COM_QUIT] = {"COM_QUIT", SHAPE_NONE, false, false},
    [COM_INIT_DB] = {"COM_INIT_DB", SHAPE_OK, true, false},
    [COM_QUERY] = {"COM_QUERY", SHAPE_RESULT, true, false},
    [COM_FIELD_LIST] = {"COM_FIELD_LIST", SHAPE_FIELDS, true, false},
    [COM_CREATE_DB] = {"COM_CREATE_DB", SHAPE_OK, true, false},
    [COM_DROP_DB] = {"COM_DROP_DB", SHAPE_OK, true, false},
    [COM_REFRESH] = {"COM_REFRESH", SHAPE_OK, false, false},
    [COM_SHUTDOWN] = {"COM_SHUTDOWN", SHAPE_OK, false, false},
    [COM_STATISTICS] = {"COM_STATISTICS", SHAPE_TEXT, false, false},
    [COM_PROCESS_INFO] = {"COM_PROCESS_INFO", SHAPE_RESULT, false, false},
    [COM_CONNECT] = {"COM_CONNECT", SHAPE_OK, false, false},
    [COM_PROCESS_KILL] = {"COM_PROCESS_KILL", SHAPE_OK, false, false},
    [COM_DEBUG] = {"COM_DEBUG", SHAPE_OK, false, false},
    [COM_PING] = {"COM_PING", SHAPE_OK, false, false},
    [COM_TIME] = {"COM_TIME", SHAPE_OK, false, false},
    [COM_DELAYED_INSERT] = {"COM_DELAYED_INSERT", SHAPE_OK, false, false},
    [COM_CHANGE_USER] = {"COM_CHANGE_USER", SHAPE_AUTH, false, false},
    [COM_BINLOG_DUMP] = {"COM_BINLOG_DUMP", SHAPE_STREAM, false, false},
    [COM_TABLE_DUMP] = {"COM_TABLE_DUMP", SHAPE_STREAM, false, false},
    [COM_CONNECT_OUT] = {"COM_CONNECT_OUT", SHAPE_OK, false, false},
    [COM_REGISTER_SLAVE] = {"COM_REGISTER_SLAVE", SHAPE_OK, false, false},
    [COM_STMT_PREPARE] = {"COM_STMT_PREPARE", SHAPE_PREPARE, true, false},
    [COM_STMT_EXECUTE] = {"COM_STMT_EXECUTE", SHAPE_RESULT, false, true},
    [COM_STMT_SEND_LONG_DATA] = {"COM_STMT_SEND_LONG_DATA", SHAPE_NONE, false, true},
    [COM_STMT_CLOSE] = {"COM_STMT_CLOSE", SHAPE_NONE, false, true},
    [COM_STMT_RESET] = {"COM_STMT_RESET", SHAPE_OK, false, true},
    [COM_SET_OPTION] = {"COM_SET_OPTION", SHAPE_OK, false, false},
    [COM_STMT_FETCH] = {"COM_STMT_FETCH", SHAPE_ROWS, false, true},
    [COM_DAEMON] = {"COM_DAEMON", SHAPE_OK, false, false},
    [COM_BINLOG_DUMP_GTID] = {"COM_BINLOG_DUMP_GTID", SHAPE_STREAM, false, false},
    [COM_RESET_CONNECTION] = {"COM_RESET_CONNECTION", SHAPE_OK, false, false},
    [COM_CLONE] = {"COM_CLONE", SHAPE_STREAM, false, false},
    [COM_SUBSCRIBE_GROUP_REPLICATION_STREAM] = {"COM_SUBSCRIBE_GROUP_REPLICATION_STREAM", SHAPE_STREAM, false,
                                                false},
    [COM_STMT_BULK_EXECUTE] = {"COM_STMT_BULK_EXECUTE", SHAPE_RESULT, false, true},
    [COM_SLAVE_WORKER] = {"COM_SLAVE_WORKER", SHAPE_OK, false, false},
    [COM_SLAVE_IO] = {"COM_SLAVE_IO", SHAPE_OK, false, false},
    [COM_SLAVE_SQL] = {"COM_SLAVE_SQL", SHAPE_OK, false, false},
    [COM_RESERVED_1] = {"COM_RESERVED_1", SHAPE_OK, false, false},
};

const struct command_info *command_info(uint8_t code)
{
        static const struct command_info unknown = {"COM_UNKNOWN", SHAPE_OK, false, false};
        if (code >= sizeof commands / sizeof commands[0] || commands[code].name == NULL) {
                return &unknown;
        }
        return &commands[code];
}
