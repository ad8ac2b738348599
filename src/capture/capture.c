#include "capture/capture.h"

#include "mysql/sql/secret_data.h"
#include "mysql/wire/frame.h"
#include "profile/heap/prof.h"

/* A segment can hold the longest packet; RUN_MAX bytes at most are kept of a run. */
enum {
        SEGMENT_BYTES = 128 * 1024,
        SEGMENTS_MIN = 2,
        SEGMENTS_MAX = 32,
        RUN_MAX = 16 * 1024,
        KIND_OF_EACH = UINT16_MAX,
        KIND_NOTE = UINT16_MAX - 1
};

/* An entry begins with this. Behind it stands the beginning of the packet's payload. If the entry is a run of packets, their kinds
 * stand there, if they differ, and then their bytes. */
struct entry {
        uint64_t conn_id;
        uint64_t wall_ns;
        uint32_t size; /* of the whole entry, with padding */
        uint32_t bytes;
        uint32_t run; /* number of packets; 0 = this is a single packet */
        uint32_t length;
        uint16_t kind; /* enum packet_kind; KIND_OF_EACH: each packet of the run has its own */
        uint8_t from;
        uint8_t seq;
        uint8_t agreed; /* of struct packet */
        bool secret;
        bool cut_off;
        bool redacted;
};

struct capture {
        uint8_t *next; /* where the next entry goes, in the newest segment */
        uint8_t *end;  /* of that segment */
        size_t size;   /* of each segment */
        uint32_t n;
        uint32_t newest;
        size_t used[SEGMENTS_MAX]; /* bytes in each of the other segments */
        _Alignas(8) uint8_t memory[];
};

static uint8_t *segment_at(struct capture *c, uint32_t i)
{
        return c->memory + i * c->size;
}

static void begin_segment(struct capture *c, uint32_t i)
{
        c->newest = i;
        c->next = segment_at(c, i);
        c->end = c->next + c->size;
}

static uint32_t segments_of(size_t bytes)
{
        size_t n = bytes / SEGMENT_BYTES;
        return n < SEGMENTS_MIN ? SEGMENTS_MIN : n > SEGMENTS_MAX ? SEGMENTS_MAX : (uint32_t)n;
}

struct capture *capture_new(size_t bytes)
{
        size_t usable = bytes > sizeof(struct capture) ? bytes - sizeof(struct capture) : 0;
        struct capture *c = prof_alloc(STAGE_CAPTURE, sizeof *c + usable);
        if (c != NULL) {
                *c = (struct capture){.n = segments_of(bytes)};
                c->size = usable / c->n & ~(size_t)7;
                begin_segment(c, 0);
        }
        return c;
}

void capture_free(struct capture *c)
{
        prof_free(c);
}

/** The newest segment is full: empty the oldest one, which becomes the newest. @return false if @p size can never fit. */
static bool turn(struct capture *c, size_t size)
{
        if (size > c->size) {
                return false;
        }
        c->used[c->newest] = (size_t)(c->next - segment_at(c, c->newest));
        begin_segment(c, c->newest + 1 < c->n ? c->newest + 1 : 0);
        return true;
}

static size_t size_of(size_t len)
{
        return (sizeof(struct entry) + len + 7) & ~(size_t)7;
}

/** Append an entry with @p len bytes behind it, which must fit into the segment. Only its size is set. */
static struct entry *take(struct capture *c, size_t len)
{
        struct entry *e = (struct entry *)(void *)c->next;
        e->size = (uint32_t)size_of(len);
        c->next += e->size;
        return e;
}

static bool fits(const struct capture *c, size_t len)
{
        return size_of(len) <= (size_t)(c->end - c->next);
}

void capture_add(struct capture *c, uint64_t conn_id, const struct packet *p, uint64_t wall_ns)
{
        if (!fits(c, p->head.len) && !turn(c, size_of(p->head.len))) {
                return;
        }
        struct entry *e = take(c, p->head.len);
        e->conn_id = conn_id;
        e->wall_ns = wall_ns;
        e->kind = (uint16_t)p->kind;
        e->bytes = (uint32_t)p->head.len;
        e->run = 0;
        e->length = p->length;
        e->from = (uint8_t)p->from;
        e->seq = p->seq;
        e->agreed = p->agreed;
        e->secret = p->secret;
        e->cut_off = p->cut_off;
        e->redacted = p->redacted;
        if (p->head.len > 0) {
                memcpy(e + 1, p->head.data, p->head.len);
        }
}

