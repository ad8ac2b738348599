#include "base/clock.h"
#include "base/diag.h"
#include "base/lock.h"
#include "base/reader.h"
#include "base/ring.h"
#include "base/writer.h"
#include "tap.h"

#include <pthread.h>
#include <sched.h>

static void reader_fails_once_and_for_all(void)
{
        struct reader r = reader_over(span_str("abc"));
        CU_ASSERT_EQUAL(reader_u16(&r), 'a' | 'b' << 8);
        CU_ASSERT_EQUAL(reader_u16(&r), 0);
        CU_ASSERT_TRUE(r.failed);
        CU_ASSERT_EQUAL(reader_u8(&r), 0);
        CU_ASSERT_EQUAL(reader_left(&r), 0);
        CU_ASSERT_FALSE(reader_done(&r));
}

static void reader_refuses_lengths_that_would_wrap(void)
{
        struct reader r = reader_over(span_str("abcdef"));
        (void)reader_u8(&r);
        struct span s = reader_take(&r, UINT64_MAX);
        CU_ASSERT_PTR_NULL(s.data);
        CU_ASSERT_EQUAL(s.len, 0);
        CU_ASSERT_TRUE(r.failed);
}

static void reader_takes_nul_texts(void)
{
        struct reader r = reader_over(span_of("ab\0cd", 5));
        CU_ASSERT_TRUE(span_equal(reader_nul(&r), span_str("ab")));
        CU_ASSERT_EQUAL(reader_nul(&r).len, 0);
        CU_ASSERT_TRUE(r.failed);
        r = reader_over(span_of(NULL, 0));
        CU_ASSERT_TRUE(reader_done(&r));
        CU_ASSERT_EQUAL(reader_rest(&r).len, 0);
        CU_ASSERT_TRUE(reader_done(&r));
}

static void writer_writes_whole_or_not(void)
{
        uint8_t room[6];
        struct writer w = writer_over(room, sizeof room);
        writer_text(&w, "abcd");
        writer_text(&w, "efg");
        CU_ASSERT_TRUE(w.failed);
        CU_ASSERT_EQUAL(w.at, 4);
        CU_ASSERT_EQUAL(w.wanted, 7);
        writer_char(&w, 'x');
        CU_ASSERT_EQUAL(w.at, 4);
        CU_ASSERT_EQUAL(w.wanted, 8);
}

static void writer_formats_into_the_last_byte(void)
{
        uint8_t room[4] = {0, 0, 0, 0x55};
        struct writer w = writer_over(room, 3);
        writer_format(&w, "%d", 123);
        CU_ASSERT_FALSE(w.failed);
        CU_ASSERT_TRUE(span_equal(writer_span(&w), span_str("123")));
        CU_ASSERT_EQUAL(room[3], 0x55);
        writer_format(&w, "%d", 4);
        CU_ASSERT_TRUE(w.failed);
}

/** Padded numbers are those of printf. */
static void writer_pads_numbers(void)
{
        static const unsigned widths[] = {0, 1, 3, 6, 10, 20, 25};
        for (uint64_t value = 1; value != 0; value *= 7) {
                for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
                        char want[64];
                        char got[64];
                        struct writer w = writer_over(got, sizeof got);
                        (void)snprintf(want, sizeof want, "%*llu|%0*llu", (int)widths[i],
                                       (unsigned long long)value, (int)widths[i], (unsigned long long)value);
                        writer_padded(&w, value, widths[i], ' ');
                        writer_char(&w, '|');
                        writer_padded(&w, value, widths[i], '0');
                        CU_ASSERT_TRUE(span_equal(writer_span(&w), span_str(want)));
                        CU_ASSERT_EQUAL(w.wanted, strlen(want));
                        struct writer small = writer_over(got, strlen(want) - 1);
                        writer_padded(&small, value, widths[i], ' ');
                        writer_repeat(&small, '-', strlen(want) - (size_t)small.wanted);
                        CU_ASSERT_TRUE(small.failed);
                        CU_ASSERT_EQUAL(small.wanted, strlen(want));
                }
                if (value > UINT64_MAX / 7) {
                        break;
                }
        }
}

