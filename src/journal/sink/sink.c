#include "journal/sink/sink.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/files.h"
#include "journal/sink/retention.h"
#include "mysql/record/gap.h"
#include "rules/filter.h"
#include "settings/settings.h"

#include <errno.h>
#include <unistd.h>

enum { QUEUE_BYTES = 1024 * 1024, FLUSH_AT = 256 * 1024, FLUSH_MS = 1000, GAP_BYTES = 1024 };

enum { LOGGED_FAILURE = 1, LOGGED_DROPS = 2, LOGGED_REOPEN = 4, LOGGED_TOO_LONG = 8 };

static const char *name_of(const struct sink *sink)
{
        return destination_name(&sink->destination);
}

/** @return whether @p what was not reported yet; it counts as reported from here on. */
static bool is_news(struct sink *sink, unsigned what)
{
        bool news = (sink->logged & what) == 0;
        sink->logged |= what;
        return news;
}

static void enter(struct sink *sink, enum sink_state state)
{
        static const char *const names[] = {[SINK_CLOSED] = "closed",
                                            [SINK_OPEN] = "open",
                                            [SINK_STUCK] = "stuck",
                                            [SINK_FAILING] = "failing"};
        if (sink->state != state) {
                diag(DIAG_DEBUG, "log to %s: %s -> %s", name_of(sink), names[sink->state], names[state]);
                sink->state = state;
        }
        if (state == SINK_CLOSED) {
                destination_close(&sink->destination);
        }
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

static enum format wanted_format(const struct settings_sink *settings)
{
        static const enum format formats[][2] = {
            [SETTINGS_FORMAT_AUTO] = {FORMAT_AUTO, FORMAT_AUTO_VERBOSE},
            [SETTINGS_FORMAT_TEXT] = {FORMAT_TEXT, FORMAT_VERBOSE},
            [SETTINGS_FORMAT_JSON] = {FORMAT_JSON, FORMAT_JSON},
            [SETTINGS_FORMAT_LTSV] = {FORMAT_LTSV, FORMAT_LTSV},
            [SETTINGS_FORMAT_SLOW] = {FORMAT_SLOW, FORMAT_SLOW},
        };
        return formats[settings->format][settings->verbose ? 1 : 0];
}

_Static_assert((int)SETTINGS_FILTERS == (int)FILTER_KEYS, "a setting for each criterion");

static enum status make_filter(struct sink *sink)
{
        char error[FILTER_ERROR_MAX];
        struct filter_spec spec = {.since_ns = 0};
        for (enum filter_key key = 0; key < FILTER_KEYS; key++) {
                spec.text[key] = sink->settings->filter[key];
        }
        enum status status = filter_new(&spec, &sink->filter, error);
        if (status != STATUS_OK) {
                bool is_expression = sink->settings->filter[FILTER_EXPRESSION][0] != '\0';
                diag(DIAG_ERROR, "%s%s (log %s)", is_expression ? "log.filter: " : "filter.", error,
                     name_of(sink));
        }
        return status;
}

static enum status open_destination(struct sink *sink)
{
        struct destination *d = &sink->destination;
        bool opened = destination_open(d);
        sink->awaited = !opened && errno == EWOULDBLOCK && sink->takes_over;
        if (!opened && !sink->awaited) {
                diag(DIAG_ERROR, "log file %s: %s", name_of(sink), files_why(errno));
                return STATUS_IO;
        }
        if (sink->awaited) {
                diag(DIAG_INFO,
                     "log file %s: another process writes to it; records are buffered until it has ended",
                     name_of(sink));
        }
        enter(sink, opened ? SINK_OPEN : SINK_FAILING);
        sink->format = format_on(wanted_format(sink->settings), isatty(d->fd) != 0);
        d->record_end = sink->format == FORMAT_SLOW ? ";\n" : "\n";
        if (!output_queue_init(&sink->queue, QUEUE_BYTES)) {
                diag(DIAG_ERROR, "log file %s: out of memory", name_of(sink));
                return STATUS_NOMEM;
        }
        return STATUS_OK;
}

/** The file is open, and nobody else writes to it. */
static void begin_file(struct sink *sink)
{
        char newest[ROTATE_STAMP_LEN + 1];
        struct destination *d = &sink->destination;
        destination_begin(d);
        retention_begin(d->retention, sink->settings);
        retention_newest(d->retention, sink->settings, newest);
        rotate_after(&d->rotate, newest);
}

enum status sink_open(struct sink *sink, const struct settings_sink *settings, struct retention *retention)
{
        sink->settings = settings;
        sink->state = SINK_CLOSED;
        destination_init(&sink->destination, settings, &sink->counters, retention);
        enum status status = make_filter(sink);
        if (status == STATUS_OK) {
                status = open_destination(sink);
        }
        if (status != STATUS_OK) {
                sink_close(sink);
                return status;
        }
        if (!sink->awaited) {
                begin_file(sink);
        }
        return STATUS_OK;
}

void sink_close(struct sink *sink)
{
        sink_count(&sink->counters.dropped, output_queue_discard(&sink->queue));
        output_queue_fini(&sink->queue);
        enter(sink, SINK_CLOSED);
        filter_free(sink->filter);
        sink->filter = NULL;
}

/** Try to get the file that another process has written to. @return false with errno. */
static bool take_over(struct sink *sink)
{
        if (!destination_open(&sink->destination)) {
                return false;
        }
        sink->awaited = false;
        begin_file(sink);
        enter(sink, SINK_OPEN);
        diag(DIAG_INFO, "log file %s was taken over", name_of(sink));
        return true;
}

/** @return false with errno if what was open stays so. */
static bool open_again(struct sink *sink)
{
        struct destination *d = &sink->destination;
        if (!destination_open(d)) {
                return false;
        }
        sink->logged &= ~(unsigned)LOGGED_REOPEN;
        output_queue_rewind(&sink->queue); /* what the old file has half of is written whole to the new one */
        destination_begin(d);
        if (sink->state != SINK_FAILING) {
                enter(sink, SINK_OPEN); /* a failure ends with the first write that succeeds */
        }
        diag(DIAG_INFO, "log file %s was reopened", name_of(sink));
        return true;
}

void sink_reopen(struct sink *sink)
{
        struct destination *d = &sink->destination;
        if (!d->ops->reopens || sink->awaited) {
                return;
        }
        (void)sink_flush(sink);
        if (destination_is_at_path(d)) { /* nobody moved it: what is half written is continued there */
                destination_look_at_end(d, &sink->queue);
                diag(DIAG_INFO, "log file %s has not been moved and stays open", name_of(sink));
                return;
        }
        if (!open_again(sink)) {
                sink_count(&sink->counters.errors, 1);
                if (is_news(sink, LOGGED_REOPEN)) {
                        diag(DIAG_ERROR, "log file %s can't be reopened: %s%s", name_of(sink),
                             files_why(errno), d->fd >= 0 ? "; the old file is still used" : "");
                }
        }
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

/** Drop @p n records in the place behind the queue's last one. */
static void miss(struct sink *sink, uint64_t n)
{
        sink->missing += n;
        sink_count(&sink->counters.dropped, n);
}

/** The oldest record is longer than a message can be: a gap message takes its place. @p len bytes of the queue are done then. */
static ssize_t send_gap_instead(struct sink *sink, size_t len)
{
        uint8_t bytes[GAP_BYTES];
        struct writer w = writer_over(bytes, sizeof bytes);
        struct record gap = gap_record(1, "longer than a message may be");
        format_record(&w, sink->format, &gap);
        ssize_t n = w.at > 0 ? destination_write(&sink->destination, writer_span(&w), EVENT_GAP) : 0;
        if (n < 0) {
                return n;
        }
        output_queue_mark_dropped(&sink->queue);
        sink_count(&sink->counters.dropped, 1);
        if (is_news(sink, LOGGED_TOO_LONG)) {
                diag(DIAG_WARNING,
                     "log to %s: records that are longer than a message may be are counted as dropped",
                     name_of(sink));
        }
        return (ssize_t)len;
}

static ssize_t write_some(struct sink *sink, struct span pending)
{
        struct destination *d = &sink->destination;
        enum record_event event;
        struct span oldest = output_queue_oldest(&sink->queue, &event);
        struct span bytes = d->ops->is_message ? oldest : pending;
        ssize_t n = destination_write(d, bytes, event);
        return n < 0 && errno == EMSGSIZE && d->ops->is_message ? send_gap_instead(sink, oldest.len) : n;
}

/** Wait for the reader, but not for long, nor past @p until_ns. @return false if it does not read. */
static bool wait_for_reader(struct sink *sink, uint64_t until_ns)
{
        uint64_t now = clock_mono_ns();
        uint64_t left_ms = now < until_ns ? (until_ns - now + CLOCK_MS_NS - 1) / CLOCK_MS_NS : 0;
        int wait_ms = sink->state == SINK_STUCK ? 0 : left_ms < SINK_STUCK_MS ? (int)left_ms : SINK_STUCK_MS;
        int ready = destination_wait(&sink->destination, wait_ms);
        if (ready == 0 && wait_ms == SINK_STUCK_MS) {
                enter(sink, SINK_STUCK);
        }
        return left_ms > 0 && (ready > 0 || (ready < 0 && errno == EINTR));
}

static void on_progress(struct sink *sink, size_t n)
{
        destination_wrote(&sink->destination, n, output_queue_advance(&sink->queue, n));
        if ((sink->logged & (LOGGED_FAILURE | LOGGED_DROPS)) != 0) {
                diag(DIAG_INFO, "log to %s: can be written again; %llu records were dropped", name_of(sink),
                     (unsigned long long)sink->missing);
                sink->logged &= ~(unsigned)(LOGGED_FAILURE | LOGGED_DROPS);
        }
        enter(sink, SINK_OPEN);
}

/** A sink that fails is tried again by time: a reader that is gone would end each wait for it at once. */
static void on_error(struct sink *sink, int error)
{
        if (sink->awaited && error == EWOULDBLOCK) {
                return; /* as was said */
        }
        sink_count(&sink->counters.errors, 1);
        if (!sink->destination.ops->reconnects && (error == EPIPE || error == EBADF)) {
                diag(DIAG_WARNING,
                     "log to %s: its reader has gone; from now on records are counted as dropped",
                     name_of(sink));
                enter(sink, SINK_CLOSED);
                miss(sink, output_queue_discard(&sink->queue));
                return;
        }
        if (is_news(sink, LOGGED_FAILURE)) {
                diag(DIAG_ERROR,
                     "log to %s: %s; records are buffered up to %d bytes, then counted as dropped",
                     name_of(sink), files_why(error), QUEUE_BYTES);
        }
        enter(sink, SINK_FAILING);
}

/** Before a write. @return false with errno if there can be none now. */
static bool is_ready(struct sink *sink)
{
        struct destination *d = &sink->destination;
        if (sink->awaited) {
                return take_over(sink);
        }
        if (d->fd < 0) {
                return open_again(sink);
        }
        if (d->ops->reconnects && sink->state == SINK_FAILING) {
                if (!destination_open(d)) {
                        return false;
                }
                output_queue_rewind(&sink->queue); /* the new reader knows nothing of a record's first half */
        }
        return !d->is_torn || destination_mend(d);
}

/** When write_pending stops to wait. */
static uint64_t last_wait_ns(const struct sink *sink)
{
        uint64_t until_ns = clock_mono_ns() + FLUSH_MS * CLOCK_MS_NS;
        return sink->deadline_ns != 0 && sink->deadline_ns < until_ns ? sink->deadline_ns : until_ns;
}

static void write_pending(struct sink *sink)
{
        uint64_t until_ns = 0;
        while (sink->state != SINK_CLOSED) {
                if (output_queue_pending(&sink->queue).len == 0) {
                        return;
                }
                if (!is_ready(sink)) {
                        on_error(sink, errno);
                        return;
                }
                ssize_t n = write_some(sink, destination_next(&sink->destination, &sink->queue));
                if (n > 0) {
                        on_progress(sink, (size_t)n);
                } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
                        on_error(sink, errno);
                        return;
                } else if (n == 0 || errno == EAGAIN) {
                        until_ns = until_ns != 0 ? until_ns : last_wait_ns(sink);
                        if (!wait_for_reader(sink, until_ns)) {
                                return;
                        }
                }
        }
}

bool sink_flush(struct sink *sink)
{
        if (sink->awaited && !take_over(sink)) {
                if (errno != EWOULDBLOCK) {
                        on_error(sink, errno);
                }
                return false;
        }
        if (sink->state != SINK_CLOSED) {
                if (destination_is_renamed(&sink->destination, &sink->queue)) {
                        sink_reopen(sink);
                }
                destination_look_after(&sink->destination, &sink->queue);
        }
        write_pending(sink);
        if (sink->missing > 0 && sink->state != SINK_CLOSED && output_queue_is_half_free(&sink->queue)) {
                struct record gap = gap_record(sink->missing, "the log could not be written");
                if (output_queue_add(&sink->queue, sink->format, &gap, (struct span){NULL, 0})) {
                        sink->missing = 0;
                        if (!sink_is_blocked(sink)) {
                                write_pending(sink);
                        }
                }
        }
        return output_queue_pending(&sink->queue).len == 0;
}

int sink_wait_ms(const struct sink *sink)
{
        return destination_wait_ms(&sink->destination);
}

bool sink_is_blocked(const struct sink *sink)
{
        return sink->state == SINK_FAILING || sink->state == SINK_STUCK;
}

int sink_wait_fd(const struct sink *sink)
{
        bool waits = sink->state == SINK_STUCK && output_queue_pending(&sink->queue).len > 0;
        return waits ? sink->destination.fd : -1;
}

int sink_unfinished_fd(const struct sink *sink)
{
        bool can_be_written = sink->state == SINK_OPEN || sink->state == SINK_STUCK;
        bool waits =
            can_be_written && sink->destination.is_stream && output_queue_pending(&sink->queue).len > 0;
        return waits ? sink->destination.fd : -1;
}

/* --- putting ------------------------------------------------------------------------------------------------------- */

bool sink_has_space(const struct sink *sink, size_t len)
{
        /* the most that formatting makes of each byte; a record that is larger than the queue needs all of it */
        size_t worst = 8 * len + FIELD_COUNT * RECORD_KEY_SIZE;
        size_t free_bytes = output_queue_free_bytes(&sink->queue);
        return sink->state == SINK_CLOSED || free_bytes > worst ||
               (free_bytes == sink->queue.size && !sink_is_blocked(sink));
}

static bool place(struct sink *sink, const struct record *r, struct span json)
{
        if (sink->missing > 0 && sink->state == SINK_OPEN) {
                (void)sink_flush(sink); /* puts the gap record that comes first */
        }
        if (sink->state == SINK_CLOSED || sink->missing > 0) {
                return false;
        }
        if (output_queue_add(&sink->queue, sink->format, r, json)) {
                return true;
        }
        if (sink_is_blocked(sink)) {
                return false;
        }
        (void)sink_flush(sink);
        return sink->state != SINK_CLOSED && (output_queue_add(&sink->queue, sink->format, r, json) ||
                                              output_queue_add_large(&sink->queue, sink->format, r));
}

static bool passes_filter(struct sink *sink, const struct record *r)
{
        if (sink->filter == NULL) {
                return true;
        }
        bool passes = filter_pass(sink->filter, r);
        atomic_store_explicit(&sink->counters.undecided, filter_undecided(sink->filter),
                              memory_order_relaxed);
        return passes;
}

void sink_put(struct sink *sink, const struct record *r, struct span json)
{
        if (!passes_filter(sink, r)) {
                sink_count(&sink->counters.filtered, 1);
                return;
        }
        if (!format_shows(sink->format, r)) {
                sink_count(&sink->counters.records, 1); /* nothing of it is to be written */
                return;
        }
        if (!place(sink, r, json)) {
                if (r->event == EVENT_GAP) { /* counted by whoever dropped those records */
                        sink->missing += record_uint_if_any(r, FIELD_DROPPED);
                } else {
                        miss(sink, 1);
                }
                if (sink->state == SINK_STUCK && is_news(sink, LOGGED_DROPS)) {
                        diag(DIAG_WARNING,
                             "log to %s: its reader is too slow; records are dropped and counted",
                             name_of(sink));
                }
                return;
        }
        if (output_queue_pending(&sink->queue).len >= FLUSH_AT && !sink_is_blocked(sink)) {
                (void)sink_flush(sink);
        }
}
