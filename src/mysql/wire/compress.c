#define ZSTD_STATIC_LINKING_ONLY /* for an allocator of our own */
#include "mysql/wire/compress.h"

#include "mysql/wire/frame.h"
#include "profile/heap/prof.h"

#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

enum { HEADER_SIZE = 7, BLOCK_HEADER = 3, ZSTD_KEPT = 256 * 1024 };

/* zstd keeps a window of what it wrote: MySQL's frames are 16 MiB at most, and so is what they may ask for. */
enum { WINDOW_LOG_MAX = 24 };

struct compress {
        enum compress_algorithm algorithm;
        z_stream zlib;
        bool zlib_ready;
        ZSTD_DCtx *zstd;
        size_t wanted; /* by zstd, of its next block */
        uint8_t header[HEADER_SIZE];
        uint8_t have;     /* header bytes so far; HEADER_SIZE within a frame */
        uint32_t in_left; /* of the frame's payload */
        uint32_t length;  /* that it announces; 0 = stored */
        uint32_t out;     /* of it, so far */
        bool more;        /* there may be output without further input */
        bool ended;       /* the zlib stream or zstd frame is complete */
};

/* --- memory --------------------------------------------------------------------------------------------------------- */

static void *alloc_zlib(void *opaque, unsigned n, unsigned size)
{
        (void)opaque;
        return prof_lib_calloc(LIB_ZLIB, n, size);
}

static void *alloc_zstd(void *opaque, size_t size)
{
        (void)opaque;
        return prof_lib_alloc(LIB_ZSTD, size);
}

static void give_back(void *opaque, void *block)
{
        (void)opaque;
        prof_free(block);
}

struct compress *compress_new(enum compress_algorithm algorithm)
{
        struct compress *c = prof_calloc(STAGE_FRAME, 1, sizeof *c);
        if (c != NULL) {
                c->algorithm = algorithm;
        }
        return c;
}

void compress_free(struct compress *c)
{
        if (c == NULL) {
                return;
        }
        if (c->zlib_ready) {
                (void)inflateEnd(&c->zlib);
        }
        (void)ZSTD_freeDCtx(c->zstd);
        prof_free(c);
}

const char *compress_name(enum compress_algorithm algorithm)
{
        return algorithm == COMPRESS_ZLIB ? "zlib" : "zstd";
}

/** Ready for the next frame; made on first use, since a session may never send a compressed one. */
static bool reset(struct compress *c)
{
        PROF_SCOPE(STAGE_FRAME);
        if (c->algorithm == COMPRESS_ZSTD) {
                c->wanted = ZSTD_FRAMEHEADERSIZE_MIN(ZSTD_f_zstd1);
                if (c->zstd == NULL) {
                        c->zstd = ZSTD_createDCtx_advanced((ZSTD_customMem){alloc_zstd, give_back, NULL});
                }
                return c->zstd != NULL && !ZSTD_isError(ZSTD_DCtx_reset(c->zstd, ZSTD_reset_session_only)) &&
                       !ZSTD_isError(ZSTD_DCtx_setParameter(c->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX));
        }
        if (!c->zlib_ready) {
                c->zlib = (z_stream){.zalloc = alloc_zlib, .zfree = give_back};
                c->zlib_ready = inflateInit(&c->zlib) == Z_OK;
                return c->zlib_ready;
        }
        return inflateReset(&c->zlib) == Z_OK;
}

/* --- frames --------------------------------------------------------------------------------------------------------- */

/** Decompress from *@p in into @p piece. @return bytes written; *@p failed if what follows them makes no sense. */
static size_t inflate_zlib(struct compress *c, struct span *in, uint8_t *piece, bool *failed)
{
        PROF_SCOPE(STAGE_FRAME);
        static const uint8_t nothing;
        c->zlib.next_in = in->len > 0 ? in->data : &nothing;
        c->zlib.avail_in = (unsigned)in->len;
        c->zlib.next_out = piece;
        c->zlib.avail_out = COMPRESS_PIECE;
        int result = inflate(&c->zlib, Z_NO_FLUSH);
        *failed = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
        c->ended = result == Z_STREAM_END;
        *in = span_skip(*in, in->len - c->zlib.avail_in);
        return COMPRESS_PIECE - c->zlib.avail_out;
}

