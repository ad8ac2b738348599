/** @file expr_state.h  The compiled form of an expression. Private to expr*.c.
 * Threads: see expr.h.   Memory: blocks of the expression (expr_block.c), and those of PCRE2. */
#ifndef RULES_EXPR_STATE_H
#define RULES_EXPR_STATE_H

#include "base/network.h"
#include "mysql/sql/outline.h"
#include "rules/expr.h"
#include "rules/pattern.h"

#include <stdatomic.h>

/** The most bytes of one text to compare with, so that the work for each byte of a record is bounded. */
enum { EXPR_VALUE_MAX = 1024 };

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN };

static inline enum truth expr_truth(bool is_true)
{
        return is_true ? TRUTH_TRUE : TRUTH_FALSE;
}

/** White space between terms. */
static inline bool expr_is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/** @p c in lower case, if it is an ASCII letter. */
static inline uint8_t expr_lower(uint8_t c)
{
        return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20U) : c;
}

/** How the values of a term are written and compared. */
enum expr_kind {
        KIND_PRESENT,  /* no values: is it there, and not 0? */
        KIND_GLOB,     /* texts with * and ? */
        KIND_NAME,     /* the same, in upper or lower case */
        KIND_PREFIX,   /* the beginning of a text, in upper or lower case */
        KIND_COMMAND,  /* COM_STMT_EXECUTE, stmt_execute or execute */
        KIND_TEXT,     /* a part of a text, in upper or lower case (ASCII) */
        KIND_PATTERN,  /* a regular expression */
        KIND_NUMBER,   /* numbers and ranges of them */
        KIND_DURATION, /* the same, times with a unit; stored in microseconds */
        KIND_NETWORK,
        KIND_BITS, /* words of a fixed list, a bit each */
};

struct expr_range {
        uint64_t low;
        uint64_t high; /* inclusive; low > high: no number is in it */
};

/** A text to compare with. In one with wildcards, * and ? are those unless a backslash precedes them. */
struct expr_text {
        struct span text;
        bool is_glob;
};

struct expr_test;
struct expr_subject;

/** One term of the language: a row of the table in expr_term.c. */
struct expr_term {
        const char *name;
        enum expr_kind kind;
        enum expr_time time;
        uint8_t cost;            /* of matching, only for the order */
        enum record_field field; /* FIELD_COUNT: none */
        enum truth (*match)(const struct expr_test *test, struct expr_subject *subject);
        const char *(*word)(unsigned i); /* of KIND_BITS: NULL from their number on */
        bool takes_name;                 /* tag.NAME */
        bool unit_optional;              /* of KIND_DURATION: without a unit the number is in microseconds */
};

/** A term of an expression with its values. */
struct expr_test {
        struct expr_term term;
        enum expr_kind kind; /* the term's, or KIND_PRESENT */
        struct span name;    /* of tag.NAME: of the expression's own copy of the text */
        bool is_remembered;  /* `place` is its bit in what is remembered of digests or sessions */
        uint8_t place;
        size_t n;
        union {
                void *values;
                struct expr_text *texts;
                struct expr_range *ranges;
                struct network *networks;
        };
        uint64_t bits;
        struct pattern *pattern;
        struct span pattern_text;
};

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TEST };

/** No node. */
#define NODE_NONE UINT32_MAX

struct expr_node {
        enum node_kind kind;
        uint32_t child; /* the first; of NODE_TEST the number of the test */
        uint32_t next;  /* the next child of the same node */
        uint8_t cost;
};

/** What was decided about digests or sessions: direct-mapped. */
enum { MEMORY_PLACES = 64, MEMORY_SLOTS = 1024 };
struct expr_memory {
        struct memory_slot {
                uint64_t key[4];
                uint64_t is_true;
                uint64_t is_unknown;
                uint64_t is_known; /* the tests that were decided */
        } slots[MEMORY_SLOTS];
};

/** A record that is matched, and what was found out about it. */
struct expr_subject {
        struct expr *e;
        const struct record *r;
        bool has_outline; /* e->outline is that of the record */
};

struct expr {
        struct expr_node *nodes;
        size_t n_nodes;
        struct expr_test *tests;
        size_t n_tests;
        uint32_t root;
        struct expr_block *blocks; /* what the values are in */
        enum expr_time time;
        struct expr_memory *digests;
        struct expr_memory *sessions;
        unsigned n_digest_tests; /* places used in `digests` */
        unsigned n_session_tests;
        _Atomic uint64_t undecided;
        struct expr_subject
            subject; /* of the present match: on the stack it would cost a check of the stack */
        struct outline outline;
};

