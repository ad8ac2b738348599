/** @file lint.h  The protocol's rules that packets can break: violations are found, named and counted, and no byte is changed.
 *
 * A check sets a rule's bit while a packet is handled; when that is done, each bit becomes a record (EVENT_LINT)
 * with the packet's name and first bytes, up to a bound for each session, and is counted beyond it.
 * Knows: the rules, and what can be said of a packet by itself.   Does not know: where a reply stands.
 * Threads: one owner.   Memory: embedded in the dissector; allocates nothing. */
#ifndef MYSQL_WIRE_LINT_H
#define MYSQL_WIRE_LINT_H

#include "mysql/wire/reply.h"

enum lint_rule {
        LINT_SEQUENCE_START,
        LINT_SEQUENCE,
        LINT_SEQUENCE_FRAME,
        LINT_ENDS_EARLY,
        LINT_TRAILING,
        LINT_EMPTY_COMMAND,
        LINT_NOT_OFFERED,
        LINT_NOT_AGREED,
        LINT_EOF_FOR_OK,
        LINT_EOF_BEHIND_COLUMNS,
        LINT_OK_FOR_EOF,
        LINT_STATUS_CURSOR,
        LINT_STATUS_TRANSACTION,
        LINT_STATUS_SESSION,
        LINT_STATUS_OUT_PARAMS,
        LINT_STATUS_MORE,
        LINT_WIDE_LENGTH,
        LINT_FILE_NOT_NAMED,
        LINT_ODD_LENGTH,
        LINT_RULES
};

/** The rule's name as in records ("sequence_start"), and a sentence without its period that says what is wrong. */
const char *lint_name(enum lint_rule rule);
const char *lint_sentence(enum lint_rule rule);

struct lint {
        uint32_t broken;   /**< bit i: the current packet breaks enum lint_rule i */
        uint32_t reported; /**< violations that got a record */
        uint64_t count;    /**< violations */
};

static inline void lint_break(struct lint *l, enum lint_rule rule)
{
        l->broken |= 1U << rule;
}

/** Check what a login asks for beyond what was offered, where that changes what is sent. */
void lint_login(struct lint *l, uint64_t asked, uint64_t offered);
/** Check a command's length, where it is fixed, and the capabilities that it needs; @p code is its first byte. */
void lint_command(struct lint *l, uint8_t code, uint64_t len, uint64_t agreed);
/** Check the status flags at the end of a result of the command @p code. */
void lint_status(struct lint *l, uint8_t code, uint16_t status, uint64_t agreed);
/** Check the packet that ended a result, of @p len bytes: an EOF, or else an OK. */
void lint_ending(struct lint *l, uint64_t len, bool is_eof, const struct ok *ok, uint64_t agreed);
/** Check the reply to COM_STMT_PREPARE. */
void lint_prepared(struct lint *l, uint64_t len, uint64_t agreed);
/** Is a column's definition correct, with short names, as nearly all are? Takes a few instructions for each name. */
bool lint_is_plain_definition(struct span body, uint64_t agreed);
/** Check the complete definition of a column or parameter. */
void lint_definition(struct lint *l, struct span body, uint64_t agreed);

#endif
