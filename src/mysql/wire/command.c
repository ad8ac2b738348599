#include "mysql/wire/command.h"

#define ROW(code, ...) [code] = {.name = #code, .name_len = sizeof #code - 1, __VA_ARGS__}

static const struct command_type commands[] = {
    ROW(COM_SLEEP, .shape = SHAPE_OK),
    ROW(COM_QUIT, .shape = SHAPE_NONE, .min_bytes = 1, .max_bytes = 1),
    ROW(COM_INIT_DB, .shape = SHAPE_OK, .has_text = true),
    ROW(COM_QUERY, .shape = SHAPE_RESULT, .has_text = true),
    ROW(COM_FIELD_LIST, .shape = SHAPE_FIELDS, .has_text = true),
    ROW(COM_CREATE_DB, .shape = SHAPE_OK, .has_text = true),
    ROW(COM_DROP_DB, .shape = SHAPE_OK, .has_text = true),
    ROW(COM_REFRESH, .shape = SHAPE_OK, .min_bytes = 2, .max_bytes = 2),
    ROW(COM_SHUTDOWN, .shape = SHAPE_OK),
    ROW(COM_STATISTICS, .shape = SHAPE_TEXT, .min_bytes = 1, .max_bytes = 1),
    ROW(COM_PROCESS_INFO, .shape = SHAPE_RESULT, .min_bytes = 1, .max_bytes = 1),
    ROW(COM_CONNECT, .shape = SHAPE_OK),
    ROW(COM_PROCESS_KILL, .shape = SHAPE_OK, .argument_bytes = 4, .min_bytes = 5, .max_bytes = 5),
    ROW(COM_DEBUG, .shape = SHAPE_OK, .min_bytes = 1, .max_bytes = 1),
    ROW(COM_PING, .shape = SHAPE_OK, .min_bytes = 1, .max_bytes = 1),
    ROW(COM_TIME, .shape = SHAPE_OK),
    ROW(COM_DELAYED_INSERT, .shape = SHAPE_OK),
    ROW(COM_CHANGE_USER, .shape = SHAPE_AUTH, .is_secret = true),
    ROW(COM_BINLOG_DUMP, .shape = SHAPE_STREAM, .min_bytes = 11),
    ROW(COM_TABLE_DUMP, .shape = SHAPE_STREAM),
    ROW(COM_CONNECT_OUT, .shape = SHAPE_OK),
    ROW(COM_REGISTER_SLAVE, .shape = SHAPE_OK, .is_secret = true, .min_bytes = 18),
    ROW(COM_STMT_PREPARE, .shape = SHAPE_PREPARE, .has_text = true),
    ROW(COM_STMT_EXECUTE, .shape = SHAPE_RESULT, .has_stmt_id = true, .argument_bytes = 9, .min_bytes = 10),
    ROW(COM_STMT_SEND_LONG_DATA, .shape = SHAPE_NONE, .has_stmt_id = true, .argument_bytes = 6,
        .min_bytes = 7),
    ROW(COM_STMT_CLOSE, .shape = SHAPE_NONE, .has_stmt_id = true, .argument_bytes = 4, .min_bytes = 5,
        .max_bytes = 5),
    ROW(COM_STMT_RESET, .shape = SHAPE_OK, .has_stmt_id = true, .argument_bytes = 4, .min_bytes = 5,
        .max_bytes = 5),
    ROW(COM_SET_OPTION, .shape = SHAPE_OK, .argument_bytes = 2, .min_bytes = 3, .max_bytes = 3),
    ROW(COM_STMT_FETCH, .shape = SHAPE_ROWS, .has_stmt_id = true, .argument_bytes = 8, .min_bytes = 9,
        .max_bytes = 9),
    ROW(COM_DAEMON, .shape = SHAPE_OK),
    ROW(COM_BINLOG_DUMP_GTID, .shape = SHAPE_STREAM),
    ROW(COM_RESET_CONNECTION, .shape = SHAPE_OK, .min_bytes = 1, .max_bytes = 1),
    ROW(COM_CLONE, .shape = SHAPE_STREAM),
    ROW(COM_SUBSCRIBE_GROUP_REPLICATION_STREAM, .shape = SHAPE_STREAM),
    ROW(COM_STMT_BULK_EXECUTE, .shape = SHAPE_RESULT, .has_stmt_id = true, .argument_bytes = 6,
        .min_bytes = 7),
    ROW(COM_SLAVE_WORKER, .shape = SHAPE_OK),
    ROW(COM_SLAVE_IO, .shape = SHAPE_OK),
    ROW(COM_SLAVE_SQL, .shape = SHAPE_OK),
    ROW(COM_RESERVED_1, .shape = SHAPE_OK),
};

const struct command_type *command_type(uint8_t code)
{
        static const struct command_type unknown = {
            .name = "COM_UNKNOWN", .name_len = sizeof "COM_UNKNOWN" - 1, .shape = SHAPE_OK};
        if (code >= sizeof commands / sizeof commands[0] || commands[code].name == NULL) {
                return &unknown;
        }
        return &commands[code];
}
