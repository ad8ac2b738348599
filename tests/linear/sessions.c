/* What a client or a server can send that makes a session's dissector look for something, or keep something, more often than it
 * need. Each play counts from the login on. */
#include "linear.h"
#include "session.h"

#include <string.h>

enum {
        QUERY = 0x03,
        PREPARE = 0x16,
        EXECUTE = 0x17,
        LONG_DATA = 0x18,
        BULK_EXECUTE = 0xfa,
        MORE_RESULTS = 0x0008,
        STATE_CHANGED = 0x4000,
};

/* The sessions below leave definitions out, so that a statement of many parameters is prepared by few bytes. */
#define BRIEF (CAP_DEPRECATE_EOF | CAP_OPTIONAL_METADATA)

static void put_prepare(uint32_t id, uint16_t params, struct span text)
{
        begin_packet(SIDE_CLIENT, 0);
        writer_uint(&s.w, PREPARE, 1);
        writer_put(&s.w, text);
        end_packet();
        begin_packet(SIDE_SERVER, 1);
        writer_uint(&s.w, 0, 1);
        writer_uint(&s.w, id, 4);
        writer_uint(&s.w, 0, 2); /* columns */
        writer_uint(&s.w, params, 2);
        writer_uint(&s.w, 0, 1);
        writer_uint(&s.w, 0, 2); /* warnings */
        writer_uint(&s.w, 0, 1); /* no definitions */
        end_packet();
}

/* --- long data ----------------------------------------------------------------------------------------------------------- */

static void put_long_data(uint16_t param, struct span bytes)
{
        begin_packet(SIDE_CLIENT, 0);
        writer_uint(&s.w, LONG_DATA, 1);
        writer_uint(&s.w, 1, 4);
        writer_uint(&s.w, param, 2);
        writer_put(&s.w, bytes);
        end_packet();
}

enum { LONG_DATA_PACKET = HEAD + 7 + 1 };

static void begin_long_data(size_t bytes)
{
        size_t params = bytes / LONG_DATA_PACKET < UINT16_MAX ? bytes / LONG_DATA_PACKET : UINT16_MAX;
        session_open(bytes, BRIEF);
        put_prepare(1, (uint16_t)params, span_str("SELECT ?"));
        (void)session_feed();
        for (size_t n = bytes / LONG_DATA_PACKET; n > 0; n--) { /* the last first */
                put_long_data((uint16_t)(n % params), span_str("a"));
        }
        begin_packet(SIDE_CLIENT, 0);
        writer_uint(&s.w, EXECUTE, 1);
        writer_uint(&s.w, 1, 4);
        writer_bytes(&s.w, "\0\1\0\0\0", 5);
        for (size_t i = 0; i < (params + 7) / 8; i++) {
                writer_uint(&s.w, 0xff, 1);
        }
        writer_uint(&s.w, 0, 1);
        end_packet();
        put_ok(1, 2);
}

static void begin_long_data_pieces(size_t bytes)
{
        session_open(bytes, BRIEF);
        put_prepare(1, 1, span_str("SELECT ?"));
        (void)session_feed();
        for (size_t n = bytes / LONG_DATA_PACKET; n > 0; n--) {
                put_long_data(0, span_str("a"));
        }
}

/* --- the table of statements ------------------------------------------------------------------------------------------- */

/** Numbers that a server gives its statements so that they come to one bucket of a table that hashes them by a product with a
 *  known number: the bits that would choose the bucket are all 0. */
static uint32_t aimed(uint32_t i)
{
        const uint32_t inverse = 244002641U; /* of 2654435761 */
        uint32_t product = (i >> 7) << 21 | (i & 127);
        return product * inverse;
}

static void begin_statements(size_t bytes)
{
        enum { EACH = HEAD + 1 + HEAD + 15 };
        session_begin(bytes, BRIEF);
        for (uint32_t i = 0; i < bytes / EACH; i++) {
                put_prepare(aimed(i), 0, span_str(""));
        }
}

/* --- commands in flight --------------------------------------------------------------------------------------------------- */

static void begin_pipeline(size_t bytes)
{
        enum { EACH = HEAD + 1 + HEAD + 7 };
        session_begin(bytes, 0);
        for (size_t i = 0; i < bytes / EACH; i++) {
                PUT(SIDE_CLIENT, 0, "\x0e");
        }
        for (size_t i = 0; i < bytes / EACH; i++) {
                put_ok(1, 2);
        }
}

