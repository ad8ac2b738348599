/** @file suite.h  Records as a test suite makes them, and files, for the tests of src/run. */
#ifndef TESTS_RUN_SUITE_H
#define TESTS_RUN_SUITE_H

#include "mysql/record/record.h"
#include "tap.h"

#include <stdio.h>

enum { FOLDER_MAX = 256 };

/** A statement with the digest text @p digest, which was sent for @p scope ("" = for none). */
struct record statement(const char *scope, const char *digest, uint64_t findings);

/** Read at most @p size - 1 bytes of a file, which need not exist. */
void slurp_file(const char *path, char *out, size_t size);
void write_file(const char *path, const char *text);
/** Make a private folder. */
void make_folder(char out[FOLDER_MAX]);

#endif
