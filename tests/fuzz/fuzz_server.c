/* The server's side: a finished login and a command (chosen by the second byte), then the input as the reply. */
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint8_t codes[] = {0x03, 0x16, 0x17, 0x04, 0x1c, 0x09, 0x11,
                                        0x12, 0x0e, 0x02, 0x1f, 0x1b, 0xfa};
        struct fuzz_tape t = fuzz_login(size > 0 ? data[0] : 0);
        uint8_t command[16] = {9, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
        command[4] = codes[(size > 1 ? data[1] : 0) % sizeof codes];
        fuzz_piece(&t, 'C', span_of(command, 13));
        fuzz_piece(&t, 'C', span_of(command, 13));
        fuzz_piece(&t, 'S', span_skip(span_of(data, size), 2));
        fuzz_check(&t);
        return 0;
}
