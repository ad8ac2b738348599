/** @file secret.h  Which constants of a statement are passwords, or made from them.
 *
 * What is found: what follows IDENTIFIED BY, AS and USING, PASSWORD and every name with "password" in it in the statements of both
 * servers that take one; in any statement what such a name binds, before it or after it: compared, assigned, as an alias, by its
 * place in a list of columns, a row, the parts of a UNION, INTO, in the branches of a CASE, as a default; arguments of functions
 * that take keys; strings that are statements themselves, URLs and options with a password; what is combined with any of those.
 * The words are in secret_words.c and secret_roles.c, what they change in secret_patterns.c, lists and rows in secret_frames.c, names
 * that follow their constants in secret_behind.c.
 * Source: the MySQL 9 manual, "Passwords and Logging"; MariaDB's CREATE USER, CHANGE MASTER TO, CREATE SERVER.
 *
 * The search finds too much rather than too little. These constants are hidden although they need not be: all arguments of a
 * function that takes a key, and of one that is named after a password or has a string that mentions one among its arguments;
 * constants of an expression that is combined with a password, numbers too; strings in the clause of an account after its password;
 * everything beyond SECRET_DEPTH and SECRET_BEHIND.
 * Numbers are not hidden where they are the length of a column, a number of rows, or the days for which a password is valid.
 * The work is linear in the text, whatever it contains.
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_H
#define MYSQL_SQL_SECRET_H

#include "mysql/sql/secret_pairs.h"
#include "mysql/sql/secret_roles.h"
#include "mysql/sql/sql.h"

/* --- texts (secret.c) ----------------------------------------------------------------------------------------------- */

/** Does @p text contain one of the words that indicate a password? */
bool secret_word_is_in(struct span text);
/** A quick check: false only if no constant of @p text can be a password. The text may be in any character set that contains
 *  ASCII, and may be cut off at its end. */
static inline bool secret_suspected(struct span text)
{
        enum { LONG = 128 }; /* nearly every text of that length has a pair: one search does for both */
        return (text.len >= LONG || secret_pairs_any(text)) && secret_word_is_in(text);
}
/** Does the name of a column, variable, attribute … say that its value is a password? */
bool secret_is_name(struct span name);
/** Is @p text cut off within what may be the password of a URL? */
bool secret_is_cut_url(struct span text);
/** Does @p text, which is data rather than a statement of its session, mention a password? */
bool secret_is_mentioned(struct span text);
/** The same for arbitrary bytes, which contain short words by chance. */
bool secret_is_mentioned_in_data(struct span text);
/** Is @p text, which is data rather than a statement of its session, a statement, a URL, a list of options or a JSON document with a
 *  password? */
bool secret_is_within(struct span text);
/** Does @p error, a syntax error, quote constants that are not in @p statement? Then it is about SQL that the statement has
 *  generated, which has not been searched. */
bool secret_is_in_error(struct span error, struct span statement);

/* --- token by token (secret_find.c) ---------------------------------------------------------------------------------- */

enum {
        SECRET_DEPTH = 24, /**< nested parentheses that are distinguished; deeper ones are taken for one */
        SECRET_BEHIND =
            96, /**< names that follow their constants, of each kind; if there are more, all constants from there on are hidden */
};

/** The statement to which the tokens belong, as far as it matters. */
enum secret_statement {
        SECRET_STATEMENT_NONE, /**< no word has been seen yet */
        SECRET_STATEMENT_SET,
        SECRET_STATEMENT_EXECUTE,       /**< a comma does not end what is a password */
        SECRET_STATEMENT_CREATE,        /**< or ALTER */
        SECRET_STATEMENT_PROGRAM,       /**< CREATE or ALTER of something that has a body */
        SECRET_STATEMENT_UPDATE,        /**< or DELETE: not in its SET clause */
        SECRET_STATEMENT_ASSIGN,        /**< UPDATE, in its SET clause */
        SECRET_STATEMENT_INSERT,        /**< or REPLACE: not in one of these */
        SECRET_STATEMENT_INSERT_ASSIGN, /**< INSERT … SET, or ON DUPLICATE KEY UPDATE */
        SECRET_STATEMENT_OTHER,
};

