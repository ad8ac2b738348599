#include "admin/event_stream.h"

#include "base/diag.h"
#include "journal/format/jsonl_item.h"

#include <event2/http.h>
#include <inttypes.h>
#include <string.h>

bool event_stream_is_wanted(const struct call *call)
{
        const char *accept = evhttp_find_header(evhttp_request_get_input_headers(call->request), "Accept");
        const char *format = call_param(call, "format");
        return accept != NULL && strstr(accept, "text/event-stream") != NULL &&
               (format == NULL || strcmp(format, "json") == 0);
}

/* --- where it begins ------------------------------------------------------------------------------------------------ */

/** The ID that the reader read last; NULL if this is its first request. The header is newer than the address of the request. */
static const char *last_id(const struct call *call)
{
        const char *header =
            evhttp_find_header(evhttp_request_get_input_headers(call->request), "Last-Event-ID");
        return header != NULL && *header != '\0' ? header : call_param(call, "last_event_id");
}

/** Continue behind the record with @p id. @return false if it is no ID. */
static bool resume(struct event_stream *e, struct journal *journal, const char *id, uint64_t *cursor)
{
        char run[ADMIN_RUN_SIZE];
        uint64_t number;
        if (!record_reader_id(id, run, &number)) {
                return false;
        }
        uint64_t last = journal_recent_last(journal);
        *cursor = number < last ? number : last;
        if (strcmp(run, e->run) != 0) {
                memcpy(e->other_run, run, sizeof run);
                e->other_from = number + 1;
                *cursor = 0;
        }
        e->from = *cursor + 1;
        return true;
}

bool event_stream_init(struct event_stream *e, struct call *call, uint64_t *cursor)
{
        uint64_t cut;
        const char *id = last_id(call);
        struct journal *journal = call->admin->journal;
        uint64_t first = journal_recent_first(journal);
        *e = (struct event_stream){.run = call->admin->run};
        if (!record_reader_cut(call, &cut)) {
                return false;
        }
        e->cut = cut > 0 ? (size_t)cut
                         : RECORD_READER_CUT_MAX; /* what a reader can make the proxy keep has a bound */
        if (*cursor + 1 < first) {
                *cursor = first - 1;
        }
        e->from = *cursor + 1;
        if (id != NULL && !resume(e, journal, id, cursor)) {
                call_fail(call, HTTP_BADREQUEST,
                          "Last-Event-ID and last_event_id must be RUN:NUMBER, the id of an event");
                return false;
        }
        return true;
}

/* --- events --------------------------------------------------------------------------------------------------------- */

static void put_id(struct writer *w, const char *run, uint64_t number)
{
        writer_text(w, "id: ");
        writer_text(w, run);
        writer_char(w, ':');
        writer_decimal(w, number);
        writer_char(w, '\n');
}

static void put_gap(struct writer *w, const char *run, uint64_t from, uint64_t to)
{
        writer_text(w, "event: gap\ndata: ");
        jsonl_item_gap(w, run, from, to);
        writer_char(w, '\n');
}

/** Put a gap for the records up to @p to that were not passed, if there are any. */
static void put_missing(struct writer *w, const struct event_stream *e, uint64_t to)
{
        if (e->from <= to) {
                put_id(w, e->run, to);
                put_gap(w, e->run, e->from, to);
        }
}

/** What put_event is called with. */
struct event_place {
        struct event_stream *e;
        struct filter *filter;
        struct record_buffer *buffer;
        struct span text;
};

/** Put the gap before what was found, if there is one, and the record. */
static void put_found(struct writer *w, const struct event_place *place, const struct recent_item *found,
                      bool passes)
{
        const struct event_stream *e = place->e;
        put_missing(w, e, found->record != NULL ? found->number - 1 : found->number);
        if (passes) {
                struct jsonl_item_head head;
                jsonl_item_head_set(&head, e->run, found->number);
                (void)jsonl_item_event(w, found->record, &head, e->cut);
        }
}

static void put_event(void *arg, const struct recent_item *found)
{
        struct event_place *place = arg;
        bool passes = found->record != NULL && filter_pass(place->filter, found->record);
        for (;;) {
                struct writer w = writer_over(place->buffer->data, place->buffer->size);
                put_found(&w, place, found, passes);
                if (!w.failed) {
                        place->text = writer_span(&w);
                        place->e->from = found->number + 1;
                        return;
                }
                if (!record_buffer_grow(place->buffer)) {
                        diag(DIAG_WARNING,
                             "record %" PRIu64 " was not sent to a reader of events: out of memory",
                             found->number);
                        return; /* the next event says that it is missing */
                }
        }
}

bool event_stream_next(struct event_stream *e, struct journal *journal, uint64_t *cursor,
                       struct filter *filter, struct record_buffer *buffer, struct span *text)
{
        struct event_place place = {e, filter, buffer, {NULL, 0}};
        *text = place.text;
        if (buffer->size == 0 && !record_buffer_grow(buffer)) {
                return false;
        }
        bool found = journal_visit(journal, cursor, put_event, &place);
        *text = place.text;
        return found;
}

/** Initialise @p w over @p buffer. @return false if out of memory. */
static bool begin(struct writer *w, struct record_buffer *buffer)
{
        if (buffer->size == 0 && !record_buffer_grow(buffer)) {
                return false;
        }
        *w = writer_over(buffer->data, buffer->size);
        return true;
}

/** Put an event about the records that there are. */
static void put_run(struct writer *w, const struct event_stream *e, const char *name, struct journal *journal,
                    uint64_t cursor)
{
        writer_text(w, "event: ");
        writer_text(w, name);
        writer_char(w, '\n');
        put_id(w, e->run, cursor);
        writer_text(w, "data: ");
        jsonl_item_run(w, e->run, journal_recent_first(journal), journal_recent_last(journal));
        writer_char(w, '\n');
}

bool event_stream_begin(const struct event_stream *e, struct journal *journal, uint64_t cursor,
                        struct record_buffer *buffer, struct span *text)
{
        struct writer w;
        if (!begin(&w, buffer)) {
                return false;
        }
        writer_text(&w, "retry: 1000\n");
        if (e->other_run[0] != '\0') {
                put_gap(&w, e->other_run, e->other_from, 0);
        }
        put_run(&w, e, "run", journal, cursor);
        *text = writer_span(&w);
        return true;
}

bool event_stream_end(const struct event_stream *e, struct journal *journal, struct record_buffer *buffer,
                      struct span *text)
{
        struct writer w;
        uint64_t last = journal_recent_last(journal);
        if (!begin(&w, buffer)) {
                return false;
        }
        put_missing(&w, e, last);
        put_run(&w, e, "end", journal, last);
        *text = writer_span(&w);
        return true;
}

bool event_stream_beat(struct event_stream *e, uint64_t cursor, struct record_buffer *buffer,
                       struct span *text)
{
        struct writer w;
        if (!begin(&w, buffer)) {
                return false;
        }
        put_missing(&w, e, cursor); /* before the reader has an ID behind it */
        e->from = cursor + 1;
        writer_text(&w, ":\n");
        put_id(&w, e->run, cursor);
        writer_char(&w, '\n');
        *text = writer_span(&w);
        return true;
}
