/** @file tap_fields.h  Recorded packets with the names of their fields.
 *
 *      2026-01-02T03:04:05.678901Z  #7 client > server  seq 0  len 19  COM_QUERY
 *        000000  03                       command               COM_QUERY
 *        000001  53 45 4c 45 43 54 20 27  statement             SELECT 'seen'
 *        000009  73 65 65 6e 27                                 seen'
 *
 * As a table, a field is one line, with its offset and its length:
 *
 *               0       1  command                     COM_QUERY
 *               1      13  statement                   SELECT 'seen'
 *
 * In the plain form, titles are comments, and a line with O (from the client) or I and the time comes before the bytes: text2pcap -a reads
 * it, with -D the directions, and with -t '%Y-%m-%dT%H:%M:%S.%fZ' the times.
 *
 *      # 2026-01-02T03:04:05.678901Z  #7 client > server  seq 0  len 9  COM_QUERY
 *      O 2026-01-02T03:04:05.678901Z
 *        000000  03 53 45 4c 45 43 54 20  31                       .SELECT 1
 *
 * Below the title no line has more than 80 columns. The text is always ASCII. Of a session with much data only the last packets are
 * shown, so that the thread that serves it is not busy for long.
 * Threads: the worker of the session; any if it is given no dissector.   Memory: STAGE_CAPTURE for the text. */
#ifndef TAP_TAP_FIELDS_H
#define TAP_TAP_FIELDS_H

#include "capture/capture_copy.h"
#include "tap/tap.h"

#include <stdio.h>

struct tap_fields {
        enum tap_dump form; /**< not TAP_DUMP_HEX */
        uint64_t conn_id;
        const struct dissect *live; /**< the session's dissector; NULL: it has ended */
        const char *intro;          /**< a line that comes first; may be empty */
        bool is_whole;              /**< show all packets, however long that takes */
};

/** Write the packets in @p packets (NULL: there is no recorder) to @p out. @return false when memory is out; then nothing is written. */
bool tap_fields_write(const struct capture_copy *packets, const struct tap_fields *fields, FILE *out);

/** The same as a text.
 *  @return what the caller frees with prof_free, *@p len bytes; NULL when memory is out. */
char *tap_fields_dump(const struct capture_copy *packets, const struct tap_fields *fields, size_t *len);

#endif