/** What the tokens of a frame are about. */
enum secret_kind {
        SECRET_ANY, /**< an expression, a query, rows */
        SECRET_ACCOUNT, /**< a statement that takes passwords by itself: CREATE USER, GRANT, SET PASSWORD, CHANGE MASTER … */
        SECRET_DEFINITION,  /**< definitions of columns, parameters … */
        SECRET_PARTITION,   /**< the same after PARTITION BY */
        SECRET_DECLARATION, /**< declarations of variables, whose names are separated by commas */
};

/** Which constants are passwords at this place, and up to where. */
enum secret_arm {
        SECRET_FREE,    /**< none */
        SECRET_VALUE,   /**< all, to the end of the expression */
        SECRET_LIST,    /**< all, to the end of the list, across commas */
        SECRET_STRINGS, /**< strings, to the end of the list, across commas */
        SECRET_CLAUSE, /**< strings of an account's clause, to the next comma; numbers too directly after BY and the like */
        SECRET_DEFINED, /**< strings of a column's definition, to the next comma */
        SECRET_DEFAULT, /**< the same after DEFAULT or an operator: numbers too */
};

/** What the next constant or name is. */
enum secret_expects {
        SECRET_EXPECTS_NOTHING, /**< nothing special */
        SECRET_EXPECTS_SECRET,  /**< a password, even without quotes: after BY and the like */
        SECRET_EXPECTS_PLAIN,   /**< no password: the name of a plugin, the comment on a column */
};

/** What encloses the tokens of a frame. */
enum secret_type {
        SECRET_GROUP, /**< parentheses around an expression, a list or a query; or nothing: the statement itself */
        SECRET_CHOICES,        /**< IN (…) */
        SECRET_ARGUMENTS,      /**< of a function */
        SECRET_SEARCH,         /**< of JSON_SEARCH and its kin: the path comes last */
        SECRET_PARAMETERS,     /**< of a cursor that is declared */
        SECRET_PROCEDURE,      /**< of a procedure */
        SECRET_CASE,           /**< CASE … END without an operand, or before its first WHEN */
        SECRET_CASE_OF,        /**< with an operand */
        SECRET_CASE_OF_SECRET, /**< with a password as its operand */
};

/** The part of a query or of a CASE in which the tokens of a frame are. */
enum secret_part {
        SECRET_PART_LIST,    /**< before any word of a query: a list, an expression */
        SECRET_PART_SELECT,  /**< the list of SELECT */
        SECRET_PART_INTO,    /**< the list of INTO */
        SECRET_PART_ROWS,    /**< after VALUES */
        SECRET_PART_CLAUSE,  /**< another clause: FROM, WHERE … */
        SECRET_PART_OPERAND, /**< of a CASE, before its first WHEN */
        SECRET_PART_TEST,    /**< after WHEN */
        SECRET_PART_BRANCH,  /**< after THEN or ELSE */
};

/** What a query in parentheses is. */
enum secret_source {
        SECRET_SOURCE_NONE, /**< a value */
        SECRET_SOURCE_FROM, /**< a derived table: after FROM or JOIN */
        SECRET_SOURCE_WITH, /**< a common table expression: between WITH and its SELECT */
};

/** The state within a pair of parentheses, or within a CASE and its END; the first one is that of the statement itself. */
struct secret_frame {
        enum secret_kind kind;
        enum secret_arm arm;
        enum secret_arm inherits; /**< FREE, LIST or STRINGS: from the frame around it */
        enum secret_type type;
        enum secret_part part;
        enum secret_source source;
        bool is_secret;     /**< what is in this frame has a password as its value */
        bool in_between;    /**< the next AND belongs to BETWEEN */
        bool in_union;      /**< a UNION was seen: the queries share their columns */
        uint8_t place;      /**< in the list, from 0 */
        uint8_t row_levels; /**< parentheses down to the rows that follow; 0: no rows follow */
        uint64_t named;     /**< bit i: the i-th place has a password's name */
        uint64_t given;     /**< bit i: the i-th place of this list is a password */
        uint64_t of_rows;   /**< given, for the rows that follow */
        uint64_t of_select; /**< given, for the queries that follow */
        uint64_t valued;    /**< bit i: the i-th place names a column of values, such as option_value */
        /* offsets in the statement, in bytes */
        uint32_t begin;      /**< of the frame */
        uint32_t expression; /**< of the current expression */
        uint32_t
            rows_at; /**< of the SELECT, VALUES or CASE to whose places a later name may refer; or SECRET_NOWHERE */
        uint32_t derived_at; /**< of the list or query that has just ended: names for it may follow */
        uint32_t about;      /**< of the list or query to which the names in this list refer */
        uint32_t first_end;  /**< of the first place in the list; 0: it has not ended */
        uint32_t url_end;    /**< where a string ended that began a URL without completing its host */
};