/* --- commands that are missed --------------------------------------------------------------------------------------------- */

/** A session with one command in flight too many. */
static void begin_crowded(size_t bytes)
{
        session_open(bytes, BRIEF);
        s.settings.pipeline = 1;
        s.may_be_opaque = true;
}

/** A reply is always outstanding: the session is never followed again. */
static void begin_opaque(size_t bytes)
{
        enum { EACH = HEAD + 1 + HEAD + 7 };
        begin_crowded(bytes);
        PUT(SIDE_CLIENT, 0, "\x0e");
        PUT(SIDE_CLIENT, 0, "\x0e");
        put_ok(1, 2);
        (void)session_feed();
        for (size_t i = 0; i < bytes / EACH; i++) {
                PUT(SIDE_CLIENT, 0, "\x0e");
                put_ok(1, 2);
        }
}

/** It is followed again and again, and each time a statement is executed meanwhile: one of many. */
static void begin_followed_again(size_t bytes)
{
        enum { FOLLOWED = 17, EACH = (FOLLOWED + 2) * (HEAD + HEAD + 7 + 1) + 9, STATEMENTS_PART = 64 };
        begin_crowded(bytes);
        for (uint32_t id = 0; id < bytes / STATEMENTS_PART; id++) {
                put_prepare(id, 0, span_str("DO 1"));
        }
        (void)session_feed();
        for (uint32_t i = 0; i < bytes / EACH; i++) {
                for (int k = 0; k < FOLLOWED; k++) {
                        PUT(SIDE_CLIENT, 0, "\x0e");
                        put_ok(1, 2);
                }
                PUT(SIDE_CLIENT, 0, "\x0e");
                begin_packet(SIDE_CLIENT, 0);
                writer_uint(&s.w, EXECUTE, 1);
                writer_uint(&s.w, i, 4);
                writer_bytes(&s.w, "\0\1\0\0\0", 5);
                end_packet();
                put_ok(1, 2);
                put_ok(1, 2);
        }
}

static void begin_empty(size_t bytes)
{
        enum { EACH = HEAD + HEAD + 7 };
        session_begin(bytes, 0);
        for (size_t i = 0; i < bytes / EACH; i++) {
                PUT(SIDE_CLIENT, 0, "");
                put_ok(1, 2);
        }
}

static void begin_single_bytes(size_t bytes)
{
        session_begin(bytes, 0);
        s.read_bytes = 1;
        begin_packet(SIDE_CLIENT, 0);
        writer_uint(&s.w, QUERY, 1);
        for (size_t i = 0; i < bytes; i++) {
                writer_char(&s.w, 'a');
        }
        end_packet();
        put_ok(1, 2);
}

/** With a recorder. */
static void begin_recorded(size_t bytes)
{
        enum { EACH = HEAD + 1 };
        session_record(bytes);
        PUT(SIDE_CLIENT, 0,
            "\x03"
            "a");
        PUT(SIDE_SERVER, 1, "\1");
        PUT(SIDE_SERVER, 2, "\3def\0\0\0\1a\0\x0c\x3f\0\1\0\0\0\xfd\0\0\0\0\0");
        PUT(SIDE_SERVER, 3, "\xfe\0\0\2\0");
        for (size_t i = 0; i < bytes / EACH; i++) {
                PUT(SIDE_SERVER, (uint8_t)(i + 4), "\0");
        }
}

/* --- results --------------------------------------------------------------------------------------------------------------- */

static void begin_columns(size_t bytes)
{
        enum { EACH = HEAD + 23, ROWS = 4, MOST = 60000 };
        size_t n = bytes / (EACH + ROWS);
        n = n < MOST ? n : MOST;
        session_begin(bytes, 0);
        for (size_t at = 0; at < bytes; at += n * (EACH + ROWS)) {
                uint8_t seq = 1;
                PUT(SIDE_CLIENT, 0,
                    "\x03"
                    "a");
                begin_packet(SIDE_SERVER, seq++);
                writer_uint(&s.w, 0xfc, 1);
                writer_uint(&s.w, n, 2);
                end_packet();
                for (size_t i = 0; i < n; i++) {
                        PUT(SIDE_SERVER, seq++, "\3def\0\0\0\1a\0\x0c\x3f\0\1\0\0\0\xfd\0\0\0\0\0");
                }
                PUT(SIDE_SERVER, seq++, "\xfe\0\0\2\0");
                for (size_t row = 0; row < ROWS; row++) {
                        begin_packet(SIDE_SERVER, seq++);
                        for (size_t i = 0; i < n; i++) {
                                writer_uint(&s.w, 0, 1);
                        }
                        end_packet();
                }
                PUT(SIDE_SERVER, seq, "\xfe\0\0\2\0");
        }
}

