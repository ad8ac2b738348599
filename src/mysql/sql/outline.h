/** @file outline.h  What a text of SQL shows of its statements: their verbs, the tables that they name, and their clauses.
 *
 *      WITH x AS (SELECT 1 FROM shop.post) SELECT * FROM x JOIN tag LIMIT 3     select; shop.post, tag; with, join, limit
 *      EXPLAIN DELETE FROM t WHERE id = 1; COMMIT                               explain, delete, commit; t; where
 *
 * Knows: comments, and those that are code; quotes; WITH, EXPLAIN, SET STATEMENT and parentheses before the verb; several statements.
 * Does not know: views, triggers, foreign keys, stored functions, and which schema an unqualified name belongs to. It reads statements
 * that a server accepts; of others it reads what it can.
 * Source: the MySQL 9 manual, "SQL Statements"; the MariaDB documentation, "SQL Statements".
 * Threads: any.   Memory: none; the names point into the text. */
#ifndef MYSQL_SQL_OUTLINE_H
#define MYSQL_SQL_OUTLINE_H

#include "mysql/sql/sql.h"

enum outline_clause {
        CLAUSE_WHERE,
        CLAUSE_LIMIT,
        CLAUSE_JOIN, /**< the word JOIN or STRAIGHT_JOIN; a comma between tables does not count */
        CLAUSE_INTO, /**< of SELECT: into a file or variables */
        CLAUSE_FOR_UPDATE,
        CLAUSE_FOR_SHARE, /**< or LOCK IN SHARE MODE */
        CLAUSE_GROUP_BY,
        CLAUSE_HAVING,
        CLAUSE_ORDER_BY,
        CLAUSE_UNION, /**< or EXCEPT, INTERSECT */
        CLAUSE_WITH,
        CLAUSE_COUNT
};

enum { OUTLINE_VERBS_MAX = 64, OUTLINE_TABLES_MAX = 64 };

/** A table or view as the text names it: maybe with quotes. */
struct outline_table {
        struct span schema; /**< empty if it is not given */
        struct span name;
};

struct outline {
        uint64_t verbs; /**< of all statements: bit i is outline_verb_name(i) */
        uint32_t
            clauses; /**< of the statements themselves, and not of their subqueries: bits by enum outline_clause */
        unsigned statements; /**< how many there are */
        bool is_partial;     /**< more is done than the text shows, or there are more tables than fit */
        size_t n_tables;
        struct outline_table tables[OUTLINE_TABLES_MAX];
};

/** @p is_cut if the text continues. */
void outline_read(struct span sql, struct sql_mode mode, bool is_cut, struct outline *out);

/** "select", "insert" …; NULL from the number of verbs on. Statements whose verb is not known have "other". */
const char *outline_verb_name(unsigned verb);
/** "where", "for_update" … */
const char *outline_clause_name(enum outline_clause clause);

enum { OUTLINE_NAME_MAX = 512 /**< bytes; servers allow 64 characters */ };

/** Copy a table's or schema's name without its quotes; what does not fit is left out. @return its length. */
size_t outline_name(struct span name, uint8_t out[OUTLINE_NAME_MAX]);

#endif
