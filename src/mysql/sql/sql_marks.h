/** @file sql_marks.h  Finds the bytes of a statement at which something other than plain words and operators may begin. For sql_key.c.
 * Threads: any.   Memory: none. */
#ifndef MYSQL_SQL_SQL_MARKS_H
#define MYSQL_SQL_SQL_MARKS_H

#include "base/span.h"

enum { SQL_MARKS_AT_ONCE = 32 };

/** What precedes a byte. */
enum sql_before {
        SQL_BEHIND_OTHER,
        SQL_BEHIND_NAME, /**< a letter, a digit or another character of a name: so no word or number begins there */
};

/** The marks in the 32 bytes at @p at, as bits: quotes of any kind, @ # - / and \; digits with which a word or number begins; and the
 *  letters B and, with @p limits, L, with which a word begins. */
uint32_t sql_marks_at(const uint8_t *at, enum sql_before before, bool limits);
/** The same without the vectors of AVX2, as other processors do it: for tests. */
uint32_t sql_marks_at_narrow(const uint8_t *at, enum sql_before before, bool limits);

/** Is @p c a character of names, as in the lexer (sql.c)? */
static inline bool sql_marks_is_name(uint8_t c)
{
        return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '0') <= 9 || c == '_' || c == '$' ||
               c >= 0x80;
}

#endif
