/* PROXY headers: however the bytes are cut, the outcome is the same, and a client that is read is written and read again. */
#include "fuzz.h"
#include "proxy/net/proxy_protocol.h"

#include <stdlib.h>

static void write_and_read(const struct proxy_protocol *p)
{
        uint8_t bytes[PROXY_PROTOCOL_WRITTEN_MAX];
        struct proxy_protocol again;
        for (unsigned version = 1; version <= 2; version++) {
                struct writer w = writer_over(bytes, sizeof bytes);
                proxy_protocol_write(&w, version, &p->source, &p->source);
                if (w.wanted != w.at ||
                    proxy_protocol_read(writer_span(&w), &again) != PROXY_PROTOCOL_HEADER ||
                    again.len != w.at || !again.has_source ||
                    memcmp(&again.source, &p->source, sizeof p->source) != 0) {
                        abort();
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct proxy_protocol whole;
        struct proxy_protocol part;
        enum proxy_protocol_step step = proxy_protocol_read(span_of(data, size), &whole);
        if (step == PROXY_PROTOCOL_HEADER &&
            (whole.len == 0 || whole.len > size || whole.len > PROXY_PROTOCOL_MAX)) {
                abort();
        }
        if ((step == PROXY_PROTOCOL_WRONG) != (whole.error != NULL) ||
            (step == PROXY_PROTOCOL_MORE && size >= PROXY_PROTOCOL_MAX)) {
                abort();
        }
        size_t n = step == PROXY_PROTOCOL_HEADER ? whole.len - 1 : step == PROXY_PROTOCOL_MORE ? size : 0;
        for (size_t i = 0; i <= n; i += 1 + n / 64) {
                if (proxy_protocol_read(span_of(data, i), &part) != PROXY_PROTOCOL_MORE) {
                        abort();
                }
        }
        if (step == PROXY_PROTOCOL_HEADER && whole.has_source) {
                write_and_read(&whole);
        }
        return 0;
}
