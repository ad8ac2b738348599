/* The client's side: a finished login, then the input as what the client sends; the server answers each with an OK. */
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct fuzz_tape t = fuzz_login(size > 0 ? data[0] : 0);
        struct span in = span_skip(span_of(data, size), 1);
        fuzz_prepare(&t, 2);
        fuzz_piece(&t, 'C', in);
        for (int i = 0; i < 8; i++) {
                fuzz_piece(&t, 'S', span_of("\x07\0\0\1\0\0\0\2\0\0\0", 11));
        }
        fuzz_piece(&t, 'C', in);
        fuzz_check(&t);
        return 0;
}
