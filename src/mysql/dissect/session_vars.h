/** @file session_vars.h  What changes within a session: user, default database, character sets, and other variables that the server
 * reports (session tracking).
 *
 * A change is noted when the reply that reports it comes (next), and is in force from the next command on.
 * Threads: one owner.   Memory: STAGE_DISSECT; the owner calls session_vars_fini. */
#ifndef MYSQL_DISSECT_SESSION_VARS_H
#define MYSQL_DISSECT_SESSION_VARS_H

#include "mysql/dissect/command_queue.h"
#include "mysql/dissect/owned_text.h"
#include "mysql/dissect/statement.h"
#include "mysql/dissect/value_buffer.h"
#include "mysql/record/record.h"
#include "mysql/wire/reply.h"

#include <endian.h>

/** What the current reply changes of the character sets. */
struct next_charsets {
        bool has_client;
        bool has_results;
        uint8_t client;
        uint8_t results;
};

struct session_vars {
        struct {
                uint8_t client; /**< of the client's texts (charset.h) */
                uint8_t
                    results;   /**< of what the server sends; CHARSET_UNKNOWN where each column has its own */
                uint8_t login; /**< the client's at the last login or COM_CHANGE_USER */
                uint8_t server;   /**< the server's default, by its greeting */
                uint8_t username; /**< that the user's name came in */
                uint8_t database;
        } charsets;
        uint32_t
            identity; /**< changes whenever user, database or the client's character set do (dissect_identity) */
        struct next_charsets next;
        bool
            ansi_quotes; /**< sql_mode has it, as far as statements show; MariaDB reports it (transaction.h) */
        uint8_t next_login_charset; /**< of a COM_CHANGE_USER that awaits its reply */
        uint8_t next_database_charset;
        bool database_unknown;           /**< a statement may have changed it, and nobody told how */
        bool next_database_unknown;      /**< the current reply makes it unknown, unless it sets one */
        struct owned_text next_database; /**< that the current reply sets; none: unchanged */
        struct owned_text database;
        struct owned_text username;
        struct owned_text next_username; /**< of a COM_CHANGE_USER that awaits its reply */
        struct value_buffer changes;     /**< scratch, for session_vars_put */
};

/** Free what only following needs; names stay. */
void session_vars_forget(struct session_vars *vars);
void session_vars_fini(struct session_vars *vars);

/** The character set of the login, which is that of results too. @p name is as the server calls it. */
void session_vars_set_charset(struct session_vars *vars, const char *name);
/** The current reply sets the default database. @return false when memory is out. */
bool session_vars_set_next_database(struct session_vars *vars, struct span name, uint8_t charset);
/** The current reply is that to a login or COM_CHANGE_USER. @return false when memory is out. */
bool session_vars_on_login_ok(struct session_vars *vars, const struct ok *ok);
/** COM_RESET_CONNECTION succeeded. */
void session_vars_reset(struct session_vars *vars, bool is_mariadb);
/** COM_CHANGE_USER failed: MariaDB keeps user and database, but has reset the session's variables. */
void session_vars_keep_user(struct session_vars *vars);
/** COM_CHANGE_USER succeeded. */
void session_vars_change_user(struct session_vars *vars);
/** Note what an OK reports of the session. @return false when memory is out. */
bool session_vars_on_ok(struct session_vars *vars, struct command_queue *q, struct command *cmd,
                        const struct ok *ok);
/** Put what the server reported for @p cmd into its record. */
void session_vars_put(struct session_vars *vars, const struct command *cmd, struct record *r);
/** The record of @p cmd was made: what it changed is in force from the next command on. @p mode is how the server read its text. */
void session_vars_advance(struct session_vars *vars, const struct statements *statements,
                          const struct command *cmd, struct sql_mode mode);

/** The character set of what the server sends just now. */
static inline uint8_t session_vars_results_charset(const struct session_vars *vars)
{
        return vars->next.has_results ? vars->next.results : vars->charsets.results;
}

/** Is the first word of @p text SELECT, INSERT, UPDATE or DELETE? Most texts are like that. Such a statement changes neither the default
 *  database nor a character set, and need not be read. */
static inline bool session_vars_is_plain(struct span text)
{
        static const uint64_t lower = 0x2020202020202020; /* makes letters lower case, and a NUL a space */
        static const uint64_t seven = UINT64_MAX >> 8;
        uint64_t word;
        if (text.len < sizeof word) {
                return false;
        }
        memcpy(&word, text.data, sizeof word);
        word = (le64toh(word) | lower) & seven;
        if (word ==
            0x207463656c6573) { /* most statements: a branch is shorter than all comparisons together */
                return true;
        }
        return word == 0x20747265736e69 || word == 0x20657461647075 || word == 0x206574656c6564;
}

/** Does session_vars_advance have nothing to do for @p cmd? */
static inline bool session_vars_are_settled(const struct session_vars *vars, const struct command *cmd)
{
        return cmd->is_plain && !cmd->failed && cmd->ends <= 1 && !vars->next.has_client &&
               !vars->next.has_results && vars->next_database.at == NULL;
}

#endif
