#include "mysql/dissect/waiting.h"

#include "mysql/dissect/command.h"

#include <assert.h>

enum {
        BLOCK_FIRST = 1024, /* bytes of the first block … */
        BLOCK_MAX = 32 * 1024,
        INSIDE_MAX = 512, /* bytes of a body within a block: what stays free at the end of one is little */
};

struct waiting_block {
        struct waiting_block *next;
        size_t size;
        size_t used;
        uint8_t bytes[];
};

/** What is kept of a command; behind it stands the body, or where it is. Entries are not aligned. */
struct entry {
        uint64_t start_ns;
        uint64_t sent_ns;
        uint64_t bytes_sent;
        uint64_t true_len;
        uint64_t dropped;
        uint32_t body_len;
        uint32_t text_at;
        uint32_t stmt_id;
        uint16_t counted_params;
        uint8_t code;
        uint8_t next_seq;
        uint8_t next_frame;
        uint8_t secrecy;
        bool seq_known : 1;
        bool frame_known : 1;
        bool has_stmt_id : 1;
        bool is_secret : 1;
        bool is_plain : 1;
        bool text_lost : 1;
        bool body_is_cut : 1;
        uint8_t end; /* not kept */
};

enum { ENTRY_SIZE = offsetof(struct entry, end) };
_Static_assert(ENTRY_SIZE <= 60,
               "limits.pipeline is documented with 64 bytes for each command, blocks included");

/* --- blocks ----------------------------------------------------------------------------------------------------------- */

static struct waiting_block *new_block(size_t size)
{
        struct waiting_block *block = prof_alloc(STAGE_DISSECT, sizeof *block + size);
        if (block != NULL) {
                *block = (struct waiting_block){.size = size};
        }
        return block;
}

struct waiting *waiting_new(void)
{
        struct waiting *w = prof_calloc(STAGE_DISSECT, 1, sizeof *w);
        if (w == NULL) {
                return NULL;
        }
        w->first = new_block(BLOCK_FIRST);
        w->last = w->first;
        if (w->first == NULL) {
                prof_free(w);
                return NULL;
        }
        return w;
}

/** Let the last block have @p need bytes free. @return false when memory is out. */
static bool make_space(struct waiting *w, size_t need)
{
        struct waiting_block *last = w->last;
        if (w->n == 0) { /* there is one block only then */
                last->used = 0;
                w->oldest = 0;
        }
        if (last->size - last->used >= need) {
                return true;
        }
        size_t size = last->size < BLOCK_MAX ? 2 * last->size : BLOCK_MAX;
        struct waiting_block *block = new_block(size);
        if (block == NULL) {
                return false;
        }
        last->next = block;
        w->last = block;
        return true;
}

/* --- entries ---------------------------------------------------------------------------------------------------------- */

static bool is_inside(size_t body_len)
{
        return body_len <= INSIDE_MAX;
}

/** How many bytes follow the fixed part of an entry. */
static size_t tail_of(size_t body_len)
{
        return is_inside(body_len) ? body_len : sizeof(uint8_t *);
}

static struct entry read_entry(const struct waiting_block *block, size_t at)
{
        struct entry e;
        memcpy(&e, block->bytes + at, ENTRY_SIZE);
        return e;
}

/** The body of the entry at @p at. */
static uint8_t *body_of(struct waiting_block *block, size_t at, const struct entry *e)
{
        uint8_t *body = block->bytes + at + ENTRY_SIZE;
        if (!is_inside(e->body_len)) {
                const void *where = body;
                memcpy(&body, where, sizeof body);
        }
        return body;
}

/** Set @p cmd, but for its body. */
static void load(const struct entry *e, uint64_t seq_num, struct command *cmd)
{
        cmd->type = command_type(e->code);
        cmd->code = e->code;
        cmd->seq_num = seq_num;
        cmd->start_ns = e->start_ns;
        cmd->sent_ns = e->sent_ns;
        cmd->last_ns = e->sent_ns;
        cmd->bytes_sent = e->bytes_sent;
        cmd->true_len = e->true_len;
        cmd->dropped = e->dropped;
        cmd->counted_params = e->counted_params;
        cmd->body_len = e->body_len;
        cmd->text_at = e->text_at;
        cmd->stmt_id = e->stmt_id;
        cmd->next_seq = e->next_seq;
        cmd->next_frame = e->next_frame;
        cmd->secrecy = e->secrecy;
        cmd->seq_known = e->seq_known;
        cmd->frame_known = e->frame_known;
        cmd->has_stmt_id = e->has_stmt_id;
        cmd->is_secret = e->is_secret;
        cmd->is_plain = e->is_plain;
        cmd->text_lost = e->text_lost;
        cmd->body_is_cut = e->body_is_cut;
}

