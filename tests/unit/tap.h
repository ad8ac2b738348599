/** @file tap.h  Runs CUnit tests and prints TAP, which Automake's driver counts.
 *
 *      static const struct tap_test tests[] = {{"ring keeps order", ring_keeps_order}, …};
 *      int main(void) { return TAP_RUN("base", tests); }
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <CUnit/CUnit.h>
#include <stddef.h>
#include <stdint.h>

struct tap_test {
        const char *name;
        void (*run)(void);
};

/** @return the process' exit status. */
int tap_run(const char *suite, const struct tap_test *tests, size_t n);

/** What looks like chance, and is the same in each run: 64 bits, or a number below @p below (not 0). */
uint64_t tap_random(void);
uint64_t tap_random_below(uint64_t below);

#define TAP_RUN(suite, tests) tap_run((suite), (tests), sizeof(tests) / sizeof((tests)[0]))

#endif
