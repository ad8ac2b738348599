/** @file linear.h  Adversarial inputs and the scans that they are for: each scan must take the same work for each byte, however
 * long its input is. linear.c is the program, tests/linear/run counts its instructions.
 * Threads: one.   Memory: what a scan makes it keeps to the end. */
#ifndef TESTS_LINEAR_H
#define TESTS_LINEAR_H

#include "base/span.h"

#include <stdbool.h>

/** An input of any length: @p head, then @p unit over and over, then @p tail. A byte LINEAR_COUNTER in the unit stands for a
 *  decimal number of seven digits that is another one in each. */
struct generator {
        const char *name;
        struct span head;
        struct span unit;
        struct span tail;
};

enum { LINEAR_COUNTER = 1 };

extern const struct generator linear_generators[];
extern const size_t linear_generators_n;

/** What reads an input. */
struct scan {
        const char *name;
        unsigned limit; /**< instructions a byte of the input */
        void (*begin)(void);
        void (*run)(struct span text);
};

extern const struct scan linear_scans[];
extern const size_t linear_scans_n;

/** A session whose bytes are made by hand; what it sends for a size of @p bytes is @p bytes long, about. */
struct play {
        const char *name;
        unsigned limit;
        /** Make the session and all that is sent before what is counted. */
        void (*begin)(size_t bytes);
        /** Feed what is counted. @return its length in bytes. */
        size_t (*run)(size_t bytes);
        void (*end)(void);
};

extern const struct play linear_plays[];
extern const size_t linear_plays_n;

#endif
