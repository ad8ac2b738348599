/** @file shape.h  What the text of a digest shows about every statement that has the digest: what kind of statement it is, and which
 * tables it names.
 *
 *      SELECT `c` FROM `shop` . `post` `p` JOIN `tag` USING ( `id` ) WHERE `id` > ? LIMIT ?     a query, two tables, a batch
 *
 * Knows: the clauses that name tables, and the names that WITH defines.   Does not know: views, triggers, stored programs, foreign
 * keys, and which schema an unqualified name belongs to.
 * Source: the MySQL 9 manual, "SQL Statements".
 * Threads: any.   Memory: none. */
#ifndef JOURNAL_ENRICH_SHAPE_H
#define JOURNAL_ENRICH_SHAPE_H

#include "base/span.h"

enum shape_kind {
        SHAPE_OTHER,
        SHAPE_QUERY, /**< SELECT, WITH, TABLE or VALUES, in parentheses or not */
        SHAPE_SHOW,  /**< SHOW, DESCRIBE and EXPLAIN, which look at definitions */
        SHAPE_WRITE, /**< INSERT, REPLACE, UPDATE or DELETE */
};

struct shape {
        enum shape_kind kind;
        bool is_opaque; /**< the text does not show all tables: it was cut, or it calls a stored program */
        bool reads_qualified;   /**< it reads a table of a named schema that is not one of the server's own */
        bool reads_unqualified; /**< it reads a table whose schema is not named */
        bool is_range;          /**< it selects by a comparison such as < or BETWEEN, or by an offset */
        bool is_page;           /**< the same, with LIMIT: some rows of a larger result */
        bool is_batch;   /**< a page for which WHERE compares nothing by = or IN: batches of a whole table */
        bool is_insert;  /**< INSERT or REPLACE */
        uint64_t tables; /**< the tables that it reads or writes: one of 64 bits for each name; 0 = none */
};

/** @p text is that of a digest; @p is_cut if it is not complete. */
struct shape shape_of(struct span text, bool is_cut);
/** Does @p shape read a table that can have an index, when unqualified names belong to @p database? */
bool shape_reads_base_table(const struct shape *shape, struct span database);

#endif
