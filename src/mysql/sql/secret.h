/** @file secret.h  Which constants of a statement are passwords, or made from them.
 *
 * What is found: what follows IDENTIFIED BY, AS and USING, PASSWORD and every name with "password" in it in the statements of both
 * servers that take one; in any statement what such a name binds, before it or behind it: compared, assigned, as an alias, by its
 * place in a list of columns, a row, the parts of a UNION, INTO, in the branches of a CASE, as a default; arguments of functions
 * that take keys; strings that are statements themselves, URLs and options with a password; what is put together with those.
 * The words are in secret_words.c and secret_roles.c, lists and rows in secret_frames.c, names that come last in secret_behind.c.
 * Source: the MySQL 9 manual, "Passwords and Logging"; MariaDB's CREATE USER, CHANGE MASTER TO, CREATE SERVER.
 *
 * Too much rather than too little. On purpose hidden without need are: all arguments of a function that takes a key, and of one
 * that has a password's name or a string that speaks of one among its arguments; constants of an expression that is put together
 * with a password, numbers too; strings in an account's clause behind its password; what is beyond SECRET_DEPTH and SECRET_BEHIND.
 * Not hidden are numbers that say how long a column is, how many rows are wanted or for how many days a password is good.
 * Linear in the text, whatever stands in it.
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_H
#define MYSQL_SQL_SECRET_H

#include "mysql/sql/sql.h"

/* --- texts (secret.c) ----------------------------------------------------------------------------------------------- */

/** A quick look: false only if no constant of @p text can be a password. For text in any character set that leaves ASCII
 *  alone, also cut off at its end. */
bool secret_suspected(struct span text);
/** Does the name of a column, variable, attribute … say that its value is a password? */
bool secret_is_name(struct span name);
/** Is @p text cut off within what may be the password of a URL? */
bool secret_is_cut_url(struct span text);
/** Does @p text, which is no statement of its session but data, speak of a password? */
bool secret_is_mentioned(struct span text);
/** The same of bytes that may be anything: short words in them are chance. */
bool secret_is_mentioned_in_data(struct span text);
/** Is @p text, which is no statement of its session but data, a statement or a URL with a password, or a list of options or a
 *  JSON with one? */
bool secret_is_within(struct span text);
/** Does @p error, a syntax error, quote constants that do not stand in @p statement? It is of SQL that is made while it runs,
 *  which nobody has looked into. */
bool secret_is_in_error(struct span error, struct span statement);

/* --- token by token (secret_find.c) ---------------------------------------------------------------------------------- */

enum {
        SECRET_DEPTH = 24, /**< parentheses that are told apart; what is deeper is taken for one */
        SECRET_BEHIND =
            96, /**< names that come behind their constants, of each kind; with more, all from there on is hidden */
};

/** What kind of statement the tokens are of. */
enum secret_kind {
        SECRET_ANY,     /**< an expression, a query, rows */
        SECRET_ACCOUNT, /**< takes passwords by itself: CREATE USER, GRANT, SET PASSWORD, CHANGE MASTER … */
        SECRET_DEFINITION,  /**< of columns, parameters … */
        SECRET_DECLARATION, /**< of variables: a comma is between their names */
};

/** Are constants passwords at this place? */
enum secret_arm {
        SECRET_FREE,
        SECRET_VALUE,   /**< to the end of the expression */
        SECRET_LIST,    /**< to the end of the list, commas or not */
        SECRET_STRINGS, /**< as LIST, but numbers are none */
        SECRET_CLAUSE, /**< of an account: to the next comma; numbers are none, where no BY stands before them */
        SECRET_DEFINED, /**< of a column: to the next comma; numbers are none before a DEFAULT or an operator */
};

