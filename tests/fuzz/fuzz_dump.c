/* Saved heap profiles: whatever the text, it is read to its end and explained. */
#include "fuzz.h"
#include "profile/explain/explain.h"

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
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct explain e;
        explain_init(&e);
        if (explain_add(&e, span_of(data, size)) == STATUS_OK && explain_finish(&e) == STATUS_OK) {
                print(&e, explain_print_text);
                print(&e, explain_print_csv);
                print(&e, explain_print_json);
                print(&e, explain_print_svg);
        }
        explain_fini(&e);
        return 0;
}
