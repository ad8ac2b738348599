/* The word that was probably meant. */
#include "base/nearest.h"
#include "tap.h"

#include <string.h>

static const char *const words[] = {"user",   "min_duration", "min_rows",       "n",
                                    "format", "sample",       "sample_sessions"};

static void the_word_that_was_meant_is_found(void)
{
        static const struct {
                const char *word;
                const char *found; /* NULL: none */
        } cases[] = {
            {"usr", "user"},
            {"USRE", "user"},
            {"min_durations", "min_duration"},
            {"min", "min_duration"},
            {"number", "n"},
            {"x", NULL},
            {"m", NULL},
            {"", NULL},
            {"frobnicate", NULL},
            {"samples", "sample"},
            {"formt", "format"},
            {"nn", "n"},
            {"sample_session", "sample_sessions"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct nearest n = nearest_to(cases[i].word);
                for (size_t j = 0; j < sizeof words / sizeof words[0]; j++) {
                        nearest_try(&n, words[j]);
                }
                const char *found = nearest_found(&n);
                if (cases[i].found == NULL) {
                        CU_ASSERT_PTR_NULL(found);
                } else {
                        CU_ASSERT_PTR_NOT_NULL_FATAL(found);
                        CU_ASSERT_STRING_EQUAL(found, cases[i].found);
                }
        }
}

static void edits_are_counted(void)
{
        char long_one[300];
        memset(long_one, 'a', sizeof long_one - 1);
        long_one[sizeof long_one - 1] = '\0';
        CU_ASSERT_EQUAL(nearest_edits("", ""), 0);
        CU_ASSERT_EQUAL(nearest_edits("kitten", "Sitting"), 3);
        CU_ASSERT_EQUAL(nearest_edits("abc", ""), 3);
        CU_ASSERT_EQUAL(nearest_edits(long_one, long_one + 1), 0); /* only their beginnings are compared */
        CU_ASSERT_EQUAL(nearest_edits(long_one, "a"), 63);
}

static const struct tap_test tests[] = {
    {"the word that was meant is found", the_word_that_was_meant_is_found},
    {"edits are counted", edits_are_counted},
};

int main(void)
{
        return TAP_RUN("nearest", tests);
}
