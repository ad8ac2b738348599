#include "tap.h"

#include <CUnit/TestRun.h>
#include <stdio.h>

static int number;

static void on_complete(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
        number++;
        printf("%sok %d - %s: %s\n", failure != NULL ? "not " : "", number, suite->pName, test->pName);
        for (const CU_FailureRecord *f = failure; f != NULL; f = f->pNext) {
                printf("# %s:%u: %s\n", f->strFileName, f->uiLineNumber, f->strCondition);
        }
        (void)fflush(stdout);
}

int tap_run(const char *suite, const struct tap_test *tests, size_t n)
{
        if (CU_initialize_registry() != CUE_SUCCESS) {
                puts("Bail out! CUnit has no memory");
                return 1;
        }
        CU_pSuite s = CU_add_suite(suite, NULL, NULL);
        for (size_t i = 0; i < n; i++) {
                if (s == NULL || CU_add_test(s, tests[i].name, tests[i].run) == NULL) {
                        printf("Bail out! CUnit refuses the test %s\n", tests[i].name);
                        return 1;
                }
        }
        printf("1..%zu\n", n);
        CU_set_test_complete_handler(on_complete);
        (void)CU_run_all_tests();
        unsigned failures = CU_get_number_of_tests_failed();
        CU_cleanup_registry();
        return failures == 0 ? 0 : 1;
}

uint64_t tap_random(void)
{
        static uint64_t state = 0x9e3779b97f4a7c15ULL;
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
}

uint64_t tap_random_below(uint64_t below)
{
        return (tap_random() >> 11) % below;
}