/** What stands between a parenthesis and its end, or a CASE and its END; or the statement itself. */
struct secret_frame {
        enum secret_kind kind;
        enum secret_arm arm;
        enum secret_arm inherits; /**< FREE, LIST or STRINGS: from around it */
        enum { SECRET_GROUP, SECRET_CHOICES, SECRET_ARGUMENTS, SECRET_PROCEDURE, SECRET_CASE } is;
        /** Of a query; of a CASE its operand, its branches, what they depend on. */
        enum { SECRET_IN_NONE, SECRET_IN_SELECT, SECRET_IN_INTO, SECRET_IN_OTHER } part;
        uint8_t place;       /**< in the list */
        uint8_t row_levels;  /**< parentheses to the rows that may follow; 0: none follow */
        bool names;          /**< a password's name is part of its value */
        bool gives_value;    /**< in a definition: behind DEFAULT or an operator */
        bool between;        /**< the next AND belongs to BETWEEN */
        bool tests_secret;   /**< CASE password WHEN … */
        bool is_partitioned; /**< behind PARTITION BY */
        bool has_parts;      /**< a UNION; a CASE that compares its operand */
        bool is_source;      /**< behind FROM: what is in parentheses makes rows */
        bool is_with;        /**< between WITH and its SELECT */
        bool searches;       /**< arguments of JSON_SEARCH and its kin: the path comes last */
        uint64_t named;      /**< bit i: the i-th place has such a name */
        uint64_t given;      /**< bit i: what is in the i-th place is a password */
        uint64_t of_rows;    /**< given, of the rows that follow */
        uint64_t of_select;  /**< given, of the queries that follow */
        uint64_t valued;     /**< bit i: the i-th place names a column of values, such as option_value */
        uint32_t begin;      /**< where it begins in the statement */
        uint32_t expression; /**< where the expression begins */
        uint32_t item;       /**< where the list's item begins */
        uint32_t
            rows_at; /**< the SELECT, VALUES or CASE whose places a later name may be about; or SECRET_NOWHERE */
        uint32_t derived_at; /**< of the list or query that has just ended: names may follow it */
        uint32_t about;      /**< names in this list are about the one that has ended before it */
        uint32_t url_end;    /**< of a string that began a URL, and did not end its host */
};

enum { SECRET_NOWHERE = UINT32_MAX };

/** Names that come behind their constants: 'x' AS password. Sorted by where they are about. */
struct secret_behind {
        unsigned n_lists;
        unsigned n_ranges;
        struct {
                uint32_t at; /**< of a SELECT, VALUES or CASE */
                uint64_t given;
        } lists[SECRET_BEHIND];
        struct {
                uint32_t begin;
                uint32_t end;
        } ranges[SECRET_BEHIND];
        uint32_t all_from; /**< there were more: all constants from there on */
};

struct secret_finder {
        struct span sql;
        struct sql_mode mode;
        struct secret_behind behind;
        bool looks_back; /**< behind is being filled; else it is used */
        unsigned next_list;
        unsigned next_range;
        uint32_t hidden_to; /**< the ranges that have begun end here */
        uint64_t reply;     /**< bit i: the result's i-th column has passwords; all: any may have */
        bool has_star;      /**< a * was in the result's list: which column is which can't be told */
        /* since the statement began */
        bool begun;
        bool is_set;    /**< SET … */
        bool is_run;    /**< EXECUTE: commas go on */
        bool is_create; /**< CREATE or ALTER */
        bool is_program;
        bool is_call;      /**< CALL: the parenthesis that follows has a procedure's arguments */
        uint64_t valued;   /**< the same, of the rows that follow VALUES */
        bool is_update;    /**< UPDATE … */
        bool assigns;      /**< … behind its SET */
        uint32_t assigned; /**< … behind the first column there that is for values, such as option_value */
        uint32_t assigned_to; /**< … where that SET ends; both are SECRET_NOWHERE before */
        bool is_plain;        /**< the next constant is none: a plugin's name, a column's comment */
        bool gives;           /**< BY and its kin: what follows is a password even without quotes */
        unsigned depth;
        unsigned deeper;      /**< parentheses beyond SECRET_DEPTH */
        uint32_t literal_end; /**< of the last constant */
        uint32_t bare_end;    /**< of a password without quotes: what follows without a space is of it */
        /* the token before, without comments */
        enum secret_before {
                SECRET_NOTHING,
                SECRET_WORD,  /**< one that may be a function's name */
                SECRET_KEYED, /**< the name of a function that takes a password or key */
                SECRET_AS,
                SECRET_AT,
                SECRET_DOT,
                SECRET_CLOSED, /**< a parenthesis, a constant: a value has ended */
                SECRET_OTHER,
        } before;
        int before_id;         /**< and what it means, if it is a word */
        unsigned before_roles; /**< the same */
        struct secret_frame frames[SECRET_DEPTH];
};

/** Prepare @p f, in two passes over @p sql, which must live as long: names may stand behind their constants. */
void secret_finder_begin(struct secret_finder *f, struct span sql, struct sql_mode mode);
/** Look at the next token of the statement (comments too). @p next is the one behind it, @p rest what follows that.
 *  @return true if it is a password, or a parameter that stands for one, or a comment that may hold one. */
bool secret_find(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next,
                 const struct sql_lexer *rest);
/** Where the first password stands that a digest would show, since it is no constant: one without quotes, say. Else @p sql's length. */
size_t secret_bare_at(struct span sql, struct sql_mode mode);

#endif
