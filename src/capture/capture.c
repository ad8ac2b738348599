#include "capture/capture.h"

#include "base/keep.h"
#include "mysql/secret.h"
#include "profile/prof.h"

/* An entry: this, then the payload's head; or, of a run, the names of its packets if they differ, and their bytes. */
struct entry {
        uint64_t wall_ns;
        const char *name; /* static; NULL: each has its own */
        uint32_t length;
        uint32_t bytes;
        uint32_t run; /* packets in it; 0: this is one packet */
        uint8_t from;
        uint8_t seq;
        bool secret;
        bool cut_off;
        bool redacted;
};

struct capture {
        uint64_t added; /* packets */
        struct keep keep;
        _Alignas(8) uint8_t memory[];
};

struct capture *capture_new(size_t bytes)
{
        size_t size = bytes > sizeof(struct capture) ? bytes - sizeof(struct capture) : 0;
        struct capture *c = prof_alloc(STAGE_CAPTURE, sizeof *c + size);
        if (c != NULL) {
                c->added = 0;
                keep_init(&c->keep, c->memory, size);
        }
        return c;
}

void capture_free(struct capture *c)
{
        prof_free(c);
}

static const struct entry *entry_at(struct capture *c, uint64_t i)
{
        return (const struct entry *)(const void *)keep_get(&c->keep, i).data;
}

uint64_t capture_lost(struct capture *c)
{
        uint64_t kept = 0;
        for (uint64_t i = c->keep.oldest; i <= c->keep.added; i++) {
                uint32_t run = entry_at(c, i)->run;
                kept += run > 0 ? run : 1;
        }
        return c->added - kept;
}

void capture_add(struct capture *c, const struct packet *p, uint64_t wall_ns)
{
        struct entry *e = keep_add(&c->keep, sizeof *e + p->head.len);
        c->added++;
        if (e == NULL) {
                return; /* counted as lost */
        }
        *e = (struct entry){.wall_ns = wall_ns,
                            .name = p->name,
                            .length = p->length,
                            .bytes = (uint32_t)p->head.len,
                            .from = (uint8_t)p->from,
                            .seq = p->seq,
                            .secret = p->secret,
                            .cut_off = p->cut_off,
                            .redacted = p->redacted};
        if (p->head.len > 0) {
                memcpy(e + 1, p->head.data, p->head.len);
        }
}

/* --- runs ---------------------------------------------------------------------------------------------------------- */

enum { HEADER = 4 };

static uint32_t length_at(const uint8_t *packet)
{
        return (uint32_t)packet[0] | (uint32_t)packet[1] << 8 | (uint32_t)packet[2] << 16;
}

static size_t names_size(const struct packet_run *run)
{
        return run->names != NULL ? run->n * sizeof *run->names : 0;
}

/** Without the packets that the newer ones would push out. */
static struct packet_run last_of(const struct packet_run *run, size_t room)
{
        struct packet_run last = *run;
        while (last.n > 1 && names_size(&last) + last.bytes.len > room) {
                size_t first = HEADER + length_at(last.bytes.data);
                last.bytes = span_of(last.bytes.data + first, last.bytes.len - first);
                last.names = last.names != NULL ? last.names + 1 : NULL;
                last.n--;
        }
        return last;
}

void capture_add_run(struct capture *c, const struct packet_run *run, uint64_t wall_ns)
{
        size_t room = c->keep.size > 2 * sizeof(struct entry) ? c->keep.size - 2 * sizeof(struct entry) : 0;
        struct packet_run kept = *run;
        c->added += run->n;
        if (names_size(run) + run->bytes.len > room) {
                kept = last_of(run, room);
        }
        size_t names = names_size(&kept);
        struct entry *e = keep_add(&c->keep, sizeof *e + names + kept.bytes.len);
        if (e == NULL) {
                return; /* counted as lost */
        }
        *e = (struct entry){.wall_ns = wall_ns,
                            .name = kept.name,
                            .bytes = (uint32_t)kept.bytes.len,
                            .run = (uint32_t)kept.n,
                            .from = (uint8_t)kept.from};
        uint8_t *at = (uint8_t *)(e + 1);
        for (size_t i = 0; names > 0 && i < kept.n; i++) {
                memcpy(at + i * sizeof *kept.names, &kept.names[i], sizeof *kept.names);
        }
        memcpy(at + names, kept.bytes.data, kept.bytes.len);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

typedef void each_packet(void *arg, const struct capture_packet *p);

static void give(struct capture_packet *p, each_packet *each, void *arg)
{
        /* a row of SHOW PROCESSLIST, say: too dear to be looked for in each packet as it passes */
        if (secret_is_within(p->packet.head)) {
                p->packet.secret = true;
                p->packet.head = span_of(NULL, 0);
        }
        each(arg, p);
}

static void walk_run(const struct entry *e, each_packet *each, void *arg)
{
        const uint8_t *names = (const uint8_t *)(e + 1);
        const uint8_t *at = names + (e->name == NULL ? e->run * sizeof e->name : 0);
        for (uint32_t i = 0; i < e->run; i++) {
                struct capture_packet p = {.wall_ns = e->wall_ns,
                                           .packet = {.from = (enum side)e->from,
                                                      .seq = at[3],
                                                      .length = length_at(at),
                                                      .name = e->name,
                                                      .head = span_of(at + HEADER, length_at(at))}};
                if (e->name == NULL) {
                        memcpy(&p.packet.name, names + i * sizeof e->name, sizeof e->name);
                }
                size_t length = length_at(at);
                give(&p, each, arg);
                at += HEADER + length;
        }
}

void capture_walk(struct capture *c, each_packet *each, void *arg)
{
        for (uint64_t i = c->keep.oldest; i <= c->keep.added; i++) {
                const struct entry *e = entry_at(c, i);
                struct capture_packet p = {
                    .wall_ns = e->wall_ns,
                    .packet = {.from = (enum side)e->from,
                               .seq = e->seq,
                               .secret = e->secret,
                               .cut_off = e->cut_off,
                               .redacted = e->redacted,
                               .length = e->length,
                               .name = e->name,
                               .head = span_of(e + 1, e->bytes)},
                };
                if (e->run > 0) {
                        walk_run(e, each, arg);
                } else {
                        give(&p, each, arg);
                }
        }
}