static void begin_rows(size_t bytes)
{
        enum { EACH = HEAD + 1 };
        session_begin(bytes, 0);
        PUT(SIDE_CLIENT, 0,
            "\x03"
            "a");
        PUT(SIDE_SERVER, 1, "\1");
        PUT(SIDE_SERVER, 2, "\3def\0\0\0\1a\0\x0c\x3f\0\1\0\0\0\xfd\0\0\0\0\0");
        PUT(SIDE_SERVER, 3, "\xfe\0\0\2\0");
        for (size_t i = 0; i < bytes / EACH; i++) {
                PUT(SIDE_SERVER, (uint8_t)(i + 4), "\0");
        }
        PUT(SIDE_SERVER, (uint8_t)(bytes / EACH + 4), "\xfe\0\0\2\0");
}

/** ";;;;" with a result each. */
static void begin_results(size_t bytes)
{
        enum { EACH = HEAD + 7 + 1 };
        size_t n = bytes / EACH;
        session_begin(bytes, 0);
        begin_packet(SIDE_CLIENT, 0);
        writer_uint(&s.w, QUERY, 1);
        for (size_t i = 0; i < n; i++) {
                writer_char(&s.w, ';');
        }
        end_packet();
        for (size_t i = 0; i < n; i++) {
                put_ok((uint8_t)(i + 1), i + 1 < n ? MORE_RESULTS : 2);
        }
}

/** OKs of many results, each with a variable that changed. */
static void begin_changes_of_results(size_t bytes)
{
        enum { EACH = HEAD + 10 + 6 };
        size_t n = bytes / EACH;
        session_begin(bytes, CAP_SESSION_TRACK);
        PUT(SIDE_CLIENT, 0, "\x03;");
        for (size_t i = 0; i < n; i++) {
                begin_packet(SIDE_SERVER, (uint8_t)(i + 1));
                writer_bytes(&s.w, "\0\0\0", 3);
                writer_uint(&s.w, STATE_CHANGED | (i + 1 < n ? MORE_RESULTS : 2), 2);
                writer_bytes(&s.w, "\0\0\0\6\0\4\1", 7);
                writer_uint(&s.w, 'a' + i % 26, 1);
                writer_bytes(&s.w, "\1b", 2);
                end_packet();
        }
}

/** OKs with as many variables as are told. */
static void begin_changes(size_t bytes)
{
        enum { VARIABLES = 900, EACH = 12 };
        session_begin(bytes, CAP_SESSION_TRACK);
        for (size_t at = 0; at < bytes; at += VARIABLES * EACH) {
                PUT(SIDE_CLIENT, 0,
                    "\x03"
                    "a");
                begin_packet(SIDE_SERVER, 1);
                writer_bytes(&s.w, "\0\0\0\2\x40\0\0\0", 8);
                writer_uint(&s.w, 0xfc, 1);
                writer_uint(&s.w, VARIABLES * EACH, 2);
                for (unsigned i = 0; i < VARIABLES; i++) {
                        writer_bytes(&s.w, "\0\x0a\7", 3);
                        writer_format(&s.w, "xxxx%03u", i);
                        writer_bytes(&s.w, "\1b", 2);
                }
                end_packet();
        }
}

static void begin_errors(size_t bytes)
{
        enum { MESSAGE = 1000 };
        session_begin(bytes, 0);
        for (size_t at = 0; at < bytes; at += MESSAGE + 30) {
                PUT(SIDE_CLIENT, 0,
                    "\x03"
                    "a");
                begin_packet(SIDE_SERVER, 1);
                writer_bytes(&s.w, "\xff\x28\4#42000", 9);
                for (int i = 0; i < MESSAGE / 2; i++) {
                        writer_text(&s.w, "'\"");
                }
                end_packet();
        }
}

/* --- parameters -------------------------------------------------------------------------------------------------------------- */

