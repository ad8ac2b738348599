/** @file outline_verbs.h  The verbs of statements, and how the statements that begin with them are read (outline_read.c).
 * Source: the MySQL 9 manual, "SQL Statements"; the MariaDB documentation, "SQL Statements".
 * Threads: any.   Memory: static. */
#ifndef MYSQL_SQL_OUTLINE_VERBS_H
#define MYSQL_SQL_OUTLINE_VERBS_H

#include "base/span.h"

/** How the rest of a statement is read. */
enum outline_form {
        FORM_OTHER,  /* it names no table */
        FORM_QUERY,  /* SELECT, VALUES */
        FORM_TABLE,  /* the name of a table comes next: TABLE, HANDLER, TRUNCATE */
        FORM_INSERT, /* the same, with INTO before it or not */
        FORM_UPDATE, /* a list of tables comes next; also CACHE INDEX */
        FORM_DELETE,
        FORM_OBJECT, /* TABLE, VIEW or INDEX ... ON say where a table is named */
        FORM_LIST,   /* the same, with a list of tables */
        FORM_LOAD,
        FORM_SHOW,
        FORM_GRANT,
        FORM_EXPLAIN, /* another statement follows, or a table */
        FORM_SET,     /* SET STATEMENT ... FOR another statement */
        FORM_BEGIN,   /* a transaction or a compound statement */
        FORM_HIDDEN,  /* it executes statements that the text does not show */
};

/** The number of the verb @p word, which may be in upper or lower case; that of "other" if it is not known. */
unsigned outline_verb_of(struct span word);
enum outline_form outline_form(unsigned verb);

#endif
