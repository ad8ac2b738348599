#include "mysql/gate/gate_error.h"

enum { TEXT_MAX = 512, SQLSTATE_LENGTH = 5, ERR = 0xff };

void gate_error_packet(struct writer *w, uint8_t seq, uint16_t errnum, const char *sqlstate, const char *text)
{
        struct span message = span_head(span_str(text), TEXT_MAX);
        size_t length = 1 + 2 + (sqlstate != NULL ? 1U + SQLSTATE_LENGTH : 0U) + message.len;
        writer_uint(w, length, 3);
        writer_uint(w, seq, 1);
        writer_uint(w, ERR, 1);
        writer_uint(w, errnum, 2);
        if (sqlstate != NULL) {
                writer_char(w, '#');
                writer_bytes(w, sqlstate, SQLSTATE_LENGTH);
        }
        writer_put(w, message);
}
