#include "mysql/wire/command.h"

#define ROW(code, ...) [code] = {.name = #code, .name_len = sizeof #code - 1, __VA_ARGS__}

static const struct command_type commands[] = {
    ROW(COM_SLEEP, .server_name = "Sleep", .shape = SHAPE_OK),
    ROW(COM_QUIT, .server_name = "Quit", .shape = SHAPE_NONE, .min_bytes = 1, .max_bytes = 1),
    ROW(COM_INIT_DB, .server_name = "Init DB", .shape = SHAPE_OK, .has_text = true),
    ROW(COM_QUERY, .server_name = "Query", .shape = SHAPE_RESULT, .has_text = true),
    ROW(COM_FIELD_LIST, .server_name = "Field List", .shape = SHAPE_FIELDS, .has_text = true),
    ROW(COM_CREATE_DB, .server_name = "Create DB", .shape = SHAPE_OK, .has_text = true),
    ROW(COM_DROP_DB, .server_name = "Drop DB", .shape = SHAPE_OK, .has_text = true),
    ROW(COM_REFRESH, .server_name = "Refresh", .shape = SHAPE_OK, .min_bytes = 2, .max_bytes = 2),
    ROW(COM_SHUTDOWN, .server_name = "Shutdown", .shape = SHAPE_OK),
    ROW(COM_STATISTICS, .server_name = "Statistics", .shape = SHAPE_TEXT, .min_bytes = 1, .max_bytes = 1),
    ROW(COM_PROCESS_INFO, .server_name = "Processlist", .shape = SHAPE_RESULT, .min_bytes = 1,
        .max_bytes = 1),
    ROW(COM_CONNECT, .server_name = "Connect", .shape = SHAPE_OK),
    ROW(COM_PROCESS_KILL, .server_name = "Kill", .shape = SHAPE_OK, .argument_bytes = 4, .min_bytes = 5,
        .max_bytes = 5),
    ROW(COM_DEBUG, .server_name = "Debug", .shape = SHAPE_OK, .min_bytes = 1, .max_bytes = 1),
    ROW(COM_PING, .server_name = "Ping", .shape = SHAPE_OK, .min_bytes = 1, .max_bytes = 1),
    ROW(COM_TIME, .server_name = "Time", .shape = SHAPE_OK),
    ROW(COM_DELAYED_INSERT, .server_name = "Delayed insert", .shape = SHAPE_OK),
    ROW(COM_CHANGE_USER, .server_name = "Change user", .shape = SHAPE_AUTH, .is_secret = true),
    ROW(COM_BINLOG_DUMP, .server_name = "Binlog Dump", .shape = SHAPE_STREAM, .min_bytes = 11),
    ROW(COM_TABLE_DUMP, .server_name = "Table Dump", .shape = SHAPE_STREAM),
    ROW(COM_CONNECT_OUT, .server_name = "Connect Out", .shape = SHAPE_OK),
    ROW(COM_REGISTER_SLAVE, .server_name = "Register Slave", .shape = SHAPE_OK, .is_secret = true,
        .min_bytes = 18),
    ROW(COM_STMT_PREPARE, .server_name = "Prepare", .shape = SHAPE_PREPARE, .has_text = true),
    ROW(COM_STMT_EXECUTE, .server_name = "Execute", .shape = SHAPE_RESULT, .has_stmt_id = true,
        .argument_bytes = 9, .min_bytes = 10),
    ROW(COM_STMT_SEND_LONG_DATA, .server_name = "Long Data", .shape = SHAPE_NONE, .has_stmt_id = true,
        .argument_bytes = 6, .min_bytes = 7),
    ROW(COM_STMT_CLOSE, .server_name = "Close stmt", .shape = SHAPE_NONE, .has_stmt_id = true,
        .argument_bytes = 4, .min_bytes = 5, .max_bytes = 5),
    ROW(COM_STMT_RESET, .server_name = "Reset stmt", .shape = SHAPE_OK, .has_stmt_id = true,
        .argument_bytes = 4, .min_bytes = 5, .max_bytes = 5),
    ROW(COM_SET_OPTION, .server_name = "Set option", .shape = SHAPE_OK, .argument_bytes = 2, .min_bytes = 3,
        .max_bytes = 3),
    ROW(COM_STMT_FETCH, .server_name = "Fetch", .shape = SHAPE_ROWS, .has_stmt_id = true, .argument_bytes = 8,
        .min_bytes = 9, .max_bytes = 9),
    ROW(COM_DAEMON, .server_name = "Daemon", .shape = SHAPE_OK),
    ROW(COM_BINLOG_DUMP_GTID, .server_name = "Binlog Dump GTID", .shape = SHAPE_STREAM),
    ROW(COM_RESET_CONNECTION, .server_name = "Reset Connection", .shape = SHAPE_OK, .min_bytes = 1,
        .max_bytes = 1),
    ROW(COM_CLONE, .server_name = "Clone", .shape = SHAPE_STREAM),
    ROW(COM_SUBSCRIBE_GROUP_REPLICATION_STREAM, .server_name = "Unknown", .shape = SHAPE_STREAM),
    ROW(COM_STMT_BULK_EXECUTE, .server_name = "Bulk_execute", .shape = SHAPE_RESULT, .has_stmt_id = true,
        .argument_bytes = 6, .min_bytes = 7),
    ROW(COM_SLAVE_WORKER, .server_name = "Unknown", .shape = SHAPE_OK),
    ROW(COM_SLAVE_IO, .server_name = "Unknown", .shape = SHAPE_OK),
    ROW(COM_SLAVE_SQL, .server_name = "Unknown", .shape = SHAPE_OK),
    ROW(COM_RESERVED_1, .server_name = "Unknown", .shape = SHAPE_OK),
};

const struct command_type *command_type(uint8_t code)
{
        static const struct command_type unknown = {.name = "COM_UNKNOWN",
                                                    .name_len = sizeof "COM_UNKNOWN" - 1,
                                                    .server_name = "Unknown",
                                                    .shape = SHAPE_OK};
        if (code >= sizeof commands / sizeof commands[0] || commands[code].name == NULL) {
                return &unknown;
        }
        return &commands[code];
}
