/** @file text_file.h  Contracts and baselines: text files with a line for each entry, whose fields are separated by tabs.
 *
 * Lines that are empty or begin with # are comments. In a field, a backslash, control characters, bytes that are not UTF-8, and # at
 * the beginning are written as \\, \t, \n, or \xHH.
 * Files are written as a whole under another name and then renamed, so that nobody sees a part of one. A symbolic link is not
 * followed: the folder may be a checkout from elsewhere.
 * Threads: main.   Memory: STAGE_MAIN. */
#ifndef RUN_TEXT_FILE_H
#define RUN_TEXT_FILE_H

#include "base/span.h"
#include "base/status.h"

#include <stdio.h>

enum { TEXT_FILE_FIELDS = 3, TEXT_FILE_MAX = 256 << 20 /**< bytes of a file */ };

struct text_line {
        struct span fields[TEXT_FILE_FIELDS];
        unsigned number; /**< from 1 */
};

struct text_file {
        char *bytes;
        struct text_line *lines;
        size_t n;
        size_t room;
        unsigned runs; /**< from a comment "runs: N"; 0 = there is none */
};

/** Read @p path, whose lines have TEXT_FILE_FIELDS fields. @return STATUS_NOTFOUND if there is no such file, which is not reported;
 *  STATUS_INVALID, STATUS_IO or STATUS_NOMEM (reported). */
enum status text_file_read(struct text_file *f, const char *path);
void text_file_free(struct text_file *f);
/** Read all of the regular file @p path into *@p bytes, for prof_free, with a NUL behind it. @return as text_file_read. */
enum status text_file_slurp(const char *path, char **bytes, size_t *len);

/** Begin to write @p path. @return NULL if that is not possible, which is reported. */
FILE *text_file_begin(const char *path);
void text_file_put_field(FILE *out, struct span text);
/** End it. @return false if the file could not be written, which is reported; then @p path is as it was before. */
bool text_file_end(FILE *out, const char *path);

/** As memcmp, but for texts of different lengths. */
int text_file_compare(struct span a, struct span b);

#endif
