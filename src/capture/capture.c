#include "capture/capture.h"

#include "capture/entry.h"
#include "mysql/wire/frame.h"
#include "profile/heap/prof.h"

enum {
        RUN_MAX = 16 * 1024, /* bytes that are kept of a run at most */
        ENDED_PER_BLOCKS = 8,
        SHARES_MIN = 32,
};
#define NO_BLOCK UINT32_MAX
#define NO_ENTRY UINT32_MAX

struct block {
        struct capture_track *owner; /* NULL = it is free */
        uint32_t next;               /* of the same owner */
        uint32_t first; /* offset of the first entry that begins in it; NO_ENTRY: it continues one */
};

struct capture {
        size_t block_size;
        size_t entry_max;
        uint32_t n;     /* blocks */
        uint32_t share; /* blocks that each open session is sure of */
        uint32_t hand;  /* the block that is tried next when one is needed */
        uint32_t sessions;
        uint32_t n_ended;
        uint32_t next_ended;
        uint64_t ends;
        struct block *blocks;
        struct capture_track *ended; /* a ring of sessions that have ended; those without blocks are free */
        uint8_t *data;
};

_Static_assert(sizeof(struct entry) % ENTRY_ALIGNMENT == 0 && CAPTURE_BLOCK_MIN % 8 == 0,
               "entries are aligned");
_Static_assert(sizeof(struct capture) % 8 == 0 && sizeof(struct capture_track) % 8 == 0, "so are tables");

/* --- blocks ------------------------------------------------------------------------------------------------------------ */

static uint8_t *data_of(const struct capture *c, uint32_t block)
{
        return c->data + block * c->block_size;
}

/** The size of blocks: at most what half the memory has for each session, as a power of 2; and there should be some. */
static size_t block_size_for(size_t bytes, size_t sessions)
{
        sessions = sessions < SHARES_MIN ? SHARES_MIN : sessions;
        size_t size = CAPTURE_BLOCK_MIN;
        while (size < CAPTURE_BLOCK_MAX && 2 * size * sessions <= bytes / 2) {
                size *= 2;
        }
        return size;
}

struct capture *capture_new(size_t bytes, size_t sessions)
{
        size_t size = block_size_for(bytes, sessions);
        size_t unit = ENDED_PER_BLOCKS * (size + sizeof(struct block)) + sizeof(struct capture_track);
        size_t usable = bytes > sizeof(struct capture) ? bytes - sizeof(struct capture) : 0;
        struct capture *c = prof_alloc(STAGE_CAPTURE, sizeof *c + usable);
        if (c == NULL) {
                return NULL;
        }
        *c = (struct capture){.block_size = size,
                              .n = (uint32_t)(usable / unit) * ENDED_PER_BLOCKS,
                              .n_ended = (uint32_t)(usable / unit)};
        c->entry_max = c->n / 4 * size;
        c->blocks = (struct block *)(void *)(c + 1);
        c->ended = (struct capture_track *)(void *)(c->blocks + c->n);
        c->data = (uint8_t *)(c->ended + c->n_ended);
        if (c->n > 0) {
                memset(c->blocks, 0, (size_t)(c->data - (uint8_t *)c->blocks));
        }
        return c;
}

void capture_free(struct capture *c)
{
        prof_free(c);
}

/** Take the oldest block from its owner. */
static uint32_t take_oldest(struct capture *c, struct capture_track *t)
{
        uint32_t block = t->oldest;
        t->oldest = c->blocks[block].next;
        if (--t->n_blocks == 0) {
                t->next = NULL;
                t->end = NULL;
        }
        return block;
}

/** A block that is free, or the oldest one of a session that has more than its share. There is always one, since the shares are half the
 *  blocks at most; and half of the tries succeed, at least. */
static uint32_t take_block(struct capture *c)
{
        for (;;) {
                uint32_t at = c->hand;
                struct capture_track *owner = c->blocks[at].owner;
                c->hand = at + 1 < c->n ? at + 1 : 0;
                if (owner == NULL) {
                        return at;
                }
                if (owner->has_ended || owner->n_blocks > c->share) {
                        return take_oldest(c, owner);
                }
        }
}

/** Give @p t another block, which becomes its newest. */
static __attribute__((noinline)) void add_block(struct capture *c, struct capture_track *t)
{
        uint32_t block = take_block(c); /* may be the oldest of t */
        c->blocks[block] = (struct block){t, NO_BLOCK, NO_ENTRY};
        if (t->n_blocks > 0) {
                c->blocks[t->newest].next = block;
        } else {
                t->oldest = block;
        }
        t->newest = block;
        t->n_blocks++;
        t->next = data_of(c, block);
        t->end = t->next + c->block_size;
}

