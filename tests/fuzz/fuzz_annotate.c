/* Packets as a recorder hands them to the annotator: every byte has exactly one field, whatever the packets hold. Each packet is
 * [kind 2][flags 1: 1 = from the client, 2 = cut][agreed 1][seq 1][length 2][bytes]. */
#include "base/reader.h"
#include "fuzz.h"
#include "mysql/dissect/annotate.h"

#include <stdlib.h>

static void on_field(void *arg, const struct field *f)
{
        size_t *at = arg;
        if (f->at != *at || f->len == 0 || f->name == NULL) {
                abort();
        }
        *at += f->len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        enum { FROM_CLIENT = 1, CUT = 2, CUT_BYTES = 10 };
        struct reader r = reader_over(span_of(data, size));
        struct annotate *a = annotate_new(NULL);
        while (a != NULL && reader_left(&r) > 0) {
                struct packet p = {.kind = (enum packet_kind)(reader_u16(&r) % PACKET_KINDS)};
                uint8_t flags = reader_u8(&r);
                p.from = (flags & FROM_CLIENT) != 0 ? SIDE_CLIENT : SIDE_SERVER;
                p.agreed = reader_u8(&r);
                p.seq = reader_u8(&r);
                uint16_t length = reader_u16(&r);
                p.head = reader_take(&r, length < reader_left(&r) ? length : reader_left(&r));
                p.length = (uint32_t)p.head.len + ((flags & CUT) != 0 ? CUT_BYTES : 0);
                size_t at = 0;
                annotate_packet(a, &p, on_field, &at);
                if (at != p.head.len) {
                        abort();
                }
        }
        annotate_free(a);
        return 0;
}
