/** @file result_head.h  What stands before the rows of a result: the number of columns, their definitions; and the reply to
 * COM_STMT_PREPARE, which is followed by definitions, too.
 *
 * Source: MySQL's protocol documentation (Text Resultset, ColumnDefinition41, COM_STMT_PREPARE_OK), MariaDB's (Result Set Packets:
 * extended metadata, metadata that follows or not).
 * Memory: allocates nothing; spans point into the payload. */
#ifndef MYSQL_WIRE_RESULT_HEAD_H
#define MYSQL_WIRE_RESULT_HEAD_H

#include "mysql/wire/field.h"

#define COLUMN_UNSIGNED 0x0020u
#define COLUMN_ZEROFILL 0x0040u

struct column_count {
        uint64_t columns;
        bool has_definitions; /**< they follow; else the client has them from before */
};

/** Parse a column count under the agreed @p capabilities. @return false if it is malformed. */
bool column_count_parse(struct span payload, uint64_t capabilities, struct column_count *out);
/** Report its fields. */
void column_count_fields(struct field_trace *f, uint64_t capabilities);

/** The definition of a column or a parameter. */
struct definition {
        struct span schema;
        struct span table;  /**< in the database; empty: the column belongs to no table */
        struct span name;   /**< as the statement calls it */
        struct span column; /**< its name in the table */
        uint16_t collation_id;
        uint32_t width; /**< in bytes, or digits */
        uint8_t type;   /**< enum value_type */
        uint16_t flags;
        uint8_t decimals;
};

/** Parse a definition under the agreed @p capabilities. @return false if it is malformed. */
bool definition_parse(struct span payload, uint64_t capabilities, struct definition *out);
/** Report its fields. */
void definition_fields(struct field_trace *f, uint64_t capabilities);

/** The reply to COM_STMT_PREPARE. */
struct prepared {
        uint32_t stmt_id;
        uint16_t columns;
        uint16_t params;
        uint16_t warnings;
        bool has_definitions; /**< as for a column count */
};

/** Parse it under the agreed @p capabilities. @return false if it is malformed, or not an OK. */
bool prepared_parse(struct span payload, uint64_t capabilities, struct prepared *out);
/** Report its fields. */
void prepared_fields(struct field_trace *f, uint64_t capabilities);

#endif