/* --- sessions ------------------------------------------------------------------------------------------------------- */

static void count_session(struct capture *c, int more)
{
        c->sessions = (uint32_t)((int)c->sessions + more);
        c->share = c->sessions > 0 ? c->n / 2 / c->sessions : 0;
}

void capture_begin(struct capture *c, struct capture_track *t, uint64_t conn_id)
{
        *t = (struct capture_track){.conn_id = conn_id};
        count_session(c, 1);
}

static void set_owner(struct capture *c, const struct capture_track *t, struct capture_track *owner)
{
        uint32_t block = t->oldest;
        for (uint32_t i = 0; i < t->n_blocks; i++) {
                c->blocks[block].owner = owner;
                block = c->blocks[block].next;
        }
}

void capture_end(struct capture *c, struct capture_track *t)
{
        count_session(c, -1);
        if (t->n_blocks == 0) {
                return;
        }
        struct capture_track *slot = &c->ended[c->next_ended];
        c->next_ended = c->next_ended + 1 < c->n_ended ? c->next_ended + 1 : 0;
        set_owner(c, slot, NULL); /* what was left of the session that ended longest ago */
        *slot = *t;
        slot->has_ended = true;
        slot->end_number = ++c->ends;
        set_owner(c, slot, slot);
        *t = (struct capture_track){.conn_id = t->conn_id, .has_ended = true};
}

const struct capture_track *capture_find_ended(const struct capture *c, uint64_t conn_id)
{
        for (uint32_t i = 0; i < c->n_ended; i++) {
                if (c->ended[i].n_blocks > 0 && c->ended[i].conn_id == conn_id) {
                        return &c->ended[i];
                }
        }
        return NULL;
}

uint64_t capture_each_ended(const struct capture *c, uint64_t after,
                            void (*each)(void *arg, const struct capture_track *t), void *arg)
{
        for (uint32_t i = 0; i < c->n_ended; i++) {
                if (c->ended[i].n_blocks > 0 && c->ended[i].end_number > after) {
                        each(arg, &c->ended[i]);
                }
        }
        return c->ends;
}

/* --- recording -------------------------------------------------------------------------------------------------------- */

/** Begin an entry with @p len bytes behind it. Only its number of bytes is set. */
static inline struct entry *begin_entry(struct capture *c, struct capture_track *t, size_t len)
{
        if ((size_t)(t->end - t->next) < sizeof(struct entry)) {
                add_block(c, t);
                c->blocks[t->newest].first = 0;
        }
        struct entry *e = (struct entry *)(void *)t->next;
        t->next += sizeof *e;
        e->bytes = (uint32_t)len;
        return e;
}

/** Copy what does not fit into the newest block. */
static __attribute__((noinline)) void put_split(struct capture *c, struct capture_track *t, struct span bytes)
{
        size_t left = (size_t)(t->end - t->next);
        memcpy(t->next, bytes.data, left);
        const uint8_t *from = bytes.data + left;
        for (size_t rest = bytes.len - left; rest > 0; rest -= left) {
                add_block(c, t);
                left = rest < c->block_size ? rest : c->block_size;
                memcpy(t->next, from, left);
                from += left;
                t->next += left;
        }
}

static inline void put(struct capture *c, struct capture_track *t, struct span bytes)
{
        if (bytes.len <= (size_t)(t->end - t->next)) {
                t->next = span_copy(t->next, bytes);
        } else {
                put_split(c, t, bytes);
        }
}

/** The entry is complete. If it ends in another block than it began in, the next entry is the first one of that block. */
static inline void end_entry(const struct capture *c, struct capture_track *t)
{
        struct block *block = &c->blocks[t->newest];
        t->next += -(uintptr_t)t->next & 7;
        if (block->first == NO_ENTRY && (size_t)(t->end - t->next) >= sizeof(struct entry)) {
                block->first = (uint32_t)(c->block_size - (size_t)(t->end - t->next));
        }
}

void capture_add(struct capture *c, struct capture_track *t, const struct packet *p, uint64_t wall_ns)
{
        if (p->head.len >= c->entry_max) {
                return;
        }
        struct entry *e = begin_entry(c, t, p->head.len);
        e->wall_ns = wall_ns;
        e->number = p->length;
        e->kind = (uint16_t)p->kind;
        e->flags = (uint8_t)((unsigned)p->from | (unsigned)p->secret << ENTRY_SECRET_BIT |
                             (unsigned)p->cut_off << ENTRY_CUT_OFF_BIT |
                             (unsigned)p->redacted << ENTRY_REDACTED_BIT);
        e->seq = p->seq;
        e->agreed = p->agreed;
        put(c, t, p->head);
        end_entry(c, t);
}

