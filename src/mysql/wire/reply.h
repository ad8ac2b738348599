/** @file reply.h  The packets that end replies and results: OK, ERR, EOF.
 * Source: MySQL's protocol documentation (OK_Packet, ERR_Packet, EOF_Packet), MariaDB's (ERR_Packet, progress).
 * Memory: allocates nothing; spans point into the payload. */
#ifndef MYSQL_WIRE_REPLY_H
#define MYSQL_WIRE_REPLY_H

#include "mysql/wire/field.h"

#define REPLY_OK         0x00
#define REPLY_MORE_DATA  0x01
#define REPLY_FACTOR     0x02
#define REPLY_LOCAL_FILE 0xfb
#define REPLY_EOF        0xfe
#define REPLY_ERR        0xff

/** An EOF packet is shorter than this; a longer packet that starts with 0xFE is something else. */
#define REPLY_EOF_LIMIT 9

#define REPLY_EOF_LENGTH 5
#define REPLY_OK_MIN     7 /**< shortest OK, in bytes */

struct ok {
        uint64_t affected_rows;
        uint64_t last_insert_id;
        uint16_t status;
        uint16_t warnings;
        struct span info;
        bool has_schema; /**< the default database changed to schema (empty: there is none now) */
        struct span schema;
        struct span character_set; /**< character_set_client changed to this; empty: it did not */
        bool has_results_set;      /**< character_set_results changed to results_set (empty: NULL) */
        struct span results_set;
        size_t behind;       /**< bytes behind the last field */
        bool wide_length;    /**< zeros stood before the length of the changes */
        bool odd_length;     /**< a length had more than 32 bits */
        struct span changes; /**< all that session tracking reports, for session_change_next */
};

/** Parse an OK packet (first byte 0x00 or 0xFE) under the agreed @p capabilities. @return false if it is malformed. */
bool ok_parse(struct span payload, uint64_t capabilities, struct ok *out);
/** Report the fields of the OK packet f->payload; the same reader does it. */
void ok_fields(struct field_trace *f, uint64_t capabilities);

/** A change that session tracking reports. */
struct session_change {
        struct span name; /**< of a system variable, or static: "schema", "gtids" … */
        struct span value;
};

/** An iterator over ok.changes. Several such blocks, one behind the other, are one block. */
struct session_changes {
        struct reader entries;
        struct reader variables; /**< of the current entry, which may have several */
};

static inline struct session_changes session_changes_of(struct span changes)
{
        return (struct session_changes){reader_over(changes), reader_over((struct span){NULL, 0})};
}

/** @return false at the end, or where they are malformed (then at->entries.failed). */
bool session_change_next(struct session_changes *at, struct session_change *out);

/** Parse an EOF packet; only status and warnings are set. */
bool eof_parse(struct span payload, struct ok *out);
/** Report its fields. */
void eof_fields(struct field_trace *f);

struct err {
        uint16_t errnum;
        struct span sqlstate; /**< five bytes, or empty (before the greeting) */
        struct span message;
};

/** Parse an ERR packet. */
bool err_parse(struct span payload, struct err *out);
/** Report its fields. */
void err_fields(struct field_trace *f);
/** Report the fields of a progress report (ERR_PROGRESS), which nothing else is read from. */
void progress_fields(struct field_trace *f);

/** Is it an error that a server sends of its own accord, or because packets were out of order? Its sequence number may be any. */
bool err_is_pushed(const struct err *err);

/** MariaDB's progress report: an ERR packet with this number ends nothing. */
#define ERR_PROGRESS 0xffff

#endif