/** All NULL: eight values a byte. */
static void begin_params(size_t bytes)
{
        session_open(bytes, BRIEF);
        put_prepare(1, UINT16_MAX, span_str("SELECT ?"));
        (void)session_feed();
        for (size_t at = 0; at < bytes; at += UINT16_MAX / 8) {
                begin_packet(SIDE_CLIENT, 0);
                writer_uint(&s.w, EXECUTE, 1);
                writer_uint(&s.w, 1, 4);
                writer_bytes(&s.w, "\0\1\0\0\0", 5);
                for (size_t i = 0; i < (UINT16_MAX + 7) / 8; i++) {
                        writer_uint(&s.w, 0xff, 1);
                }
                writer_uint(&s.w, 0, 1);
                end_packet();
                put_ok(1, 2);
        }
}

/** Executions of a statement of many parameters that bring none. */
static void begin_params_missing(size_t bytes)
{
        enum { EACH = HEAD + 10 + HEAD + 7 };
        session_open(bytes, BRIEF);
        put_prepare(1, UINT16_MAX, span_str("SELECT ?"));
        (void)session_feed();
        for (size_t i = 0; i < bytes / EACH; i++) {
                PUT(SIDE_CLIENT, 0, "\x17\1\0\0\0\0\1\0\0\0");
                put_ok(1, 2);
        }
}

static void begin_bulk_missing(size_t bytes)
{
        enum { EACH = HEAD + 8 + HEAD + 7, PARAMS = 40000 };
        session_open(bytes, BRIEF);
        put_prepare(1, PARAMS, span_str("SELECT ?"));
        (void)session_feed();
        for (size_t i = 0; i < bytes / EACH; i++) {
                PUT(SIDE_CLIENT, 0, "\xfa\1\0\0\0\0\0\1");
                put_ok(1, 2);
        }
}

/** Texts behind the bitmap of as many attributes as it has room for, and nothing of them. */
static void begin_attributes_missing(size_t bytes)
{
        enum { ATTRIBUTES = 131072, EACH = ATTRIBUTES / 8 };
        session_begin(bytes, CAP_QUERY_ATTRIBUTES);
        for (size_t at = 0; at < bytes; at += EACH) {
                begin_packet(SIDE_CLIENT, 0);
                writer_uint(&s.w, QUERY, 1);
                writer_uint(&s.w, 0xfd, 1);
                writer_uint(&s.w, ATTRIBUTES, 3);
                writer_uint(&s.w, 1, 1);
                for (size_t i = 0; i < EACH; i++) {
                        writer_uint(&s.w, 0, 1);
                }
                writer_uint(&s.w, 1, 1);
                end_packet();
                put_ok(1, 2);
        }
}

/** Executions of one byte of a statement that is long, and whose text may change the session. */
static void begin_execute_long(size_t bytes)
{
        enum { TEXT = 4096, EACH = HEAD + 10 + HEAD + 7 };
        static uint8_t text[TEXT];
        for (size_t i = 0; i < TEXT; i++) {
                text[i] = (uint8_t) "SET @a=1,"[i % 9];
        }
        session_open(bytes, BRIEF);
        put_prepare(1, 0, span_of(text, TEXT));
        (void)session_feed();
        for (size_t i = 0; i < bytes / EACH; i++) {
                PUT(SIDE_CLIENT, 0, "\x17\1\0\0\0\0\1\0\0\0");
                put_ok(1, 2);
        }
}

/** The same within a transaction, of one that begins with a long comment. */
static void begin_execute_comment(size_t bytes)
{
        enum { TEXT = 4096, EACH = HEAD + 10 + HEAD + 7, IN_TRANSACTION = 3 };
        static uint8_t text[TEXT];
        memset(text, '*', sizeof text);
        memcpy(text, "/*", 2);
        memcpy(text + TEXT - 8, "*/COMMIT", 8);
        session_open(bytes, BRIEF);
        put_prepare(1, 0, span_of(text, TEXT));
        (void)session_feed();
        for (size_t i = 0; i < bytes / EACH; i++) {
                PUT(SIDE_CLIENT, 0, "\x17\1\0\0\0\0\1\0\0\0");
                put_ok(1, IN_TRANSACTION);
        }
}

/* --- values that are filtered as they arrive --------------------------------------------------------------------------------- */

enum { PIECE = 16 };

