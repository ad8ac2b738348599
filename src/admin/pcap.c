/* Packets of sessions as capture files. The workers are asked for copies, and the files are made of them here. */
#include "admin/call.h"
#include "admin/handlers.h"
#include "tap/tap_copy.h"

#include <event2/http.h>
#include <inttypes.h>
#include <stdio.h>

static bool put(void *arg, struct span bytes)
{
        return fwrite(bytes.data, 1, bytes.len, arg) == bytes.len;
}

static void on_copy(void *arg, const struct tap_copy *copy)
{
        struct call *call = arg;
        char name[64];
        if (call->admin->settings->capture.bytes == 0) {
                call_fail(call, HTTP_NOTFOUND, "packets are not captured: the setting capture.bytes is 0");
                return;
        }
        if (copy == NULL) {
                call_fail_session(call);
                return;
        }
        struct pcapng out = {.put = put, .arg = call->out};
        tap_copy_pcap(copy, &out);
        (void)snprintf(name, sizeof name, "session-%" PRIu64 ".pcapng", call->place.number);
        call_attach(call, name);
        call_reply(call, HTTP_OK, "application/x-pcapng");
}

void handle_pcap(struct call *call)
{
        proxy_copy(call->admin->proxy, call->place.number, on_copy, call);
}
