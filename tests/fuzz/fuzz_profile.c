/* Saved heap profiles in binary forms: the first byte says how the rest is wrapped. A protobuf and jemalloc's text as they are,
 * either of them gzipped, or a gzip member that may be damaged. All dumps of a run are read twice, as two files. */
#include "fuzz.h"
#include "profile/explain/explain.h"
#include "profile/export/gzip.h"

#include <stdlib.h>

static void print(const struct explain *e, void (*how)(const struct explain *, FILE *))
{
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        if (out == NULL) {
                abort();
        }
        how(e, out);
        (void)fclose(out);
        for (size_t i = 0; i < len; i++) { /* nothing that a terminal obeys */
                if ((unsigned char)text[i] < ' ' && text[i] != '\n') {
                        abort();
                }
        }
        free(text);
}

static void explain_twice(struct span file)
{
        struct explain e;
        explain_init(&e);
        e.verbose = true;
        bool ok = true;
        for (int i = 0; i < 2 && ok; i++) {
                ok = explain_add(&e, file) == STATUS_OK;
        }
        if (ok && explain_finish(&e) == STATUS_OK) {
                print(&e, explain_print_text);
                print(&e, explain_print_csv);
                print(&e, explain_print_json);
                print(&e, explain_print_svg);
        }
        explain_fini(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span rest = span_skip(span_of(data, size), 1);
        if (size == 0) {
                return 0;
        }
        if (data[0] % 2 == 0) {
                explain_twice(rest);
                return 0;
        }
        char *packed = NULL;
        size_t len;
        FILE *out = open_memstream(&packed, &len);
        if (out == NULL || !gzip_write(out, rest)) {
                abort();
        }
        (void)fclose(out);
        explain_twice(span_of(packed, len));
        free(packed);
        return 0;
}