void capture_add_note(struct capture *c, struct capture_track *t, struct span note)
{
        struct span kept = span_head(note, CAPTURE_NOTE_MAX);
        if (kept.len < c->entry_max) {
                struct entry *e = begin_entry(c, t, kept.len);
                e->kind = KIND_NOTE;
                e->flags = 0;
                put(c, t, kept);
                end_entry(c, t);
        }
}

/* --- runs ---------------------------------------------------------------------------------------------------------- */

/** Bytes that the kinds of the packets take. Most runs are a single command, whose kind is stored in the entry itself. */
static inline size_t kinds_size(const struct packet_run *run)
{
        return run->kinds != NULL && run->n > 1 ? run->n * sizeof *run->kinds : 0;
}

/** The kind of all packets that the layout does not name, if the kinds are not listed in the entry. */
static inline unsigned kind_alone(const struct packet_run *run)
{
        return run->kinds != NULL ? run->kinds[0] : (unsigned)run->kind;
}

/** Let the layout of @p run, whose first @p n packets are dropped, be that of the others. */
static void drop_from_layout(struct packet_run *run, size_t n)
{
        if (n > 0 && (run->layout & LAYOUT_COUNT) != 0) {
                run->layout &= (uint8_t)~LAYOUT_COUNT;
                n--;
        }
        if (n > run->definitions) {
                run->layout &= (uint8_t)~LAYOUT_EOF;
        }
        run->definitions = n < run->definitions ? (uint8_t)(run->definitions - n) : 0;
}

/** @p run without its first @p n packets; it has more. */
static struct packet_run without_first(const struct packet_run *run, size_t n)
{
        struct packet_run last = *run;
        size_t dropped = 0;
        for (size_t i = 0; i < n; i++) {
                dropped += FRAME_HEADER_SIZE + frame_length(frame_header(run->bytes.data + dropped));
        }
        last.bytes = span_skip(run->bytes, dropped);
        last.n -= n;
        if (last.kinds != NULL) {
                last.kinds += n;
        } else {
                drop_from_layout(&last, n);
        }
        return last;
}

/** The last packets of the run: as many as fit into @p max bytes, but at least one. */
static struct packet_run last_of(const struct packet_run *run, size_t max)
{
        size_t dropped = 0;
        size_t kind = run->kinds != NULL ? sizeof *run->kinds : 0;
        size_t n = run->n;
        while (n > 1 && n * kind + run->bytes.len - dropped > max) {
                dropped += FRAME_HEADER_SIZE + frame_length(frame_header(run->bytes.data + dropped));
                n--;
        }
        return without_first(run, run->n - n);
}

/** Set all of @p e but its number of bytes. @p kind: that of the run, or KIND_OF_EACH. */
static inline void describe_run(struct entry *e, const struct packet_run *run, unsigned kind,
                                uint64_t wall_ns)
{
        e->wall_ns = wall_ns;
        e->number = (uint32_t)run->n;
        e->kind = (uint16_t)kind;
        e->flags = (uint8_t)((unsigned)run->from | ENTRY_RUN | (unsigned)run->redacted << ENTRY_REDACTED_BIT);
        e->agreed = run->agreed;
        e->layout = run->layout;
        e->definitions = run->definitions;
}

/** Append a run that is not too long. */
static __attribute__((noinline)) void put_run(struct capture *c, struct capture_track *t,
                                              const struct packet_run *run, uint64_t wall_ns)
{
        size_t kinds = kinds_size(run);
        struct entry *e = begin_entry(c, t, kinds + run->bytes.len);
        if (kinds > 0) {
                describe_run(e, run, KIND_OF_EACH, wall_ns);
                put(c, t, span_of(run->kinds, kinds));
        } else {
                describe_run(e, run, kind_alone(run), wall_ns);
        }
        put(c, t, run->bytes);
        end_entry(c, t);
}

