/* Recent records, and a stream of new ones. Nothing is sent to a client that does not read; if records are overwritten meanwhile, it gets
 * a gap record instead of them. */
#include "admin/handlers.h"

#include "admin/admin_listener.h"
#include "admin/call.h"
#include "base/clock.h"
#include "base/diag.h"
#include "mysql/record/gap.h"
#include "profile/heap/prof.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <inttypes.h>
#include <string.h>

enum {
        RECORDS_MAX = 1000000, /* in one request */
        RECORDS_DEFAULT = 100,
        STREAMS_MAX = 16,
        TURN_US = 50000,
        LAST_MS = 200,   /* for the last records of all streams, when the proxy stops */
        PATIENCE_S = 60, /* for a client that does not read its stream */
        BACKLOG_MAX_BYTES = 256 * 1024,
        REPLY_MAX_BYTES = 64 * 1024 * 1024,
        BUFFER_MIN_BYTES = 16 * 1024,
        BUFFER_MAX_BYTES = 512 * 1024 * 1024, /* for one record */
};

/** Memory for a formatted record. It grows to the size of the largest one. */
struct buffer {
        uint8_t *data;
        size_t size;
};

static bool grow(struct buffer *buffer)
{
        size_t size = buffer->size > 0 ? 2 * buffer->size : BUFFER_MIN_BYTES;
        uint8_t *data = size <= BUFFER_MAX_BYTES ? prof_realloc(STAGE_ADMIN, buffer->data, size) : NULL;
        if (data == NULL) {
                return false;
        }
        buffer->data = data;
        buffer->size = size;
        return true;
}

/** Format the record after *@p cursor, or a gap record, into @p buffer; *@p text is the result. @return false if there is none. A record
 *  for which there is not enough memory is skipped: *@p text is empty then. */
static bool next(struct journal *journal, uint64_t *cursor, struct filter *filter, enum format format,
                 struct buffer *buffer, struct span *text)
{
        *text = (struct span){NULL, 0};
        if (buffer->size == 0 && !grow(buffer)) {
                return false;
        }
        for (;;) {
                uint64_t at = *cursor;
                struct writer w = writer_over(buffer->data, buffer->size);
                if (!journal_recent(journal, &at, filter, format, &w)) {
                        return false;
                }
                if (!w.failed) {
                        *cursor = at;
                        *text = writer_span(&w);
                        return true;
                }
                if (!grow(buffer)) {
                        diag(DIAG_WARNING, "record %" PRIu64 " is too large to be shown on the admin port",
                             at);
                        *cursor = at;
                        return true;
                }
        }
}

static bool is_set(const struct call *call, const char *name)
{
        const char *value = call_param(call, name);
        return value != NULL && strcmp(value, "1") == 0;
}

/** Whether recent records are kept. If not, @p call was answered. */
static bool is_kept(struct call *call)
{
        bool kept = call->admin->settings->log.recent_bytes > 0;
        if (!kept) {
                call_fail(call, HTTP_NOTFOUND, "recent records are disabled: log.recent_bytes is 0");
        }
        return kept;
}

/** The format that the query names. @return false if there is no such format: then @p call was answered. */
static bool format_of(struct call *call, enum format *out)
{
        const char *name = call_param(call, "format");
        *out = name != NULL ? format_named(name) : FORMAT_TEXT;
        if (*out == FORMAT_COUNT) {
                call_fail(call, HTTP_BADREQUEST, "format must be text, json, ltsv or slow");
                return false;
        }
        if (*out == FORMAT_TEXT) {
                *out =
                    format_on(is_set(call, "verbose") ? FORMAT_VERBOSE : FORMAT_TEXT, is_set(call, "color"));
        }
        return true;
}

static const char *type_of(enum format format)
{
        return format == FORMAT_JSON ? "application/x-ndjson" : "text/plain; charset=utf-8";
}

/** The filter that the query describes. @return false if it is wrong: then @p call was answered. */
static bool filter_of(struct call *call, struct filter **out)
{
        char error[FILTER_ERROR_MAX];
        struct filter_spec spec;
        for (enum filter_key key = 0; key < FILTER_KEYS; key++) {
                spec.text[key] = call_param(call, filter_keys[key]);
        }
        enum status status = filter_new(&spec, out, error);
        if (status != STATUS_OK) {
                call_fail(call, status == STATUS_INVALID ? HTTP_BADREQUEST : HTTP_SERVUNAVAIL, "%s", error);
        }
        return status == STATUS_OK;
}

