#include "mysql/dissect/command_queue.h"
#include "mysql/dissect/dissect.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "tap.h"

#include <stdlib.h>

enum { BODY_MAX = 3000 };

static uint8_t body_bytes[2 * BODY_MAX];

/** The body of command @p i: of every length, in any order, and no two next to each other alike. */
static struct span body_of(uint64_t i)
{
        return span_of(body_bytes + i % BODY_MAX, i * 7919 % BODY_MAX);
}

static struct command command_of(uint64_t i)
{
        return (struct command){
            .code = (uint8_t)(i % 32),
            .seq_num = i,
            .start_ns = i * 3,
            .sent_ns = i * 5,
            .bytes_sent = i + UINT32_MAX,
            .true_len = i * UINT32_MAX,
            .dropped = i * 11 * UINT32_MAX,
            .counted_params = (uint16_t)(i * 19),
            .text_at = (size_t)i * 13,
            .stmt_id = (uint32_t)i * 17,
            .next_seq = (uint8_t)i,
            .next_frame = (uint8_t)(i / 2),
            .secrecy = (uint8_t)(i % 4),
            .seq_known = i % 2 == 0,
            .frame_known = i % 3 == 0,
            .has_stmt_id = i % 5 == 0,
            .is_secret = i % 7 == 0,
            .is_plain = i % 11 == 0,
            .text_lost = i % 13 == 0,
            .body_is_cut = i % 17 == 0,
        };
}

/** Is @p cmd the command @p i? */
static bool is_command(const struct command *cmd, uint64_t i)
{
        const struct command like = command_of(i);
        bool same = cmd->code == like.code && cmd->type == command_type(like.code) && cmd->seq_num == i &&
                    cmd->start_ns == like.start_ns && cmd->sent_ns == like.sent_ns &&
                    cmd->last_ns == like.sent_ns && cmd->bytes_sent == like.bytes_sent &&
                    cmd->true_len == like.true_len && cmd->dropped == like.dropped &&
                    cmd->counted_params == like.counted_params && cmd->text_at == like.text_at &&
                    cmd->stmt_id == like.stmt_id && cmd->next_seq == like.next_seq &&
                    cmd->next_frame == like.next_frame && cmd->secrecy == like.secrecy;
        bool flags = cmd->seq_known == like.seq_known && cmd->frame_known == like.frame_known &&
                     cmd->has_stmt_id == like.has_stmt_id && cmd->is_secret == like.is_secret &&
                     cmd->is_plain == like.is_plain && cmd->text_lost == like.text_lost &&
                     cmd->body_is_cut == like.body_is_cut;
        return same && flags && span_equal(command_body(cmd), body_of(i));
}

static void push(struct waiting *w, uint64_t i)
{
        const struct command cmd = command_of(i);
        CU_ASSERT_TRUE_FATAL(waiting_push(w, &cmd, body_of(i)));
}

static void pop(struct waiting *w, uint64_t i)
{
        struct command cmd = {.body = NULL};
        CU_ASSERT_TRUE_FATAL(waiting_pop(w, &cmd));
        CU_ASSERT_TRUE(is_command(&cmd, i));
        prof_free(cmd.body);
}

/** First in, first out, and nothing changes on the way. */
static void in_order(void)
{
        static const uint64_t levels[] = {1, 2, 3000, 0, 1, 0, 5000, 10, 0, 100, 0};
        struct waiting *w = waiting_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(w);
        uint64_t in = 1;
        uint64_t out = 1;
        for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
                for (; in - out < levels[i]; in++) {
                        push(w, in);
                }
                for (; in - out > levels[i]; out++) {
                        pop(w, out);
                }
                CU_ASSERT_EQUAL(w->n, levels[i]);
        }
        waiting_free(w);
        CU_ASSERT_EQUAL(prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used, 0);
}

static void a_look(void)
{
        struct waiting *w = waiting_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(w);
        struct waiting_cursor c = waiting_walk(w);
        struct command cmd;
        CU_ASSERT_FALSE(waiting_next(&c, &cmd));
        for (uint64_t i = 1; i <= 2000; i++) {
                push(w, i);
                waiting_newest(w, &cmd);
                CU_ASSERT_TRUE(is_command(&cmd, i));
        }
        for (uint64_t i = 1; i <= 1000; i++) {
                pop(w, i);
        }
        c = waiting_walk(w);
        for (uint64_t i = 1001; i <= 2000; i++) {
                CU_ASSERT_TRUE_FATAL(waiting_next(&c, &cmd));
                CU_ASSERT_TRUE(is_command(&cmd, i));
        }
        CU_ASSERT_FALSE(waiting_next(&c, &cmd));
        waiting_free(w); /* with what is in it */
        CU_ASSERT_EQUAL(prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used, 0);
        waiting_free(NULL);
        c = waiting_walk(NULL);
        CU_ASSERT_FALSE(waiting_next(&c, &cmd));
}

