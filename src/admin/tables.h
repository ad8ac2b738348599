/** @file tables.h  The columns of the tables that endpoints show (base/column.h), for the manual's test. */
#ifndef ADMIN_TABLES_H
#define ADMIN_TABLES_H

#include "base/column.h"

extern const struct column_table sessions_table;          /* sessions.c */
extern const struct column_table digests_table;           /* digests.c */
extern const struct column_table scopes_table;            /* scopes.c */
extern const struct column_table findings_table;          /* findings.c */
extern const struct column_table counters_table;          /* counters.c */
extern const struct column_table counters_log_table;      /* counters.c: of each log */
extern const struct column_table counters_upstream_table; /* counters.c: of each server */

#endif
