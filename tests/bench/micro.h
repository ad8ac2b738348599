/** @file micro.h  The parts of tests/bench/micro that play sessions to the dissector (micro_session.c), filters (micro_filter.c),
 * accounts (micro_accounts.c), and scopes (micro_scope.c).
 * One session at a time; what a part has allocated stays, since the process is short. */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include "mysql/record/record.h"

/** sysbench's point select, and an INSERT of 1,000 rows, of MICRO_INSERT_BYTES. */
extern const char micro_point_select[];
const char *micro_insert(void);
enum { MICRO_INSERT_BYTES = 100000 };

/* Begin a session, up to where a unit can be played again and again. */
void micro_begin_text(void);
void micro_begin_prepared(void);
void micro_begin_recorded(void); /**< text, and each packet goes to the recorder */
void micro_begin_hashed(void);   /**< a list of 20 rows, the values of which are hashed */
void micro_begin_insert(void);
void micro_begin_rows_100(void); /**< a result with rows of so many bytes */
void micro_begin_rows_1000(void);
void micro_begin_rows_10000(void);

/** Play so many statements. */
void micro_play(uint64_t times);
/** Play so many MB (10^6 bytes) of INSERTs, of rows. */
void micro_play_inserts(uint64_t times);
void micro_play_rows(uint64_t times);

/* Create a filter that selects nothing, and the record of a statement. */
void micro_begin_filter_duration(void);
void micro_begin_filter_user(void);
void micro_begin_filter_session(void);
void micro_begin_filter_error(void);
void micro_begin_filter_digest(void);
void micro_begin_filter_table(void); /**< op and table, which are remembered by the digest */
void micro_begin_filter_text(void);
void micro_begin_filter_pattern(void);
void micro_begin_filter_text_long(void); /**< a long statement */
void micro_begin_filter_pattern_long(void);

/** Match the record so many times; a long statement so many MB (10^6 bytes). */
void micro_filter(uint64_t times);
void micro_filter_mb(uint64_t times);

/* Keep accounts of transactions and of scopes with ten statements each (micro_accounts.c). */
void micro_begin_transactions(void);
void micro_transactions(uint64_t times);
void micro_begin_scopes(void);
void micro_scopes(uint64_t times);

/* Scopes: a statement without one, a statement with a scope, a trace and a tag, and setting the variable (micro_scope.c). */
void micro_begin_scope_none(void);
void micro_begin_scope_used(void);
void micro_scope(uint64_t times);
void micro_begin_scope_set(void);
void micro_scope_set(uint64_t times);

/** The record of a statement of the session, which the session keeps. NULL if there is none. */
struct record *micro_record(void);
/** Forget the session. */
void micro_reset(void);

#endif
