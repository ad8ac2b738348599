/* The fast path of JSON lines, layouts and prefixes, against lines that are written field by field. */
#include "journal/format/jsonl.h"
#include "journal/format/jsonl_field.h"
#include "journal/format/jsonl_map.h"
#include "journal/format/prefix.h"
#include "json_check.h"
#include "mysql/wire/command.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_SIZE = 16384, ROUNDS = 6000 };

static const enum record_field session_texts[] = {
    FIELD_CLIENT_ADDR, FIELD_PROXY_LISTEN_ADDR, FIELD_PROXY_CLIENT_ADDR, FIELD_REMOTE_ADDR,
    FIELD_USERNAME,    FIELD_DATABASE,          FIELD_CHARACTER_SET};
enum { TEXTS = sizeof session_texts / sizeof session_texts[0] };

/* in pairs of which one is easily taken for the other */
static const char *const words[] = {
    "127.0.0.1:33060",
    "127.0.0.1:33061",
    "127.0.0.1:3306",
    "128.0.0.1:3306",
    "root",
    "roof",
    "utf8mb4",
    "utf8mb3",
    "12345678",
    "12345679",
    "x2345678",
    "X2345678",
    "0123456",
    "1123456",
    "caf\xc3\xa9",
    "caf\xe9",
    "a\"b",
    "a\nb",
    "",
    "a",
    "[fe80::1:2:3:4:5:6:7:8:9]:12345",
    "[fe80::1:2:3:4:5:6:7:8:9]:12346",
};
enum { WORDS = sizeof words / sizeof words[0] };
static char longs[4][220];

static const char *word(uint64_t i)
{
        return i < WORDS ? words[i] : longs[i % 4];
}

/* What a session's records have in common; now and then it changes. */
struct facts {
        struct field_set present;
        uint64_t words[TEXTS];
        uint64_t server_conn_id;
        bool has_version;
        struct prefix prefix; /* cleared when a fact changes */
};

enum { FACTS = 3 };
static struct facts all_facts[FACTS];

static void flip(struct field_set *set, enum record_field f)
{
        set->words[0] ^= 1ULL << f;
}

static void change(struct facts *facts)
{
        size_t i = tap_random_below(TEXTS);
        prefix_clear(&facts->prefix);
        switch (tap_random_below(5)) {
        case 0: flip(&facts->present, session_texts[i]); break;
        case 1: facts->server_conn_id = tap_random_below(3); break;
        case 2: facts->has_version = !facts->has_version; break;
        case 3: facts->words[i] ^= 1; break;
        default:
                facts->words[i] = tap_random_below(WORDS + 4);
                field_set_add(&facts->present, session_texts[i]);
                break;
        }
}

/** Facts that are not the session's: few sets of fields, so that a layout is used again, and any values. */
static void add_any_facts(struct record *r)
{
        static const uint8_t commands[] = {COM_QUERY, COM_STMT_EXECUTE, COM_STMT_PREPARE};
        size_t command = tap_random_below(3);
        if (tap_random_below(4) != 0) {
                record_set_text(r, FIELD_COMMAND, span_str(command_type(commands[command])->name));
                if (tap_random_below(2) != 0) {
                        record_set_uint(r, FIELD_COMMAND_ID, commands[command]);
                }
        }
        if (tap_random_below(8) == 0) {
                r->event = (enum record_event)tap_random_below(EVENT_COUNT);
        }
        bool all = tap_random_below(60) == 0; /* more than a layout has segments for */
        for (enum record_field f = 0; f < FIELD_COUNT; f++) {
                bool is_wanted = all || f % 16 == tap_random_below(2) * 8;
                if (record_fields[f].kind == RECORD_UINT && f != FIELD_QUERY_LENGTH && f != FIELD_CONN_ID &&
                    !field_set_has(&fields_session, f) && f != FIELD_COMMAND_ID && is_wanted &&
                    tap_random_below(16) != 0) {
                        record_set_uint(r, f, UINT64_MAX >> tap_random_below(64));
                }
        }
}

/** Digests as the journal has them: now and then formatted in advance, or only one of the two. */
static void add_any_digest(struct record *r)
{
        static uint8_t room[256];
        static struct span json;
        if (tap_random_below(8) != 0) {
                record_set_text(r, FIELD_DIGEST, span_str("00112233445566778899aabbccddeeff"));
        }
        if (tap_random_below(8) != 0) {
                record_set_text(r, FIELD_DIGEST_TEXT, span_str(word(tap_random_below(WORDS))));
        }
        if (record_has(r, FIELD_DIGEST) && record_has(r, FIELD_DIGEST_TEXT) && tap_random_below(2) != 0) {
                struct writer w = writer_over(room, sizeof room);
                jsonl_field(&w, r, FIELD_DIGEST);
                jsonl_field(&w, r, FIELD_DIGEST_TEXT);
                json = writer_span(&w);
                r->digest_json = &json;
        }
}