/** Rows of a byte each, of a request that comes in small pieces. */
static void begin_bulk_pieces(size_t bytes)
{
        enum { TYPES_FOLLOW = 0x80, ROW = 3 };
        session_open(bytes, BRIEF);
        put_prepare(1, 1, span_str("INSERT"));
        (void)session_feed();
        s.read_bytes = PIECE;
        begin_packet(SIDE_CLIENT, 0);
        writer_uint(&s.w, BULK_EXECUTE, 1);
        writer_uint(&s.w, 1, 4);
        writer_uint(&s.w, TYPES_FOLLOW, 2);
        writer_uint(&s.w, 0xfd, 2);
        for (size_t i = 0; i < bytes / ROW; i++) {
                writer_bytes(&s.w, "\0\1a", ROW);
        }
        end_packet();
        put_ok(1, 2);
}

/** Attributes, each with a type, a name and a value, in the same way. */
static void begin_execute_pieces(size_t bytes)
{
        enum { EACH = 6 };
        size_t n = bytes / EACH;
        session_open(bytes, BRIEF | CAP_QUERY_ATTRIBUTES);
        put_prepare(1, 0, span_str("DO 1"));
        (void)session_feed();
        s.read_bytes = PIECE;
        begin_packet(SIDE_CLIENT, 0);
        writer_bytes(&s.w, "\x17\1\0\0\0\x08\1\0\0\0\xfd", 11); /* the count follows */
        writer_uint(&s.w, n, 3);
        for (size_t i = 0; i < (n + 7) / 8; i++) {
                writer_uint(&s.w, 0, 1);
        }
        writer_uint(&s.w, 1, 1);
        for (size_t i = 0; i < n; i++) {
                writer_bytes(&s.w, "\xfd\0\1a", 4);
        }
        for (size_t i = 0; i < n; i++) {
                writer_bytes(&s.w, "\1b", 2);
        }
        end_packet();
        put_ok(1, 2);
}

/* --- the login ---------------------------------------------------------------------------------------------------------------- */

static void begin_attributes(size_t bytes)
{
        enum { MOST = 60000 };
        size_t n = bytes < MOST ? bytes / 2 : MOST / 2;
        session_open(bytes, CAP_CONNECT_ATTRS);
        writer_uint(&s.w, 0xfc, 1);
        writer_uint(&s.w, 2 * n, 2);
        for (size_t i = 0; i < n; i++) {
                writer_bytes(&s.w, "\0\0", 2);
        }
        end_packet();
        put_ok(2, 2);
}

static size_t run(size_t bytes)
{
        (void)bytes;
        return session_feed();
}

const struct play linear_plays[] = {
    {"long-data", 300, begin_long_data, run, session_end},
    {"long-data-pieces", 165, begin_long_data_pieces, run, session_end},
    {"statements-aimed", 180, begin_statements, run, session_end},
    {"pipeline", 165, begin_pipeline, run, session_end},
    {"empty", 190, begin_empty, run, session_end},
    {"single-bytes", 340, begin_single_bytes, run, session_end},
    {"opaque", 120, begin_opaque, run, session_end},
    {"followed-again", 217, begin_followed_again, run, session_end},
    {"recorded", 120, begin_recorded, run, session_end},
    {"columns", 120, begin_columns, run, session_end},
    {"rows", 120, begin_rows, run, session_end},
    {"results", 120, begin_results, run, session_end},
    {"changes-of-results", 120, begin_changes_of_results, run, session_end},
    {"changes", 120, begin_changes, run, session_end},
    {"errors", 120, begin_errors, run, session_end},
    {"params", 1200, begin_params, run, session_end},
    {"params-missing", 120, begin_params_missing, run, session_end},
    {"bulk-missing", 165, begin_bulk_missing, run, session_end},
    {"attributes-missing", 120, begin_attributes_missing, run, session_end},
    {"execute-long", 300, begin_execute_long, run, session_end}, /* a copy of the text for each record */
    {"execute-comment", 300, begin_execute_comment, run, session_end},
    {"attributes", 120, begin_attributes, run, session_end},
    {"bulk-pieces", 300, begin_bulk_pieces, run, session_end},
    {"execute-pieces", 250, begin_execute_pieces, run, session_end},
};
const size_t linear_plays_n = sizeof linear_plays / sizeof linear_plays[0];
