#include "journal/format/format.h"

#include "journal/format/grouped.h"
#include "journal/format/jsonl.h"
#include "journal/format/ltsv.h"
#include "journal/format/slow.h"
#include "journal/format/text.h"
#include "journal/format/verbose.h"
#include "mysql/record/record_packed.h"

static const char *const names[FORMAT_COUNT] = {
    [FORMAT_TEXT] = "text",          [FORMAT_TEXT_COLOR] = "text", [FORMAT_VERBOSE] = "text",
    [FORMAT_VERBOSE_COLOR] = "text", [FORMAT_GROUPED] = "text",    [FORMAT_GROUPED_COLOR] = "text",
    [FORMAT_JSON] = "json",          [FORMAT_LTSV] = "ltsv",       [FORMAT_SLOW] = "slow",
};

const char *format_name(enum format format)
{
        return format < FORMAT_COUNT ? names[format] : NULL;
}

enum format format_named(const char *name)
{
        unsigned i = 0;
        while (i < FORMAT_COUNT && strcmp(names[i], name) != 0) {
                i++;
        }
        return (enum format)i;
}

enum format format_on(enum format wanted, bool terminal)
{
        switch (wanted) {
        case FORMAT_AUTO: return terminal ? FORMAT_TEXT_COLOR : FORMAT_JSON;
        case FORMAT_AUTO_VERBOSE: return terminal ? FORMAT_VERBOSE_COLOR : FORMAT_JSON;
        case FORMAT_TEXT: return terminal ? FORMAT_TEXT_COLOR : FORMAT_TEXT;
        case FORMAT_VERBOSE: return terminal ? FORMAT_VERBOSE_COLOR : FORMAT_VERBOSE;
        case FORMAT_GROUPED: return terminal ? FORMAT_GROUPED_COLOR : FORMAT_GROUPED;
        case FORMAT_TEXT_COLOR:
        case FORMAT_VERBOSE_COLOR:
        case FORMAT_GROUPED_COLOR:
        case FORMAT_JSON:
        case FORMAT_LTSV:
        case FORMAT_SLOW: break;
        }
        return wanted;
}

bool format_shows(enum format format, const struct record *r)
{
        return format != FORMAT_SLOW || slow_shows(r);
}

void format_record(struct writer *w, enum format format, const struct record *r)
{
        switch (format) {
        case FORMAT_JSON: jsonl_record(w, r); break;
        case FORMAT_LTSV: ltsv_record(w, r); break;
        case FORMAT_SLOW: slow_record(w, r); break;
        case FORMAT_VERBOSE:
        case FORMAT_VERBOSE_COLOR: verbose_record(w, r, format == FORMAT_VERBOSE_COLOR); break;
        case FORMAT_GROUPED:
        case FORMAT_GROUPED_COLOR: grouped_record(w, r, format == FORMAT_GROUPED_COLOR); break;
        case FORMAT_TEXT:
        case FORMAT_TEXT_COLOR:
        case FORMAT_COUNT:
        case FORMAT_AUTO_VERBOSE: (void)text_record(w, r, format == FORMAT_TEXT_COLOR); break;
        }
}

size_t format_size(enum format format, const struct record *r)
{
        /* The worst byte: a control byte is six in JSON, and what is no UTF-8 comes a second time in hex; a hex dump
         * takes five a byte and less than 80 a line. */
        static const size_t fixed[FORMAT_COUNT] = {
            [FORMAT_TEXT] = 512,
            [FORMAT_TEXT_COLOR] = 512,
            [FORMAT_VERBOSE] = 8192,
            [FORMAT_VERBOSE_COLOR] = 8192,
            [FORMAT_JSON] = FIELD_COUNT * 32,
            [FORMAT_LTSV] = FIELD_COUNT * 64,
            [FORMAT_SLOW] = 1024,
            [FORMAT_GROUPED] = 512 + GROUPED_HEAD_MAX,
            [FORMAT_GROUPED_COLOR] = 512 + GROUPED_HEAD_MAX,
        };
        size_t content = record_pack_size(r);
        size_t words = format < FORMAT_COUNT ? fixed[format] : 0;
        if (r->event == EVENT_AUTH) {
                words += 8 * 1024; /* five sets of up to 38 capabilities */
        }
        return words + 8 * content;
}
