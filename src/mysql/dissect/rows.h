/** @file rows.h  The first rows of results, decoded by the definitions of their columns. Nothing happens here while settings->rows is 0.
 *
 * Threads: one owner.   Memory: row_store.h.
 * Source: MySQL's protocol documentation (ColumnDefinition41, ProtocolText::ResultsetRow, Binary Protocol Resultset Row),
 * MariaDB's (Result Set Packets: extended metadata, metadata that follows or not). */
#ifndef MYSQL_DISSECT_ROWS_H
#define MYSQL_DISSECT_ROWS_H

#include "mysql/dissect/dissector.h"
#include "mysql/wire/field.h"

/** A result of @p n columns begins; 0: its definitions are left out. */
void rows_expect(struct dissect *d, struct command *cmd, uint64_t n);
/** The definition of a column came; cmd->first_rows is not NULL. */
void rows_definition(struct dissect *d, struct command *cmd, struct span body);
/** All definitions came: rows follow, or wait for COM_STMT_FETCH. Sets cmd->rows_wanted. */
void rows_begin(struct dissect *d, struct command *cmd);
/** All definitions of a COM_STMT_PREPARE came. */
void rows_prepared(struct dissect *d, struct command *cmd);
/** Keep a row. Only while cmd->rows_wanted > 0. */
void rows_add(struct dissect *d, struct command *cmd, struct span body);
/** Report the fields of the row f->payload, as far as the columns of the result that @p cmd has are known: a row in text form has numbered
 *  values without them, a row in binary form no fields. */
void rows_fields(struct dissect *d, struct command *cmd, bool is_binary_row, struct field_trace *f);
/** Put what was kept into the record; cmd->first_rows is not NULL. */
void rows_put(const struct command *cmd, struct record *r);

#endif
