#include "profile/explain/dump_text.h"

#include "profile/explain/words.h"

/* --- a dump -------------------------------------------------------------------------------------------------------------- */

struct sums {
        uint64_t live;
        uint64_t live_bytes;
        uint64_t allocs;
        uint64_t alloc_bytes;
};

/** Where the reader is. */
enum place { OUTSIDE, LISTING, TAIL };

struct reading {
        const struct dump_sink *sink;
        struct dump_troubles *troubles;
        enum place place;
        uint64_t dumps;
        size_t
            prefix; /**< bytes before the header in its line: the prefix of a log, which the other lines have too */
        bool jemalloc; /**< the dump has that form: "@" begins a record */
        bool averaged; /**< each record is a place, whose allocations may differ in size */
        bool has_record;
        bool has_figures; /**< jemalloc: the record's line "t*:" was seen */
        bool torn;        /**< the last line of a record had no newline */
        struct dump_header header;
        struct sums sum;  /**< sum of the records; wraps where the sum in the header does */
        uint64_t unread;  /**< troubles.records when the dump began */
        uint64_t page[2]; /**< goroutines and records + 1, from a page before the dump; 0 = not known */
        uint64_t pauses[DUMP_PAUSES];
        struct dump_record record; /**< the record that the lines belong to */
};

static void finish_record(struct reading *r)
{
        struct dump_record *d = &r->record;
        if (!r->has_record) {
                return;
        }
        r->has_record = false;
        if (r->jemalloc && !r->has_figures) {
                r->troubles->records++;
                return;
        }
        r->sum.live += d->live;
        r->sum.live_bytes += d->live_bytes;
        r->sum.allocs += d->allocs;
        r->sum.alloc_bytes += d->alloc_bytes;
        r->sink->on_record(r->sink->arg, d);
}

/** Whether the records add up to the header. If all sampled memory is live, Go 1.27 adds a byte to the last figure of the
 *  header, so that readers don't take the profile for one of live memory only. */
static bool adds_up(const struct reading *r)
{
        const struct dump_header *h = &r->header;
        const struct sums *s = &r->sum;
        bool one_more = s->live_bytes == s->alloc_bytes && h->alloc_bytes == s->alloc_bytes + 1;
        return h->live == s->live && h->live_bytes == s->live_bytes && h->allocs == s->allocs &&
               (h->alloc_bytes == s->alloc_bytes || one_more);
}

/** @p listed: the line after the last record was seen. jemalloc 5.3 and later corrects the bias of the sum and of each
 *  record separately, so that they need not agree. */
static void finish_dump(struct reading *r, bool listed)
{
        bool torn = r->has_record && r->torn; /* its last address may be incomplete */
        finish_record(r);
        if (r->place != OUTSIDE) {
                bool all = adds_up(r) || (r->jemalloc && listed);
                bool whole = all && r->troubles->records == r->unread && !torn;
                r->place = OUTSIDE;
                r->troubles->cut += !whole;
                r->sink->on_end(r->sink->arg, whole);
        }
}

static void tell_figure(struct reading *r, const char *name, uint64_t value)
{
        struct dump_figure figure = {span_str(name), value, NULL};
        r->sink->on_figure(r->sink->arg, &figure);
}

static void begin_dump(struct reading *r, const struct dump_header *header)
{
        static const char *const pages[] = {"Goroutines", "PageRecords"};
        r->place = LISTING;
        r->dumps++;
        r->header = *header;
        r->sum = (struct sums){0};
        r->unread = r->troubles->records;
        r->torn = false;
        r->sink->on_dump(r->sink->arg, header);
        for (size_t i = 0; i < 2; i++) {
                if (r->page[i] > 0) {
                        tell_figure(r, pages[i], r->page[i] - 1);
                        r->page[i] = 0;
                }
        }
}

/* --- headers and records ----------------------------------------------------------------------------------------------- */

/** "1: 16 [2: 32]". */
static bool take_figures(struct span *s, uint64_t figures[4])
{
        return words_number(s, 10, &figures[0]) && words_char(s, ':') && words_number(s, 10, &figures[1]) &&
               words_char(s, '[') && words_number(s, 10, &figures[2]) && words_char(s, ':') &&
               words_number(s, 10, &figures[3]) && words_char(s, ']');
}

