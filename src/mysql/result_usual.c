/* Packets of replies that are as nearly all are: a few instructions each. What is otherwise, result.c looks at. */
#include "mysql/capability.h"
#include "mysql/dissect_state.h"

const char *result_row_name(const struct flight *f)
{
        return f->info->shape == SHAPE_FIELDS ? "column definition" : "row";
}

size_t result_hop_rows(struct dissect *d, struct span *in, size_t most)
{
        struct flight *f = d->head;
        const uint8_t *at = in->data;
        size_t left = in->len;
        size_t rows = 0;
        bool numbered = d->lanes[SIDE_SERVER].compress == NULL;
        uint8_t seq = f->next_seq;
        while (left > FRAME_HEADER_SIZE) {
                size_t length = (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16;
                uint8_t first = at[FRAME_HEADER_SIZE];
                if (length - 1 >= most || length > left - FRAME_HEADER_SIZE || first >= REPLY_EOF ||
                    (numbered && at[3] != seq)) {
                        break; /* to be looked at; so is an empty one, whose length minus one is huge */
                }
                rows++;
                seq++;
                at += FRAME_HEADER_SIZE + length;
                left -= FRAME_HEADER_SIZE + length;
        }
        f->rows += rows;
        f->next_seq = seq;
        *in = span_of(at, left);
        return rows;
}

/* --- what comes before the rows ------------------------------------------------------------------------------------- */

static bool deprecates_eof(const struct dissect *d)
{
        return (d->capabilities & CAP_DEPRECATE_EOF) != 0;
}

static const char *usual_count(const struct dissect *d, struct flight *f, struct span payload)
{
        enum { ONE_BYTE_MAX = 250 };
        static const uint64_t told = CAP_OPTIONAL_METADATA | CAP_MARIADB_CACHE_METADATA;
        bool tells = (d->capabilities & told) != 0; /* whether definitions follow */
        if (payload.len != (tells ? 2 : 1) || payload.data[0] == 0 || payload.data[0] > ONE_BYTE_MAX ||
            f->info->shape != SHAPE_RESULT || (tells && payload.data[1] == 0)) {
                return NULL;
        }
        f->columns = payload.data[0];
        f->defs_left = payload.data[0];
        f->results++;
        f->state = REPLYING_DEFS;
        return "column count";
}

static const char *usual_definition(const struct dissect *d, struct flight *f, struct span payload)
{
        if (f->info->shape != SHAPE_RESULT || f->defs_next > 0 || !lint_is_plain_definition(payload, d->capabilities)) {
                return NULL;
        }
        if (--f->defs_left == 0) {
                f->state = deprecates_eof(d) ? REPLYING_ROWS : REPLYING_DEFS_EOF;
        }
        return "column definition";
}

/** Behind the definitions: rows follow. */
static const char *usual_eof(const struct dissect *d, struct flight *f, struct span payload)
{
        static const unsigned unusual = STATUS_MORE_RESULTS | STATUS_CURSOR_EXISTS | STATUS_LAST_ROW_SENT |
                                        STATUS_PS_OUT_PARAMS | STATUS_IN_TRANS_READONLY |
                                        STATUS_SESSION_STATE_CHANGED;
        if (payload.len != REPLY_EOF_LENGTH || payload.data[0] != REPLY_EOF || f->info->shape != SHAPE_RESULT ||
            (((unsigned)payload.data[3] | (unsigned)payload.data[4] << 8) & unusual) != 0 || deprecates_eof(d)) {
                return NULL;
        }
        f->out_params = false;
        f->state = REPLYING_ROWS;
        return "EOF";
}

const char *result_usual(const struct dissect *d, struct flight *f, struct span payload)
{
        switch (f->state) {
        case REPLYING_FIRST: return usual_count(d, f, payload);
        case REPLYING_DEFS: return usual_definition(d, f, payload);
        case REPLYING_DEFS_EOF: return usual_eof(d, f, payload);
        case REPLYING_ROWS:
        case REPLYING_LOCAL_FILE:
        case REPLYING_AUTH:
        case REPLYING_STREAM:
        case REPLYING_COUNT: break;
        }
        return NULL;
}
