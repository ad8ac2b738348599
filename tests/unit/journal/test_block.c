/* log.when_full = block: what finds no room is kept, in order, and nobody waits in journal_put. */
#include "base/clock.h"
#include "base/ring.h"
#include "journal/journal.h"
#include "journal/journal_counts.h"
#include "journal/overflow.h"
#include "journal/sample.h"
#include "profile/heap/counts.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"
#include "tap.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

static struct settings settings;
static struct journal *journal;
static bool full;
static int room_fd;
static int saved_stdout;

static int64_t blocks(void)
{
        return prof_read(STAGE_JOURNAL, LIB_COUNT).current_count_used;
}

/** A journal that writes to a pipe. @return the pipe's other end. */
static int begin(void)
{
        int ends[2];
        settings_defaults(&settings);
        settings.sinks[0].format = SETTINGS_FORMAT_JSON;
        settings.log.ring_bytes = 64UL * 1024;
        settings.log.when_full = SETTINGS_WHEN_FULL_BLOCK;
        (void)fflush(stdout);
        CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
        saved_stdout = dup(STDOUT_FILENO);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[1]);
        full = false;
        CU_ASSERT_EQUAL_FATAL(journal_new(&settings, 1, &journal), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(journal_start(journal), STATUS_OK);
        room_fd = journal_port_keep(journal_port(journal, 0), &full);
        CU_ASSERT_TRUE(room_fd >= 0);
        return ends[0];
}

static void restore_stdout(void)
{
        (void)dup2(saved_stdout, STDOUT_FILENO);
        (void)close(saved_stdout);
}

static void put(uint64_t number)
{
        struct record r = sample_record(1, number, 500);
        CU_ASSERT_TRUE(journal_put(journal_port(journal, 0), record_raw_of(&r)));
}

/** Until the reader's pipe, the writer's buffer and the ring are full. @return records put. */
static uint64_t fill(void)
{
        uint64_t n = 0;
        while (!full && n < 1000000) {
                put(n++);
        }
        CU_ASSERT_TRUE(full);
        return n;
}

static void nobody_waits_and_the_end_is_in_time(void)
{
        int64_t before = blocks();
        int fd = begin();
        uint64_t n = fill();
        for (uint64_t more = 0; more < 100; more++) {
                put(n++); /* what was on its way when it filled */
        }
        CU_ASSERT_TRUE(full);
        struct pollfd p = {.fd = room_fd, .events = POLLIN};
        CU_ASSERT_FALSE(poll(&p, 1, 0) > 0 && journal_port_settle(journal_port(journal, 0)));
        CU_ASSERT_EQUAL(journal_counts(journal).dropped, 0);
        uint64_t start_ns = clock_mono_ns();
        journal_hurry(journal);
        journal_stop(journal);
        CU_ASSERT_TRUE(clock_mono_ns() - start_ns <
                       10 * CLOCK_S_NS); /* 3 are promised; this machine may be busy */
        struct journal_counts c = journal_counts(journal);
        CU_ASSERT_EQUAL(c.records + c.dropped, n);
        CU_ASSERT_TRUE(c.dropped > 100);
        journal_free(journal);
        restore_stdout();
        (void)close(fd);
        CU_ASSERT_EQUAL(blocks(), before);
}

/** Read what is there. @return bytes. */
static size_t read_some(int fd, char *to, size_t size)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n = poll(&p, 1, 1) > 0 ? read(fd, to, size) : 0;
        return n > 0 ? (size_t)n : 0;
}

static void all_comes_once_it_is_read(void)
{
        enum { ROOM = 64 * 1024 * 1024 };
        int fd = begin();
        uint64_t n = fill();
        for (uint64_t more = 0; more < 100; more++) {
                put(n++);
        }
        char *text = malloc(ROOM);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        size_t len = 0;
        uint64_t until_ns = clock_mono_ns() + PATIENCE_MS * CLOCK_MS_NS;
        while (journal_counts(journal).records < n && clock_mono_ns() < until_ns) {
                uint64_t count;
                len += read_some(fd, text + len, ROOM - len);
                struct pollfd p = {.fd = room_fd, .events = POLLIN};
                if (poll(&p, 1, 0) > 0) { /* only then, as a worker does: so no word may be lost */
                        CU_ASSERT_EQUAL(read(room_fd, &count, sizeof count), (ssize_t)sizeof count);
                        (void)journal_port_settle(journal_port(journal, 0));
                }
        }
        CU_ASSERT_FALSE(full);
        put(n++); /* it goes straight to the ring again */
        CU_ASSERT_FALSE(full);
        journal_stop(journal);
        restore_stdout();
        size_t more;
        while ((more = read_some(fd, text + len, ROOM - len)) > 0) {
                len += more;
        }
        struct sample_log log = sample_read(span_of(text, len), 1);
        CU_ASSERT_EQUAL(log.records, n);
        CU_ASSERT_EQUAL(log.next, n); /* in order */
        CU_ASSERT_EQUAL(log.gaps, 0);
        CU_ASSERT_EQUAL(log.bad, 0);
        CU_ASSERT_EQUAL(journal_counts(journal).dropped, 0);
        journal_free(journal);
        free(text);
        (void)close(fd);
}

static void what_can_not_be_kept_is_counted(void)
{
        struct record r = sample_record(1, 1, 1000);
        size_t size = record_pack_size(&r);
        struct overflow o = {.max_bytes = 3 * size};
        for (int i = 0; i < 3; i++) {
                CU_ASSERT_TRUE(overflow_add(&o, &r, size));
        }
        CU_ASSERT_FALSE(overflow_add(&o, &r, size));
        CU_ASSERT_EQUAL(o.bytes, 3 * size);
        _Alignas(8) static uint8_t memory[4096];
        struct ring ring;
        unsigned n = 0;
        ring_init(&ring, memory, sizeof memory);
        while (!overflow_move(&o, &ring) || ring_used(&ring) > 0) {
                struct ring_message m;
                CU_ASSERT_TRUE_FATAL(ring_peek(&ring, &m)); /* what is in its way */
                ring_pop(&ring);
                n++;
        }
        CU_ASSERT_EQUAL(n, 3);
        CU_ASSERT_EQUAL(ring_drops(&ring), 0);
        CU_ASSERT_EQUAL(o.bytes, 0);
}

static const struct tap_test tests[] = {
    {"nobody waits, and the end is in time", nobody_waits_and_the_end_is_in_time},
    {"all comes once it is read", all_comes_once_it_is_read},
    {"what can not be kept is counted", what_can_not_be_kept_is_counted},
};

int main(void)
{
        return TAP_RUN("block", tests);
}
