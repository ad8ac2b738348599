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

enum { COMPRESS_PIECE = 8 * 1024 };

struct compress;

/** One step: a frame began, or bytes came out, or the stream can't be followed. */
struct compress_output {
        bool begins_frame;
        uint8_t seq;   /**< of the frame that begins */
        uint32_t wire; /**< its length in bytes, header included */
        struct span
            bytes; /**< of packets; valid until the next call, and as long as the input and the piece */
        const char *
            give_up; /**< why what follows these bytes can't be decompressed (static text): call no more; NULL: go on */
};

/** @return NULL when memory is out. */
struct compress *compress_new(enum compress_algorithm algorithm);
/** NULL is allowed. */
void compress_free(struct compress *c);

/** Take input off the front of *@p in until there is something to report. Any split of the input gives the same bytes and the same
 *  error (but maybe fewer or more bytes before the end of a broken zstd frame).
 *  @param piece  room for decompressed bytes. @return false: all of *@p in is used up, and there is no output. */
bool compress_next(struct compress *c, struct span *in, uint8_t piece[COMPRESS_PIECE],
                   struct compress_output *out);

/** "zlib" or "zstd". */
const char *compress_name(enum compress_algorithm algorithm);

#endif
