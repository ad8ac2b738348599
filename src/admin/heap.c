/* The heap profile in the formats that pprof reads; marks, and the differences between them. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "journal/journal.h"
#include "profile/export/export.h"
#include "profile/heap/prof.h"

#include <event2/event.h>
#include <event2/http.h>
#include <inttypes.h>
#include <malloc.h>
#include <string.h>

enum { DELTA_MAX_S = 3600, DELTAS_MAX = 16, LINES_MAX = PROF_RECORDS + STAGE_COUNT, LINES_DEFAULT = 100 };

static const char text_type[] = "text/plain; charset=utf-8";

/** One of the two profiles. They differ only in the sample type that a reader shows first. */
struct kind {
        const char *name;
        const char *delta_name;
        const char *default_type;
};

static const struct kind heap = {"heap", "heap-delta", "inuse_space"};
static const struct kind allocs = {"allocs", "allocs-delta", "alloc_space"};

static void reply_proto(struct call *call, const struct kind *kind, const struct snapshot *base)
{
        const struct export_proto what = {
            .base = base, .default_type = kind->default_type, .comment = export_verdict_comment};
        if (!export_heap_proto(call->out, &what)) {
                rewind(call->out); /* a part of the profile may have been written */
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        call_attach(call, base != NULL ? kind->delta_name : kind->name);
        call_reply(call, HTTP_OK, "application/octet-stream");
}

/* --- profiles over some seconds ------------------------------------------------------------------------------------ */

/** A profile over an interval that has not ended. It is freed when the interval ends, the client disconnects, or the port closes. */
struct delta {
        struct delta *next;
        struct delta **link_here;
        struct call *call;
        const struct kind *kind;
        struct event *timer;
        struct snapshot before;
};

/** Free all but the call. */
static void discard(struct delta *d)
{
        *d->link_here = d->next;
        if (d->next != NULL) {
                d->next->link_here = d->link_here;
        }
        d->call->admin->n_deltas--;
        if (d->timer != NULL) {
                event_free(d->timer);
        }
        snapshot_drop(&d->before);
        prof_free(d);
}

static void on_gone(void *arg)
{
        struct delta *d = arg;
        struct call *call = d->call;
        discard(d);
        call_reply(call, HTTP_OK, NULL); /* frees the call; there is no client to send it to */
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
        PROF_SCOPE(STAGE_ADMIN);
        struct delta *d = arg;
        struct call *call = d->call;
        const struct kind *kind = d->kind;
        struct snapshot before = d->before;
        (void)fd;
        (void)what;
        d->before.rows = NULL; /* `before` owns them now */
        discard(d);
        reply_proto(call, kind, &before);
        snapshot_drop(&before);
}

/** @return false if out of memory. */
static bool begin_delta(struct call *call, const struct kind *kind, uint64_t seconds)
{
        struct admin_context *a = call->admin;
        const struct timeval wait = {(time_t)seconds, 0};
        struct delta *d = prof_calloc(STAGE_ADMIN, 1, sizeof *d);
        if (d == NULL) {
                return false;
        }
        d->call = call;
        d->kind = kind;
        d->next = a->deltas;
        d->link_here = &a->deltas;
        if (d->next != NULL) {
                d->next->link_here = &d->next;
        }
        a->deltas = d;
        a->n_deltas++;
        d->timer = evtimer_new(a->base, on_time, d);
        if (d->timer == NULL || event_add(d->timer, &wait) != 0 || !snapshot_take(&d->before)) {
                discard(d);
                return false;
        }
        call_wait(call, on_gone, d);
        return true;
}

static void handle_seconds(struct call *call, const struct kind *kind)
{
        const char *text = call_param(call, "seconds");
        uint64_t seconds;
        if (!call_parse_number(text, strlen(text), &seconds) || seconds == 0) {
                call_fail(call, HTTP_BADREQUEST, "seconds must be a whole number above 0");
        } else if (seconds > DELTA_MAX_S) {
                call_fail(call, HTTP_BADREQUEST, "seconds may be %d at most", DELTA_MAX_S);
        } else if (call->admin->n_deltas >= DELTAS_MAX) {
                call_fail(call, HTTP_SERVUNAVAIL,
                          "there are already %u profile requests waiting, the maximum",
                          call->admin->n_deltas);
        } else if (!begin_delta(call, kind, seconds)) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
        }
}

void heap_end_deltas(struct admin_context *a)
{
        while (a->deltas != NULL) {
                struct call *call = a->deltas->call;
                discard(a->deltas);
                call_fail(call, HTTP_SERVUNAVAIL, "the proxy is stopping");
        }
}

/* --- profiles ----------------------------------------------------------------------------------------------------------- */

/** The mark that the parameter @p name names; @p otherwise if it is missing. @return false if there is no such mark: then @p call was
 *  answered. */
static bool find_mark(struct call *call, const char *name, const struct snapshot *otherwise,
                      const struct snapshot **out)
{
        const char *mark = call_param(call, name);
        *out = mark != NULL ? snapshot_find(mark) : otherwise;
        if (mark != NULL && *out == NULL) {
                call_fail(call, HTTP_NOTFOUND, "there is no mark %.100s; GET /marks lists them", mark);
                return false;
        }
        return true;
}

