/** @file session.h  A session of the dissector, whose packets the plays make by hand. One at a time.
 * Threads: one.   Memory: the session's, from session_begin to session_end. */
#ifndef TESTS_LINEAR_SESSION_H
#define TESTS_LINEAR_SESSION_H

#include "base/writer.h"
#include "capture/capture.h"
#include "mysql/dissect/dissect.h"
#include "mysql/wire/capability.h"

enum { HEAD = 4 }; /**< bytes of a packet's header */

/** What is to be fed: bytes of one side in a row are one piece. */
struct piece {
        enum side side;
        size_t at;
        size_t len;
};

struct session {
        struct dissect_pool pool;
        struct dissect_settings settings;
        struct dissect *dissect;
        struct capture *capture; /**< NULL: packets are not asked for */
        struct capture_track track;
        struct writer w; /**< what was put and not fed yet */
        struct piece *pieces;
        size_t pieces_n;
        size_t pieces_size;
        size_t packet_at;  /**< where the packet under way begins */
        size_t read_bytes; /**< that come at once */
        bool may_be_opaque;
        uint64_t capabilities;
        uint64_t records;
        uint8_t *packed;
        size_t packed_size;
        uint64_t now_ns;
};

extern struct session s;

/** A session with room for plays of @p bytes. The login is put: with CAP_CONNECT_ATTRS up to its attributes, else all of it. */
void session_open(size_t bytes, uint64_t capabilities);
/** The same, and the login is fed. */
void session_begin(size_t bytes, uint64_t capabilities);
/** The same, with a recorder. */
void session_record(size_t bytes);
void session_end(void);
/** Feed what was put. @return its bytes. */
size_t session_feed(void);

void begin_packet(enum side side, uint8_t seq);
void end_packet(void);
void put_packet(enum side side, uint8_t seq, struct span payload);
#define PUT(side, seq, literal) put_packet(side, seq, span_of("" literal, sizeof(literal) - 1))
void put_ok(uint8_t seq, uint16_t status);

#endif