/** How many of the records up to @p last that pass the filter come before the last @p n of them. */
static uint64_t count_to_skip(struct journal *journal, struct filter *filter, struct buffer *buffer,
                              uint64_t last, uint64_t n)
{
        uint64_t cursor = 0;
        uint64_t found = 0;
        struct span text;
        while (cursor < last && next(journal, &cursor, filter, FORMAT_TEXT, buffer, &text)) {
                found += text.len > 0 ? 1 : 0;
        }
        return found > n ? found - n : 0;
}

/** Add a gap record for the records that are not shown. @p why is static. */
static void put_rest(struct call *call, enum format format, const char *why, uint64_t dropped)
{
        char text[1024];
        struct writer w = writer_over(text, sizeof text);
        struct record gap = gap_record(dropped, why);
        format_record(&w, format, &gap);
        (void)fwrite(text, 1, w.at, call->out);
}

void handle_records(struct call *call)
{
        struct journal *journal = call->admin->journal;
        struct buffer buffer = {NULL, 0};
        struct span text;
        enum format format;
        uint64_t n;
        if (!is_kept(call) || !call_number(call, "n", RECORDS_MAX, RECORDS_DEFAULT, &n) ||
            !format_of(call, &format)) {
                return;
        }
        struct filter *filter;
        if (!filter_of(call, &filter)) {
                return;
        }
        uint64_t last = journal_recent_last(journal);
        uint64_t cursor = filter == NULL && last > n ? last - n : 0;
        uint64_t skip = filter != NULL ? count_to_skip(journal, filter, &buffer, last, n) : 0;
        size_t sent = 0;
        while (cursor < last && sent < REPLY_MAX_BYTES &&
               next(journal, &cursor, filter, format, &buffer, &text)) {
                if (text.len > 0 && skip > 0) {
                        skip--;
                        continue;
                }
                (void)fwrite(text.data, 1, text.len, call->out);
                sent += text.len;
        }
        filter_free(filter);
        if (cursor < last) {
                put_rest(call, format,
                         sent < REPLY_MAX_BYTES ? "out of memory" : "one reply has at most 64 MiB",
                         last - cursor);
        }
        prof_free(buffer.data);
        call_reply(call, HTTP_OK, type_of(format));
}

/* --- the stream ------------------------------------------------------------------------------------------------------- */

struct stream {
        struct stream *next;
        struct stream **link_here;
        struct admin_context *admin;
        struct evhttp_request *request;
        struct event *timer;
        uint64_t cursor;
        struct filter *filter;
        enum format format;
};

static void discard(struct stream *s)
{
        *s->link_here = s->next;
        if (s->next != NULL) {
                s->next->link_here = s->link_here;
        }
        s->admin->n_streams--;
        if (s->timer != NULL) {
                event_free(s->timer);
        }
        filter_free(s->filter);
        prof_free(s);
}

static void on_gone(struct evhttp_connection *connection, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct stream *s = arg;
        (void)connection;
        call_let_go(s->request);
        discard(s);
}

static struct bufferevent *pipe_of(const struct stream *s)
{
        return evhttp_connection_get_bufferevent(evhttp_request_get_connection(s->request));
}

static void send_new(struct stream *s)
{
        struct buffer buffer = {NULL, 0};
        struct span text;
        size_t unsent = evbuffer_get_length(bufferevent_get_output(pipe_of(s)));
        struct evbuffer *chunk = unsent < BACKLOG_MAX_BYTES ? evbuffer_new() : NULL;
        if (chunk == NULL) {
                return; /* tried again by the next timer; records that are overwritten meanwhile become a gap record */
        }
        while (unsent < BACKLOG_MAX_BYTES &&
               next(s->admin->journal, &s->cursor, s->filter, s->format, &buffer, &text)) {
                if (evbuffer_add(chunk, text.data, text.len) != 0) {
                        diag(DIAG_WARNING, "record %" PRIu64 " was not sent to a follower: out of memory",
                             s->cursor);
                        break;
                }
                unsent += text.len;
        }
        if (evbuffer_get_length(chunk) > 0) {
                evhttp_send_reply_chunk(s->request, chunk);
        }
        evbuffer_free(chunk);
        prof_free(buffer.data);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct stream *s = arg;
        (void)fd;
        (void)what;
        if (s->cursor < journal_recent_last(s->admin->journal)) {
                send_new(s);
        }
}

