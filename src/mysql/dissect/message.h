/** @file message.h  A message (the payload of one packet, or of several that continue each other), and what came of handling it.
 *
 * Threads: any.   Memory: none; a message lives during the call that hands it over. */
#ifndef MYSQL_DISSECT_MESSAGE_H
#define MYSQL_DISSECT_MESSAGE_H

#include "base/span.h"
#include "mysql/wire/packet_kind.h"

/** A complete message; its body may be cut. */
struct message {
        struct span body; /**< the beginning of the payload, as far as it is looked at */
        uint64_t len;     /**< of the whole payload, in bytes */
        uint64_t wire;    /**< bytes on the wire, packet headers included */
        uint64_t start_ns;
        uint64_t end_ns;
        uint8_t seq;      /**< of its first packet */
        uint8_t last;     /**< of its last packet */
        uint8_t first;    /**< first byte of the payload; 0 if it is empty */
        uint64_t dropped; /**< bytes of long values that are missing within body (value_filter.h) */
        uint16_t
            counted_params; /**< with how many parameters they were found, if the statement was not known; else 0 */
};

/** What a handler made of a message: what kind of packet it is, or why the session can't be followed any further. */
struct outcome {
        enum packet_kind kind;
        bool is_unreadable;  /**< the message itself is why, and the record shows its first bytes */
        const char *give_up; /**< static text; NULL: go on */
};

static inline struct outcome outcome_of(enum packet_kind kind)
{
        return (struct outcome){.kind = kind};
}

/** The message makes no sense here. @p reason is static text. */
static inline struct outcome outcome_unreadable(const char *reason)
{
        return (struct outcome){.kind = PACKET_UNKNOWN, .is_unreadable = true, .give_up = reason};
}

static inline struct outcome outcome_no_memory(void)
{
        return (struct outcome){.kind = PACKET_UNKNOWN, .give_up = "out of memory"};
}

#endif
