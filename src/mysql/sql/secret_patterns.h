/** @file secret_patterns.h  How words change the states of the search for passwords: tables of patterns.
 *
 * A pattern is a word, or the words with a role, in certain states, perhaps after a certain word. The first pattern that matches gives
 * the next state.   Knows: words and states.   Does not know: lists, offsets, constants.
 * Threads: any.   Memory: static. */
#ifndef MYSQL_SQL_SECRET_PATTERNS_H
#define MYSQL_SQL_SECRET_PATTERNS_H

#include "mysql/sql/secret.h"

/** A word, and the meaning of the word directly before it. */
struct secret_word_pair {
        struct secret_role_of word;
        enum secret_word_id before;
};

/** The state after @p w, which is the first word of a statement. */
enum secret_statement secret_next_statement(struct secret_word_pair w);
/** The state of an UPDATE or INSERT after @p w, a word outside of parentheses. */
enum secret_statement secret_next_assignment(enum secret_statement statement, struct secret_word_pair w);
/** The kind of a frame after @p w: where definitions begin, and where a statement begins within one. */
enum secret_kind secret_next_kind(enum secret_kind kind, enum secret_statement statement,
                                  struct secret_word_pair w, bool *changed);
/** What is expected after @p w. */
enum secret_expects secret_next_expects(enum secret_arm arm, enum secret_expects expects,
                                        struct secret_word_pair w);
/** Which constants are passwords after @p w in the clause of an account or in a definition. */
enum secret_arm secret_next_arm(enum secret_arm arm, enum secret_kind kind, struct secret_word_pair w);
/** What a query in parentheses is after @p w. */
enum secret_source secret_next_source(enum secret_source source, struct secret_word_pair w);

#endif
