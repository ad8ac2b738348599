#include "mysql/sql/secret_patterns.h"

/* Masks of states. */
#define IN(state) (1U << (state))
enum { ALL = 0xffff };

struct pattern {
        unsigned in;                   /* bits of the states in which it applies */
        unsigned with;                 /* bits of a second state; 0: it has none */
        enum secret_word_id word;      /* WORD_OTHER: any */
        unsigned roles;                /* the word has one of these; 0: any */
        enum secret_word_id after;     /* the word before it; WORD_OTHER: any */
        enum secret_word_id not_after; /* what the word before it is not; WORD_OTHER: any */
        unsigned next;
};

enum { STAY = 0xff };

static bool matches(const struct pattern *p, unsigned state, unsigned second, struct secret_word_pair w)
{
        return (p->in >> state & 1U) != 0 && (p->with == 0 || (p->with >> second & 1U) != 0) &&
               (p->word == WORD_OTHER || p->word == w.word.id) &&
               (p->roles == 0 || (p->roles & w.word.roles) != 0) &&
               (p->after == WORD_OTHER || p->after == w.before) &&
               (p->not_after == WORD_OTHER || p->not_after != w.before);
}

/** @return the next state of the first pattern that matches, or STAY. */
static unsigned next_of(const struct pattern *p, size_t n, unsigned state, unsigned second,
                        struct secret_word_pair w)
{
        for (size_t i = 0; i < n; i++) {
                if (matches(&p[i], state, second, w)) {
                        return p[i].next;
                }
        }
        return STAY;
}

#define NEXT_OF(patterns, state, second, w)                                                                  \
        next_of(patterns, sizeof(patterns) / sizeof((patterns)[0]), (state), (second), (w))

/* --- statements -------------------------------------------------------------------------------------------------------- */

static const struct pattern first_words[] = {
    {.in = ALL, .word = WORD_SET, .next = SECRET_STATEMENT_SET},
    {.in = ALL, .word = WORD_EXECUTE, .next = SECRET_STATEMENT_EXECUTE},
    {.in = ALL, .word = WORD_UPDATE_OR_DELETE, .next = SECRET_STATEMENT_UPDATE},
    {.in = ALL, .word = WORD_INSERT, .next = SECRET_STATEMENT_INSERT},
    {.in = ALL, .word = WORD_CREATE, .next = SECRET_STATEMENT_CREATE},
    {.in = ALL, .word = WORD_ALTER, .next = SECRET_STATEMENT_CREATE},
    {.in = ALL, .next = SECRET_STATEMENT_OTHER},
};

enum secret_statement secret_next_statement(struct secret_word_pair w)
{
        return (enum secret_statement)NEXT_OF(first_words, SECRET_STATEMENT_NONE, 0, w);
}

static const struct pattern words_of_assignments[] = {
    {.in = IN(SECRET_STATEMENT_UPDATE), .word = WORD_SET, .next = SECRET_STATEMENT_ASSIGN},
    {.in = IN(SECRET_STATEMENT_ASSIGN), .word = WORD_SET, .next = SECRET_STATEMENT_ASSIGN},
    {.in = IN(SECRET_STATEMENT_ASSIGN), .roles = ROLE_CLAUSE, .next = SECRET_STATEMENT_UPDATE},
    {.in = IN(SECRET_STATEMENT_INSERT), .word = WORD_SET, .next = SECRET_STATEMENT_INSERT_ASSIGN},
    {.in = IN(SECRET_STATEMENT_INSERT),
     .word = WORD_UPDATE_OR_DELETE,
     .not_after = WORD_FOR,
     .next = SECRET_STATEMENT_INSERT_ASSIGN},
    {.in = IN(SECRET_STATEMENT_INSERT_ASSIGN), .roles = ROLE_CLAUSE, .next = SECRET_STATEMENT_INSERT},
};

enum secret_statement secret_next_assignment(enum secret_statement statement, struct secret_word_pair w)
{
        unsigned next = NEXT_OF(words_of_assignments, statement, 0, w);
        return next == STAY ? statement : (enum secret_statement)next;
}

/* --- kinds -------------------------------------------------------------------------------------------------------------- */

enum {
        CREATES = IN(SECRET_STATEMENT_CREATE) | IN(SECRET_STATEMENT_PROGRAM),
        DEFINES = IN(SECRET_DEFINITION) | IN(SECRET_PARTITION) | IN(SECRET_DECLARATION),
        NO_ACCOUNT = ALL & ~IN(SECRET_ACCOUNT),
};

