/** @file secret_behind.h  Names of passwords that follow their constants: 'x' AS password, 'x' = password. For the search only.
 * The first pass over a statement collects the places to which such names refer, and the second pass looks them up. Their number is
 * bounded by SECRET_BEHIND.
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_BEHIND_H
#define MYSQL_SQL_SECRET_BEHIND_H

#include "mysql/sql/secret.h"

/** First pass: constants from offset @p begin to @p end are passwords. */
void secret_behind_range(struct secret_finder *f, uint32_t begin, uint32_t end);
/** First pass: constants in the places @p given of the list, the rows or the branches at offset @p at are passwords. */
void secret_behind_list(struct secret_finder *f, uint32_t at, uint64_t given);
/** Second pass, at the list at offset @p at. @return the places that were collected for it. */
uint64_t secret_behind_of_list(struct secret_finder *f, uint32_t at);
/** Second pass, at a constant at offset @p at. @return true if it is in a range that was collected. */
bool secret_behind_covers(struct secret_finder *f, uint32_t at);

#endif
