#include "journal/sink/sink_message.h"

#include "base/diag.h"
#include "journal/sink/datagram.h"
#include "mysql/record/gap.h"
#include "settings/settings.h"

#include <errno.h>
#include <unistd.h>

enum { GAP_BYTES = 1024 };

/** The oldest record is longer than a message can be: a gap message goes in its place. */
static ssize_t send_gap_instead(struct sink *sink, size_t len)
{
        uint8_t buffer[GAP_BYTES];
        struct writer w = writer_over(buffer, sizeof buffer);
        struct record gap = gap_record(1, "longer than a message may be");
        format_record(&w, sink->format, &gap);
        ssize_t n = w.at > 0 ? datagram_send(sink->fd, sink->settings, writer_span(&w), EVENT_GAP) : 0;
        if (n < 0) {
                return n;
        }
        output_queue_mark_dropped(&sink->queue);
        atomic_fetch_add_explicit(&sink->dropped, 1, memory_order_relaxed);
        if (!sink->trouble_logged) {
                diag(DIAG_WARNING,
                     "log to %s: records that are longer than a message may be are counted as dropped",
                     sink->settings->file);
                sink->trouble_logged = true;
        }
        return (ssize_t)len;
}

ssize_t sink_message_send(struct sink *sink)
{
        enum record_event event;
        struct span text = output_queue_oldest(&sink->queue, &event);
        ssize_t n = datagram_send(sink->fd, sink->settings, text, event);
        return n < 0 && errno == EMSGSIZE ? send_gap_instead(sink, text.len) : n;
}

bool sink_message_connect(struct sink *sink)
{
        int fd = datagram_open(sink->path);
        if (fd < 0) {
                return false;
        }
        (void)close(sink->fd);
        sink->fd = fd;
        return true;
}
