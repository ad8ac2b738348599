/** @file command.h  The commands of the protocol: code, name, and what kind of reply follows.
 *
 * Knows: what the code of a command alone says.   Does not know: the bytes behind it, or where a reply stands.
 * Threads: any; the table is constant.   Memory: none.
 * Source: enum_server_command of MySQL 8.4 and 9 and of MariaDB 10.11 and 11, and their protocol documentation. Some codes stand
 * for the work of a server's own threads, or for commands that were removed: the server answers them with an ERR. */
#ifndef MYSQL_WIRE_COMMAND_H
#define MYSQL_WIRE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum command_code {
        COM_SLEEP = 0x00,
        COM_QUIT = 0x01,
        COM_INIT_DB = 0x02,
        COM_QUERY = 0x03,
        COM_FIELD_LIST = 0x04,
        COM_CREATE_DB = 0x05,
        COM_DROP_DB = 0x06,
        COM_REFRESH = 0x07,
        COM_SHUTDOWN = 0x08,
        COM_STATISTICS = 0x09,
        COM_PROCESS_INFO = 0x0a,
        COM_CONNECT = 0x0b,
        COM_PROCESS_KILL = 0x0c,
        COM_DEBUG = 0x0d,
        COM_PING = 0x0e,
        COM_TIME = 0x0f,
        COM_DELAYED_INSERT = 0x10,
        COM_CHANGE_USER = 0x11,
        COM_BINLOG_DUMP = 0x12,
        COM_TABLE_DUMP = 0x13,
        COM_CONNECT_OUT = 0x14,
        COM_REGISTER_SLAVE = 0x15,
        COM_STMT_PREPARE = 0x16,
        COM_STMT_EXECUTE = 0x17,
        COM_STMT_SEND_LONG_DATA = 0x18,
        COM_STMT_CLOSE = 0x19,
        COM_STMT_RESET = 0x1a,
        COM_SET_OPTION = 0x1b,
        COM_STMT_FETCH = 0x1c,
        COM_DAEMON = 0x1d,
        COM_BINLOG_DUMP_GTID = 0x1e,
        COM_RESET_CONNECTION = 0x1f,
        COM_CLONE = 0x20,
        COM_SUBSCRIBE_GROUP_REPLICATION_STREAM = 0x21,
        /* MariaDB's */
        COM_STMT_BULK_EXECUTE = 0xfa,
        COM_SLAVE_WORKER = 0xfb,
        COM_SLAVE_IO = 0xfc,
        COM_SLAVE_SQL = 0xfd,
        COM_RESERVED_1 = 0xfe, /**< COM_MULTI, until it was removed */
};

/** How a reply begins and what ends it. */
enum reply_shape {
        SHAPE_NONE,    /**< no reply */
        SHAPE_OK,      /**< OK, EOF or ERR */
        SHAPE_RESULT,  /**< OK, ERR, LOCAL INFILE, or columns and rows; maybe several */
        SHAPE_PREPARE, /**< statement id and counts, then definitions */
        SHAPE_FIELDS,  /**< column definitions until EOF */
        SHAPE_ROWS,    /**< rows of an open cursor until EOF */
        SHAPE_TEXT,    /**< one bare string */
        SHAPE_AUTH,    /**< an authentication exchange */
        SHAPE_STREAM,  /**< packets without end, until EOF or ERR */
};

struct command_type {
        const char *name; /**< as in MySQL's documentation */
        size_t name_len;
        const char *server_name; /**< as in the servers' own logs; "Unknown" if they have none */
        enum reply_shape shape;
        bool has_text;    /**< the rest of the packet is text: a statement or a name */
        bool has_stmt_id; /**< the next four bytes are a statement's id */
        bool is_secret;   /**< the packet always holds a password, or may */
        /** Bytes that follow the code and hold no data of the user's: ids, flags, counts. */
        uint8_t argument_bytes;
        uint8_t min_bytes; /**< of the packet, code included; 0: any number */
        uint8_t max_bytes; /**< 0: no bound */
};

/* For command_type: a row for each code, without a name if there is no such command. */
extern const struct command_type command_types[UINT8_MAX + 1];
extern const struct command_type command_unknown;

/** @return the row of the command; for any other code, one named "COM_UNKNOWN" with SHAPE_OK. Never NULL. */
static inline const struct command_type *command_type(uint8_t code)
{
        return command_types[code].name != NULL ? &command_types[code] : &command_unknown;
}

#endif