static void handle_profile(struct call *call, const struct kind *kind)
{
        const struct snapshot *base;
        bool over = call_param(call, "seconds") != NULL;
        bool from = call_param(call, "base") != NULL;
        uint64_t debug;
        uint64_t gc;
        if (!call_number(call, "debug", UINT32_MAX, 0, &debug) ||
            !call_number(call, "gc", UINT32_MAX, 0, &gc)) {
                return;
        }
        if (debug != 0 && (over || from)) {
                call_fail(call, HTTP_BADREQUEST, "a difference is available only as a protobuf: omit debug");
        } else if (over && from) {
                call_fail(call, HTTP_BADREQUEST, "seconds and base exclude each other: omit one");
        } else if (find_mark(call, "base", NULL, &base)) {
                if (gc != 0) {
                        (void)malloc_trim(0);
                }
                if (debug != 0) {
                        export_heap_text(call->out);
                        call_reply(call, HTTP_OK, text_type);
                } else if (over) {
                        handle_seconds(call, kind);
                } else {
                        reply_proto(call, kind, base);
                }
        }
}

void handle_heap(struct call *call)
{
        handle_profile(call, &heap);
}

void handle_allocs(struct call *call)
{
        handle_profile(call, &allocs);
}

void handle_heap_v2(struct call *call)
{
        export_heap_v2(call->out);
        call_reply(call, HTTP_OK, text_type);
}

/* --- marks -------------------------------------------------------------------------------------------------------------- */

void handle_marks(struct call *call)
{
        const struct log_marks *log = &call->admin->log_marks;
        if (call->json) {
                struct json_writer j = json_writer_to(call->out);
                json_writer_object(&j, NULL);
                export_marks_json(&j);
                log_marks_put_json(log, &j);
                json_writer_end(&j);
                json_writer_finish(&j);
        } else {
                export_marks_text(call->out);
                log_marks_put_text(log, call->out);
        }
        call_reply(call, HTTP_OK, NULL);
}

void handle_mark(struct call *call)
{
        const char *name = call_param(call, "name");
        if (name == NULL || !snapshot_is_name(name)) {
                call_fail(call, HTTP_BADREQUEST,
                          "name must be 1 to %d printable ASCII characters without spaces, and not %s",
                          SNAPSHOT_NAME_MAX - 1, SNAPSHOT_START);
                return;
        }
        /* before the snapshot, which takes its time */
        log_marks_set(&call->admin->log_marks, name, journal_recent_last(call->admin->journal));
        const struct snapshot *s = snapshot_mark(name);
        if (s == NULL) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        if (call->json) {
                handle_marks(call);
                return;
        }
        (void)fprintf(call->out, "mark %s: %" PRIu32 " records, %" PRIu64 " statements\n", s->name,
                      s->records, s->statements);
        call_reply(call, HTTP_OK, NULL);
}

typedef void export_range(FILE *out, const struct snapshot *from, const struct snapshot *to, uint32_t most);

static void reply_range(struct call *call, export_range *put, const struct snapshot *from,
                        const struct snapshot *to)
{
        uint64_t most;
        struct snapshot now = {.rows = NULL};
        if (!call_number(call, "n", LINES_MAX, LINES_DEFAULT, &most)) {
                return;
        }
        if (to != NULL && to->mono_ns < from->mono_ns) {
                call_fail(call, HTTP_BADREQUEST, "mark %s is older than mark %s", to->name, from->name);
        } else if (to == NULL && !snapshot_take(&now)) {
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
        } else {
                put(call->out, from, to != NULL ? to : &now, (uint32_t)most);
                call_reply(call, HTTP_OK, NULL);
        }
        snapshot_drop(&now);
}

void handle_diff(struct call *call)
{
        const struct snapshot *from;
        const struct snapshot *to;
        if (find_mark(call, "from", snapshot_find(SNAPSHOT_START), &from) &&
            find_mark(call, "to", NULL, &to)) {
                reply_range(call, call->json ? export_diff_json : export_diff_text, from, to);
        }
}

void handle_births(struct call *call)
{
        const char *text = call_param(call, "since");
        struct snapshot moment;
        uint64_t stack;
        const struct snapshot *since = snapshot_find(text != NULL ? text : SNAPSHOT_START);
        if (since == NULL && snapshot_at_moment(text, &moment)) {
                since = &moment;
        }
        if (since == NULL) {
                call_fail(call, HTTP_NOTFOUND,
                          "%.100s is neither a mark (GET /marks lists them), nor a time such as "
                          "2026-01-02T03:04:05Z, nor a number of statements",
                          text);
        } else if (call_number(call, "stack", 1, 0, &stack)) {
                reply_range(call,
                            call->json   ? export_births_json
                            : stack != 0 ? export_births_stacks
                                         : export_births_text,
                            since, NULL);
        }
}