/* expr_block.c */

/** Memory that lives as long as the expression. @return NULL if there is none left. */
void *expr_alloc(struct expr *e, size_t size);
void expr_free_blocks(struct expr *e);

/* expr_term.c */

/** Find the term @p name, which may be the name of a record's field, or tag.NAME. @return false if there is none. */
bool expr_term_find(struct span name, struct expr_term *out, struct span *suffix);
/** The term that was probably meant by @p name, or a term and value (op:insert for insert); "" if none is similar. */
void expr_term_suggest(struct span name, char out[EXPR_ERROR_MAX]);
/** A quoted text, a pattern. */
extern const struct expr_term expr_term_text;
extern const struct expr_term expr_term_pattern;

/* expr_read.c */

/** Read the expression @p text into @p e. */
enum status expr_read(struct expr *e, struct span text, struct expr_error *error);

/* expr_value.c */

/** Where values are read. */
struct value_reader {
        struct span text; /* the whole expression's */
        size_t at;
        struct expr *e;
        enum status status;
        size_t error_at;
        char *error; /* EXPR_ERROR_MAX bytes */
};

enum comparison { COMPARE_EQUAL, COMPARE_LESS, COMPARE_LESS_EQUAL, COMPARE_GREATER, COMPARE_GREATER_EQUAL };

/** The text of one value, without quotes: its wildcards are bare, and other characters that look like them have a backslash. */
struct raw_value {
        size_t at; /* in the expression */
        size_t n;
        bool is_glob;
        bool is_bare; /* without quotes */
        char bytes[2 * EXPR_VALUE_MAX + 1];
};

/** Read the values of @p test behind its operator. @return false with an error. */
bool expr_read_values(struct value_reader *r, struct expr_test *test, enum comparison comparison);
/** Read a text to search for, in quotes or not. @return false with an error. */
bool expr_read_text(struct value_reader *r, struct expr_test *test);
/** Read the pattern behind re:, in quotes or up to a blank. */
bool expr_read_pattern(struct value_reader *r, struct expr_test *test);
/** Read a pattern between slashes, with an i behind it if its case is not to matter. */
bool expr_read_slashes(struct value_reader *r, struct expr_test *test);

/* expr_error.c */

/** Report an error at @p at. @return false */
bool expr_fail(struct value_reader *r, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Report that there is no memory. @return false */
bool expr_out_of_memory(struct value_reader *r);

/* expr_number.c */

/** Read a number or time in @p v: 10, 10+, 10..50, ..50, 10..; only 10 if @p comparison is not COMPARE_EQUAL. */
bool expr_read_range(struct value_reader *r, struct raw_value *v, struct expr_test *test,
                     enum comparison comparison);

/* expr_text.c */

bool expr_glob(struct span pattern, struct span text, bool any_case);
/** Is @p part, which is in lower case and at most EXPR_VALUE_MAX bytes long, in @p text in either case? */
bool expr_contains(struct span text, struct span part);
bool expr_begins(struct span text, struct span part);
/** Does @p word name @p command? COM_STMT_EXECUTE is also stmt_execute and execute. */
bool expr_names_command(struct span word, struct span command);

/* expr_match.c: for the table of terms */

/** Is @p r about a command, or about a run of statements? */
bool expr_is_statement(const struct record *r);
/** Compare the field of the term with the values of the test. */
enum truth expr_match_field(const struct expr_test *test, struct expr_subject *subject);
/** The same if the field is a number and the test compares numbers. */
enum truth expr_match_number(const struct expr_test *test, struct expr_subject *subject);
/** The same if the field is a text and the test has one value, which is a whole text or the beginning of one. */
enum truth expr_match_one_text(const struct expr_test *test, struct expr_subject *subject);
/* Each of the others compares what its term is about. */
enum truth expr_match_database(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_client(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_command(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_event(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_error(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_duration(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_bytes(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_trace(const struct expr_test *test, struct expr_subject *subject);

/* expr_statement.c: terms about the statement's text and values */

enum truth expr_match_op(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_clause(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_table(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_statements(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_text(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_value(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_column(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_map(const struct expr_test *test, struct expr_subject *subject);
enum truth expr_match_attribute(const struct expr_test *test, struct expr_subject *subject);

/** Remember what the record of a login says about the attributes of its session. */
void expr_remember_session(struct expr *e, struct expr_subject *subject);

/** Compare one value with those of the test. */
enum truth expr_compare_text(const struct expr_test *test, struct span text, bool is_cut);
bool expr_compare_number(const struct expr_test *test, uint64_t number);

#endif
