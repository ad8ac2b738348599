#include "capture/capture_copy.h"

#include "capture/entry.h"
#include "mysql/sql/secret_data.h"
#include "mysql/wire/frame.h"

typedef void each_packet(void *arg, const struct capture_packet *p);

static enum side side_of(const struct entry *e)
{
        return (e->flags & ENTRY_FROM_SERVER) != 0 ? SIDE_SERVER : SIDE_CLIENT;
}

static void give(struct capture_packet *p, each_packet *each, void *arg)
{
        /* such as a row of SHOW PROCESSLIST: searching each packet for it as it passes would be too expensive */
        if (secret_is_in_packet(p->packet.head)) {
                p->packet.secret = true;
                p->packet.head = span_of(NULL, 0);
        }
        each(arg, p);
}

static void walk_run(const struct entry *e, each_packet *each, void *arg)
{
        const struct packet_run run = {
            .n = e->number,
            .kinds = e->kind == KIND_OF_EACH ? (const uint16_t *)(const void *)(e + 1) : NULL,
            .kind = (enum packet_kind)e->kind,
            .layout = e->layout,
            .definitions = e->definitions,
            .redacted = (e->flags & ENTRY_REDACTED) != 0};
        const uint8_t *at =
            (const uint8_t *)(e + 1) + (run.kinds != NULL ? e->number * sizeof *run.kinds : 0);
        for (uint32_t i = 0; i < e->number; i++) {
                size_t length = frame_length(frame_header(at));
                enum packet_kind kind = packet_run_kind(&run, i);
                struct span head = packet_run_head(&run, kind, span_of(at + FRAME_HEADER_SIZE, length));
                struct capture_packet p = {.wall_ns = e->wall_ns,
                                           .packet = {.from = side_of(e),
                                                      .seq = at[3],
                                                      .length = (uint32_t)length,
                                                      .redacted = run.redacted,
                                                      .kind = kind,
                                                      .agreed = e->agreed,
                                                      .head = head}};
                give(&p, each, arg);
                at += FRAME_HEADER_SIZE + head.len;
        }
}

static void show(const struct entry *e, each_packet *each, void *arg)
{
        struct capture_packet p = {
            .wall_ns = e->wall_ns,
            .packet = {.from = side_of(e),
                       .seq = e->seq,
                       .secret = (e->flags & ENTRY_SECRET) != 0,
                       .cut_off = (e->flags & ENTRY_CUT_OFF) != 0,
                       .redacted = (e->flags & ENTRY_REDACTED) != 0,
                       .length = e->number,
                       .kind = (enum packet_kind)e->kind,
                       .agreed = e->agreed,
                       .head = span_of(e + 1, e->bytes)},
        };
        give(&p, each, arg);
}

/** The entry at *@p at, which moves behind it; NULL at the end. */
static const struct entry *next_entry(const struct capture_copy *copy, size_t *at)
{
        if (*at == copy->len) {
                return NULL;
        }
        const struct entry *e = (const struct entry *)(const void *)(copy->entries + *at);
        *at += sizeof *e + entry_aligned(e->bytes);
        return e;
}

uint64_t capture_walk(const struct capture_copy *copy, each_packet *each, void *arg)
{
        const struct entry *e;
        for (size_t at = 0; (e = next_entry(copy, &at)) != NULL;) {
                if ((e->flags & ENTRY_RUN) != 0) {
                        walk_run(e, each, arg);
                } else if (e->kind != KIND_NOTE) {
                        show(e, each, arg);
                }
        }
        return capture_count(copy);
}

uint64_t capture_count(const struct capture_copy *copy)
{
        uint64_t n = 0;
        const struct entry *e;
        for (size_t at = 0; (e = next_entry(copy, &at)) != NULL;) {
                n += (e->flags & ENTRY_RUN) != 0 ? e->number : e->kind != KIND_NOTE;
        }
        return n;
}

struct span capture_note(const struct capture_copy *copy)
{
        struct span note = {NULL, 0};
        const struct entry *e;
        for (size_t at = 0; (e = next_entry(copy, &at)) != NULL;) {
                note = e->kind == KIND_NOTE ? span_of(e + 1, e->bytes) : note;
        }
        return note;
}