/** "heap/1048576", "heap_v2/524288", or tcmalloc's "heapprofile", which lists all allocations. */
static bool take_form(struct span *s, struct dump_header *h)
{
        words_skip_blanks(s);
        bool doubled = words_start(*s, "heap/");
        if (words_start(*s, "heapprofile")) {
                h->sample_bytes = 1;
                *s = span_skip(*s, strlen("heapprofile"));
                return true;
        }
        if (!doubled && !words_start(*s, "heap_v2/")) {
                return false;
        }
        *s = span_skip(*s, doubled ? strlen("heap/") : strlen("heap_v2/"));
        bool ok = words_number(s, 10, &h->sample_bytes);
        h->sample_bytes /= doubled ? 2 : 1;
        return ok;
}

/** @p rest: after "heap profile:". @return false if it is not a header. */
static bool read_header(struct span rest, struct dump_header *h)
{
        uint64_t f[4];
        *h = (struct dump_header){0};
        if (!take_figures(&rest, f) || !words_char(&rest, '@') || !take_form(&rest, h)) {
                return false;
        }
        words_skip_blanks(&rest);
        h->live = f[0];
        h->live_bytes = f[1];
        h->allocs = f[2];
        h->alloc_bytes = f[3];
        return rest.len == 0;
}

static void read_stack(struct reading *r, struct span line)
{
        r->record.depth = 0;
        for (words_skip_blanks(&line); words_start(line, "0x"); words_skip_blanks(&line)) {
                uint64_t pc;
                line = span_skip(line, 2);
                if (!words_number(&line, 16, &pc)) {
                        break;
                }
                if (r->record.depth == DUMP_STACK_MAX) {
                        r->troubles->deep++;
                        break;
                }
                r->record.stack[r->record.depth++] = pc;
        }
}

/** Begin a new record; the frames of the previous one need not be cleared. */
static void reset_record(struct reading *r)
{
        struct dump_record *d = &r->record;
        d->live = d->live_bytes = d->allocs = d->alloc_bytes = d->size = 0;
        d->depth = d->n_frames = 0;
        d->stage = d->lib = d->sample = d->site = d->birth = (struct span){NULL, 0};
}

static void begin_record(struct reading *r, struct span line, bool ended)
{
        uint64_t f[4];
        finish_record(r);
        if (!take_figures(&line, f) || !words_char(&line, '@') || f[0] > f[2] || f[1] > f[3] ||
            (f[2] == 0) != (f[3] == 0)) {
                r->troubles->records++;
                return;
        }
        reset_record(r);
        r->record.live = f[0];
        r->record.live_bytes = f[1];
        r->record.allocs = f[2];
        r->record.alloc_bytes = f[3];
        r->record.size = f[2] > 0 && !r->averaged ? f[3] / f[2] : 0;
        r->has_record = true;
        r->torn = !ended;
        read_stack(r, line);
}

/** "#\t0x1234\tfunction+0x12\tfile:line". */
static void read_frame(struct reading *r, struct span line)
{
        struct dump_record *d = &r->record;
        (void)words_field(&line); /* the address */
        struct span function = words_field(&line);
        words_skip_blanks(&line); /* Go aligns its columns by tabs */
        struct span place = words_field(&line);
        if (!r->has_record || d->n_frames == DUMP_STACK_MAX || place.len == 0) {
                return;
        }
        for (size_t i = function.len; i > 1; i--) { /* remove the offset */
                if (function.data[i - 1] == '+') {
                        function.len = i - 1;
                        break;
                }
        }
        d->frames[d->n_frames++] = (struct dump_frame){function, place, 0};
}

/** "# record 7 stage=… … session=3 COM_QUERY "SELECT 1"": this proxy's own. */
static void read_birth(struct reading *r, struct span line)
{
        struct dump_record *d = &r->record;
        if (!r->has_record) {
                return;
        }
        const uint8_t *command = memmem(line.data, line.len, " COM_", 5);
        struct span words = span_head(line, command != NULL ? (size_t)(command - line.data) : line.len);
        d->stage = words_behind(words, " stage=");
        d->lib = words_behind(words, " lib=");
        d->sample = words_behind(words, " sample=");
        d->site = words_behind(words, " site=");
        if (span_equal(words_behind(words, " overflow="), span_str("true"))) {
                d->size = 0; /* an overflow record: it counts blocks of many sizes */
        }
        if (command != NULL) {
                d->birth = span_skip(line, (size_t)(command - line.data) + 1);
        }
}

/* --- figures of the tail, and of a page before ---------------------------------------------------------------------------- */