static struct entry entry_of(const struct command *cmd, size_t body_len)
{
        return (struct entry){
            .start_ns = cmd->start_ns,
            .sent_ns = cmd->sent_ns,
            .bytes_sent = cmd->bytes_sent,
            .true_len = cmd->true_len,
            .dropped = cmd->dropped,
            .counted_params = cmd->counted_params,
            .body_len = (uint32_t)body_len,
            .text_at = (uint32_t)cmd->text_at,
            .stmt_id = cmd->stmt_id,
            .code = cmd->code,
            .next_seq = cmd->next_seq,
            .next_frame = cmd->next_frame,
            .secrecy = cmd->secrecy,
            .seq_known = cmd->seq_known,
            .frame_known = cmd->frame_known,
            .has_stmt_id = cmd->has_stmt_id,
            .is_secret = cmd->is_secret,
            .is_plain = cmd->is_plain,
            .text_lost = cmd->text_lost,
            .body_is_cut = cmd->body_is_cut,
        };
}

/* --- the list --------------------------------------------------------------------------------------------------------- */

bool waiting_push(struct waiting *w, const struct command *cmd, struct span body)
{
        assert(body.len <= UINT32_MAX && (w->n == 0 || cmd->seq_num == w->seq_num + w->n));
        const void *tail = body.data;
        uint8_t *outside = NULL;
        if (!is_inside(body.len)) {
                outside = prof_alloc(STAGE_DISSECT, body.len);
                if (outside == NULL) {
                        return false;
                }
                memcpy(outside, body.data, body.len);
                tail = &outside;
        }
        size_t tail_len = tail_of(body.len);
        if (!make_space(w, ENTRY_SIZE + tail_len)) {
                prof_free(outside);
                return false;
        }
        const struct entry e = entry_of(cmd, body.len);
        struct waiting_block *last = w->last;
        w->newest = last->used;
        memcpy(last->bytes + last->used, &e, ENTRY_SIZE);
        if (tail_len > 0) {
                memcpy(last->bytes + last->used + ENTRY_SIZE, tail, tail_len);
        }
        last->used += ENTRY_SIZE + tail_len;
        w->seq_num = w->n == 0 ? cmd->seq_num : w->seq_num;
        w->n++;
        return true;
}

/** Go on behind an entry with a body of @p body_len bytes. */
static void step(struct waiting_block **block, size_t *at, size_t body_len)
{
        *at += ENTRY_SIZE + tail_of(body_len);
        if (*at == (*block)->used && (*block)->next != NULL) {
                *block = (*block)->next;
                *at = 0;
        }
}

/** The oldest entry is not needed any more; its body is not freed. */
static void remove_oldest(struct waiting *w, size_t body_len)
{
        struct waiting_block *now = w->first;
        step(&now, &w->oldest, body_len);
        w->n--;
        w->seq_num++;
        if (now != w->first) {
                struct waiting_block *next = w->first->next;
                prof_free(w->first);
                w->first = next;
        }
}

/** Authentication data is kept only until it is parsed, or not needed any more. */
static void forget_secret(const struct entry *e, uint8_t *body)
{
        if (e->code == COM_CHANGE_USER) {
                memset(body, 0, e->body_len);
        }
}

bool waiting_pop(struct waiting *w, struct command *cmd)
{
        const struct entry e = read_entry(w->first, w->oldest);
        uint8_t *body = body_of(w->first, w->oldest, &e);
        if (!is_inside(e.body_len)) {
                prof_free(cmd->body);
                cmd->body = body;
                cmd->body_size = e.body_len;
        } else if (!command_fit_body(cmd, e.body_len)) {
                return false;
        } else if (e.body_len > 0) {
                memcpy(cmd->body, body, e.body_len);
        }
        if (is_inside(e.body_len)) {
                forget_secret(&e, body);
        }
        load(&e, w->seq_num, cmd);
        remove_oldest(w, e.body_len);
        return true;
}

void waiting_free(struct waiting *w)
{
        if (w == NULL) {
                return;
        }
        while (w->n > 0) {
                const struct entry e = read_entry(w->first, w->oldest);
                uint8_t *body = body_of(w->first, w->oldest, &e);
                forget_secret(&e, body);
                if (!is_inside(e.body_len)) {
                        prof_free(body);
                }
                remove_oldest(w, e.body_len);
        }
        prof_free(w->first);
        prof_free(w);
}

/* --- a look at it ----------------------------------------------------------------------------------------------------- */

static void show(struct waiting_block *block, size_t at, uint64_t seq_num, struct command *cmd)
{
        const struct entry e = read_entry(block, at);
        *cmd = (struct command){.body = body_of(block, at, &e)};
        load(&e, seq_num, cmd);
}

struct waiting_cursor waiting_walk(const struct waiting *w)
{
        if (w == NULL) {
                return (struct waiting_cursor){.block = NULL};
        }
        return (struct waiting_cursor){w->first, w->oldest, w->n, w->seq_num};
}

bool waiting_next(struct waiting_cursor *c, struct command *cmd)
{
        if (c->left == 0) {
                return false;
        }
        show(c->block, c->at, c->seq_num, cmd);
        step(&c->block, &c->at, cmd->body_len);
        c->left--;
        c->seq_num++;
        return true;
}

void waiting_newest(const struct waiting *w, struct command *cmd)
{
        show(w->last, w->newest, w->seq_num + w->n - 1, cmd);
}
