/** @file expr_sample.h  For tests of expressions: a statement that most of them are about. */
#ifndef TESTS_RULES_EXPR_SAMPLE_H
#define TESTS_RULES_EXPR_SAMPLE_H

#include "rules/expr.h"

extern const char expr_sql[]; /**< a text for it */

/** The record of a prepared statement with the text @p sql. */
struct record expr_statement(const char *sql);
/** @p text, which must have no errors. The caller frees it. */
struct expr *expr_compiled(const char *text);

#endif
