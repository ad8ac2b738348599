#include "profile/export/export_parts.h"

#include "profile/export/symbol.h"
#include "profile/heap/thread.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

/** Statements hold anything; a terminal and a line-based reader have to survive it. */
void export_quoted(FILE *out, const char *text)
{
        (void)putc('"', out);
        for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
                if (*p < 0x20 || *p >= 0x7f) {
                        (void)fprintf(out, "\\x%02x", *p);
                } else {
                        (void)fprintf(out, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
                }
        }
        (void)putc('"', out);
}

void export_maps(FILE *out)
{
        char piece[4096];
        ssize_t n;
        int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
        (void)fputs("\nMAPPED_LIBRARIES:\n", out);
        if (fd < 0) {
                return;
        }
        while ((n = read(fd, piece, sizeof piece)) > 0) {
                (void)fwrite(piece, 1, (size_t)n, out);
        }
        (void)close(fd);
}

/* --- places -------------------------------------------------------------------------------------------------------- */

struct export_place export_place_of(const struct prof_record *r)
{
        struct export_place p = {.module = "?", .site = r->site};
        for (unsigned i = 0; i < r->depth; i++) {
                struct symbol s = symbol_find(r->stack[i] - 1);
                if (i == 0) {
                        p.function = s.function;
                        p.module = s.module != NULL ? s.module : "?";
                        p.file = s.file;
                        p.line = s.line;
                } else if (s.function != NULL && s.file != NULL) {
                        p.caller = s.function;
                        p.caller_file = s.file;
                        p.caller_line = s.line;
                }
                if (s.file != NULL) {
                        break;
                }
        }
        return p;
}

static uint64_t hash_text(uint64_t h, const char *text)
{
        for (; *text != '\0'; text++) {
                h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
        }
        return h;
}

static uint64_t hash_place(const struct prof_record *r, bool lines)
{
        const uint64_t start = 0xcbf29ce484222325ULL;
        if (r->site[0] != '\0' || r->depth == 0) {
                return hash_text(start, r->site);
        }
        if (lines) {
                struct export_place p = export_place_of(r);
                const char *file = p.file != NULL ? p.file : p.caller_file;
                if (file != NULL) {
                        return hash_text(start, file) + (uint64_t)(p.file != NULL ? p.line : p.caller_line);
                }
        }
        return r->stack[0];
}

static int compare_hashes(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a;
        uint64_t y = *(const uint64_t *)b;
        return (x > y) - (x < y);
}

uint32_t export_count_places(bool lines)
{
        struct prof_record r;
        uint32_t n = 0;
        uint32_t different = 0;
        uint32_t records = prof_record_count();
        size_t size = ((size_t)records + 1) * sizeof(uint64_t);
        uint64_t *hashes = thread_map(size);
        if (hashes == NULL) {
                return 0;
        }
        for (uint32_t id = 1; id <= records; id++) {
                if (prof_record_get(id, &r)) {
                        hashes[n++] = hash_place(&r, lines);
                }
        }
        qsort(hashes, n, sizeof *hashes, compare_hashes);
        for (uint32_t i = 0; i < n; i++) {
                different += i == 0 || hashes[i] != hashes[i - 1];
        }
        thread_unmap(hashes, size);
        return different;
}

static const char *name_of(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash != NULL ? slash + 1 : path;
}

/** The last folder and the name. */
static const char *tail_of(const char *path)
{
        const char *tail = name_of(path);
        if (tail > path) {
                tail--; /* the slash */
        }
        while (tail > path && tail[-1] != '/') {
                tail--;
        }
        return tail;
}

void export_place_text(FILE *out, const struct export_place *p)
{
        if (p->function != NULL) {
                (void)fputs(p->function, out);
        } else {
                (void)fprintf(out, "[%s]", name_of(p->module));
        }
        if (p->site[0] != '\0') {
                (void)fprintf(out, " %s", tail_of(p->site));
        } else if (p->file != NULL) {
                (void)fprintf(out, " %s:%d", tail_of(p->file), p->line);
        }
        if (p->caller != NULL) {
                (void)fprintf(out, " for %s %s:%d", p->caller, tail_of(p->caller_file), p->caller_line);
        }
}

static void put_place(struct json_writer *j, bool of_caller, const char *function, const char *file, int line)
{
        if (function != NULL) {
                json_writer_text(j, of_caller ? "caller_function" : "function", function);
        }
        if (file != NULL) {
                json_writer_text(j, of_caller ? "caller_file" : "file", file);
                json_writer_int(j, of_caller ? "caller_line" : "line", line);
        }
}

void export_frame_text(FILE *out, uintptr_t pc)
{
        struct symbol s = symbol_find(pc - 1); /* the call, not what comes after it */
        (void)fprintf(out, "#\t%#" PRIxPTR, pc);
        if (s.function != NULL) {
                (void)fprintf(out, "\t%s+%#" PRIx64, s.function, s.offset + 1);
        } else if (s.module != NULL) {
                (void)fprintf(out, "\t[%s]", s.module);
        }
        if (s.file != NULL) {
                (void)fprintf(out, "\t%s:%d", s.file, s.line);
        }
        (void)putc('\n', out);
}

void export_place_json(struct json_writer *j, const struct export_place *p)
{
        json_writer_text(j, "module", p->module);
        put_place(j, false, p->function, p->file, p->line);
        if (p->site[0] != '\0') {
                json_writer_text(j, "site", p->site);
        }
        if (p->caller != NULL) {
                put_place(j, true, p->caller, p->caller_file, p->caller_line);
        }
}

void export_stack_json(struct json_writer *j, const char *key, const struct prof_record *r)
{
        json_writer_array(j, key);
        for (unsigned i = 0; i < r->depth; i++) {
                struct symbol s = symbol_find(r->stack[i] - 1);
                char pc[24];
                (void)snprintf(pc, sizeof pc, "%#" PRIxPTR, r->stack[i]);
                json_writer_object(j, NULL);
                json_writer_text(j, "pc", pc);
                if (s.function == NULL && s.module != NULL) {
                        json_writer_text(j, "module", s.module);
                }
                put_place(j, false, s.function, s.file, s.line);
                json_writer_end(j);
        }
        json_writer_end(j);
}