/** A record of one of a few sessions. Its texts are in @p room, and gone with the next one. */
static struct record any_record(uint8_t *room)
{
        struct facts *facts = &all_facts[tap_random_below(FACTS)];
        struct record r;
        if (tap_random_below(3) == 0) {
                change(facts);
        }
        record_clear(&r);
        r.prefix = tap_random_below(4) != 0 ? &facts->prefix : NULL;
        r.event = EVENT_QUERY;
        r.wall_ns = 1700000000000000000ULL + tap_random_below(3) * 1000000000;
        if (tap_random_below(8) != 0) {
                record_set_uint(&r, FIELD_CONN_ID,
                                tap_random_below(2) * 256 + (uint64_t)(facts - all_facts) % 2);
        }
        for (size_t i = 0; i < TEXTS; i++) {
                struct span text = span_str(word(facts->words[i]));
                /* some kinds of records do not have all fields */
                if (field_set_has(&facts->present, session_texts[i]) && tap_random_below(30) != 0) {
                        record_set_text(&r, session_texts[i], span_of(room, text.len));
                        room = span_copy(room, text);
                }
        }
        if (facts->server_conn_id > 0) {
                record_set_uint(&r, FIELD_SERVER_CONN_ID, 77 + facts->server_conn_id);
        }
        if (facts->has_version) {
                record_set_text(&r, FIELD_SERVER_VERSION, span_str("9.7"));
        }
        if (tap_random_below(30) == 0) {
                field_set_add(&r.undecoded, session_texts[tap_random_below(TEXTS)]);
        }
        if (tap_random_below(30) == 0) {
                field_set_add(&r.cut, session_texts[tap_random_below(TEXTS)]);
        }
        if (tap_random_below(4) != 0) {
                record_set_text(&r, FIELD_QUERY, span_str(word(tap_random_below(WORDS + 4))));
        }
        if (tap_random_below(20) == 0) {
                record_set_uint(&r, FIELD_QUERY_LENGTH, 5000);
        }
        record_set_uint(&r, FIELD_STATUS_FLAGS, tap_random_below(6));
        record_set_uint(&r, FIELD_ROWS, tap_random_below(1000));
        if (tap_random_below(2) != 0) {
                add_any_digest(&r);
        }
        add_any_facts(&r);
        return r;
}

struct line {
        const struct record *record;
        uint8_t text[LINE_MAX_SIZE];
        size_t len;
};

static void print(struct line *line, void (*put)(struct writer *w, const struct record *r))
{
        struct writer w = writer_over(line->text, sizeof line->text);
        put(&w, line->record);
        line->len = w.failed ? 0 : w.at;
}

static void both_ways_write_the_same(void)
{
        static struct line quick;
        static struct line slow;
        static uint8_t room[TEXTS * 256];
        for (size_t i = 0; i < 4; i++) { /* too long to be kept; together too long */
                memset(longs[i], 'l', 80 + 40 * i);
        }
        for (size_t i = 0; i < FACTS; i++) {
                for (size_t k = 0; k < TEXTS; k++) {
                        all_facts[i].words[k] = 2 * k;
                        field_set_add(&all_facts[i].present, session_texts[k]);
                }
        }
        for (unsigned round = 0; round < ROUNDS; round++) {
                struct record r = any_record(room);
                quick.record = slow.record = &r;
                print(&quick, jsonl_record);
                print(&slow, jsonl_record_by_field);
                if (quick.len == 0 ||
                    !span_equal(span_of(quick.text, quick.len), span_of(slow.text, slow.len))) {
                        CU_FAIL("other facts");
                        printf("# %.*s# %.*s", (int)quick.len, (const char *)quick.text, (int)slow.len,
                               (const char *)slow.text);
                }
                slow.text[slow.len] = '\0';
                const char *version = strstr((const char *)slow.text, "\"server_version\"");
                const char *number = strstr((const char *)slow.text, "\"server_conn_id\"");
                CU_ASSERT_TRUE(version == NULL || number == NULL || version < number);
                for (size_t i = 0; i < TEXTS; i++) {
                        char key[64];
                        (void)snprintf(key, sizeof key, "\"%s_hex\":", record_fields[session_texts[i]].name);
                        CU_ASSERT_TRUE(!record_has(&r, session_texts[i]) ||
                                       !field_set_has(&r.undecoded, session_texts[i]) ||
                                       strstr((const char *)slow.text, key) != NULL);
                }
        }
}

static void a_prefix_is_used_until_the_session_changes(void)
{
        static struct line line;
        struct prefix prefix = {.text = NULL};
        struct record r;
        record_clear(&r);
        r.event = EVENT_QUERY;
        r.prefix = &prefix;
        record_set_uint(&r, FIELD_CONN_ID, 5);
        record_set_text(&r, FIELD_USERNAME, span_str("root"));
        line.record = &r;
        print(&line, jsonl_record);
        uint64_t fields = 1ULL << FIELD_USERNAME;
#ifndef QT_NO_FASTPATHS
        CU_ASSERT_TRUE(span_equal(prefix_get(&prefix, fields), span_str(",\"username\":\"root\"")));
#endif
        CU_ASSERT_EQUAL(prefix_get(&prefix, fields | 1ULL << FIELD_DATABASE).len, 0);
        prefix_clear(&prefix);
        CU_ASSERT_EQUAL(prefix_get(&prefix, fields).len, 0);
        prefix_set(&prefix, fields, span_str(",\"username\":\"other\""));
        CU_ASSERT_EQUAL(prefix_get(&prefix, fields).len, strlen(",\"username\":\"other\""));
        prefix_fini(&prefix);
        CU_ASSERT_EQUAL(prefix_get(&prefix, 0).len, 0);
}