static struct stream *new_stream(struct call *call, uint64_t n, enum format format)
{
        static const struct timeval turn = {0, TURN_US};
        struct admin_context *a = call->admin;
        struct stream *s = prof_calloc(STAGE_ADMIN, 1, sizeof *s);
        if (s == NULL) {
                return NULL;
        }
        uint64_t last = journal_recent_last(a->journal);
        s->admin = a;
        s->format = format;
        s->cursor = last > n ? last - n : 0;
        s->next = a->streams;
        s->link_here = &a->streams;
        if (s->next != NULL) {
                s->next->link_here = &s->next;
        }
        a->streams = s;
        a->n_streams++;
        s->timer = event_new(a->base, -1, EV_PERSIST, on_timer, s);
        if (s->timer == NULL || event_add(s->timer, &turn) != 0) {
                discard(s);
                return NULL;
        }
        return s;
}

void handle_stream(struct call *call)
{
        static const struct timeval patience = {PATIENCE_S, 0};
        struct admin_context *a = call->admin;
        enum format format;
        uint64_t n;
        if (!is_kept(call) || !call_number(call, "n", RECORDS_MAX, 0, &n) || !format_of(call, &format)) {
                return;
        }
        if (a->n_streams >= STREAMS_MAX) {
                call_fail(call, HTTP_SERVUNAVAIL, "there are already %u record streams, the maximum",
                          a->n_streams);
                return;
        }
        struct filter *filter;
        if (!filter_of(call, &filter)) {
                return;
        }
        struct stream *s = new_stream(call, n, format);
        if (s == NULL) {
                filter_free(filter);
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        s->filter = filter;
        call_headers(call, HTTP_OK, type_of(format));
        s->request = call_take(call);
        evhttp_connection_set_closecb(evhttp_request_get_connection(s->request), on_gone, s);
        /* the client may be silent, but it has to read the stream */
        bufferevent_set_timeouts(pipe_of(s), NULL, &patience);
        a->streams_served++;
        evhttp_send_reply_start(s->request, HTTP_OK, "OK");
}

/** Send the streams what is new, for at most @p ms. */
static void catch_up(struct admin_context *a, unsigned ms)
{
        uint64_t until_ns = clock_mono_ns() + ms * CLOCK_MS_NS;
        uint64_t last = journal_recent_last(a->journal);
        bool is_behind = true;
        while (is_behind && clock_mono_ns() < until_ns) {
                is_behind = false;
                for (struct stream *s = a->streams; s != NULL; s = s->next) {
                        if (s->cursor < last) {
                                send_new(s);
                                is_behind = is_behind || s->cursor < last;
                        }
                }
                (void)admin_listener_drain(a->listener, TURN_US / 1000);
        }
}

/** Tell the follower how many records it misses. */
static void send_rest(struct stream *s, uint64_t n)
{
        char text[1024];
        struct writer w = writer_over(text, sizeof text);
        struct record gap = gap_record(n, "the proxy has stopped");
        struct evbuffer *chunk = evbuffer_new();
        format_record(&w, s->format, &gap);
        if (chunk != NULL && evbuffer_add(chunk, text, w.at) == 0) {
                evhttp_send_reply_chunk(s->request, chunk);
        }
        if (chunk != NULL) {
                evbuffer_free(chunk);
        }
}

void records_end_streams(struct admin_context *a)
{
        catch_up(a, LAST_MS);
        while (a->streams != NULL) {
                struct stream *s = a->streams;
                uint64_t last = journal_recent_last(a->journal);
                if (s->cursor < last) {
                        send_rest(s, last - s->cursor);
                }
                evhttp_connection_set_closecb(evhttp_request_get_connection(s->request), NULL, NULL);
                evhttp_send_reply_end(s->request);
                discard(s);
        }
}