void capture_add_note(struct capture *c, uint64_t conn_id, struct span note)
{
        struct span kept = span_head(note, CAPTURE_NOTE_MAX);
        if (fits(c, kept.len) || turn(c, size_of(kept.len))) {
                struct entry *e = take(c, kept.len);
                e->conn_id = conn_id;
                e->kind = KIND_NOTE;
                e->bytes = (uint32_t)kept.len;
                e->run = 0;
                (void)span_copy((uint8_t *)(e + 1), kept);
        }
}

/* --- runs ---------------------------------------------------------------------------------------------------------- */

/** Bytes that the kinds of the packets take. Most runs are a single command, whose kind is stored in the entry itself. */
static inline size_t kinds_size(const struct packet_run *run)
{
        return run->kinds != NULL && run->n > 1 ? run->n * sizeof *run->kinds : 0;
}

/** The last packets of the run: as many as fit into @p max bytes, but at least one. */
static struct packet_run last_of(const struct packet_run *run, size_t max)
{
        const uint8_t *at = run->bytes.data;
        size_t left = run->bytes.len;
        size_t kind = run->kinds != NULL ? sizeof *run->kinds : 0;
        size_t n = run->n;
        while (n > 1 && n * kind + left > max) {
                size_t first = FRAME_HEADER_SIZE + frame_length(frame_header(at));
                at += first;
                left -= first;
                n--;
        }
        struct packet_run last = *run;
        last.bytes = span_of(at, left);
        last.n = n;
        if (last.kinds != NULL) {
                last.kinds += run->n - n;
        }
        return last;
}

/** Append a run that fits into the segment. */
static void put_run(struct capture *c, uint64_t conn_id, const struct packet_run *run, uint64_t wall_ns)
{
        size_t kinds = kinds_size(run);
        struct entry *e = take(c, kinds + run->bytes.len);
        e->conn_id = conn_id;
        e->wall_ns = wall_ns;
        e->kind = KIND_OF_EACH;
        if (kinds == 0) {
                e->kind = run->kinds != NULL ? run->kinds[0] : (uint16_t)run->kind;
        }
        e->bytes = (uint32_t)run->bytes.len;
        e->run = (uint32_t)run->n;
        e->from = (uint8_t)run->from;
        e->agreed = run->agreed;
        uint16_t *at = (uint16_t *)(void *)(e + 1);
        for (size_t i = 0; i < kinds / sizeof *at; i++) {
                *at++ = run->kinds[i];
        }
        (void)span_copy((uint8_t *)at, run->bytes);
}

/** Add a run that is too long, or that begins a segment. This is a function of its own because other runs do not need its stack frame. */
__attribute__((noinline)) static void put_rarely(struct capture *c, uint64_t conn_id,
                                                 const struct packet_run *run, uint64_t wall_ns)
{
        const struct packet_run last = last_of(run, RUN_MAX);
        size_t len = kinds_size(&last) + last.bytes.len;
        if (fits(c, len) || turn(c, size_of(len))) {
                put_run(c, conn_id, &last, wall_ns);
        }
}

void capture_add_run(struct capture *c, uint64_t conn_id, const struct packet_run *run, uint64_t wall_ns)
{
        size_t len = kinds_size(run) + run->bytes.len;
        if (len <= RUN_MAX && fits(c, len)) {
                put_run(c, conn_id, run, wall_ns);
        } else {
                put_rarely(c, conn_id, run, wall_ns);
        }
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

typedef void each_packet(void *arg, const struct capture_packet *p);
typedef void each_entry(void *arg, const struct entry *e);

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
        const uint16_t *kinds = e->kind == KIND_OF_EACH ? (const uint16_t *)(const void *)(e + 1) : NULL;
        const uint8_t *at = (const uint8_t *)(e + 1) + (kinds != NULL ? e->run * sizeof *kinds : 0);
        for (uint32_t i = 0; i < e->run; i++) {
                struct capture_packet p = {
                    .wall_ns = e->wall_ns,
                    .packet = {.from = (enum side)e->from,
                               .seq = at[3],
                               .length = frame_length(frame_header(at)),
                               .kind = (enum packet_kind)(kinds != NULL ? kinds[i] : e->kind),
                               .agreed = e->agreed,
                               .head = span_of(at + FRAME_HEADER_SIZE, frame_length(frame_header(at)))}};
                size_t length = frame_length(frame_header(at));
                give(&p, each, arg);
                at += FRAME_HEADER_SIZE + length;
        }
}

