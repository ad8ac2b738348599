/** @file secret_behind.h  Names of passwords that come behind their constants: 'x' AS password, 'x' = password. For the search only.
 * The first pass over a statement notes what they are about, the second finds it there. Bounded: see SECRET_BEHIND.
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_BEHIND_H
#define MYSQL_SQL_SECRET_BEHIND_H

#include "mysql/sql/secret.h"

/** Constants from @p begin up to here are passwords. */
void secret_behind_range(struct secret_finder *f, uint32_t begin, uint32_t end);
/** What the list, the rows or the branches at @p at have in the places @p given are passwords. */
void secret_behind_list(struct secret_finder *f, uint32_t at, uint64_t given);
/** The second pass comes to the list at @p at. @return its places. */
uint64_t secret_behind_of_list(struct secret_finder *f, uint32_t at);
/** The second pass comes to a constant at @p at. @return true if it is in a range. */
bool secret_behind_covers(struct secret_finder *f, uint32_t at);

#endif