/** The manual says how much a command takes besides its text. */
static void size_of_a_command(void)
{
        static const size_t lengths[] = {1, 30, 200, 512};
        enum { COMMANDS = 20000, MOST = 64 };
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                struct waiting *w = waiting_new();
                CU_ASSERT_PTR_NOT_NULL_FATAL(w);
                for (uint64_t n = 1; n <= COMMANDS; n++) {
                        const struct command cmd = {.seq_num = n};
                        CU_ASSERT_TRUE_FATAL(waiting_push(w, &cmd, span_of(body_bytes, lengths[i])));
                }
                int64_t bytes = prof_read(STAGE_DISSECT, LIB_COUNT).current_bytes_used;
                CU_ASSERT_TRUE(bytes / COMMANDS <= (int64_t)lengths[i] + MOST);
                waiting_free(w);
        }
}

/* --- the queue -------------------------------------------------------------------------------------------------------------- */

static void the_queue(void)
{
        struct dissect_pool pool = {.first = NULL};
        struct budget budget;
        budget_init(&budget, 1000);
        struct command_queue q = {.pool = &pool, .budget = &budget};
        struct command scratch;
        CU_ASSERT_PTR_NULL(command_queue_newest(&q, &scratch));
        struct command *head = command_queue_new(&q);
        CU_ASSERT_PTR_NOT_NULL_FATAL(head);
        CU_ASSERT_TRUE(command_queue_keep_body(&q, head, span_of(body_bytes, 600)));
        command_queue_put_head(&q, head);
        CU_ASSERT_PTR_EQUAL(command_queue_newest(&q, &scratch), head);
        struct command cmd = {.seq_num = 1};
        CU_ASSERT_TRUE(command_queue_append(&q, &cmd, span_of(body_bytes, 300)));
        cmd.seq_num = 2;
        CU_ASSERT_TRUE(command_queue_append(&q, &cmd, span_of(body_bytes, 300))); /* texts are cut … */
        cmd.seq_num = 3;
        CU_ASSERT_TRUE(command_queue_append(&q, &cmd, span_of(body_bytes, 300)));
        CU_ASSERT_EQUAL(q.count, 4); /* … and no command is lost */
        CU_ASSERT_EQUAL(budget.used, 1000);
        CU_ASSERT_EQUAL(command_queue_newest(&q, &scratch)->seq_num, 3);
        CU_ASSERT_TRUE(scratch.body_is_cut && scratch.body_len == 0);
        static const size_t lengths[] = {600, 300, 100, 0};
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                CU_ASSERT_PTR_NOT_NULL_FATAL(q.head);
                CU_ASSERT_EQUAL(q.head->body_len, lengths[i]);
                CU_ASSERT_EQUAL(q.head->body_is_cut, i > 1);
                command_queue_pop(&q);
                CU_ASSERT_TRUE(q.waiting == NULL || command_queue_promote(&q));
        }
        CU_ASSERT_TRUE(q.head == NULL && q.waiting == NULL && q.count == 0 && budget.used == 0);
        CU_ASSERT_PTR_NOT_NULL(pool.waiting); /* for the next session that needs one */
        head = command_queue_new(&q);
        CU_ASSERT_PTR_NOT_NULL_FATAL(head);
        command_queue_put_head(&q, head);
        CU_ASSERT_TRUE(command_queue_append(&q, &cmd, span_of(body_bytes, 900)));
        command_queue_clear(&q);
        command_queue_clear(&q);
        CU_ASSERT_TRUE(q.head == NULL && q.waiting == NULL && q.count == 0 && budget.used == 0);
        dissect_pool_drain(&pool);
        CU_ASSERT_EQUAL(prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used, 0);
}

/** The first command that would wait can't be kept: then there is no list, and the head is the newest command. */
static void a_queue_without_memory(void)
{
        enum { ALLOCATIONS = 3 /* the list, its first block, a large body */ };
        for (uint64_t nth = 1; nth <= ALLOCATIONS; nth++) {
                struct dissect_pool pool = {.first = NULL};
                struct budget budget;
                budget_init(&budget, BODY_MAX);
                struct command_queue q = {.pool = &pool, .budget = &budget};
                struct command scratch;
                struct command cmd = {.seq_num = 1};
                struct command *head = command_queue_new(&q);
                CU_ASSERT_PTR_NOT_NULL_FATAL(head);
                command_queue_put_head(&q, head);
                prof_fail_nth(nth);
                CU_ASSERT_FALSE(command_queue_append(&q, &cmd, span_of(body_bytes, 900)));
                prof_fail_nth(0);
                CU_ASSERT_PTR_NULL(q.waiting);
                CU_ASSERT_PTR_EQUAL(command_queue_newest(&q, &scratch), head);
                CU_ASSERT_TRUE(q.count == 1 && budget.used == 0);
                CU_ASSERT_TRUE(command_queue_append(&q, &cmd, span_of(body_bytes, 900)));
                command_queue_clear(&q);
                dissect_pool_drain(&pool);
                CU_ASSERT_EQUAL(prof_read(STAGE_DISSECT, LIB_COUNT).current_count_used, 0);
        }
}

static const struct tap_test tests[] = {
    {"in order", in_order},
    {"a look at them", a_look},
    {"the size of a command", size_of_a_command},
    {"the queue", the_queue},
    {"a queue without memory", a_queue_without_memory},
};

int main(void)
{
        for (size_t i = 0; i < sizeof body_bytes; i++) {
                body_bytes[i] = (uint8_t)(i * 31);
        }
        return TAP_RUN("waiting", tests);
}
