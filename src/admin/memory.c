/* GET /stages, and what readers of profiles ask about the process: its command line, symbols and threads. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "base/json_writer.h"
#include "profile/export/export.h"
#include "profile/export/symbol.h"
#include "profile/heap/prof.h"

#include <dirent.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SYMBOLS_MAX = 16384 };

void handle_stages(struct call *call)
{
        (call->json ? export_stages_json : export_stages_text)(call->out);
        call_reply(call, HTTP_OK, NULL);
}

void handle_cmdline(struct call *call)
{
        FILE *out = call->out;
        FILE *cmdline = fopen("/proc/self/cmdline", "re");
        int previous =
            EOF; /* the byte before c; the last one is left out if it is the NUL that ends the last word */
        int c;
        while (cmdline != NULL && (c = getc(cmdline)) != EOF) {
                if (previous != EOF) {
                        (void)putc(previous, out);
                }
                previous = c;
        }
        if (cmdline != NULL) {
                (void)fclose(cmdline);
        }
        if (previous != EOF && previous != '\0') {
                (void)putc(previous, out);
        }
        call_reply(call, HTTP_OK, "text/plain; charset=utf-8");
}

static void put_symbols(FILE *out, const char *addresses)
{
        for (int i = 0; addresses != NULL && i < SYMBOLS_MAX; i++) {
                unsigned long long pc = strtoull(addresses, NULL, 0); /* 0 if it is not a number */
                struct symbol s = symbol_find((uintptr_t)pc);
                if (s.function != NULL) {
                        (void)fprintf(out, "0x%llx\t%s\n", pc, s.function);
                }
                addresses = strchr(addresses, '+');
                addresses = addresses != NULL ? addresses + 1 : NULL;
        }
}

/** Tells that there are symbols, and a line "0xA name" for each address in 0xA+0xB: the query of a GET, the body of a
 * POST. Source: Go's net/http/pprof. */
void handle_symbol(struct call *call)
{
        struct evbuffer *input = evhttp_request_get_input_buffer(call->request);
        size_t len = evbuffer_get_length(input);
        char *text = len > 0 ? prof_alloc(STAGE_ADMIN, len + 1) : NULL;
        (void)fputs("num_symbols: 1\n", call->out);
        if (text != NULL) {
                (void)evbuffer_copyout(input, text, len);
                text[len] = '\0';
        }
        bool posted = evhttp_request_get_command(call->request) == EVHTTP_REQ_POST;
        put_symbols(call->out,
                    posted ? text : evhttp_uri_get_query(evhttp_request_get_evhttp_uri(call->request)));
        prof_free(text);
        call_reply(call, HTTP_OK, "text/plain; charset=utf-8");
}

/* --- threads ------------------------------------------------------------------------------------------------------- */

struct thread_info {
        char name[64];
        char state;
};

/** From /proc/self/task/TID/stat: "TID (name) S …". @return false if the thread has ended. */
static bool read_thread(const char *tid, struct thread_info *t)
{
        char path[64];
        char line[512];
        (void)snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", tid);
        FILE *f = fopen(path, "re");
        bool ok = f != NULL && fgets(line, sizeof line, f) != NULL;
        if (f != NULL) {
                (void)fclose(f);
        }
        const char *open = ok ? strchr(line, '(') : NULL;
        char *close = ok ? strrchr(line, ')') : NULL;
        if (open == NULL || close == NULL || close < open || close[1] != ' ') {
                return false;
        }
        *close = '\0';
        (void)snprintf(t->name, sizeof t->name, "%s", open + 1);
        t->state = close[2];
        return true;
}

static void put_thread(struct call *call, struct json_writer *j, uint64_t tid, const struct thread_info *t)
{
        if (call->json) {
                const char state[] = {t->state, '\0'};
                json_writer_object(j, NULL);
                json_writer_uint(j, "tid", tid);
                json_writer_text(j, "state", state);
                json_writer_text(j, "name", t->name);
                json_writer_end(j);
        } else {
                (void)fprintf(call->out, "%8" PRIu64 " %-16s %c\n", tid, t->name, t->state);
        }
}

void handle_threads(struct call *call)
{
        DIR *dir = opendir("/proc/self/task");
        const struct dirent *entry;
        struct json_writer j = json_writer_to(call->out);
        if (call->json) {
                json_writer_array(&j, NULL);
        } else {
                (void)fprintf(call->out, "%8s %-16s %s\n", "TID", "NAME", "STATE");
        }
        while (dir != NULL && (entry = readdir(dir)) != NULL) {
                struct thread_info t;
                uint64_t tid;
                if (call_parse_number(entry->d_name, strlen(entry->d_name), &tid) &&
                    read_thread(entry->d_name, &t)) {
                        put_thread(call, &j, tid, &t);
                }
        }
        if (dir != NULL) {
                (void)closedir(dir);
        }
        if (call->json) {
                json_writer_end(&j);
                json_writer_finish(&j);
        }
        call_reply(call, HTTP_OK, NULL);
}
