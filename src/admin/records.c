/* Recent records: the last ones, pages of them, and single ones by their ID. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "admin/record_reader.h"
#include "journal/format/jsonl_item.h"
#include "profile/heap/prof.h"

#include <event2/http.h>
#include <inttypes.h>
#include <string.h>

enum {
        RECORDS_DEFAULT = 100,
        REPLY_MAX_BYTES = 64 * 1024 * 1024,
        SEARCH_FIRST = 4, /* times as many records as are wanted are searched first, */
        SEARCH_MORE = 8,  /* and then so many times more */
};

/** What a request for records asks for. */
struct wanted {
        enum format format;
        struct filter *filter; /* NULL: every record passes */
        bool items;            /* JSON lines with IDs, and with texts of at most `cut` bytes */
        uint64_t cut;
        uint64_t n;     /* at most */
        uint64_t after; /* from the number behind this one … */
        uint64_t last;  /* … to this one */
        bool forward;   /* the first n, else the last n */
};

/** The number in the parameter @p name, a number or an ID; *@p out is left unless it is there. @return false if it is wrong: then the call was answered. */
static bool place_of(struct call *call, const char *name, uint64_t *out)
{
        char run[ADMIN_RUN_SIZE];
        const char *text = call_param(call, name);
        if (text == NULL || call_parse_number(text, strlen(text), out)) {
                return true;
        }
        if (!record_reader_id(text, run, out)) {
                call_fail(call, HTTP_BADREQUEST, "%s must be the ID of a record, RUN:NUMBER, or its number",
                          name);
                return false;
        }
        if (strcmp(run, call->admin->run) != 0) {
                call_fail(call, HTTP_NOTFOUND,
                          "%s is the ID of a record of another start of the proxy; this one is %s", name,
                          call->admin->run);
                return false;
        }
        return true;
}

static bool read_range(struct call *call, const struct log_mark *mark, struct wanted *w)
{
        uint64_t before = UINT64_MAX;
        w->last = journal_recent_last(call->admin->journal);
        w->after = 0;
        if (!place_of(call, "after", &w->after) || !place_of(call, "before", &before)) {
                return false;
        }
        w->forward = call_param(call, "after") != NULL;
        if (mark != NULL && mark->record > w->after) {
                w->after = mark->record;
        }
        if (before <= w->last) {
                w->last = before > 0 ? before - 1 : 0;
        }
        return true;
}

/** Read all parameters. @return false if one is wrong: then the call was answered. */
static bool read_wanted(struct call *call, struct wanted *w)
{
        uint64_t ids;
        const struct log_mark *mark;
        if (!record_reader_is_kept(call) || !record_reader_mark(call, &mark) ||
            !call_number(call, "n", RECORD_READER_MAX, mark != NULL ? RECORD_READER_MAX : RECORDS_DEFAULT,
                         &w->n) ||
            !record_reader_format(call, &w->format) || !call_number(call, "ids", 1, 0, &ids) ||
            !record_reader_cut(call, &w->cut) || !read_range(call, mark, w)) {
                return false;
        }
        w->items = ids != 0;
        if (w->items && w->format != FORMAT_JSON) {
                call_fail(call, HTTP_BADREQUEST, "ids=1 needs format=json");
                return false;
        }
        if (!w->items && call_param(call, "cut") != NULL) {
                call_fail(call, HTTP_BADREQUEST, "cut needs ids=1");
                return false;
        }
        return record_reader_filter(call, mark, &w->filter);
}

/** Numbers of the records that pass the filter: the last ones that were seen. */
struct matches {
        struct filter *filter;
        uint64_t *numbers; /* a ring of `most` of them */
        uint64_t most;
        uint64_t seen;
};

static void note_match(void *arg, const struct recent_item *item)
{
        struct matches *m = arg;
        /* one that can't be read now is tried again when it is shown, and is a gap if it can't be read then */
        if (item->record != NULL ? filter_pass(m->filter, item->record) : item->gone == 0) {
                m->numbers[m->seen++ % m->most] = item->number;
        }
}

/** Find the matches behind @p after. @return the number of the first of those that are remembered; w->last + 1 if there are none. */
static uint64_t search(struct journal *journal, const struct wanted *w, uint64_t after, struct matches *m)
{
        uint64_t at = after;
        m->seen = 0;
        while (at < w->last && journal_visit(journal, &at, note_match, m)) {
        }
        return m->seen == 0 ? w->last + 1 : m->seen < m->most ? m->numbers[0] : m->numbers[m->seen % m->most];
}

/** Find the last n of the wanted records: *@p cursor is the number before the first of them. The newest part is searched first, then larger
 *  ones: in most cases that is little work, and what is found is not overwritten before it is read. If there are fewer than n, the reply
 *  begins where the wanted records do, with a gap if some of them are gone. @return false if out of memory. */
