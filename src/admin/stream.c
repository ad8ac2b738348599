/* The stream of new records: text, JSON lines and the like, or server-sent events. Nothing is sent to a client that does not read; if records
 * are overwritten meanwhile, it gets a gap instead of them. */
#include "admin/handlers.h"

#include "admin/admin_listener.h"
#include "admin/call.h"
#include "admin/event_stream.h"
#include "admin/record_reader.h"
#include "base/clock.h"
#include "journal/feed.h"
#include "journal/format/jsonl_item.h"
#include "profile/heap/prof.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

enum {
        STREAMS_MAX = 16,
        TURN_US = 50000,
        BUSY_TURNS =
            6, /* from one sending to the next, while records keep coming: sending costs more than what is sent */
        LAST_MS = 200,   /* for the last records of all streams, when the proxy stops */
        PATIENCE_S = 60, /* for a client that does not read its stream */
        BEAT_S = 15,     /* without a record: then a reader of events gets a sign of life */
        BEAT_TURNS = BEAT_S * (1000000 / TURN_US),
        BACKLOG_MAX_BYTES = 256 * 1024,
};

struct stream {
        struct stream *next;
        struct stream **link_here;
        struct admin_context *admin;
        struct evhttp_request *request;
        struct event *timer;
        uint64_t cursor;
        struct filter *filter;
        enum format format;
        bool has_events; /* server-sent events, by `events`; else lines in `format` */
        struct event_stream events;
        bool is_follower;        /* its events are those of the feed, which are formatted once for all */
        struct feed_place place; /* in the feed, which it follows once it has all recent records */
        uint64_t due;            /* number of the last record that the feed had a turn ago */
        unsigned silent;         /* turns since something was sent */
        bool is_behind;          /* it was not sent everything, as too much was unsent */
};

