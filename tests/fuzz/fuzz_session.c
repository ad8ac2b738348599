/* A whole session, as a tape: gate, dissector, records, formats. Cut otherwise, the same bytes give the same records. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct tape_options whole = {.packet_bytes = 64, .query_bytes = 512, .rows = 3};
        const struct tape_options bytewise = {.split = 1, .packet_bytes = 64, .query_bytes = 512, .rows = 3};
        const struct tape_options quick = {.without_gate = true, .hash_rows = 4};
        const struct tape_options quick_bytewise = {.without_gate = true, .hash_rows = 4, .split = 1};
        char *a = tape_records(span_of(data, size), &whole);
        char *b = tape_records(span_of(data, size), &bytewise);
        if (strcmp(a, b) != 0) {
                fuzz_fail("records differ by how the bytes were cut", a, b);
        }
        free(a);
        free(b);
        const struct tape_options single = {.packet_bytes = 64, .apart = true, .tick_ns = 5000};
        const struct tape_options runs = {.packet_bytes = 64, .runs = true, .tick_ns = 5000};
        a = tape_records(span_of(data, size), &single);
        b = tape_records(span_of(data, size), &runs);
        if (strcmp(a, b) != 0) {
                fuzz_fail("packets differ by how they are shown", a, b);
        }
        free(a);
        free(b);
        a = tape_records(span_of(data, size), &quick);
        b = tape_records(span_of(data, size), &quick_bytewise);
        if (strcmp(a, b) != 0) {
                fuzz_fail("records without packets differ by how the bytes were cut", a, b);
        }
        free(a);
        free(b);
        return 0;
}
