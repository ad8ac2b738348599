#include "mysql/wire/command.h"

#define ROW(code, shape, has_text, has_stmt_id)                                                              \
        [code] = {#code, sizeof #code - 1, shape, has_text, has_stmt_id}

static const struct command_type commands[] = {
    ROW(COM_SLEEP, SHAPE_OK, false, false),
    ROW(COM_QUIT, SHAPE_NONE, false, false),
    ROW(COM_INIT_DB, SHAPE_OK, true, false),
    ROW(COM_QUERY, SHAPE_RESULT, true, false),
    ROW(COM_FIELD_LIST, SHAPE_FIELDS, true, false),
    ROW(COM_CREATE_DB, SHAPE_OK, true, false),
    ROW(COM_DROP_DB, SHAPE_OK, true, false),
    ROW(COM_REFRESH, SHAPE_OK, false, false),
    ROW(COM_SHUTDOWN, SHAPE_OK, false, false),
    ROW(COM_STATISTICS, SHAPE_TEXT, false, false),
    ROW(COM_PROCESS_INFO, SHAPE_RESULT, false, false),
    ROW(COM_CONNECT, SHAPE_OK, false, false),
    ROW(COM_PROCESS_KILL, SHAPE_OK, false, false),
    ROW(COM_DEBUG, SHAPE_OK, false, false),
    ROW(COM_PING, SHAPE_OK, false, false),
    ROW(COM_TIME, SHAPE_OK, false, false),
    ROW(COM_DELAYED_INSERT, SHAPE_OK, false, false),
    ROW(COM_CHANGE_USER, SHAPE_AUTH, false, false),
    ROW(COM_BINLOG_DUMP, SHAPE_STREAM, false, false),
    ROW(COM_TABLE_DUMP, SHAPE_STREAM, false, false),
    ROW(COM_CONNECT_OUT, SHAPE_OK, false, false),
    ROW(COM_REGISTER_SLAVE, SHAPE_OK, false, false),
    ROW(COM_STMT_PREPARE, SHAPE_PREPARE, true, false),
    ROW(COM_STMT_EXECUTE, SHAPE_RESULT, false, true),
    ROW(COM_STMT_SEND_LONG_DATA, SHAPE_NONE, false, true),
    ROW(COM_STMT_CLOSE, SHAPE_NONE, false, true),
    ROW(COM_STMT_RESET, SHAPE_OK, false, true),
    ROW(COM_SET_OPTION, SHAPE_OK, false, false),
    ROW(COM_STMT_FETCH, SHAPE_ROWS, false, true),
    ROW(COM_DAEMON, SHAPE_OK, false, false),
    ROW(COM_BINLOG_DUMP_GTID, SHAPE_STREAM, false, false),
    ROW(COM_RESET_CONNECTION, SHAPE_OK, false, false),
    ROW(COM_CLONE, SHAPE_STREAM, false, false),
    ROW(COM_SUBSCRIBE_GROUP_REPLICATION_STREAM, SHAPE_STREAM, false, false),
    ROW(COM_STMT_BULK_EXECUTE, SHAPE_RESULT, false, true),
    ROW(COM_SLAVE_WORKER, SHAPE_OK, false, false),
    ROW(COM_SLAVE_IO, SHAPE_OK, false, false),
    ROW(COM_SLAVE_SQL, SHAPE_OK, false, false),
    ROW(COM_RESERVED_1, SHAPE_OK, false, false),
};

const struct command_type *command_type(uint8_t code)
{
        static const struct command_type unknown = {"COM_UNKNOWN", sizeof "COM_UNKNOWN" - 1, SHAPE_OK, false,
                                                    false};
        if (code >= sizeof commands / sizeof commands[0] || commands[code].name == NULL) {
                return &unknown;
        }
        return &commands[code];
}
