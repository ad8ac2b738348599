/* The feed: events are those that each reader would get by itself, blocks are used in turn, and nobody is waited for. */
#include "journal/feed.h"

#include "journal/format/jsonl.h"
#include "journal/format/jsonl_item.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[100000];

static struct record record_of(size_t len)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        record_set_text(&r, FIELD_QUERY, span_of(text, len));
        return r;
}

/** What a reader would get of @p r by itself. */
static struct span event_by_itself(const struct record *r, uint64_t number, char *room, size_t size)
{
        const struct jsonl_item item = {"abc", number, JSONL_ITEM_TEXT};
        struct writer w = writer_over(room, size);
        writer_format(&w, "id: abc:%llu\ndata: ", (unsigned long long)number);
        jsonl_item(&w, r, &item);
        writer_char(&w, '\n');
        CU_ASSERT_FALSE(w.failed);
        return writer_span(&w);
}

static void events_are_those_of_a_single_reader(void)
{
        static const size_t lens[] = {0, 1, 100, 1900, 2000, 2047, 2048, 2049, 5000, 99999};
        static char wanted[20000];
        static char line[200000];
        struct feed f = {.blocks = NULL};
        struct feed_place place = {0, 0};
        CU_ASSERT_EQUAL_FATAL(feed_want(&f, "abc", true), STATUS_OK);
        for (uint64_t number = 8; number < 2000; number++) { /* numbers with more and more digits */
                struct record r = record_of(lens[number % (sizeof lens / sizeof lens[0])]);
                r.wall_ns = number * 1000;
                struct feed_piece piece;
                struct span json = feed_add(&f, &r, number);
                if (place.block == 0) {
                        CU_ASSERT_TRUE(feed_join(&f, number, &place));
                        continue;
                }
                CU_ASSERT_TRUE_FATAL(feed_take(&f, &place, &piece));
                CU_ASSERT_EQUAL(piece.last, number);
                struct span own = event_by_itself(&r, number, wanted, sizeof wanted);
                CU_ASSERT_TRUE(span_equal(piece.bytes, own));
                if (json.len > 0) {
                        struct writer w = writer_over(line, sizeof line);
                        jsonl_record(&w, &r);
                        CU_ASSERT_TRUE(span_equal(json, span_skip(writer_span(&w), 1)));
                } else {
                        CU_ASSERT_TRUE(r.query.len >= 1900);
                }
                CU_ASSERT_FALSE(feed_take(&f, &place, &piece));
                CU_ASSERT_NOT_EQUAL(place.block, 0);
                feed_give_back(piece.block);
        }
        feed_fini(&f);
}

/** A reader that keeps all blocks: records are left out, and readers find out. */
static void blocks_in_use_are_not_waited_for(void)
{
        struct feed f = {.blocks = NULL};
        struct feed_place place = {0, 0};
        struct feed_piece pieces[FEED_BLOCKS];
        size_t n = 0;
        struct record r = record_of(1000);
        CU_ASSERT_EQUAL_FATAL(feed_want(&f, "abc", true), STATUS_OK);
        uint64_t number = 1;
        (void)feed_add(&f, &r, number);
        CU_ASSERT_FALSE(feed_join(&f, 0, &place));
        CU_ASSERT_FALSE(feed_join(&f, 2, &place));
        CU_ASSERT_TRUE(feed_join(&f, 1, &place));
        for (; number < 10000 && n < FEED_BLOCKS;) {
                uint64_t before = place.block;
                (void)feed_add(&f, &r, ++number);
                CU_ASSERT_TRUE_FATAL(feed_take(&f, &place, &pieces[n]));
                if (n > 0 && place.block == before) {
                        feed_give_back(pieces[n].block); /* one reference a block */
                } else {
                        n++;
                }
        }
        CU_ASSERT_EQUAL(n, FEED_BLOCKS);
        uint64_t last = pieces[n - 1].last;
        for (unsigned i = 0; i < 1000; i++) { /* much more than a block has room for */
                (void)feed_add(&f, &r, ++number);
        }
        struct feed_piece piece;
        while (feed_take(&f, &place, &piece)) {
                CU_ASSERT_EQUAL(memcmp(piece.bytes.data, "id: abc:", 8), 0);
                last = piece.last;
                feed_give_back(piece.block);
        }
        CU_ASSERT_TRUE(last < number);
        CU_ASSERT_FALSE(feed_join(&f, number, &place)); /* there is no block that has it */
        for (size_t i = 0; i < n; i++) {
                feed_give_back(pieces[i].block);
        }
        (void)feed_add(&f, &r, ++number);
        CU_ASSERT_FALSE(feed_take(&f, &place, &piece));
        CU_ASSERT_EQUAL(place.block, 0); /* records are missing: the reader has lost the feed */
        CU_ASSERT_TRUE(feed_join(&f, number, &place));
        (void)feed_add(&f, &r, ++number);
        CU_ASSERT_TRUE(feed_take(&f, &place, &piece));
        CU_ASSERT_EQUAL(piece.last, number);
        feed_give_back(piece.block);
        feed_fini(&f);
}

static void slow_readers_lose_the_feed(void)
{
        struct feed f = {.blocks = NULL};
        struct feed_place place = {0, 0};
        struct feed_piece piece;
        struct record r = record_of(1000);
        CU_ASSERT_EQUAL_FATAL(feed_want(&f, "abc", true), STATUS_OK);
        (void)feed_add(&f, &r, 1);
        CU_ASSERT_TRUE(feed_join(&f, 1, &place));
        for (uint64_t number = 2; number < 2000; number++) {
                (void)feed_add(&f, &r, number);
        }
        CU_ASSERT_FALSE(feed_take(&f, &place, &piece));
        CU_ASSERT_EQUAL(place.block, 0);
        /* nobody wants it for a while: the numbers go on without it */
        CU_ASSERT_EQUAL(feed_want(&f, "abc", false), STATUS_OK);
        CU_ASSERT_FALSE(feed_is_wanted(&f));
        CU_ASSERT_EQUAL(feed_want(&f, "abc", true), STATUS_OK);
        CU_ASSERT_TRUE(feed_is_wanted(&f));
        (void)feed_add(&f, &r, 5000);
        CU_ASSERT_FALSE(feed_join(&f, 1999, &place));
        CU_ASSERT_TRUE(feed_join(&f, 5000, &place));
        feed_fini(&f);
}

static const struct tap_test tests[] = {
    {"events are those of a single reader", events_are_those_of_a_single_reader},
    {"blocks in use are not waited for", blocks_in_use_are_not_waited_for},
    {"slow readers lose the feed", slow_readers_lose_the_feed},
};

int main(void)
{
        memset(text, 'q', sizeof text);
        return TAP_RUN("feed", tests);
}