static bool find_last(struct journal *journal, const struct wanted *w, uint64_t *cursor)
{
        uint64_t begin = w->last > w->n && w->last - w->n > w->after ? w->last - w->n : w->after;
        uint64_t first = journal_recent_first(journal) - 1;
        first = first > w->after ? first : w->after;
        uint64_t all = w->last > first ? w->last - first : 0;
        struct matches m = {.filter = w->filter, .most = w->n < all ? w->n : all};
        uint64_t part = SEARCH_FIRST * m.most;
        *cursor = w->filter == NULL ? begin : w->after;
        if (w->filter == NULL || m.most == 0) {
                return true;
        }
        m.numbers = prof_alloc(STAGE_ADMIN, m.most * sizeof *m.numbers);
        if (m.numbers == NULL) {
                return false;
        }
        uint64_t found;
        do {
                found = search(journal, w, part < all ? w->last - part : first, &m);
                part *= SEARCH_MORE;
        } while (m.seen < m.most && part < SEARCH_MORE * all);
        *cursor = m.seen < w->n ? w->after : found - 1;
        prof_free(m.numbers);
        return true;
}

static bool next(struct admin_context *a, const struct wanted *w, uint64_t *cursor,
                 struct record_buffer *buffer, struct span *text)
{
        return w->items ? record_reader_next_item(a, cursor, w->filter, w->cut, buffer, text)
                        : record_reader_next(a->journal, cursor, w->filter, w->format, buffer, text);
}

void handle_records(struct call *call)
{
        struct record_buffer buffer = {NULL, 0};
        struct wanted w;
        struct span text;
        if (!read_wanted(call, &w)) {
                return;
        }
        uint64_t cursor = w.after;
        if (!w.forward && !find_last(call->admin->journal, &w, &cursor)) {
                filter_free(w.filter);
                call_fail(call, HTTP_SERVUNAVAIL, "out of memory");
                return;
        }
        uint64_t sent = 0;
        size_t bytes = 0;
        while (cursor < w.last && sent < w.n && bytes < REPLY_MAX_BYTES &&
               next(call->admin, &w, &cursor, &buffer, &text)) {
                (void)fwrite(text.data, 1, text.len, call->out);
                bytes += text.len;
                sent += text.len > 0 ? 1 : 0;
        }
        filter_free(w.filter);
        if (cursor < w.last && sent < w.n) {
                char room[RECORD_READER_GAP_SIZE];
                const char *why = bytes < REPLY_MAX_BYTES ? "out of memory" : "one reply has at most 64 MiB";
                struct span gap = record_reader_gap(room, w.format, why, w.last - cursor);
                (void)fwrite(gap.data, 1, gap.len, call->out);
        }
        record_buffer_free(&buffer);
        call_reply(call, HTTP_OK, record_reader_type(w.format));
}

/** Find the record that the path names, RUN:NUMBER or NUMBER. @return false if it is not there: then the call was answered. */
static bool find_record(struct call *call, uint64_t *number)
{
        char run[ADMIN_RUN_SIZE];
        struct admin_context *a = call->admin;
        if (!call_parse_number(call->place.text, strlen(call->place.text), number)) {
                if (!record_reader_id(call->place.text, run, number)) {
                        call_fail(call, HTTP_NOTFOUND, "%.60s is not the ID of a record, RUN:NUMBER",
                                  call->place.text);
                        return false;
                }
                if (strcmp(run, a->run) != 0) {
                        call_fail(call, HTTP_NOTFOUND,
                                  "record %s is of another start of the proxy; this one is %s",
                                  call->place.text, a->run);
                        return false;
                }
        }
        if (*number == 0 || *number > journal_recent_last(a->journal)) {
                call_fail(call, HTTP_NOTFOUND, "there is no record %" PRIu64 " yet", *number);
                return false;
        }
        if (*number < journal_recent_first(a->journal)) {
                call_fail(call, HTTP_NOTFOUND,
                          "record %" PRIu64
                          " is no longer kept (log.recent_bytes); the oldest one is %" PRIu64,
                          *number, journal_recent_first(a->journal));
                return false;
        }
        return true;
}

void handle_record(struct call *call)
{
        struct record_buffer buffer = {NULL, 0};
        struct span text = {NULL, 0};
        enum format format;
        uint64_t number;
        if (!record_reader_is_kept(call) || !record_reader_format(call, &format) ||
            !find_record(call, &number)) {
                return;
        }
        uint64_t cursor = number - 1;
        bool found = format == FORMAT_JSON
                         ? record_reader_next_item(call->admin, &cursor, NULL, 0, &buffer, &text)
                         : record_reader_next(call->admin->journal, &cursor, NULL, format, &buffer, &text);
        if (!found || cursor != number || text.len == 0) {
                record_buffer_free(&buffer);
                call_fail(call, HTTP_SERVUNAVAIL, "record %" PRIu64 " can't be shown", number);
                return;
        }
        (void)fwrite(text.data, 1, text.len, call->out);
        record_buffer_free(&buffer);
        call_reply(call, HTTP_OK, call->json ? NULL : record_reader_type(format));
}