static void lines_that_do_not_fit(void)
{
        static struct line whole;
        static uint8_t room[TEXTS * 256];
        for (unsigned round = 0; round < 200; round++) {
                struct record r = any_record(room);
                whole.record = &r;
                print(&whole, jsonl_record);
                for (size_t size = 0; size <= whole.len; size++) {
                        uint8_t *small = malloc(size + 1); /* a sanitizer sees a step too far */
                        CU_ASSERT_PTR_NOT_NULL_FATAL(small);
                        struct writer w = writer_over(small + 1, size);
                        if (r.prefix != NULL && size % 2 == 0) {
                                prefix_clear(r.prefix);
                        }
                        jsonl_record(&w, &r);
                        CU_ASSERT_EQUAL(w.failed, size < whole.len);
                        CU_ASSERT_EQUAL(w.wanted, whole.len);
                        CU_ASSERT_TRUE(w.failed || memcmp(small + 1, whole.text, size) == 0);
                        free(small);
                }
        }
}

/* --- maps ------------------------------------------------------------------------------------------------------------- */

static const char *map_of(const struct value *values, size_t n, size_t size)
{
        static char text[LINE_MAX_SIZE];
        struct writer w = writer_over(text, size);
        jsonl_map(&w, (struct value_list){values, n});
        CU_ASSERT_TRUE(w.failed || json_check(writer_span(&w)));
        CU_ASSERT_TRUE(size == sizeof text - 1 || w.wanted > size);
        text[w.at] = '\0';
        return text;
}

static struct value named(const char *name, const char *text)
{
        struct span bytes = span_str(text);
        return (struct value){.name = span_str(name),
                              .bytes = bytes,
                              .true_len = bytes.len,
                              .type = VALUE_VAR_STRING,
                              .in_text = true};
}

/** A peer may send several values of one name: an object has each key once. */
static void a_map_has_each_key_once(void)
{
        struct value few[] = {named("a", "1"), named("b", "2"), named("a", "3"),
                              named("", "4"),  named("a", "5"), named("", "6")};
        size_t size = sizeof(char[LINE_MAX_SIZE]) - 1;
        CU_ASSERT_STRING_EQUAL(map_of(few, 0, size), "{}");
        CU_ASSERT_STRING_EQUAL(map_of(few, 2, size), "{\"a\":\"1\",\"b\":\"2\"}");
        CU_ASSERT_STRING_EQUAL(map_of(few, 3, size), "{\"a\":{\"repeated\":[\"1\",\"3\"]},\"b\":\"2\"}");
        CU_ASSERT_STRING_EQUAL(
            map_of(few, 6, size),
            "{\"a\":{\"repeated\":[\"1\",\"3\",\"5\"]},\"b\":\"2\",\"\":{\"repeated\":[\"4\",\"6\"]}}");
        for (size_t i = 0; i < 40; i++) { /* the length that is needed is known when the line does not fit */
                (void)map_of(few, 6, i);
        }
        enum { MANY = 100 };
        struct value many[MANY];
        char names[MANY][8];
        char expected[LINE_MAX_SIZE] = "{";
        for (int i = 0; i < MANY; i++) { /* "n49", …, "n0", then the same again */
                (void)snprintf(names[i], sizeof names[i], "n%d", MANY / 2 - 1 - i % (MANY / 2));
                many[i] = named(names[i], i < MANY / 2 ? "x" : "y");
        }
        for (int i = 0; i < MANY / 2; i++) {
                size_t len = strlen(expected);
                (void)snprintf(expected + len, sizeof expected - len, "%s\"%s\":{\"repeated\":[\"x\",\"y\"]}",
                               i > 0 ? "," : "", names[i]);
        }
        (void)strcat(expected, "}");
        CU_ASSERT_STRING_EQUAL(map_of(many, MANY, size), expected);
        CU_ASSERT_TRUE(strstr(map_of(many, MANY / 2, size), "repeated") == NULL);
}

static const struct tap_test tests[] = {
    {"a map has each key once", a_map_has_each_key_once},
    {"both ways write the same", both_ways_write_the_same},
    {"a prefix is used until the session changes", a_prefix_is_used_until_the_session_changes},
    {"lines that do not fit", lines_that_do_not_fit},
};

int main(void)
{
        int status = TAP_RUN("jsonl", tests);
        for (size_t i = 0; i < FACTS; i++) {
                prefix_fini(&all_facts[i].prefix);
        }
        return status;
}
