#include "capture/capture.h"

#include "base/keep.h"
#include "mysql/secret.h"
#include "profile/prof.h"

/* An entry: this, then the payload's head. */
struct entry {
        uint64_t wall_ns;
        const char *name; /* static */
        uint32_t length;
        uint32_t head_len;
        uint8_t from;
        uint8_t seq;
        bool secret;
        bool cut_off;
        bool redacted;
};

struct capture {
        struct keep keep;
        _Alignas(8) uint8_t memory[];
};

struct capture *capture_new(size_t bytes)
{
        size_t size = bytes > sizeof(struct capture) ? bytes - sizeof(struct capture) : 0;
        struct capture *c = prof_alloc(STAGE_CAPTURE, sizeof *c + size);
        if (c != NULL) {
                keep_init(&c->keep, c->memory, size);
        }
        return c;
}

void capture_free(struct capture *c)
{
        prof_free(c);
}

uint64_t capture_lost(const struct capture *c)
{
        return c->keep.oldest - 1;
}

void capture_add(struct capture *c, const struct packet *p, uint64_t wall_ns)
{
        struct entry *e = keep_add(&c->keep, sizeof *e + p->head.len);
        if (e == NULL) {
                return; /* counted as lost */
        }
        *e =
            (struct entry){wall_ns,   p->name,    p->length,  (uint32_t)p->head.len, (uint8_t)p->from, p->seq,
                           p->secret, p->cut_off, p->redacted};
        if (p->head.len > 0) {
                memcpy(e + 1, p->head.data, p->head.len);
        }
}

void capture_walk(struct capture *c, void (*each)(void *arg, const struct capture_packet *p), void *arg)
{
        for (uint64_t i = c->keep.oldest; i <= c->keep.added; i++) {
                const struct entry *e = (const struct entry *)(const void *)keep_get(&c->keep, i).data;
                struct capture_packet p = {
                    .wall_ns = e->wall_ns,
                    .packet = {.from = (enum side)e->from,
                               .seq = e->seq,
                               .secret = e->secret,
                               .cut_off = e->cut_off,
                               .redacted = e->redacted,
                               .length = e->length,
                               .name = e->name,
                               .head = span_of(e + 1, e->head_len)},
                };
                /* a row of SHOW PROCESSLIST, say: too dear to be looked for in each packet as it passes */
                if (secret_is_within(p.packet.head)) {
                        p.packet.secret = true;
                        p.packet.head = span_of(NULL, 0);
                }
                each(arg, &p);
        }
}
