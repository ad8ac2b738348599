/** @file outline_reader.h  The state of outline_read while it reads a text, and the steps it consists of. Private to outline_read.c,
 * outline_tokens.c and outline_words.c.
 * Threads: any.   Memory: the stack of outline_read. */
#ifndef MYSQL_SQL_OUTLINE_READER_H
#define MYSQL_SQL_OUTLINE_READER_H

#include "mysql/sql/outline_names.h"
#include "mysql/sql/outline_verbs.h"

enum { DEPTHS = 64 };

/** What is known at one depth of parentheses. */
struct frame {
        bool is_query;     /* they contain a query */
        bool is_inner;     /* ... or an expression, and not the statement itself or an operand of its UNION */
        bool is_list;      /* a comma is followed by a table */
        bool is_recursive; /* WITH RECURSIVE: its names can be used in their own definitions */
        bool defines;      /* they contain the definition of the name that precedes AS */
        size_t n_with;     /* the names that WITH had defined before them */
        struct span name;  /* the last one at this depth */
};

struct outline_reader {
        struct sql_lexer lexer;
        struct sql_token earlier; /* the current token, and its neighbours */
        struct sql_token before;
        struct sql_token t;
        struct sql_token ahead;
        struct outline *out;
        enum outline_form form;
        unsigned depth;      /* beyond DEPTHS the last frame serves */
        unsigned head_depth; /* where the verb comes */
        struct frame frames[DEPTHS];
        struct outline_with with;
        size_t first_table;     /* of the statement, in out->tables */
        bool expects_statement; /* a verb comes next, or a parenthesis before it */
        bool expects_table;
        bool may_be_columns; /* a parenthesis behind the table contains names of columns */
        bool lists_objects;  /* TABLE is followed by a list */
        bool on_names_table; /* ON is followed by a table */
        bool from_names_table;
        bool creates; /* the verb is CREATE */
        bool in_with; /* before the verb that WITH belongs to */
};

static inline struct frame *frame_of(struct outline_reader *r)
{
        return &r->frames[r->depth < DEPTHS ? r->depth : DEPTHS - 1];
}

static inline void expect_tables(struct outline_reader *r, bool list)
{
        r->expects_table = true;
        frame_of(r)->is_list = list;
}

static inline void begin_query(struct outline_reader *r)
{
        struct frame *f = frame_of(r);
        f->is_query = true;
        f->is_list = false;
        r->expects_table = false;
}

/* outline_tokens.c */

/** Go to the next token; comments and optimizer hints are skipped. */
void outline_advance(struct outline_reader *r);
/** BEGIN NOT ATOMIC, IF, LOOP and the like, and what CREATE PROCEDURE and its like define: the semicolons in it end no statement of
 *  the text. */
void outline_skip_rest(struct outline_reader *r);

/* outline_words.c */

/** Words of a statement behind its verb that say where tables are named, and clauses. @return false if the current token is another
 *  word. */
bool outline_take_words(struct outline_reader *r);

#endif