static void writer_decimals(void)
{
        uint8_t room[64];
        struct writer w = writer_over(room, sizeof room);
        writer_decimal(&w, 0);
        writer_char(&w, ' ');
        writer_decimal(&w, UINT64_MAX);
        writer_uint(&w, 0x0102, 2);
        CU_ASSERT_TRUE(span_equal(writer_span(&w), span_str("0 18446744073709551615\x02\x01")));
}

static void clock_writes_rfc3339(void)
{
        char out[CLOCK_RFC3339_SIZE];
        clock_rfc3339(0, out);
        CU_ASSERT_STRING_EQUAL(out, "1970-01-01T00:00:00.000000Z");
        clock_rfc3339(951782399123456789ULL, out);
        CU_ASSERT_STRING_EQUAL(out, "2000-02-28T23:59:59.123456Z");
        clock_rfc3339(951868799999999999ULL, out);
        CU_ASSERT_STRING_EQUAL(out, "2000-02-29T23:59:59.999999Z");
        clock_rfc3339(4107542400000000000ULL, out);
        CU_ASSERT_STRING_EQUAL(out, "2100-03-01T00:00:00.000000Z");
}

static void diag_counts_what_it_hides(void)
{
        uint64_t before = diag_count(DIAG_DEBUG);
        diag(DIAG_DEBUG, "hidden %d", 1);
        CU_ASSERT_EQUAL(diag_count(DIAG_DEBUG), before + 1);
}

static bool put(struct ring *ring, const char *text)
{
        uint8_t *to = ring_reserve(ring, strlen(text));
        if (to == NULL) {
                return false;
        }
        memcpy(to, text, strlen(text));
        ring_commit(ring, strlen(text));
        return true;
}

static void ring_keeps_order_round_the_end(void)
{
        static _Alignas(8) uint8_t memory[256];
        struct ring ring;
        struct ring_message m;
        ring_init(&ring, memory, sizeof memory);
        for (int i = 0; i < 1000; i++) {
                char text[32];
                (void)snprintf(text, sizeof text, "%.*s%d", i % 23, "......................", i);
                CU_ASSERT_TRUE_FATAL(put(&ring, text));
                CU_ASSERT_TRUE_FATAL(ring_peek(&ring, &m));
                CU_ASSERT_TRUE_FATAL(span_equal(m.bytes, span_str(text)));
                CU_ASSERT_EQUAL(m.drops_before, 0);
                ring_pop(&ring);
                CU_ASSERT_EQUAL(ring_used(&ring), 0);
        }
}

static void ring_tells_where_it_dropped(void)
{
        static _Alignas(8) uint8_t memory[128];
        struct ring ring;
        struct ring_message m;
        ring_init(&ring, memory, sizeof memory);
        CU_ASSERT_TRUE(put(&ring, "0123456789012345678901234567890123456789"));
        CU_ASSERT_TRUE(put(&ring, "0123456789012345678901234567890123456789"));
        CU_ASSERT_FALSE(put(&ring, "a"));
        CU_ASSERT_FALSE(put(&ring, "b"));
        CU_ASSERT_EQUAL(ring_take_drops(&ring), 0); /* messages are there: theirs to tell */
        CU_ASSERT_TRUE(ring_peek(&ring, &m));
        ring_pop(&ring);
        CU_ASSERT_TRUE(put(&ring, "c"));
        CU_ASSERT_TRUE(ring_peek(&ring, &m));
        CU_ASSERT_EQUAL(m.drops_before, 0);
        ring_pop(&ring);
        CU_ASSERT_TRUE(ring_peek(&ring, &m));
        CU_ASSERT_EQUAL(m.drops_before, 2);
        ring_pop(&ring);
        CU_ASSERT_EQUAL(ring_take_drops(&ring), 0);
        CU_ASSERT_PTR_NULL(ring_reserve(&ring, 1000));
        CU_ASSERT_EQUAL(ring_take_drops(&ring), 1);
        CU_ASSERT_EQUAL(ring_take_drops(&ring), 0);
        CU_ASSERT_TRUE(put(&ring, "d"));
        CU_ASSERT_TRUE(ring_peek(&ring, &m));
        CU_ASSERT_EQUAL(m.drops_before, 0); /* told already */
        CU_ASSERT_EQUAL(ring_drops(&ring), 3);
}

