/** @file dissect_settings.h  What a dissector is given: its bounds, where its news goes, and memory that sessions of a thread share.
 *
 * Threads: settings are constant; a pool has one owner.   Memory: the pool keeps blocks of STAGE_DISSECT until it is drained. */
#ifndef MYSQL_DISSECT_DISSECT_SETTINGS_H
#define MYSQL_DISSECT_DISSECT_SETTINGS_H

#include "mysql/dissect/result_header_cache.h"
#include "mysql/record/record.h"
#include "mysql/wire/packet.h"

struct command;
struct waiting;
struct row_hashes;

/** A free list of commands, an empty list of those that wait, and the results seen so far, shared by the sessions of a thread: the
 *  steady state allocates nothing, and an idle session owns no command. */
struct dissect_pool {
        struct command *first;
        uint32_t n;
        struct waiting *waiting; /**< NULL: there is none */
        struct result_header_cache result_headers;
        struct row_hashes *spare_hashes; /**< blocks of row_hashing.h */
        uint32_t n_spare_hashes;
};

/** Bounds. Of what is cut, the records give the true length. */
struct dissect_settings {
        struct dissect_pool *pool; /**< must outlive the sessions */
        size_t query_bytes;        /**< kept of a statement's text */
        size_t value_bytes;        /**< kept of one value, of a parameter or of a row */
        size_t packet_bytes;       /**< kept of each packet for on_packet; 0 = on_packet is never called */
        size_t held_bytes;         /**< kept of one session's commands and statements, all together */
        uint32_t pipeline; /**< commands that await their replies: with more, the client should wait */
        uint32_t
            pipeline_slack; /**< commands that may come before it does; with more, the session becomes opaque */
        uint32_t statements; /**< prepared statements known at once */
        uint32_t rows;       /**< kept of each result; 0 = results are only counted */
        uint32_t hash_rows;  /**< rows of each result whose values are hashed: at most ROW_HASHES_ROWS */
        uint32_t lint;       /**< broken rules of a session that get records; further ones are only counted */
        bool count_only;     /**< commands make no records: on_command is called instead */
        bool hide_packets;   /**< packets are redacted: they would show what records must not */
};

/** Where news goes. The arguments live only during the call. on_record gets a record in which the dissector has filled
 *  what it knows, but for the session's fields (dissect_identify); connection, addresses and wall_ns are the receiver's to fill.
 *  With on_run, several packets may come in one call, after the records that they made. Without it each packet comes by
 *  on_packet, in its place among the records. */
struct dissect_sink {
        void *arg;
        void (*on_record)(void *arg, struct record *record);
        void (*on_command)(void *arg); /**< with count_only: a command ended */
        void (*on_packet)(void *arg, const struct packet *packet);
        void (*on_run)(void *arg, const struct packet_run *run); /**< NULL: not wanted */
};

#endif