/** "[1 2 3]"; a list of another length than the ring is ignored. */
static const uint64_t *read_list(struct reading *r, struct span rest)
{
        size_t n = 0;
        while (n < DUMP_PAUSES && words_number(&rest, 10, &r->pauses[n])) {
                n++;
        }
        return n == DUMP_PAUSES ? r->pauses : NULL;
}

/** "# HeapAlloc = 1234", or "# Stack = 425984 / 425984", where the first figure is what is in use. */
static void read_figure(struct reading *r, struct span line)
{
        struct dump_figure figure = {.list = NULL};
        struct span rest = span_skip(line, 2);
        const uint8_t *end = rest.len > 0 ? memchr(rest.data, ' ', rest.len) : NULL;
        if (end == NULL) {
                return;
        }
        figure.name = span_head(rest, (size_t)(end - rest.data));
        rest = span_skip(rest, figure.name.len);
        if (!words_char(&rest, '=')) {
                return;
        }
        if (words_char(&rest, '[')) {
                figure.list = span_equal(figure.name, span_str("PauseEnd")) ? read_list(r, rest) : NULL;
                if (figure.list != NULL) {
                        r->sink->on_figure(r->sink->arg, &figure);
                }
                return;
        }
        if (words_number(&rest, 10, &figure.value)) {
                uint64_t of;
                bool pair = words_char(&rest, '/') && words_number(&rest, 10, &of);
                words_skip_blanks(&rest);
                if (rest.len == 0 || pair) {
                        r->sink->on_figure(r->sink->arg, &figure);
                }
        }
}

/** "<td>7</td><td><a href='goroutine?debug=1'>" in the index page of net/http/pprof, if it was saved before the dump. */
static void read_page(struct reading *r, struct span line)
{
        static const char *const links[] = {"</td><td><a href='goroutine?debug=1'>",
                                            "</td><td><a href='heap?debug=1'>"};
        struct span rest;
        uint64_t value;
        for (size_t i = 0; i < 2; i++) {
                struct span behind;
                if (words_after(line, links[i], &behind) && words_after(line, "<td>", &rest) &&
                    words_number(&rest, 10, &value) && value < UINT32_MAX) {
                        r->page[i] = value + 1;
                }
        }
}

/* --- jemalloc -------------------------------------------------------------------------------------------------------------- */

static bool begin_jemalloc(struct reading *r, struct span line)
{
        struct dump_header h = {.living = true};
        struct span rest = span_skip(line, strlen("heap_v2/"));
        if (!words_start(line, "heap_v2/") || !words_number(&rest, 10, &h.sample_bytes) || rest.len > 0) {
                return false;
        }
        finish_dump(r, false);
        r->prefix = 0;
        r->jemalloc = true;
        begin_dump(r, &h);
        r->header.live =
            UINT64_MAX; /* until the sum is read: a dump that is cut before the sum must not look like an empty one */
        return true;
}

/** "  t*: 13: 6688 [0: 0]": figures of a record, or, before the first record, their sum. The lines of each thread are skipped. */
static void read_jemalloc(struct reading *r, struct span line, bool ended)
{
        uint64_t f[4];
        struct span rest = line;
        words_skip_blanks(&rest);
        if (words_start(rest, "@")) {
                finish_record(r);
                reset_record(r);
                r->has_record = true;
                r->has_figures = false;
                r->torn = !ended;
                read_stack(r, span_skip(rest, 1));
        } else if (words_start(rest, "t*:")) {
                rest = span_skip(rest, 3);
                if (!take_figures(&rest, f)) {
                        r->troubles->records++;
                } else if (r->has_record) {
                        r->has_figures = true;
                        r->record.live = f[0];
                        r->record.live_bytes = f[1];
                        r->record.allocs = f[2];
                        r->record.alloc_bytes = f[3];
                } else {
                        r->header.live = f[0];
                        r->header.live_bytes = f[1];
                        r->header.allocs = f[2];
                        r->header.alloc_bytes = f[3];
                }
        }
}

/* --- lines ----------------------------------------------------------------------------------------------------------------- */

/** A header stands at the start of a line, or after text without a newline: a page, curl's progress, the prefix of a log. Lines
 *  that begin with "#" belong to a dump and may contain any text. @return whether it was a header. */