static size_t inflate_zstd(struct compress *c, struct span *in, uint8_t *piece, bool *failed)
{
        PROF_SCOPE(STAGE_FRAME);
        /* A block at a time, so that all before a broken one comes out. It asks for the next block's header too. */
        size_t wanted = c->wanted > BLOCK_HEADER ? c->wanted - BLOCK_HEADER : 1;
        ZSTD_inBuffer from = {in->data, in->len < wanted ? in->len : wanted, 0};
        ZSTD_outBuffer to = {piece, COMPRESS_PIECE, 0};
        size_t result = ZSTD_decompressStream(c->zstd, &to, &from);
        *failed = ZSTD_isError(result) != 0;
        c->ended = result == 0;
        c->wanted = result;
        *in = span_skip(*in, from.pos);
        return to.pos;
}

/* One sentence for both: which is found first in a frame that is wrong in two ways depends on how its bytes come. */
#define DAMAGED "a compressed frame that can't be decompressed to the length that it announces"

/** The next step within a compressed payload. @return false: there is nothing to report before more input comes. */
static bool take_compressed(struct compress *c, struct span *in, uint8_t *piece, struct compress_output *out)
{
        struct span part = span_head(*in, c->in_left);
        size_t before = part.len;
        if (c->ended) {
                out->give_up = "a compressed frame with data after its end";
                return true;
        }
        bool failed = false;
        size_t n = c->algorithm == COMPRESS_ZLIB ? inflate_zlib(c, &part, piece, &failed)
                                                 : inflate_zstd(c, &part, piece, &failed);
        size_t used = before - part.len;
        c->more = !c->ended && (n == COMPRESS_PIECE || used > 0);
        if (!c->more && !c->ended) {
                used = before; /* no progress: the rest means nothing to the library */
        }
        c->in_left -= (uint32_t)used;
        *in = span_skip(*in, used);
        out->bytes = span_head(span_of(piece, n), c->length - c->out); /* as much as the frame announced */
        c->out += (uint32_t)out->bytes.len;
        if (failed || out->bytes.len < n) {
                out->give_up = DAMAGED;
        }
        return out->bytes.len > 0 || out->give_up != NULL;
}

/** The next step within a payload that is stored as it is. */
static bool take_stored(struct compress *c, struct span *in, struct compress_output *out)
{
        out->bytes = span_head(*in, c->in_left);
        c->in_left -= (uint32_t)out->bytes.len;
        *in = span_skip(*in, out->bytes.len);
        return true;
}

static void begin_frame(struct compress *c, struct compress_output *out)
{
        const uint8_t *h = c->header;
        c->in_left = frame_length(frame_header(h)); /* it begins as a packet does */
        c->length = (uint32_t)h[4] | (uint32_t)h[5] << 8 | (uint32_t)h[6] << 16;
        c->out = 0;
        c->more = false;
        c->ended = false;
        out->begins_frame = true;
        out->seq = h[3];
        out->wire = HEADER_SIZE + c->in_left;
        out->give_up = c->length > 0 && !reset(c) ? "out of memory" : NULL;
}

/** @return why it can't be followed; NULL: it was complete. */
static const char *end_frame(struct compress *c)
{
        c->have = 0;
        if (c->zstd != NULL && ZSTD_sizeof_DCtx(c->zstd) > ZSTD_KEPT) {
                (void)ZSTD_freeDCtx(c->zstd);
                c->zstd = NULL;
        }
        return c->length > 0 && (!c->ended || c->out != c->length)
                   ? "a compressed frame that contains less than it announces"
                   : NULL;
}

/** Take the header's next byte. @return true when the frame begins. */
static bool take_header(struct compress *c, struct span *in, struct compress_output *out)
{
        c->header[c->have++] = in->data[0];
        *in = span_skip(*in, 1);
        if (c->have == HEADER_SIZE) {
                begin_frame(c, out);
        }
        return c->have == HEADER_SIZE;
}

bool compress_next(struct compress *c, struct span *in, uint8_t piece[COMPRESS_PIECE],
                   struct compress_output *out)
{
        bool any = false;
        *out = (struct compress_output){.begins_frame = false};
        while (!any) {
                bool in_frame = c->have == HEADER_SIZE;
                if (in_frame && c->in_left == 0 && !c->more) {
                        out->give_up = end_frame(c);
                        any = out->give_up != NULL;
                } else if (in->len == 0 && !(in_frame && c->more)) {
                        return false;
                } else if (!in_frame) {
                        any = take_header(c, in, out);
                } else {
                        any = c->length > 0 ? take_compressed(c, in, piece, out) : take_stored(c, in, out);
                }
        }
        return true;
}
