/** @file tap.h  Runs CUnit tests and prints TAP, which Automake's driver counts.
 *
 *      static const struct tap_test tests[] = {{"ring keeps order", ring_keeps_order}, …};
 *      int main(void) { return TAP_RUN("base", tests); }
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <CUnit/CUnit.h>
#include <stddef.h>

struct tap_test {
        const char *name;
        void (*run)(void);
};

/** @return the process' exit status. */
int tap_run(const char *suite, const struct tap_test *tests, size_t n);

#define TAP_RUN(suite, tests) tap_run((suite), (tests), sizeof(tests) / sizeof((tests)[0]))

#endif
