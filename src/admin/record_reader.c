#include "admin/record_reader.h"

#include "base/diag.h"
#include "journal/format/jsonl_item.h"
#include "profile/heap/prof.h"

#include <event2/http.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum {
        BUFFER_MIN_BYTES = 16 * 1024,
        BUFFER_MAX_BYTES = 512 * 1024 * 1024, /* for one record */
};

bool record_buffer_grow(struct record_buffer *buffer)
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

void record_buffer_free(struct record_buffer *buffer)
{
        prof_free(buffer->data);
        *buffer = (struct record_buffer){NULL, 0};
}

static void report_too_large(uint64_t number)
{
        diag(DIAG_WARNING, "record %" PRIu64 " is too large to be shown on the admin port", number);
}

bool record_reader_next(struct journal *journal, uint64_t *cursor, struct filter *filter, enum format format,
                        struct record_buffer *buffer, struct span *text)
{
        *text = (struct span){NULL, 0};
        if (buffer->size == 0 && !record_buffer_grow(buffer)) {
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
                if (!record_buffer_grow(buffer)) {
                        report_too_large(at);
                        *cursor = at;
                        return true;
                }
        }
}

/** What record_reader_next_item passes to put_item. */
struct item_place {
        struct jsonl_item item;
        struct filter *filter;
        struct record_buffer *buffer;
        struct span text;
};

static void put_item(void *arg, const struct recent_item *found)
{
        struct item_place *place = arg;
        struct record gap;
        const struct record *r = found->record;
        if (r == NULL) {
                gap = recent_gap(found);
                r = &gap;
        } else if (!filter_pass(place->filter, r)) {
                return;
        }
        place->item.number = found->number;
        for (;;) {
                struct writer w = writer_over(place->buffer->data, place->buffer->size);
                jsonl_item(&w, r, &place->item);
                if (!w.failed) {
                        place->text = writer_span(&w);
                        return;
                }
                if (!record_buffer_grow(place->buffer)) {
                        report_too_large(found->number);
                        return;
                }
        }
}

bool record_reader_next_item(struct admin_context *a, uint64_t *cursor, struct filter *filter, size_t most,
                             struct record_buffer *buffer, struct span *text)
{
        struct item_place place = {{a->run, 0, most}, filter, buffer, {NULL, 0}};
        *text = place.text;
        if (buffer->size == 0 && !record_buffer_grow(buffer)) {
                return false;
        }
        bool found = journal_visit(a->journal, cursor, put_item, &place);
        *text = place.text;
        return found;
}

static bool is_set(const struct call *call, const char *name)
{
        const char *value = call_param(call, name);
        return value != NULL && strcmp(value, "1") == 0;
}

bool record_reader_is_kept(struct call *call)
{
        bool kept = call->admin->settings->log.recent_bytes > 0;
        if (!kept) {
                call_fail(call, HTTP_NOTFOUND, "recent records are disabled: log.recent_bytes is 0");
        }
        return kept;
}

bool record_reader_format(struct call *call, enum format *out)
{
        const char *name = call_param(call, "format");
        *out = name != NULL ? format_named(name) : FORMAT_TEXT;
        if (*out == FORMAT_COUNT) {
                call_fail(call, HTTP_BADREQUEST, "format must be text, json, ltsv or slow");
                return false;
        }
        if (*out == FORMAT_TEXT) {
                *out = format_on(is_set(call, "grouped")   ? FORMAT_GROUPED
                                 : is_set(call, "verbose") ? FORMAT_VERBOSE
                                                           : FORMAT_TEXT,
                                 is_set(call, "color"));
        }
        return true;
}

const char *record_reader_type(enum format format)
{
        return format == FORMAT_JSON ? "application/x-ndjson" : "text/plain; charset=utf-8";
}

bool record_reader_mark(struct call *call, const struct log_mark **out)
{
        const char *name = call_param(call, "since");
        *out = name != NULL ? log_marks_find(&call->admin->log_marks, name) : NULL;
        if (name != NULL && *out == NULL) {
                call_fail(call, HTTP_NOTFOUND, "the log has no mark %.100s; GET /marks lists them", name);
                return false;
        }
        return true;
}

bool record_reader_filter(struct call *call, const struct log_mark *mark, struct filter **out)
{
        char error[FILTER_ERROR_MAX];
        struct filter_spec spec = {.since_ns = mark != NULL ? mark->mono_ns : 0};
        for (enum filter_key key = 0; key < FILTER_KEYS; key++) {
                spec.text[key] = call_param(call, filter_keys[key]);
        }
        enum status status = filter_new(&spec, out, error);
        if (status != STATUS_OK) {
                call_fail(call, status == STATUS_INVALID ? HTTP_BADREQUEST : HTTP_SERVUNAVAIL, "%s", error);
        }
        return status == STATUS_OK;
}

bool record_reader_cut(struct call *call, uint64_t *out)
{
        return call_number(call, "cut", RECORD_READER_CUT_MAX, JSONL_ITEM_TEXT, out);
}

bool record_reader_id(const char *text, char run[ADMIN_RUN_SIZE], uint64_t *number)
{
        size_t len = strspn(text, "0123456789abcdef");
        size_t colon = text[len] == ':' ? 1 : strncasecmp(text + len, "%3a", 3) == 0 ? 3 : 0; /* in a path */
        if (len == 0 || len >= ADMIN_RUN_SIZE || colon == 0) {
                return false;
        }
        memcpy(run, text, len);
        run[len] = '\0';
        text += len + colon;
        return call_parse_number(text, strlen(text), number);
}

struct span record_reader_gap(char room[RECORD_READER_GAP_SIZE], enum format format, const char *why,
                              uint64_t dropped)
{
        struct writer w = writer_over(room, RECORD_READER_GAP_SIZE);
        struct record gap = gap_record(dropped, why);
        format_record(&w, format, &gap);
        return writer_span(&w);
}
