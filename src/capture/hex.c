#include "capture/hex.h"

#include "base/clock.h"

enum { LINE_BYTES = HEX_LINE_BYTES, LINE_SIZE = 80, TITLE_SIZE = 320 };

void hex_line(struct writer *w, size_t offset, struct span bytes)
{
        static const char digits[] = "0123456789abcdef";
        char line[LINE_SIZE];
        memset(line, ' ', sizeof line);
        for (size_t i = 0; i < 6; i++) {
                line[2 + i] = digits[offset >> (4 * (5 - i)) & 0xf];
        }
        for (size_t i = 0; i < bytes.len; i++) {
                uint8_t c = bytes.data[i];
                size_t at = 10 + 3 * i + (i >= LINE_BYTES / 2 ? 1 : 0);
                line[at] = digits[c >> 4];
                line[at + 1] = digits[c & 0xf];
                line[60 + i] = '.';
                if (c >= 0x20 && c < 0x7f) {
                        line[60 + i] = (char)c;
                }
        }
        writer_bytes(w, line, 60 + bytes.len);
        writer_char(w, '\n');
}

void hex_title(struct writer *w, uint64_t conn_id, uint64_t wall_ns, const struct packet *p, const char *name)
{
        char when[CLOCK_RFC3339_SIZE];
        clock_rfc3339(wall_ns, when);
        writer_format(w, "%s  #%llu %s  seq %u  len %u  %.64s%s\n", when, (unsigned long long)conn_id,
                      p->from == SIDE_CLIENT ? "client > server" : "server > client", p->seq, p->length, name,
                      p->cut_off ? " (cut off by the end of the session)" : "");
}

void hex_packet(struct writer *w, uint64_t conn_id, uint64_t wall_ns, const struct packet *p,
                const char *name)
{
        hex_title(w, conn_id, wall_ns, p, name);
        for (size_t at = 0; at < p->head.len && !p->secret && !w->failed; at += LINE_BYTES) {
                hex_line(w, at, span_head(span_skip(p->head, at), LINE_BYTES));
        }
        hex_missing(w, p);
}

void hex_missing(struct writer *w, const struct packet *p)
{
        if (p->secret) {
                writer_text(w, "  (not shown: authentication data, or it may contain a password)\n");
        } else if (p->head.len < p->length && !p->cut_off) {
                writer_format(w, "  (%llu bytes not shown%s)\n",
                              (unsigned long long)(p->length - p->head.len), p->redacted ? ": redacted" : "");
        }
}

size_t hex_packet_size(size_t head_len)
{
        return TITLE_SIZE + (head_len / LINE_BYTES + 1) * LINE_SIZE;
}
