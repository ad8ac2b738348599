/** @file execute.h  Values that requests carry: parameters of COM_STMT_EXECUTE and COM_STMT_BULK_EXECUTE, attributes of COM_QUERY.
 *
 * Threads: one owner.   Memory: decoded values live in the dissector's scratch, until something else is decoded.
 * Source: MySQL's protocol documentation (COM_STMT_EXECUTE, COM_QUERY with query attributes), MariaDB's
 * (COM_STMT_BULK_EXECUTE); how many bytes a type takes, observed on the servers. */
#ifndef MYSQL_DISSECT_EXECUTE_H
#define MYSQL_DISSECT_EXECUTE_H

#include "mysql/dissect/dissector.h"
#include "mysql/wire/field.h"

/** The decoded values of an execution. */
struct execution {
        struct statement *st; /**< NULL: it was never seen, and nothing is known of its values */
        struct value *values; /**< NULL: there are none, or they are unknown */
        size_t n;
        bool are_unknown;
        bool count_known;
        bool odd_length; /**< LINT_ODD_LENGTH is broken */
        uint64_t count;  /**< rows of a COM_STMT_BULK_EXECUTE; values are the first of them */
};

/** Decode the values of @p cmd, a COM_STMT_EXECUTE or COM_STMT_BULK_EXECUTE, and remember their types for the statement's next
 *  execution. Once for each command, in order. */
void execute_decode(struct dissect *d, const struct command *cmd, struct execution *out);
/** The same, and report the fields behind the statement's id. @return false if not all that is needed to read the values is known. */
bool execute_fields(struct dissect *d, const struct command *cmd, struct field_trace *f);
/** Put them into the record. */
void execute_put(const struct execution *execution, const struct command *cmd, struct record *r);
/** Decode the attributes before a COM_QUERY's text, and put them into @p record unless that is NULL; then it is the packet just
 *  received, which the linter checks.
 *  @return where in @p body the text begins; 0 if the attributes are malformed or incomplete. */
size_t execute_attributes(struct dissect *d, struct span body, struct record *record);
/** Report the attributes before the text of the COM_QUERY f->payload. @return false if they are malformed or incomplete. */
bool execute_attribute_fields(struct dissect *d, struct field_trace *f);

#endif