enum { MESSAGES = 200000 };

static void *produce(void *arg)
{
        for (uint32_t i = 0; i < MESSAGES; i++) {
                size_t len = 4 + i % 40;
                uint8_t *to = ring_reserve(arg, len);
                if (to == NULL) {
                        sched_yield();
                        continue;
                }
                memset(to, (int)(i & 0xff), len);
                memcpy(to, &i, sizeof i);
                ring_commit(arg, len);
        }
        return NULL;
}

static void account_for_all(uint8_t *memory, size_t size)
{
        struct ring ring;
        struct ring_message m;
        pthread_t thread;
        uint32_t next = 0;
        ring_init(&ring, memory, size);
        CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, produce, &ring), 0);
        bool right = true;
        while (next < MESSAGES && right) {
                if (!ring_peek(&ring, &m)) {
                        next += (uint32_t)ring_take_drops(&ring);
                        sched_yield();
                        continue;
                }
                uint32_t number;
                memcpy(&number, m.bytes.data, sizeof number);
                next += (uint32_t)m.drops_before;
                right = number == next && m.bytes.len == 4 + number % 40;
                next++;
                ring_pop(&ring);
        }
        CU_ASSERT_TRUE(right);
        pthread_join(thread, NULL);
}

static void ring_between_threads_accounts_for_all(void)
{
        static _Alignas(8) uint8_t memory[1 << 20];
        account_for_all(memory, 4096);
        account_for_all(memory, sizeof memory); /* starts over now and then */
}

static void ring_starts_over_when_all_is_read(void)
{
        enum { MESSAGE = 1000, FRONT = 256 * 1024 };
        static _Alignas(8) uint8_t memory[1 << 20];
        struct ring ring;
        struct ring_message m;
        ring_init(&ring, memory, sizeof memory);
        for (unsigned i = 0; i < 5000; i++) {
                uint8_t *to = ring_reserve(&ring, MESSAGE);
                CU_ASSERT_PTR_NOT_NULL_FATAL(to);
                CU_ASSERT_TRUE_FATAL(to < memory + FRONT + 2 * MESSAGE);
                ring_commit(&ring, MESSAGE);
                CU_ASSERT_TRUE_FATAL(ring_peek(&ring, &m));
                ring_pop(&ring);
        }
        /* and all of the memory is used for what is not read */
        size_t n = 0;
        while (ring_reserve(&ring, MESSAGE) != NULL) {
                ring_commit(&ring, MESSAGE);
                n++;
        }
        CU_ASSERT_TRUE(n >= sizeof memory / 1016 - 1);
        CU_ASSERT_EQUAL(ring_drops(&ring), 1);
}

static size_t fill(struct ring *ring, size_t len)
{
        size_t n = 0;
        while (ring_reserve(ring, len) != NULL) {
                ring_commit(ring, len);
                n++;
        }
        return n;
}

static void long_messages_leave_room_for_short_ones(void)
{
        enum { SIZE = 1 << 20, SHORT = 500 };
        static _Alignas(8) uint8_t memory[SIZE];
        static const size_t lengths[] = {4096, 10000, 100000, SIZE / 4, SIZE / 2};
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                struct ring ring;
                ring_init(&ring, memory, sizeof memory);
                CU_ASSERT_TRUE(fill(&ring, lengths[i]) >= 1);
                size_t left = SIZE - ring_used(&ring);
                CU_ASSERT_TRUE(left >= SIZE / 4 || left >= 16 * lengths[i]);
                CU_ASSERT_TRUE(fill(&ring, SHORT) >= left / (SHORT + 24) - 1);
        }
}

