#include "cli/observe_summary.h"

#include "base/clock.h"
#include "base/diag.h"

#include <stdio.h>
#include <unistd.h>

enum { PROGRESS_MS = 200 };

static bool is_progress_shown;

void observe_progress(const struct observer *o, int thousandths)
{
        static uint64_t next_ns;
        uint64_t now_ns = clock_mono_ns();
        if (next_ns == 0) { /* short files are read without it */
                next_ns = now_ns + PROGRESS_MS * CLOCK_MS_NS;
        }
        if (now_ns < next_ns || !isatty(STDERR_FILENO)) {
                return;
        }
        const struct observer_counts counts = observer_counts(o);
        next_ns = now_ns + PROGRESS_MS * CLOCK_MS_NS;
        is_progress_shown = true;
        (void)fputs("\r\033[K", stderr);
        if (thousandths >= 0) {
                (void)fprintf(stderr, "%d.%d %%, ", thousandths / 10, thousandths % 10);
        }
        (void)fprintf(stderr, "%llu packets, %llu sessions, %llu statements",
                      (unsigned long long)counts.packets, (unsigned long long)counts.sessions.sessions,
                      (unsigned long long)counts.statements);
        (void)fflush(stderr);
}

void observe_progress_end(void)
{
        if (is_progress_shown) {
                (void)fputs("\r\033[K", stderr);
                is_progress_shown = false;
        }
}

/** One line of the summary; nothing if @p n is 0. */
static void count(uint64_t n, const char *what)
{
        if (n > 0) {
                diag(DIAG_WARNING, "%llu %s", (unsigned long long)n, what);
        }
}

static void count_sessions(const struct watch_counts *s)
{
        count(s->encrypted, "sessions are encrypted (TLS): their statements are not shown");
        count(
            s->joined,
            "sessions begin before the capture: their logins and earlier prepared statements are not known");
        count(s->one_way, "sessions of which only one direction was captured");
        count(s->losses, "times that a session could not be followed up to its next command");
        count(s->lost_bytes, "captured bytes of sessions were skipped until a command could be followed");
        count(s->x_protocol, "connections of the X protocol, which is not decoded");
        count(s->unclear, "connections of which too little was captured to tell their protocol");
}

static void count_flows(const struct flow_counts *f)
{
        count(f->gaps, "gaps in the captured streams");
        count(f->gap_bytes, "bytes are missing in them");
        count(f->cut_segments,
              "segments were not captured whole (capture with a larger snap length: tcpdump -s 0)");
        count(f->differing, "segments differ from an earlier copy of the same bytes, which was used");
        count(f->discarded, "connections were given up because there were too many (--max-flows)");
        count(f->out_of_memory, "segments were ignored because memory was out");
}

void observe_report(const struct observer *o)
{
        const struct observer_counts counts = observer_counts(o);
        diag(DIAG_INFO, "%llu packets, %llu connections, %llu sessions, %llu statements",
             (unsigned long long)counts.packets, (unsigned long long)counts.flows.flows,
             (unsigned long long)counts.sessions.sessions, (unsigned long long)counts.statements);
        for (enum packet_content c = CONTENT_FRAGMENT; c < CONTENT_COUNT; c++) {
                count(counts.contents[c], packet_content_name(c));
        }
        count_flows(&counts.flows);
        count_sessions(&counts.sessions);
        count(counts.backwards, "times that the packets' clock was set back");
        if (counts.sessions.sessions == 0 && counts.packets > 0) {
                diag(DIAG_WARNING, "no session was found; -p PORT names the server's port if it is not 3306");
        }
}

void observe_report_file(const struct capture_file *f)
{
        count(f->dropped, "packets were not captured, as the file says");
        count(f->unknown_blocks, "blocks of the file are not known");
        count(f->secrets, "blocks of the file have keys of encrypted sessions, which are not used");
        count(f->untimed, "packets have no time");
}

void observe_report_text(const struct packet_text *t)
{
        count(t->undated,
              "packets have a time without a date (tcpdump -tttt prints it): it is taken for 1970-01-01");
        count(t->broken, "packets lack lines");
}
