#include "mysql/wire/frame.h"

static bool take_header(struct frame *f, struct span *in)
{
        while (f->have < FRAME_HEADER_SIZE) {
                if (in->len == 0) {
                        return false;
                }
                f->header[f->have++] = in->data[0];
                *in = span_skip(*in, 1);
                if (f->have == FRAME_HEADER_SIZE) {
                        f->length = frame_length(frame_header(f->header));
                        f->left = f->length;
                        f->seq = frame_seq(frame_header(f->header));
                }
        }
        return true;
}

bool frame_next(struct frame *f, struct span *in, struct frame_piece *out)
{
        if (!take_header(f, in) || (in->len == 0 && f->left > 0)) {
                return false;
        }
        out->begins = f->left == f->length;
        out->begins_message = out->begins && !f->continues;
        out->length = f->length;
        out->seq = f->seq;
        out->bytes = span_head(*in, f->left);
        *in = span_skip(*in, out->bytes.len);
        f->left -= (uint32_t)out->bytes.len;
        out->ends = f->left == 0;
        out->ends_message = out->ends && f->length < FRAME_MAX_PAYLOAD;
        if (out->ends) {
                f->have = 0;
                f->continues = !out->ends_message;
        }
        return true;
}