/* The second state is the statement. */
static const struct pattern words_of_kinds[] = {
    {.in = IN(SECRET_ACCOUNT), .with = CREATES, .roles = ROLE_OBJECT, .next = SECRET_DEFINITION},
    {.in = NO_ACCOUNT, .word = WORD_DECLARE, .next = SECRET_DECLARATION},
    /* ON UPDATE and WITH are parts of a definition; other words that begin statements end it */
    {.in = DEFINES, .word = WORD_UPDATE_OR_DELETE, .after = WORD_ON, .next = STAY},
    {.in = DEFINES, .word = WORD_WITH, .not_after = WORD_AS, .next = STAY},
    {.in = DEFINES, .roles = ROLE_BODY, .next = SECRET_ANY},
    {.in = IN(SECRET_DECLARATION), .word = WORD_SET, .not_after = WORD_CHARACTER, .next = SECRET_ANY},
    {.in = DEFINES,
     .with = IN(SECRET_STATEMENT_PROGRAM),
     .word = WORD_SET,
     .not_after = WORD_CHARACTER,
     .next = SECRET_ANY},
    {.in = IN(SECRET_DEFINITION), .word = WORD_BY, .after = WORD_PARTITION, .next = SECRET_PARTITION},
};

enum secret_kind secret_next_kind(enum secret_kind kind, enum secret_statement statement,
                                  struct secret_word_pair w, bool *changed)
{
        unsigned next = NEXT_OF(words_of_kinds, kind, statement, w);
        *changed = next != STAY;
        return *changed ? (enum secret_kind)next : kind;
}

/* --- clauses of accounts, and definitions --------------------------------------------------------------------------------- */

/* The state is that of the constants, the second one what was expected before. */
static const struct pattern words_that_expect[] = {
    {.in = IN(SECRET_CLAUSE), .roles = ROLE_GIVES, .next = SECRET_EXPECTS_SECRET},
    {.in = IN(SECRET_CLAUSE),
     .with = IN(SECRET_EXPECTS_SECRET),
     .word = WORD_PASSWORD,
     .next = SECRET_EXPECTS_SECRET},
    {.in = IN(SECRET_CLAUSE), .roles = ROLE_MAKES, .next = SECRET_EXPECTS_PLAIN},
    {.in = IN(SECRET_DEFINED) | IN(SECRET_DEFAULT), .word = WORD_COMMENT, .next = SECRET_EXPECTS_PLAIN},
};

enum secret_expects secret_next_expects(enum secret_arm arm, enum secret_expects expects,
                                        struct secret_word_pair w)
{
        unsigned next = NEXT_OF(words_that_expect, arm, expects, w);
        return next == STAY ? SECRET_EXPECTS_NOTHING : (enum secret_expects)next;
}

/* The second state is the kind. */
static const struct pattern words_that_arm[] = {
    {.in = IN(SECRET_CLAUSE), .with = IN(SECRET_ACCOUNT), .roles = ROLE_STOPS, .next = SECRET_FREE},
    {.in = IN(SECRET_CLAUSE), .with = IN(SECRET_ACCOUNT), .word = WORD_FOR, .next = SECRET_FREE},
    {.in = ALL, .word = WORD_IDENTIFIED, .next = SECRET_CLAUSE},
    {.in = IN(SECRET_DEFINED), .roles = ROLE_VALUE, .next = SECRET_DEFAULT},
};

enum secret_arm secret_next_arm(enum secret_arm arm, enum secret_kind kind, struct secret_word_pair w)
{
        unsigned next = NEXT_OF(words_that_arm, arm, kind, w);
        return next == STAY ? arm : (enum secret_arm)next;
}

/* --- queries in parentheses ------------------------------------------------------------------------------------------------ */

static const struct pattern words_of_sources[] = {
    {.in = ALL, .word = WORD_FROM, .next = SECRET_SOURCE_FROM},
    {.in = ALL, .word = WORD_WITH, .next = SECRET_SOURCE_WITH},
    {.in = IN(SECRET_SOURCE_WITH), .word = WORD_SELECT, .next = SECRET_SOURCE_NONE},
    {.in = IN(SECRET_SOURCE_FROM), .roles = ROLE_JOINS, .next = SECRET_SOURCE_FROM},
    {.in = IN(SECRET_SOURCE_FROM), .roles = ROLE_CLAUSE, .next = SECRET_SOURCE_NONE},
};

enum secret_source secret_next_source(enum secret_source source, struct secret_word_pair w)
{
        unsigned next = NEXT_OF(words_of_sources, source, 0, w);
        return next == STAY ? source : (enum secret_source)next;
}
