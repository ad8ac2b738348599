/** @file sample.h  Numbered records for tests, and a reader of the JSON Lines that become of them. */
#ifndef TESTS_JOURNAL_SAMPLE_H
#define TESTS_JOURNAL_SAMPLE_H

#include "mysql/record/record.h"

/** A query record of connection @p conn, number @p number, with a text of @p len bytes (at most 4 MiB). */
struct record sample_record(uint64_t conn, uint64_t number, size_t len);

/** What a log of sample records of one connection says. */
struct sample_log {
        uint64_t records; /**< whole ones */
        uint64_t gaps;    /**< gap records */
        uint64_t missing; /**< sum of what they tell */
        uint64_t next;    /**< number that must come next */
        uint64_t bad;     /**< lines that are neither, or records out of place */
        bool ends_whole;  /**< the last byte is a line's end */
};

/** Read @p lines (only its lines of @p conn, if that is not 0; a gap belongs to any). Numbers must come in order from
 *  0, but for the gaps that tell how many are missing just there. */
struct sample_log sample_read(struct span lines, uint64_t conn);

/** All of a file, or of what is in a pipe until its end; NULL if it can't be read. The caller frees. */
char *sample_slurp(int fd, size_t *len);

/** Before all else: set up the texts and a private directory. @return false if there is none. */
bool sample_begin(void);
/** A path in it, until the next call. */
const char *sample_path(const char *name);
/** Take it down with all that is in it. */
void sample_end(void);

#endif
