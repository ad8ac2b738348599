/** @file scope.h  The scope of each statement: what the application says it was sent for, such as a request, a job or a test.
 *
 * A scope comes with the statement itself or with its session. The first of these that has a name determines the scope:
 *
 *      1. a tag in a comment of the statement      querytap_scope='checkout', as in tags.h
 *      2. a query attribute of the statement       querytap_scope = checkout
 *      3. a variable of its session                SET @querytap_scope = 'checkout'
 *      4. a connection attribute of its session    querytap_scope = checkout
 *      5. the scope that is open for all           POST /scopes, as in scope_periods.h
 *
 * The variable is that after the statement: SET itself belongs to the scope that it sets. As in the server, COM_RESET_CONNECTION and
 * COM_CHANGE_USER clear it. It is not known, and so names no scope, after a value that the text does not show, and after records of the
 * session were dropped or its commands were not decoded, until it is set again. An empty name is none. The attributes in
 * COM_CHANGE_USER are not read: it clears the connection attribute, too.
 * Where the name may contain a password, there is none. With log.redact names of scopes are shown as they are.
 * A name has at most SCOPE_NAME_MAX bytes; a longer one is cut, and the record marks the field as cut. It may be any bytes.
 * Threads: the journal thread.   Memory: STAGE_JOURNAL, the two names of each session. */
#ifndef JOURNAL_ENRICH_SCOPE_H
#define JOURNAL_ENRICH_SCOPE_H

#include "mysql/record/record.h"

/** The name of the tag, the attributes and the variable. */
#define SCOPE_KEY "querytap_scope"

enum { SCOPE_NAME_MAX = 256 /**< bytes */ };

/** A name and whether it is cut. */
struct scope_name {
        uint8_t *bytes; /**< NULL: there is none */
        uint16_t len;
        bool is_cut;
};

/** What is known of a session; its owner embeds it, initialised with zeros, and calls scope_session_fini. */
struct scope_session {
        struct scope_name variable;
        struct scope_name attribute;
        bool has_name; /**< one of these */
};

/** That of commands whose session is not known: it has no name. */
extern const struct scope_session scope_session_unknown;

void scope_session_fini(struct scope_session *s);

/** Look at @p r, a command that may set variables (repeated_setup_concerns), before it is redacted. */
void scope_on_command(struct scope_session *s, const struct record *r);
/** @p r is the record of a login. */
void scope_on_auth(struct scope_session *s, const struct record *r);
/** Commands of the session were not seen. */
void scope_on_gap(struct scope_session *s);

/** Set the field `scope` of @p r, a command whose tags are known and redacted, if it has a scope. It points at what @p r and @p s point
 *  at. If the session has no name, nothing happens to commands without tags and query attributes. */
void scope_put(const struct scope_session *s, struct record *r);

#endif
