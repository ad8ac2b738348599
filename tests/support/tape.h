/** @file tape.h  Recorded sessions, played to the gate and the dissector as the proxy does it.
 *
 * A tape is a list of pieces: 'C' (client) or 'S' (server), the length in four bytes little-endian, the bytes. A length
 * that lies (the fuzzers make such) is cut to what is there; any other mark counts as 'S'. */
#ifndef TESTS_TAPE_H
#define TESTS_TAPE_H

#include "base/span.h"
#include "mysql/dissect/dissect.h"

#include <stdio.h>

struct tape_options {
        size_t split;        /**< feed at most so many bytes at once; 0 = pieces as recorded */
        size_t cut;          /**< the piece that holds this byte of the whole is cut before it; 0 = none */
        size_t packet_bytes; /**< show packets too, with so many bytes of each */
        bool apart;          /**< the packets behind all records */
        bool runs;           /**< the same, and take them by dissect_sink.on_run where they come so */
        size_t query_bytes;  /**< 0 = 64 KiB */
        uint32_t rows;       /**< first rows of each result */
        uint32_t hash_rows;  /**< rows of each result that are hashed: a line "hashes" before the record */
        size_t held_bytes;   /**< 0 = 4 MiB */
        uint32_t pipeline;   /**< 0 = 256 */
        uint32_t statements; /**< 0 = 256 */
        uint64_t tick_ns;    /**< what is fed comes so long after what was fed before; 0 = all at once */
        void (*look)(const struct dissect *d); /**< called after each feed; NULL = not */
        bool without_gate;
        bool hide_packets; /**< dissect_settings.hide_packets */
        bool fields; /**< below each packet a line for each of its fields; a byte without a field aborts */
        bool count_only; /**< dissect_settings.count_only: a line "command" for each */
};

/** Read the recorded session tests/data/tapes/@p name, in static memory that the next call overwrites. Aborts if it can't be read. */
struct span tape_load(const char *name);

/** Play @p tape and write each record as a JSON line to @p out; times are all 0. */
void tape_play(struct span tape, const struct tape_options *options, FILE *out);

/** The same, as a text that the caller frees. */
char *tape_records(struct span tape, const struct tape_options *options);

#endif
