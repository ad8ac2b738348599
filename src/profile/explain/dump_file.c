#include "profile/explain/dump_file.h"

#include "profile/explain/dump_proto.h"
#include "profile/explain/dump_text.h"
#include "profile/explain/inflate.h"
#include "profile/heap/prof.h"

enum { GZIP_HEAD = 10, GZIP_FLAGS = 3, GZIP_FLAGS_UNUSED = 0xe0, FAILURES_MAX = 64 };

/** Where a gzip member seems to begin in @p s, or its length. */
static size_t find_gzip(struct span s)
{
        static const uint8_t magic[] = {0x1f, 0x8b, 8};
        struct span rest = s;
        while (rest.len >= GZIP_HEAD) {
                const uint8_t *at = memmem(rest.data, rest.len, magic, sizeof magic);
                if (at == NULL) {
                        break;
                }
                rest = span_skip(rest, (size_t)(at - rest.data));
                if (rest.len >= GZIP_HEAD && (rest.data[GZIP_FLAGS] & GZIP_FLAGS_UNUSED) == 0) {
                        return s.len - rest.len;
                }
                rest = span_skip(rest, 1);
        }
        return s.len;
}

/** Read bytes outside gzip: a protobuf if they are one, else text. */
static void read_plain(struct span bytes, const struct dump_sink *sink, struct dump_troubles *t)
{
        /* the first field of a profile is a message: 0x0a, which is a newline, too */
        enum status status =
            bytes.len > 1 && bytes.data[0] == 0x0a ? dump_proto_read(bytes, sink, t) : STATUS_PROTOCOL;
        if (status == STATUS_PROTOCOL) {
                (void)dump_text_read(bytes, sink, t);
        }
        t->nomem = t->nomem || status == STATUS_NOMEM;
}

/** Read inflated bytes: a protobuf, or a text that somebody compressed. */
static void read_inflated(struct span bytes, const struct dump_sink *sink, struct dump_troubles *t)
{
        enum status status = dump_proto_read(bytes, sink, t);
        if (status == STATUS_PROTOCOL && bytes.len > 0) {
                uint64_t before = t->records + t->others[DUMP_GOROUTINE] + t->others[DUMP_BLOCK];
                bool text = memchr(bytes.data, 0, bytes.len) == NULL;
                uint64_t dumps = dump_text_read(bytes, sink, t);
                uint64_t after = t->records + t->others[DUMP_GOROUTINE] + t->others[DUMP_BLOCK];
                t->broken += dumps == 0 && before == after && !text;
        }
        t->nomem = t->nomem || status == STATUS_NOMEM;
}

/** Inflate the member at the start of @p in; read @p before, the bytes in front of it, and then the member.
 *  @return its length, or 0 if it can't be read; then nothing was read. */
static size_t read_member(struct span in, struct span before, size_t *work, const struct dump_sink *sink,
                          struct dump_troubles *t)
{
        uint8_t *bytes;
        size_t len;
        size_t used;
        enum status status = inflate_member(in, DUMP_INFLATED_MAX, work, &bytes, &len, &used);
        t->broken += status == STATUS_PROTOCOL;
        t->large += status == STATUS_LIMIT;
        t->nomem = t->nomem || status == STATUS_NOMEM;
        if (status != STATUS_OK) {
                return 0;
        }
        if (before.len > 0) { /* its dumps are the older ones */
                read_plain(before, sink, t);
        }
        read_inflated(span_of(bytes, len), sink, t);
        prof_free(bytes);
        return used;
}

void dump_file_read(struct span file, const struct dump_sink *sink, struct dump_troubles *t)
{
        size_t work = DUMP_WORK_MIN + DUMP_WORK_RATIO * file.len;
        unsigned failures = 0;
        struct span text = file; /* after the last member */
        size_t looked_at = 0;    /* so many bytes of it contain no member */
        while (failures < FAILURES_MAX && work > 0 && !t->nomem) {
                struct span rest = span_skip(text, looked_at);
                size_t at = find_gzip(rest);
                if (at == rest.len) {
                        break;
                }
                size_t begin = looked_at + at;
                size_t used = read_member(span_skip(rest, at), span_head(text, begin), &work, sink, t);
                failures += used == 0;
                text = used > 0 ? span_skip(text, begin + used) : text;
                looked_at = used > 0 ? 0 : begin + 1; /* what can't be inflated is read as text */
        }
        if (text.len > 0 && !t->nomem) {
                read_plain(text, sink, t);
        }
}
