/** @file event_stream.h  Records as server-sent events, as EventSource of a browser reads them.
 *
 *      event: run                    at the beginning: which start of the proxy this is, and which records it still has
 *      id: RUN:12
 *      data: {"run":"RUN","first":1,"last":12}
 *
 *      id: RUN:13                    a record (journal/format/jsonl_item.h)
 *      data: {"id":"RUN:13",…}
 *
 *      event: gap                    records that were overwritten before this reader got them, or before it came back
 *      id: RUN:20
 *      data: {"run":"RUN","from":14,"to":20,"count":7}
 *
 *      :                             after 15 s without a record: the connection is alive, and the filter has rejected all up to here
 *      id: RUN:31
 *
 *      event: end                    the proxy stops; as run
 *
 * A reader that comes back sends the ID that it read last, in the header Last-Event-ID or the parameter last_event_id, and the stream
 * continues behind it. If that is of another run, a gap without "to" and "count" stands for what it missed of that one.
 * Threads: main.   Memory: STAGE_ADMIN, the buffer. */
#ifndef ADMIN_EVENT_STREAM_H
#define ADMIN_EVENT_STREAM_H

#include "admin/record_reader.h"

struct event_stream {
        const char *run;
        size_t cut;    /**< bytes of each text */
        uint64_t from; /**< number of the first record that was not passed yet */
        char other_run
            [ADMIN_RUN_SIZE]; /**< the run of the ID that the reader sent, if it is not this one; else "" */
        uint64_t other_from;  /**< what it misses first of that one */
};

/** Does the client want events, and is the format one that they can have? */
bool event_stream_is_wanted(const struct call *call);
/** Read the parameters. *@p cursor is the number of the record before the first one to send if the reader does not say where it was.
 *  @return false if a parameter is wrong: then @p call was answered. */
bool event_stream_init(struct event_stream *e, struct call *call, uint64_t *cursor);
/** Format the beginning of the stream. @return false if out of memory. */
bool event_stream_begin(const struct event_stream *e, struct journal *journal, uint64_t cursor,
                        struct record_buffer *buffer, struct span *text);
/** Format the next event; *@p text is empty if the filter rejects the record. @return false if there is no record. */
bool event_stream_next(struct event_stream *e, struct journal *journal, uint64_t *cursor,
                       struct filter *filter, struct record_buffer *buffer, struct span *text);
/** Format the end of the stream, because the proxy stops. @return false if out of memory. */
bool event_stream_end(const struct event_stream *e, struct journal *journal, struct record_buffer *buffer,
                      struct span *text);
/** Format the sign of life, behind a gap for what could not be passed. @return false if out of memory. */
bool event_stream_beat(struct event_stream *e, uint64_t cursor, struct record_buffer *buffer,
                       struct span *text);

#endif