static bool read_if_header(struct reading *r, struct span line)
{
        struct dump_header h;
        struct span rest = line;
        if (line.len == 0 || line.data[0] == '#') {
                return false;
        }
        while (words_after(rest, "heap profile:", &rest)) {
                if (read_header(rest, &h)) {
                        finish_dump(r, false);
                        r->jemalloc = false;
                        r->prefix = line.len - rest.len - strlen("heap profile:");
                        r->averaged = words_after(rest, "@ heapprofile", &rest);
                        begin_dump(r, &h);
                        return true;
                }
        }
        if (words_start(line, "heap profile:")) { /* the following lines belong to no dump */
                finish_dump(r, false);
                r->troubles->records++;
                return true;
        }
        return begin_jemalloc(r, line);
}

/** A line outside of dumps: a page, or a profile of another kind. */
static void read_outside(struct reading *r, struct span line)
{
        static const struct {
                const char *start;
                enum dump_other kind;
        } others[] = {
            {"goroutine profile: total ", DUMP_GOROUTINE},
            {"threadcreate profile: total ", DUMP_THREADS},
            {"--- contention", DUMP_BLOCK},
            {"--- mutex", DUMP_BLOCK},
            {"--- growth", DUMP_GROWTH},
            {"go 1.", DUMP_TRACE},
        };
        struct span rest;
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
                bool is = others[i].kind == DUMP_TRACE
                              ? words_start(line, "go 1.") && words_after(line, " trace", &rest)
                              : words_after(line, others[i].start, &rest) && line.data[0] != '#';
                r->troubles->others[others[i].kind] += is;
                if (is) {
                        return;
                }
        }
        uint64_t id;
        rest = line;
        if (words_start(line, "goroutine ")) { /* debug=2: one section for each goroutine */
                rest = span_skip(line, strlen("goroutine "));
                bool first = words_number(&rest, 10, &id) && words_start(rest, " [");
                r->troubles->others[DUMP_GOROUTINE] += first && r->troubles->others[DUMP_GOROUTINE] == 0;
        } else if (words_start(line, "<tr><td>") || words_start(line, "<td>")) {
                read_page(r, line);
        }
}

static bool looks_like_record(struct span line)
{
        words_skip_blanks(&line);
        return line.len > 0 && line.data[0] >= '0' && line.data[0] <= '9' &&
               memchr(line.data, '[', line.len) != NULL && memchr(line.data, '@', line.len) != NULL;
}

/** A time in front of a record begins with a digit, like the record. */
static bool is_record(struct span line)
{
        uint64_t f[4];
        return take_figures(&line, f) && words_char(&line, '@');
}

/** The line without the prefix of a log. */
static struct span without_prefix(const struct reading *r, struct span line)
{
        struct span rest = span_skip(line, r->prefix);
        bool bare = line.len == 0 || line.data[0] == '#' || is_record(line);
        bool prefixed = rest.len > 0 ? rest.data[0] == '#' || looks_like_record(rest) : line.len == r->prefix;
        return r->place != OUTSIDE && r->prefix > 0 && !bare && prefixed ? rest : line;
}

static void read_line(struct reading *r, struct span line, bool ended)
{
        if (read_if_header(r, line)) {
                return;
        }
        line = without_prefix(r, line);
        if (r->place == OUTSIDE) {
                read_outside(r, line);
        } else if (line.len == 0) {
                finish_record(r);
        } else if (words_start(line, "#\t0x")) {
                read_frame(r, span_skip(line, 2));
                r->torn = false;
        } else if (words_start(line, "# record ")) {
                read_birth(r, line);
                r->torn = false;
        } else if (words_start(line, "# runtime.MemStats")) {
                finish_record(r);
                r->place = TAIL;
        } else if (words_start(line, "# ")) {
                if (ended) { /* otherwise its number may be incomplete */
                        read_figure(r, line);
                }
        } else if (words_start(line, "MAPPED_LIBRARIES:")) {
                finish_record(r);
                finish_dump(r, true);
        } else if (r->jemalloc) {
                read_jemalloc(r, line, ended);
        } else if (r->place == LISTING && looks_like_record(line)) {
                begin_record(r, line, ended);
        } else if (r->place == TAIL) {
                read_outside(r, line);
        }
}

uint64_t dump_text_read(struct span text, const struct dump_sink *sink, struct dump_troubles *troubles)
{
        struct reading r = {.sink = sink, .troubles = troubles};
        while (text.len > 0) {
                bool ended;
                struct span line = words_line(&text, &ended);
                read_line(&r, line, ended);
        }
        finish_dump(&r, false);
        return r.dumps;
}
