/* A small program with a known profile, for heap.sh: prints the heap text, the stage table or its JSON. */
#include "profile/export/export.h"
#include "profile/export/symbol.h"
#include "profile/heap/counts.h"
#include "profile/heap/prof.h"
#include "profile/heap/rate.h"

#include <stdlib.h>

__attribute__((noinline)) static void *hold_statement(size_t size)
{
        PROF_SCOPE(STAGE_DISSECT);
        return prof_calloc(STAGE_DISSECT, 1, size);
}

__attribute__((noinline)) static void *serve_session(size_t size)
{
        void *p = hold_statement(size);
        prof_count_statement();
        return p;
}

int main(int argc, char **argv)
{
        static const struct prof_wire wire = {
            .session = 7, .command = "COM_QUERY", .text = {(const uint8_t *)"SELECT \"\x1b\xff\n", 11}};
        const char *what = argc > 1 ? argv[1] : "heap";
        void *kept[3];
        prof_set_sample_bytes(1);
        prof_set_wire(&wire);
        /* volatile: one call in the program, not three */
        for (volatile size_t i = 0; i < 3; i++) {
                kept[i] = serve_session(100);
        }
        prof_free(kept[0]);
        prof_free(serve_session(3000));
        if (strcmp(what, "heap") == 0) {
                export_heap_text(stdout);
        } else if (strcmp(what, "stages") == 0) {
                export_stages_text(stdout);
        } else {
                export_stages_json(stdout);
        }
        prof_free(kept[1]);
        prof_free(kept[2]);
        symbol_fini();
        return ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
