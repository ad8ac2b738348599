/** @file compress.h  The compressed protocol, one direction of it: frames back into the bytes of packets.
 *
 *      [compressed length 3][seq 1][length 3][… compressed length bytes …]
 *      length 0: stored as it is; else the payload is one zlib stream or one zstd frame of just that length
 *
 * A frame holds part of a packet or several; its sequence is its own. Output comes in bounded pieces: never a whole frame
 * is kept, whatever its length promises. (zstd itself keeps what data may refer back to: at most 16 MiB, which are given
 * back when the frame ends.) Any split of the input gives the same output, and the same error at the same place.
 * Knows: the frames.   Does not know: packets, time.   Threads: one owner.   Memory: STAGE_FRAME, zlib's and zstd's too.
 * Source: MySQL's protocol documentation (Compression). */
#ifndef MYSQL_WIRE_COMPRESS_H
#define MYSQL_WIRE_COMPRESS_H

#include "base/span.h"

enum compress_algorithm { COMPRESS_ZLIB, COMPRESS_ZSTD };

struct compress;

struct compress_sink {
        void *arg;
        /** Bytes of packets; they live during the call. */
        void (*on_bytes)(void *arg, struct span bytes);
        /** A frame begins, with this sequence number; it has @p wire bytes in all, its header included. May be NULL. */
        void (*on_frame)(void *arg, uint8_t seq, uint32_t wire);
};

/** @return NULL when memory is out. */
struct compress *compress_new(enum compress_algorithm algorithm, struct compress_sink sink);
/** NULL is allowed. */
void compress_free(struct compress *c);

/** All of @p in, in any split; the same bytes come out (but maybe fewer or more before the end of a broken zstd frame). @return NULL, or why it can't be followed (static text): then feed no more. */
const char *compress_feed(struct compress *c, struct span in);

/** Between two frames: not one byte of the next was seen. */
bool compress_idle(const struct compress *c);

/** "zlib" or "zstd". */
const char *compress_name(enum compress_algorithm algorithm);

#endif
