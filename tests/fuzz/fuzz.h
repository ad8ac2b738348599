/** @file fuzz.h  What the fuzz targets share. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "tape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A tape under construction; what does not fit is left out. */
struct fuzz_tape {
        uint8_t bytes[65536];
        size_t len;
};

void fuzz_piece(struct fuzz_tape *t, char mark, struct span bytes);
/** Greeting, login and OK; bits of @p variant choose capabilities. */
struct fuzz_tape fuzz_login(uint8_t variant);
/** A COM_STMT_PREPARE and its reply: statement 1 with @p params parameters. */
void fuzz_prepare(struct fuzz_tape *t, uint8_t params);
/** Play it whole and byte by byte; the records must be the same. */
void fuzz_check(const struct fuzz_tape *t);
/** Print both and abort. */
_Noreturn void fuzz_fail(const char *what, const char *a, const char *b);

#endif
