/** @file repeated_setup.h  Statements that set up a session although it has all that they set: SET NAMES, SET of system variables to
 * constants, USE and COM_INIT_DB, as some pools and frameworks send them before each piece of work.
 *
 *      SET NAMES utf8mb4     …     SET NAMES utf8mb4     …     SET NAMES utf8mb4      the second and the third are needless
 *
 * The values are those that the session has set itself: the first statement that sets something is never needless. Variables that are
 * set for one statement or transaction (timestamp, insert_id, SET TRANSACTION without SESSION, …) are not looked at, nor are GLOBAL
 * and user variables. What may change variables unseen, such as CALL or a text of several statements, makes the values unknown.
 * Does not know: the values that a session begins with, stored functions and triggers that set variables, the values of expressions.
 * Threads: the journal thread.   Memory: embedded; allocates nothing. */
#ifndef JOURNAL_ENRICH_REPEATED_SETUP_H
#define JOURNAL_ENRICH_REPEATED_SETUP_H

#include "mysql/record/record.h"
#include "mysql/wire/command.h"

enum { REPEATED_SETUP_VARIABLES = 8 };

/** What variables have in common: setting one of them changes the others. */
enum repeated_setup_group {
        SETUP_ALONE,
        SETUP_CHARSET,     /**< SET NAMES, SET CHARACTER SET, character_set_client and its like */
        SETUP_TRANSACTION, /**< the isolation level and the access mode */
};

/** A variable that the session has set. */
struct repeated_setup_variable {
        uint64_t name;  /**< a hash; 0 = this entry is free */
        uint64_t value; /**< a hash */
        enum repeated_setup_group group;
};

/** What is known of a session; its owner embeds it, initialised with zeros. */
struct repeated_setup {
        struct repeated_setup_variable variables[REPEATED_SETUP_VARIABLES];
        uint64_t needless; /**< statements that set what was set already */
        unsigned next;     /**< the entry that the next new variable takes */
};

/** Does @p text begin like a statement that sets or may set something? Some others are among them. */
static inline bool repeated_setup_may_be(struct span text)
{
        if (text.len < 3) {
                return false;
        }
        uint8_t first = text.data[0] | 0x20;
        if (first == 's') {
                return (text.data[2] | 0x20) == 't'; /* not SELECT */
        }
        if (first == 'u' || first == 'i') {
                return (text.data[1] | 0x20) != (first == 'u' ? 'p' : 'n'); /* not UPDATE, INSERT */
        }
        return first != 'd';
}

/** Does repeated_setup_see have to look at @p r? Most records that have nothing to do with it are recognised at once. */
static inline bool repeated_setup_concerns(const struct record *r)
{
        if (r->event != EVENT_QUERY || record_has(r, FIELD_RESULT_ROWS)) {
                return r->event == EVENT_QUERY;
        }
        switch (r->command_id) {
        case COM_QUERY: return !record_has(r, FIELD_QUERY) || repeated_setup_may_be(r->query);
        case COM_STMT_EXECUTE:
                return !record_has(r, FIELD_STMT_PREPARE_QUERY) ||
                       repeated_setup_may_be(r->stmt_prepare_query);
        default: return true;
        }
}

/** Look at @p r, the next command of a session. @return if it is needless, how many such statements the session has had, this one
 *  included; otherwise 0. */
uint64_t repeated_setup_see(struct repeated_setup *s, const struct record *r);

#endif