static void show(const struct entry *e, each_packet *each, void *arg)
{
        struct capture_packet p = {
            .wall_ns = e->wall_ns,
            .packet = {.from = (enum side)e->from,
                       .seq = e->seq,
                       .secret = e->secret,
                       .cut_off = e->cut_off,
                       .redacted = e->redacted,
                       .length = e->length,
                       .kind = (enum packet_kind)e->kind,
                       .agreed = e->agreed,
                       .head = span_of(e + 1, e->bytes)},
        };
        give(&p, each, arg);
}

/** Who receives packets, and how many there were. */
struct receiver {
        each_packet *each;
        void *arg;
        uint64_t n;
};

static void pass_packets(void *arg, const struct entry *e)
{
        struct receiver *r = arg;
        if (e->kind == KIND_NOTE) {
                return;
        }
        if (e->run > 0) {
                walk_run(e, r->each, r->arg);
        } else {
                show(e, r->each, r->arg);
        }
        r->n += e->run > 0 ? e->run : 1;
}

/** Pass on the entries of session @p conn_id from @p at to @p end. */
static void walk_entries(const uint8_t *at, const uint8_t *end, uint64_t conn_id, each_entry *each, void *arg)
{
        while (at < end) {
                const struct entry *e = (const struct entry *)(const void *)at;
                at += e->size;
                if (e->conn_id == conn_id) {
                        each(arg, e);
                }
        }
}

static void walk_all(struct capture *c, uint64_t conn_id, each_entry *each, void *arg)
{
        for (uint32_t i = 1; i < c->n; i++) {
                uint32_t at = (c->newest + i) % c->n;
                walk_entries(segment_at(c, at), segment_at(c, at) + c->used[at], conn_id, each, arg);
        }
        walk_entries(segment_at(c, c->newest), c->next, conn_id, each, arg);
}

uint64_t capture_walk(struct capture *c, uint64_t conn_id, each_packet *each, void *arg)
{
        struct receiver r = {each, arg, 0};
        walk_all(c, conn_id, pass_packets, &r);
        return r.n;
}

/* --- copies ------------------------------------------------------------------------------------------------------- */

static void add_size(void *arg, const struct entry *e)
{
        size_t *size = arg;
        *size += e->size;
}

static void add_copy(void *arg, const struct entry *e)
{
        struct capture_copy *copy = arg;
        memcpy(copy->entries + copy->len, e, e->size);
        copy->len += e->size;
}

struct capture_copy *capture_copy(struct capture *c, uint64_t conn_id)
{
        size_t size = 0;
        walk_all(c, conn_id, add_size, &size);
        struct capture_copy *copy =
            size > 0 ? prof_alloc(STAGE_CAPTURE, sizeof(struct capture_copy) + size) : NULL;
        if (copy != NULL) {
                copy->len = 0;
                walk_all(c, conn_id, add_copy, copy);
        }
        return copy;
}

static void walk_copy(const struct capture_copy *copy, each_entry *each, void *arg)
{
        const uint8_t *at = copy->entries;
        while (at < copy->entries + copy->len) {
                const struct entry *e = (const struct entry *)(const void *)at;
                at += e->size;
                each(arg, e);
        }
}

uint64_t capture_copy_walk(const struct capture_copy *copy, each_packet *each, void *arg)
{
        struct receiver r = {each, arg, 0};
        walk_copy(copy, pass_packets, &r);
        return r.n;
}

static void find_note(void *arg, const struct entry *e)
{
        struct span *note = arg;
        if (e->kind == KIND_NOTE) {
                *note = span_of(e + 1, e->bytes);
        }
}

struct span capture_copy_note(const struct capture_copy *copy)
{
        struct span note = {NULL, 0};
        walk_copy(copy, find_note, &note);
        return note;
}