enum { SECRET_NOWHERE = UINT32_MAX };

/** Names that follow their constants: 'x' AS password. Sorted by the offsets to which they refer. */
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
        uint32_t all_from; /**< there were more: all constants from this offset on */
};

struct secret_finder {
        struct span sql;
        struct secret_behind behind;
        enum { SECRET_PASS_COLLECT, SECRET_PASS_FIND } pass; /**< `behind` is being filled; it is used */
        unsigned next_list;
        unsigned next_range;
        uint32_t hidden_to; /**< the ranges that have begun end at this offset */
        uint64_t reply; /**< bit i: the i-th column of the result has passwords; all bits: any column may */
        bool has_secret_cursor; /**< a cursor has a parameter with a password's name */
        bool has_star; /**< the list of the result has a *, so the columns behind it can't be counted */
        /* since the statement began */
        enum secret_statement statement;
        enum secret_expects expects;
        /** What the next parenthesis after a name opens. */
        enum {
                SECRET_OPENS_FUNCTION,  /**< arguments of a function */
                SECRET_OPENS_PROCEDURE, /**< those of a procedure: after CALL */
                SECRET_OPENS_CURSOR,    /**< those of a cursor: after OPEN */
        } opens;
        uint64_t valued; /**< as in a frame, for the rows that follow VALUES */
        uint32_t
            assigned; /**< where the first column for values ended in the SET of an UPDATE or INSERT; or SECRET_NOWHERE */
        uint32_t assigned_to; /**< where that SET ended; or SECRET_NOWHERE */
        uint32_t set_at;      /**< where that SET began; or SECRET_NOWHERE */
        uint32_t derived_at;  /**< of the first derived table before it; or SECRET_NOWHERE */
        bool is_labelled;     /**< a row or an assignment of an INSERT names a setting that is a password */
        unsigned depth;       /**< index of the current frame */
        unsigned deeper;      /**< parentheses beyond SECRET_DEPTH */
        uint32_t literal_end; /**< of the last constant */
        uint32_t bare_end; /**< of a password without quotes: what follows it without a space belongs to it */
        /* the token before, comments aside */
        enum secret_before {
                SECRET_NOTHING,
                SECRET_WORD,  /**< a word that may be a function's name */
                SECRET_KEYED, /**< the name of a function that takes a password or key */
                SECRET_AS,
                SECRET_AT,
                SECRET_DOT,
                SECRET_CLOSED, /**< the end of a value: a closing parenthesis, a constant */
                SECRET_OTHER,
        } before;
        struct secret_role_of before_word; /**< its meaning, if it is a word */
        struct secret_frame frames[SECRET_DEPTH];
};

/** Prepare @p f to find the passwords in @p sql, which must live as long. This is the first of two passes: it collects the names that
 *  follow their constants. */
void secret_finder_begin(struct secret_finder *f, struct span sql, struct sql_mode mode);
/** Take the next token of the statement, comments included. @p next is the token behind it, @p rest what follows that one.
 *  @return true if it is a password, a parameter that stands for one, or a comment that may contain one. */
bool secret_find(struct secret_finder *f, const struct sql_token *t, const struct sql_token *next,
                 const struct sql_lexer *rest);
/** The offset of the first password that a digest would show because it is not a constant: one without quotes, for example. If there
 *  is none, the length of @p sql. */
size_t secret_bare_at(struct span sql, struct sql_mode mode);

#endif
