#include "base/json.h"

#include "base/utf8.h"

static const char hex_digits[] = "0123456789abcdef";

static void escape(struct writer *w, uint8_t byte)
{
        static const char shorts[0x20] = {
            ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
        char out[6] = {'\\', 'u', '0', '0', hex_digits[byte >> 4], hex_digits[byte & 0xf]};
        if (byte == '"' || byte == '\\' || (byte < sizeof shorts && shorts[byte] != 0)) {
                out[1] = byte < sizeof shorts ? shorts[byte] : (char)byte;
                writer_bytes(w, out, 2);
        } else {
                writer_bytes(w, out, sizeof out);
        }
}

void json_string(struct writer *w, struct span s)
{
        size_t plain = 0; /* bytes that go out as they are */
        writer_char(w, '"');
        while (plain < s.len) {
                uint8_t byte = s.data[plain];
                if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
                        plain++;
                        continue;
                }
                unsigned n = byte < 0x80 ? 0 : utf8_sequence(span_skip(s, plain));
                if (n > 0) {
                        plain += n;
                        continue;
                }
                writer_bytes(w, s.data, plain);
                if (byte < 0x80) {
                        escape(w, byte);
                } else {
                        writer_text(w, "\xef\xbf\xbd");
                }
                s = span_skip(s, plain + 1);
                plain = 0;
        }
        writer_bytes(w, s.data, plain);
        writer_char(w, '"');
}

void json_hex(struct writer *w, struct span s)
{
        writer_char(w, '"');
        for (size_t i = 0; i < s.len && !w->failed; i++) {
                char two[2] = {hex_digits[s.data[i] >> 4], hex_digits[s.data[i] & 0xf]};
                writer_bytes(w, two, 2);
        }
        writer_char(w, '"');
}
