/** @file print.h  Output for people: text from files is escaped, and lines are wrapped.
 * Threads: one. */
#ifndef PROFILE_EXPLAIN_PRINT_H
#define PROFILE_EXPLAIN_PRINT_H

#include "profile/explain/explain.h"

#define PRINT_COLUMNS 79
/** A blank at which lines are not broken; texts from files can't contain it. */
#define PRINT_TIE  "\x1f"
#define PRINT_TIED '\x1f'

/** A paragraph under construction; what does not fit is left out. */
struct print_text {
        char text[4096];
        size_t at;
};

void print_add(struct print_text *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** At most @p max characters of @p s; control characters and invalid UTF-8 as \xNN. */
void print_add_span(struct print_text *p, struct span s, size_t max);
/** "64 KiB", "1.5 MiB". */
void print_add_bytes(struct print_text *p, double bytes);
/** Write it in lines of PRINT_COLUMNS at most, the first after @p first, the others after @p indent blanks. @return lines. */
size_t print_lines(const struct print_text *p, const char *first, size_t indent, FILE *out);
/** As print_add_span, to a file. */
void print_span(FILE *out, struct span s, size_t max);

/** The sentences of the two answers. */
void print_bytes_sentence(struct print_text *p, const struct explain *e, const struct explain_run *run);
void print_records_sentence(struct print_text *p, const struct explain *e, const struct explain_run *run);
/** Advice: what is needed for an answer, or what to do; empty if there is none. */
void print_advice(struct print_text *p, const struct explain *e, const struct explain_run *run);
/** Site number @p i of the answer. */
void print_site(struct print_text *p, const struct explain *e, const struct explain_run *run, size_t i);
/** What could not be read and what was left out; empty if nothing was. */
void print_troubles(struct print_text *p, const struct explain *e);

/** The rounds, spread over @p rows lines. */
void print_rounds(const struct explain_run *run, size_t rows, FILE *out);
/** The long form: curve, new records, places, trends. */
void print_tables(const struct explain *e, const struct explain_run *run, FILE *out);

#endif
