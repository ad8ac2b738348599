/** @file statement.h  The prepared statements of one session, by id.
 * Knows: text, parameter types of the last execution, long data that waits for the next one.
 * Does not know: packets.   Threads: one owner.   Memory: STAGE_DISSECT; bounded by the caller's numbers. */
#ifndef MYSQL_DISSECT_STATEMENT_H
#define MYSQL_DISSECT_STATEMENT_H

#include "base/span.h"
#include "base/status.h"
#include "mysql/dissect/budget.h"
#include "mysql/sql/setnames.h"
#include "mysql/sql/use.h"

/** A parameter's value that came by COM_STMT_SEND_LONG_DATA. */
struct long_data {
        struct long_data *next;        /**< of the statement */
        struct long_data *same_bucket; /**< the next one there */
        uint16_t param;
        size_t len;
        size_t size; /**< allocated for its bytes */
        uint64_t true_len;
        uint8_t *bytes;
};

/** The long data of one statement, by parameter. */
struct long_data_table {
        struct long_data *first;
        struct long_data **buckets;
        unsigned bits; /**< of the number of buckets; 0: there are none */
        size_t n;      /**< 0: there are no buckets */
};

/** Columns of its results (row_store.h). */
struct columns;
/** Which of them are hashed (row_columns.h). */
struct row_columns;

/** What was done to a statement by commands that nobody saw. */
enum statement_missed {
        MISSED_NOTHING,
        MISSED_EXECUTION, /**< the types of its parameters are not known any more, and its long data is gone */
        MISSED_END,       /**< it was closed, or is not known well enough any more */
};

struct statement {
        struct statement *next; /**< of the same bucket */
        uint32_t id;
        uint16_t n_params;
        uint16_t n_types;
        uint16_t *types; /**< type in the low byte, 0x8000 = unsigned; of the last execution that sent them */
        struct long_data_table long_data;
        size_t text_len;
        uint64_t true_len; /**< of the text */
        uint8_t *text;
        uint8_t charset;       /**< of the text */
        bool is_plain;         /**< see session_vars_is_plain */
        bool is_secret;        /**< the text contains a password, or may */
        bool text_is_cut;      /**< by limits.held_bytes */
        bool long_data_is_cut; /**< by limits.held_bytes */
        bool
            was_read; /**< to find out what it does to a transaction: in the mode read_as, with the result restart */
        uint8_t restart;               /**< of transaction.c */
        uint8_t missed;                /**< enum statement_missed: what statements_forget_missed has to do */
        struct statement *next_missed; /**< of those for which it has */
        struct statement **missed_here;
        uint64_t read_as;
        bool
            was_scanned; /**< for SET NAMES and the like: with the options scanned_as, and the result names */
        struct setnames_options scanned_as;
        struct setnames names;
        bool
            use_was_read; /**< what it does to the default database: in the mode use_read_as, with the result use */
        uint64_t use_read_as;
        struct use_change use;
        struct columns *
            columns; /**< of the last result that had definitions; NULL: there was none, or rows are not kept */
        size_t columns_size; /**< bytes of them */
        struct row_columns *
            row_columns; /**< of its results, where the server may leave definitions out; NULL: they are not known */
};

#define LAST_PREPARED 0xffffffffu /**< an id of MariaDB's: "the statement that was prepared last" */

/** A hash table that grows with its content. The server chooses the ids, and does not know the seed. */
struct statements {
        struct statement **buckets;
        uint64_t seed;
        uint32_t bits; /**< of the number of buckets; 0: there are none */
        uint32_t count;
        struct statement *missed; /**< those for which statement_note_missed was called */
        size_t held;              /**< bytes of all of them */
        struct budget *budget;    /**< they count for it too; NULL: for none */
        uint32_t last_prepared;   /**< the id that LAST_PREPARED stands for; LAST_PREPARED: none does */
};

void statements_clear(struct statements *s);
/** @return NULL if there is none. Valid until the next change of @p s. */
struct statement *statements_find(const struct statements *s, uint32_t id);
/** Add a statement with a copy of @p text; it replaces one of the same id. @return NULL when memory is out. */
struct statement *statements_add(struct statements *s, uint32_t id, struct span text);
void statements_remove(struct statements *s, uint32_t id);

/** Allocate @p n types. @return st->types to be filled, or NULL when memory is out (the old ones remain). */
uint16_t *statement_types(struct statements *s, struct statement *st, uint16_t n);
/** Append to the value of @p param, keeping at most @p keep bytes of it. Amortized, it takes as long as copying @p bytes. */
enum status statement_long_data(struct statements *s, struct statement *st, uint16_t param, struct span bytes,
                                size_t keep, uint64_t true_len);
/** Take over @p columns, one block of @p size bytes; the old ones are freed. */
void statement_set_columns(struct statements *s, struct statement *st, struct columns *columns, size_t size);
/** Keep a copy of @p columns, unless memory is out: they are not known then. */
void statement_set_row_columns(struct statements *s, struct statement *st, const struct row_columns *columns);
const struct long_data *statement_find_long_data(const struct statement *st, uint16_t param);
void statement_drop_long_data(struct statements *s, struct statement *st);
/** Forget what is not known any more of @p st, which may be freed. */
void statement_forget(struct statements *s, struct statement *st, enum statement_missed missed);
/** The same, later: by statements_forget_missed. */
void statement_note_missed(struct statements *s, struct statement *st, enum statement_missed missed);
void statements_forget_missed(struct statements *s);
/** Any statement may have been executed unseen: forget what that would have changed. */
void statements_forget_executions(struct statements *s);

#endif