/** Add a redacted run: of each packet, its header and what of its payload may be shown; of a long run, the last packets. */
static __attribute__((noinline)) void put_redacted_run(struct capture *c, struct capture_track *t,
                                                       const struct packet_run *run, uint64_t wall_ns)
{
        enum { EACH = FRAME_HEADER_SIZE + PACKET_SHOWN_MAX + sizeof *run->kinds };
        size_t max = (c->entry_max < RUN_MAX ? c->entry_max : RUN_MAX) / EACH;
        if (max <= 1) {
                return;
        }
        const struct packet_run last = run->n < max ? *run : without_first(run, run->n - max + 1);
        size_t kinds = kinds_size(&last);
        size_t len = kinds;
        struct entry *e = begin_entry(c, t, kinds);
        describe_run(e, &last, kinds > 0 ? KIND_OF_EACH : kind_alone(&last), wall_ns);
        if (kinds > 0) {
                put(c, t, span_of(last.kinds, kinds));
        }
        const uint8_t *at = last.bytes.data;
        for (size_t i = 0; i < last.n; i++) {
                size_t length = frame_length(frame_header(at));
                struct span payload = span_of(at + FRAME_HEADER_SIZE, length);
                struct span head = packet_run_head(&last, packet_run_kind(&last, i), payload);
                put(c, t, span_of(at, FRAME_HEADER_SIZE + head.len));
                len += FRAME_HEADER_SIZE + head.len;
                at += FRAME_HEADER_SIZE + length;
        }
        e->bytes =
            (uint32_t)len; /* its block can't have been taken: the entry is a quarter of the memory at most */
        end_entry(c, t);
}

/** Add the end of a run that is too long. */
static __attribute__((noinline)) void put_end_of_run(struct capture *c, struct capture_track *t,
                                                     const struct packet_run *run, uint64_t wall_ns)
{
        const struct packet_run last = last_of(run, c->entry_max < RUN_MAX ? c->entry_max : RUN_MAX);
        if (kinds_size(&last) + last.bytes.len < c->entry_max) {
                put_run(c, t, &last, wall_ns);
        }
}

void capture_add_run(struct capture *c, struct capture_track *t, const struct packet_run *run,
                     uint64_t wall_ns)
{
        size_t len = kinds_size(run) + run->bytes.len;
        if (__builtin_expect(run->redacted, 0)) {
                put_redacted_run(c, t, run, wall_ns);
        } else if (len > RUN_MAX || len >= c->entry_max) {
                put_end_of_run(c, t, run, wall_ns);
        } else if (len == run->bytes.len && sizeof(struct entry) + len <= (size_t)(t->end - t->next)) {
                struct entry *e = (struct entry *)(void *)t->next;
                e->bytes = (uint32_t)len;
                describe_run(e, run, kind_alone(run), wall_ns);
                (void)span_copy((uint8_t *)(e + 1), run->bytes);
                t->next += sizeof *e + entry_aligned(len);
        } else {
                put_run(c, t, run, wall_ns);
        }
}

/* --- copies ------------------------------------------------------------------------------------------------------- */

/** A place in the blocks of a session. */
struct place {
        const struct capture *c;
        const struct capture_track *t;
        uint32_t block;
        size_t at;
};

/** The end of what is used of its block. */
static size_t end_of_block(const struct place *p)
{
        return p->block == p->t->newest ? (size_t)(p->t->next - data_of(p->c, p->block)) : p->c->block_size;
}

/** Copy the next @p n bytes to @p to. */
static void copy_bytes(struct place *p, uint8_t *to, size_t n)
{
        while (n > 0) {
                if (p->at == p->c->block_size) {
                        p->block = p->c->blocks[p->block].next;
                        p->at = 0;
                }
                size_t left = p->c->block_size - p->at;
                size_t part = n < left ? n : left;
                memcpy(to, data_of(p->c, p->block) + p->at, part);
                p->at += part;
                to += part;
                n -= part;
        }
}

/** Go to where the first whole entry begins. @return false if there is none. */
static bool find_first(struct place *p)
{
        for (uint32_t i = 0; i < p->t->n_blocks; i++) {
                if (p->c->blocks[p->block].first != NO_ENTRY) {
                        p->at = p->c->blocks[p->block].first;
                        return true;
                }
                p->block = p->c->blocks[p->block].next;
        }
        return false;
}

static void copy_entries(struct place *p, struct capture_copy *copy)
{
        for (;;) {
                if (end_of_block(p) - p->at < sizeof(struct entry)) {
                        if (p->block == p->t->newest) {
                                return;
                        }
                        p->block = p->c->blocks[p->block].next;
                        p->at = 0;
                        continue;
                }
                struct entry *e = (struct entry *)(void *)(copy->entries + copy->len);
                copy_bytes(p, (uint8_t *)e, sizeof *e);
                copy_bytes(p, (uint8_t *)(e + 1), entry_aligned(e->bytes));
                copy->len += sizeof *e + entry_aligned(e->bytes);
        }
}

struct capture_copy *capture_copy(const struct capture *c, const struct capture_track *t)
{
        struct capture_copy *copy =
            prof_alloc(STAGE_CAPTURE, sizeof(struct capture_copy) + t->n_blocks * c->block_size);
        if (copy != NULL) {
                struct place p = {c, t, t->oldest, 0};
                copy->len = 0;
                if (find_first(&p)) {
                        copy_entries(&p, copy);
                }
        }
        return copy;
}