/** Wherever it begins: whoever waits for room must get it in the end. */
static void an_empty_ring_takes_what_is_not_too_large(void)
{
        enum { SIZE = 1 << 16, STEP = 1000 };
        static _Alignas(8) uint8_t memory[SIZE];
        struct ring ring;
        struct ring_message m;
        ring_init(&ring, memory, sizeof memory);
        for (unsigned i = 0; i < 1000; i++) {
                size_t len = i % 2 == 0 ? STEP + i : SIZE / 2 - 64 - i % 7 * 4096;
                CU_ASSERT_TRUE_FATAL(ring_decides(&ring, len));
                CU_ASSERT_PTR_NOT_NULL_FATAL(ring_reserve(&ring, len));
                ring_commit(&ring, len);
                CU_ASSERT_TRUE_FATAL(ring_peek(&ring, &m));
                ring_pop(&ring);
        }
}

static void a_ring_knows_how_much_it_holds(void)
{
        static _Alignas(8) uint8_t memory[4096];
        struct ring ring;
        struct ring_message m;
        ring_init(&ring, memory, sizeof memory);
        for (unsigned i = 0; i < 20000; i++) {
                size_t len = tap_random_below(300);
                if (tap_random_below(2) == 0 && ring_reserve(&ring, len) != NULL) {
                        ring_commit(&ring, len);
                } else if (ring_peek(&ring, &m)) {
                        ring_pop(&ring);
                }
                size_t n = 1 + tap_random_below(sizeof memory);
                CU_ASSERT_EQUAL_FATAL(ring_holds(&ring, n), ring_used(&ring) >= n);
        }
}

/* --- the lock -------------------------------------------------------------------------------------------------------- */

enum { TAKERS = 4, TAKES = 20000 };

static struct {
        struct lock lock;
        unsigned count; /* only with the lock */
        unsigned inside;
        bool crowded;
} locked;

static void *take_often(void *arg)
{
        for (unsigned i = 0; i < TAKES; i++) {
                lock_take(&locked.lock);
                locked.inside++;
                locked.crowded = locked.crowded || locked.inside != 1;
                locked.count++;
                if (i % 64 == 0) {
                        sched_yield(); /* others come and wait */
                }
                locked.inside--;
                lock_give(&locked.lock);
        }
        return arg;
}

static void a_lock_lets_in_one(void)
{
        pthread_t threads[TAKERS];
        for (unsigned i = 0; i < TAKERS; i++) {
                CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, take_often, NULL), 0);
        }
        for (unsigned i = 0; i < TAKERS; i++) {
                (void)pthread_join(threads[i], NULL);
        }
        CU_ASSERT_EQUAL(locked.count, TAKERS * TAKES);
        CU_ASSERT_FALSE(locked.crowded);
        CU_ASSERT_EQUAL(atomic_load(&locked.lock.state), LOCK_FREE);
}

static const struct tap_test tests[] = {
    {"a reader fails once and for all", reader_fails_once_and_for_all},
    {"a reader refuses lengths that would wrap", reader_refuses_lengths_that_would_wrap},
    {"a reader takes NUL-terminated texts", reader_takes_nul_texts},
    {"a writer writes whole pieces or none", writer_writes_whole_or_not},
    {"a writer formats into the last byte", writer_formats_into_the_last_byte},
    {"a writer writes numbers", writer_decimals},
    {"a writer pads numbers", writer_pads_numbers},
    {"the clock writes RFC 3339", clock_writes_rfc3339},
    {"diagnostics count what they hide", diag_counts_what_it_hides},
    {"a ring starts over when all is read", ring_starts_over_when_all_is_read},
    {"a ring keeps order round the end", ring_keeps_order_round_the_end},
    {"a ring tells where it dropped", ring_tells_where_it_dropped},
    {"a ring between threads accounts for every message", ring_between_threads_accounts_for_all},
    {"a ring knows how much it holds", a_ring_knows_how_much_it_holds},
    {"long messages leave room for short ones", long_messages_leave_room_for_short_ones},
    {"an empty ring takes what is not too large", an_empty_ring_takes_what_is_not_too_large},
    {"a lock lets in one", a_lock_lets_in_one},
};

int main(void)
{
        return TAP_RUN("base", tests);
}
