/* read: decode a capture file. */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/diag.h"
#include "capture/read/capture_input.h"
#include "capture/read/packet_text.h"
#include "cli/exit.h"
#include "cli/interrupt.h"
#include "cli/observe_digests.h"
#include "cli/observe_options.h"
#include "cli/observe_summary.h"
#include "journal/journal_counts.h"
#include "observe/observer.h"

#include <poll.h>

enum {
        WAIT_MS = 200, /* after which what was read so far is written out */
        LIVE_S = 60,   /* packets that are not older: the capture is going on */
};

struct reading {
        struct observe_options options;
        const char *path;
        struct capture_input *input;
        struct capture_file file;
        struct packet_text text;
        enum { UNDECIDED, BINARY, TEXT } kind; /* of the file: a capture format, or what tcpdump prints */
        struct observer *observer;
        uint64_t last_ns; /* time of the last packet */
        bool failed;
};

enum { HEAD_BYTES = 24 }; /* which show what kind of file it is */

static void decide(struct reading *r, struct span head)
{
        if (r->kind == UNDECIDED && head.len >= HEAD_BYTES) {
                r->kind = packet_text_is_one(span_head(head, HEAD_BYTES)) ? TEXT : BINARY;
        }
}

static enum capture_found next_packet(struct reading *r, struct span *bytes, struct captured *packet)
{
        return r->kind == TEXT     ? packet_text_next(&r->text, bytes, packet)
               : r->kind == BINARY ? capture_file_next(&r->file, bytes, packet)
                                   : CAPTURE_MORE;
}

/** Take all packets that are complete. @return false: the file is damaged. */
static bool take_packets(struct reading *r)
{
        struct span bytes = capture_input_bytes(r->input);
        struct captured packet;
        size_t before = bytes.len;
        enum capture_found found;
        decide(r, bytes);
        while ((found = next_packet(r, &bytes, &packet)) == CAPTURE_PACKET) {
                r->last_ns = packet.time_ns != 0 ? packet.time_ns : r->last_ns;
                observer_add(r->observer, &packet);
        }
        capture_input_take(r->input, before - bytes.len);
        if (found == CAPTURE_DAMAGED) {
                diag(DIAG_ERROR, "%s can't be read from byte %llu on: %s", r->path,
                     (unsigned long long)r->file.at, r->file.damage);
        }
        return found != CAPTURE_DAMAGED;
}

/** Nothing more came for a while. */
static void on_pause(struct reading *r)
{
        uint64_t now_ns = clock_wall_ns();
        if (r->last_ns != 0 && now_ns >= r->last_ns && now_ns - r->last_ns < LIVE_S * CLOCK_S_NS) {
                observer_wait(r->observer, now_ns);
        }
        observer_flush(r->observer);
}

/** Could records not be written? */
static bool has_log_failed(const struct reading *r)
{
        return journal_counts(observer_journal(r->observer)).sink_errors > 0;
}

/** @return false: stop. */
static bool read_more(struct reading *r)
{
        switch (capture_input_read(r->input, WAIT_MS)) {
        case CAPTURE_INPUT_BYTES:
                if (!take_packets(r)) {
                        r->failed = true;
                        return false;
                }
                observer_flush(r->observer);
                observe_progress(r->observer, capture_input_progress(r->input));
                break;
        case CAPTURE_INPUT_WAITING: on_pause(r); break;
        case CAPTURE_INPUT_END:
                if (!r->options.follow) {
                        return false;
                }
                on_pause(r);
                (void)poll(NULL, 0, WAIT_MS);
                break;
        case CAPTURE_INPUT_FAILED:
                diag(DIAG_ERROR, "%s can't be read: %s", r->path, capture_input_why(r->input));
                r->failed = true;
                return false;
        }
        return !interrupt_has_come() && !has_log_failed(r);
}

/** Was nothing read that is a packet? */
static bool is_no_capture(const struct reading *r)
{
        return r->kind == TEXT ? r->text.packets == 0 : r->file.format == CAPTURE_FORMAT_UNKNOWN;
}

/** The last packet of a text has no line behind it. */
static void take_last(struct reading *r)
{
        struct captured packet;
        if (r->kind == TEXT && packet_text_last(&r->text, &packet)) {
                observer_add(r->observer, &packet);
        }
}

static void report_end(const struct reading *r)
{
        size_t left = capture_input_bytes(r->input).len;
        if (r->failed || interrupt_has_come() || has_log_failed(r)) {
                return;
        }
        if (is_no_capture(r)) {
                diag(DIAG_ERROR, left > 0 || r->kind == TEXT ? "%s is no capture file" : "%s is empty",
                     r->path);
        } else if ((left > 0 && r->kind == BINARY) || capture_input_is_cut(r->input)) {
                diag(DIAG_WARNING, "%s ends within a packet: its last packet is missing", r->path);
        }
}

static bool read_all(struct reading *r)
{
        while (read_more(r)) {
        }
        take_last(r);
        report_end(r);
        observer_finish(r->observer);
        observe_progress_end();
        r->failed = r->failed || (is_no_capture(r) && !interrupt_has_come());
        if (r->options.digests) {
                observe_print_digests(r->observer);
        }
        observe_report(r->observer);
        observe_report_file(&r->file);
        observe_report_text(&r->text);
        return !r->failed && !has_log_failed(r);
}

int command_read(int argc, char **argv)
{
        static struct reading r;
        const char *why;
        if (!observe_options_parse(&r.options, OBSERVE_FILE, &argc, argv)) {
                return EXIT_USAGE;
        }
        r.path = r.options.source;
        if (capture_input_open(r.path, &r.input, &why) != STATUS_OK) {
                diag(DIAG_ERROR, "%s can't be read: %s", r.path, why);
                return EXIT_FAILED;
        }
        capture_file_init(&r.file);
        packet_text_init(&r.text);
        enum status status = observer_new(&r.options.observer, &r.observer);
        bool ok = false;
        if (status == STATUS_OK) {
                interrupt_catch();
                ok = read_all(&r);
        }
        observer_free(r.observer);
        capture_file_fini(&r.file);
        capture_input_close(r.input);
        return status == STATUS_INVALID ? EXIT_USAGE : ok ? EXIT_DONE : EXIT_FAILED;
}
