/* Lines of JSON whose session stands ready, against those that are made anew. */
#include "journal/format/jsonl.h"
#include "journal/format/jsonl_session.h"
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
        struct field_set lasting;
        uint64_t words[TEXTS];
        uint64_t server_conn_id;
        bool has_version;
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
        switch (tap_random_below(6)) {
        case 0: flip(&facts->present, session_texts[i]); break;
        case 1: flip(&facts->lasting, session_texts[i]); break;
        case 2: facts->server_conn_id = tap_random_below(3); break;
        case 3: facts->has_version = !facts->has_version; break;
        case 4: facts->words[i] ^= 1; break;
        default:
                facts->words[i] = tap_random_below(WORDS + 4);
                field_set_add(&facts->present, session_texts[i]);
                break;
        }
}

/** Facts that are no session's: few sets of fields, so that a plan is used again, and any values. */
static void add_any_facts(struct record *r)
{
        static const char *const commands[] = {"Query", "Execute", "Prepare"};
        size_t command = tap_random_below(3);
        if (tap_random_below(4) != 0) {
                record_set_text(r, FIELD_COMMAND, span_str(commands[command]));
                record_set_uint(r, FIELD_COMMAND_ID, 3 + command);
                if (tap_random_below(2) != 0) {
                        field_set_add(&r->lasting, FIELD_COMMAND);
                }
        }
        if (tap_random_below(8) == 0) {
                r->event = (enum record_event)tap_random_below(EVENT_COUNT);
        }
        bool all = tap_random_below(60) == 0; /* more than a plan has steps for */
        for (enum record_field f = 0; f < FIELD_COUNT; f++) {
                bool is_wanted = all || f % 16 == tap_random_below(2) * 8;
                if (record_fields[f].kind == RECORD_UINT && f != FIELD_QUERY_LENGTH && f != FIELD_CONN_ID &&
                    f != FIELD_COMMAND_ID && is_wanted && tap_random_below(16) != 0) {
                        record_set_uint(r, f, UINT64_MAX >> tap_random_below(64));
                }
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
        r.event = EVENT_QUERY;
        r.wall_ns = 1700000000000000000ULL + tap_random_below(3) * 1000000000;
        if (tap_random_below(8) != 0) {
                record_set_uint(&r, FIELD_CONN_ID,
                                tap_random_below(2) * 256 + (uint64_t)(facts - all_facts) % 2);
        }
        for (size_t i = 0; i < TEXTS; i++) {
                struct span text = span_str(word(facts->words[i]));
                if (!field_set_has(&facts->present, session_texts[i])) {
                        continue;
                }
                if (field_set_has(&facts->lasting, session_texts[i])) {
                        record_set_text(&r, session_texts[i], text);
                        field_set_add(&r.lasting, session_texts[i]);
                } else {
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

static void sessions_that_stand_ready(void)
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
                print(&slow, jsonl_record_slowly);
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

/** What does not fit is not kept half. */
/** A session's record as it comes in the ring: of what it has not there is a place all the same. */
static struct record packed_at(uint8_t *room, bool with_database)
{
        struct record r;
        record_clear(&r);
        r.event = EVENT_QUERY;
        record_set_uint(&r, FIELD_CONN_ID, 5);
        record_set_text(&r, FIELD_CLIENT_ADDR, span_of(room, 9));
        record_set_text(&r, FIELD_USERNAME, span_of(room + 9, 4));
        (void)span_copy(room, span_str("127.0.0.1rootshop"));
        r.database = span_of(room + 13, 0);
        if (with_database) {
                record_set_text(&r, FIELD_DATABASE, span_of(room + 13, 4));
        }
        return r;
}

static void a_session_stands_ready_wherever_it_is(void)
{
        uint8_t rooms[2][32];
        struct jsonl_sessions *sessions = jsonl_sessions_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(sessions);
        jsonl_sessions_use(sessions);
        for (unsigned i = 0; i < 4; i++) {
                bool with_database = i % 2 != 0;
                struct record r = packed_at(rooms[0], with_database);
                struct record again = packed_at(rooms[1], with_database);
                struct record other = packed_at(rooms[1], !with_database);
                jsonl_session_keep(&r, jsonl_session_fields(&r), span_str("kept"));
                CU_ASSERT_EQUAL(jsonl_session_text(&again, jsonl_session_fields(&again)).len, 4);
                CU_ASSERT_EQUAL(jsonl_session_text(&other, jsonl_session_fields(&other)).len, 0);
        }
        jsonl_sessions_use(NULL);
        jsonl_sessions_free(sessions);
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
                        r.conn_id += 512; /* another session each time */
                        jsonl_record(&w, &r);
                        if (record_has(&r, FIELD_CONN_ID)) {
                                r.conn_id -= 512;
                                w = writer_over(small + 1, size);
                                jsonl_record(&w, &r);
                        }
                        CU_ASSERT_EQUAL(w.failed, size < whole.len);
                        CU_ASSERT_EQUAL(w.wanted, whole.len);
                        CU_ASSERT_TRUE(w.failed || memcmp(small + 1, whole.text, size) == 0);
                        free(small);
                }
        }
}

static const struct tap_test tests[] = {
    {"sessions that stand ready", sessions_that_stand_ready},
    {"a session stands ready wherever it is", a_session_stands_ready_wherever_it_is},
    {"lines that do not fit", lines_that_do_not_fit},
};

int main(void)
{
        struct jsonl_sessions *sessions = jsonl_sessions_new();
        jsonl_sessions_use(sessions);
        int status = TAP_RUN("jsonl", tests);
        jsonl_sessions_use(NULL);
        jsonl_sessions_free(sessions);
        return status;
}