static void discard(struct stream *s)
{
        *s->link_here = s->next;
        if (s->next != NULL) {
                s->next->link_here = s->link_here;
        }
        s->admin->n_streams--;
        if (s->is_follower && --s->admin->n_followers == 0) {
                (void)feed_want(journal_feed(s->admin->journal), s->admin->run, false);
        }
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

/* --- sending -------------------------------------------------------------------------------------------------------- */

/** Send one text, outside of send_new. @return false if out of memory. */
static bool send_text(struct stream *s, struct span text)
{
        struct evbuffer *chunk = evbuffer_new();
        bool is_added = chunk != NULL && evbuffer_add(chunk, text.data, text.len) == 0;
        if (is_added) {
                evhttp_send_reply_chunk(s->request, chunk);
        }
        if (chunk != NULL) {
                evbuffer_free(chunk);
        }
        return is_added;
}

static bool next(struct stream *s, struct record_buffer *buffer, struct span *text)
{
        struct journal *journal = s->admin->journal;
        return s->has_events ? event_stream_next(&s->events, journal, &s->cursor, s->filter, buffer, text)
                             : record_reader_next(journal, &s->cursor, s->filter, s->format, buffer, text);
}

static void on_sent(const void *bytes, size_t len, void *block)
{
        (void)bytes;
        (void)len;
        feed_give_back(block);
}

/** Send what is new in the feed. @return false if the stream does not follow it, or has lost it. */
static bool send_feed(struct stream *s, struct evbuffer *chunk, size_t unsent)
{
        struct feed_piece piece;
        struct feed *feed = journal_feed(s->admin->journal);
        while (s->place.block != 0 && unsent < BACKLOG_MAX_BYTES && feed_take(feed, &s->place, &piece)) {
                if (evbuffer_add_reference(chunk, piece.bytes.data, piece.bytes.len, on_sent, piece.block) !=
                    0) {
                        feed_give_back(piece.block);
                        s->place.block = 0; /* out of memory: tried again, from the recent records */
                        break;
                }
                s->cursor = piece.last;
                s->events.from = piece.last + 1;
                unsent += piece.bytes.len;
        }
        if (unsent < BACKLOG_MAX_BYTES && s->cursor < s->due) {
                s->place.block =
                    0; /* records are missing in the feed: it would not be behind for a whole turn */
        }
        s->due = journal_recent_last(s->admin->journal);
        return s->place.block != 0;
}

static void send_recent(struct stream *s, struct evbuffer *chunk, size_t unsent)
{
        struct record_buffer buffer = {NULL, 0};
        struct span text;
        for (;;) {
                uint64_t cursor = s->cursor;
                uint64_t from = s->events.from;
                if (unsent >= BACKLOG_MAX_BYTES || !next(s, &buffer, &text)) {
                        break;
                }
                if (evbuffer_add(chunk, text.data, text.len) != 0) {
                        s->cursor = cursor; /* out of memory: tried again in the next turn */
                        s->events.from = from;
                        break;
                }
                unsent += text.len;
        }
        record_buffer_free(&buffer);
        if (s->is_follower && s->events.from == s->cursor + 1) { /* else a gap is to be sent first */
                (void)feed_join(journal_feed(s->admin->journal), s->cursor, &s->place);
        }
}

static void send_new(struct stream *s)
{
        size_t unsent = evbuffer_get_length(bufferevent_get_output(pipe_of(s)));
        struct evbuffer *chunk = unsent < BACKLOG_MAX_BYTES ? evbuffer_new() : NULL;
        if (chunk == NULL) {
                return; /* tried again in the next turn; records that are overwritten meanwhile become a gap */
        }
        if (!send_feed(s, chunk, unsent)) {
                send_recent(s, chunk, unsent + evbuffer_get_length(chunk));
        }
        s->is_behind = unsent + evbuffer_get_length(chunk) >= BACKLOG_MAX_BYTES;
        if (evbuffer_get_length(chunk) > 0) {
                evhttp_send_reply_chunk(s->request, chunk);
                s->silent = 0;
        }
        evbuffer_free(chunk);
}

/** Send a sign of life, unless the client has not read what it got before. */
static void send_beat(struct stream *s)
{
        struct record_buffer buffer = {NULL, 0};
        struct span text;
        uint64_t from = s->events.from;
        if (evbuffer_get_length(bufferevent_get_output(pipe_of(s))) == 0 &&
            event_stream_beat(&s->events, s->cursor, &buffer, &text) && !send_text(s, text)) {
                s->events.from = from;
        }
        record_buffer_free(&buffer);
        s->silent = 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct stream *s = arg;
        (void)fd;
        (void)what;
        s->silent++;
        if ((s->silent >= BUSY_TURNS || s->is_behind) && s->cursor < journal_recent_last(s->admin->journal)) {
                send_new(s);
        }
        if (s->has_events && s->silent >= BEAT_TURNS) {
                send_beat(s);
        }
}

/* --- the beginning ---------------------------------------------------------------------------------------------------- */

/** What a request for a stream asks for. */
struct wanted {
        enum format format;
        uint64_t cursor;
        bool has_events;
        struct event_stream events;
        struct filter *filter; /* NULL: every record passes */
};

/** @return false if a parameter is wrong: then the call was answered. */
static bool read_wanted(struct call *call, struct wanted *w)
{
        uint64_t n;
        uint64_t cut;
        const struct log_mark *mark;
        if (!record_reader_is_kept(call) || !record_reader_mark(call, &mark) ||
            !call_number(call, "n", RECORD_READER_MAX, mark != NULL ? RECORD_READER_MAX : 0, &n) ||
            !record_reader_format(call, &w->format) || !record_reader_cut(call, &cut)) {
                return false;
        }
        uint64_t last = journal_recent_last(call->admin->journal);
        w->cursor = last > n ? last - n : 0;
        if (mark != NULL && mark->record > w->cursor) {
                w->cursor = mark->record;
        }
        w->has_events = event_stream_is_wanted(call);
        w->events = (struct event_stream){0};
        if (w->has_events && !event_stream_init(&w->events, call, &w->cursor)) {
                return false;
        }
        if (!w->has_events &&
            (call_param(call, "last_event_id") != NULL || call_param(call, "cut") != NULL)) {
                call_fail(call, HTTP_BADREQUEST,
                          "last_event_id and cut are for server-sent events (Accept: text/event-stream)");
                return false;
        }
        return record_reader_filter(call, mark, &w->filter);
}

/** @return NULL if out of memory. */
static struct stream *new_stream(struct admin_context *a, const struct wanted *w)
{
        static const struct timeval turn = {0, TURN_US};
        struct stream *s = prof_calloc(STAGE_ADMIN, 1, sizeof *s);
        if (s == NULL) {
                return NULL;
        }
        s->admin = a;
        s->format = w->format;
        s->cursor = w->cursor;
        s->has_events = w->has_events;
        s->events = w->events;
        s->next = a->streams;
        s->link_here = &a->streams;
        if (s->next != NULL) {
                s->next->link_here = &s->next;
        }
        a->streams = s;
        a->n_streams++;
        s->is_follower = w->has_events && w->filter == NULL && w->events.cut == JSONL_ITEM_TEXT &&
                         feed_want(journal_feed(a->journal), a->run, true) == STATUS_OK;
        a->n_followers += s->is_follower ? 1 : 0;
        s->timer = event_new(a->base, -1, EV_PERSIST, on_timer, s);
        if (s->timer == NULL || event_add(s->timer, &turn) != 0) {
                discard(s);
                return NULL;
        }
        return s;
}

/** Send the head of the reply, and of events the beginning. */
static void start(struct stream *s)
{
        struct record_buffer buffer = {NULL, 0};
        struct span text;
        evhttp_send_reply_start(s->request, HTTP_OK, "OK");
        if (s->has_events && event_stream_begin(&s->events, s->admin->journal, s->cursor, &buffer, &text)) {
                (void)send_text(s, text);
        }
        record_buffer_free(&buffer);
}

void handle_stream(struct call *call)
{
        static const struct timeval patience = {PATIENCE_S, 0};
        struct admin_context *a = call->admin;
        struct wanted w;
        if (!read_wanted(call, &w)) {
                return;
        }
        const char *type = w.has_events ? "text/event-stream" : record_reader_type(w.format);
        struct stream *s = NULL;
        if (evhttp_request_get_command(call->request) == EVHTTP_REQ_HEAD) {
                filter_free(w.filter);
                call_reply(call, HTTP_OK, type); /* only the headers */
                return;
        }
        if (a->n_streams >= STREAMS_MAX) {
                filter_free(w.filter);
                call_fail(call, HTTP_SERVUNAVAIL, "there are already %u record streams, the maximum",
                          a->n_streams);
                return;
        }
        s = new_stream(a, &w);
        if (s == NULL) {
                filter_free(w.filter);
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        s->filter = w.filter;
        call_headers(call, HTTP_OK, type);
        s->request = call_take(call);
        evhttp_connection_set_closecb(evhttp_request_get_connection(s->request), on_gone, s);
        /* the client may be silent, but it has to read the stream */
        bufferevent_set_timeouts(pipe_of(s), NULL, &patience);
        (void)bufferevent_set_max_single_write(pipe_of(s),
                                               BACKLOG_MAX_BYTES); /* one call for all of a turn */
        a->streams_served++;
        start(s);
}

/* --- the end -------------------------------------------------------------------------------------------------------- */

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

/** Tell the reader how many records it misses, and, if it reads events, that this is the end. */
static void send_end(struct stream *s)
{
        char room[RECORD_READER_GAP_SIZE];
        struct record_buffer buffer = {NULL, 0};
        uint64_t last = journal_recent_last(s->admin->journal);
        struct span text = {NULL, 0};
        if (s->has_events) {
                (void)event_stream_end(&s->events, s->admin->journal, &buffer, &text);
        } else if (s->cursor < last) {
                text = record_reader_gap(room, s->format, "the proxy has stopped", last - s->cursor);
        }
        if (text.len > 0) {
                (void)send_text(s, text);
        }
        record_buffer_free(&buffer);
}

void records_end_streams(struct admin_context *a)
{
        catch_up(a, LAST_MS);
        while (a->streams != NULL) {
                struct stream *s = a->streams;
                send_end(s);
                evhttp_connection_set_closecb(evhttp_request_get_connection(s->request), NULL, NULL);
                evhttp_send_reply_end(s->request);
                discard(s);
        }
}
