#include "mysql/record/record.h"
#include "tap.h"

#include <ctype.h>
#include <stdlib.h>

/* --- the table ------------------------------------------------------------------------------------------------------- */

static void every_field_is_described(void)
{
        for (int f = 0; f < FIELD_COUNT; f++) {
                const struct record_field_info *info = &record_fields[f];
                CU_ASSERT_PTR_NOT_NULL(info->name);
                for (const char *p = info->name; p != NULL && *p != '\0'; p++) {
                        CU_ASSERT_TRUE(islower((unsigned char)*p) || *p == '_');
                }
                for (int other = 0; other < f; other++) {
                        CU_ASSERT_STRING_NOT_EQUAL(info->name, record_fields[other].name);
                        CU_ASSERT_NOT_EQUAL(info->offset, record_fields[other].offset);
                }
                size_t help = strlen(info->help);
                CU_ASSERT_TRUE(help > 10 && info->help[help - 1] == '.');
                CU_ASSERT_TRUE(strcmp(info->unit, "") == 0 || strcmp(info->unit, "us") == 0 ||
                               strcmp(info->unit, "bytes") == 0);
                bool is_us =
                    strlen(info->name) > 3 && strcmp(info->name + strlen(info->name) - 3, "_us") == 0;
                CU_ASSERT_EQUAL(is_us, strcmp(info->unit, "us") == 0);
        }
}

static void the_kinds_agree_with_the_table(void)
{
        for (int i = 0; i < FIELD_COUNT; i++) {
                enum record_field f = (enum record_field)i;
                enum record_kind kind = record_fields[f].kind;
                CU_ASSERT_EQUAL(record_is_list(f),
                                kind == RECORD_LIST || kind == RECORD_MAP || kind == RECORD_ROWS);
                CU_ASSERT_EQUAL(record_is_span(f), kind == RECORD_TEXT || kind == RECORD_BYTES);
                CU_ASSERT_EQUAL(record_is_rest(f), record_fields[f].offset >= RECORD_REST);
        }
}

static void names_of_events_and_flags(void)
{
        for (int e = 0; e < EVENT_COUNT; e++) {
                CU_ASSERT_STRING_NOT_EQUAL(record_event_name((enum record_event)e), "?");
        }
        CU_ASSERT_STRING_EQUAL(record_event_name(EVENT_GAP), "gap");
        CU_ASSERT_STRING_EQUAL(record_flag_name(FIELD_STATUS_FLAGS, 0), "in_trans");
        CU_ASSERT_STRING_EQUAL(record_flag_name(FIELD_STATUS_FLAGS, 1), "autocommit");
        CU_ASSERT_PTR_NULL(record_flag_name(FIELD_STATUS_FLAGS, 2));
        CU_ASSERT_STRING_EQUAL(record_flag_name(FIELD_STATUS_FLAGS, 5), "no_index_used");
        CU_ASSERT_STRING_EQUAL(record_flag_name(FIELD_STATUS_FLAGS, 15), "ansi_quotes");
        CU_ASSERT_PTR_NULL(record_flag_name(FIELD_STATUS_FLAGS, 16));
        CU_ASSERT_STRING_EQUAL(record_flag_name(FIELD_CAPABILITIES, 11), "SSL");
        CU_ASSERT_STRING_EQUAL(record_flag_name(FIELD_SERVER_CAPABILITIES, 37), "MARIADB_BULK_UNIT_RESULTS");
        CU_ASSERT_PTR_NULL(record_flag_name(FIELD_CAPABILITIES, 38));
}

/* --- the flat copy --------------------------------------------------------------------------------------------------- */

static const char *const words[] = {"", "a", "one", "SELECT 1", "a longer text of more than sixteen bytes"};

static struct value values[3];

static uint8_t *room_of(size_t n)
{
        uint8_t *room = malloc(n);
        if (room == NULL) {
                abort();
        }
        return room;
}

/** All fields, each with a content of its own. */
static struct record full_record(void)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        r.wall_ns = 12345;
        r.mono_ns = 678;
        values[0] =
            (struct value){.bytes = span_of("\x01\x02\x03\x04", 4), .true_len = 4, .type = VALUE_LONG};
        values[1] = (struct value){
            .name = span_str("name"), .bytes = span_str("text"), .true_len = 900, .type = VALUE_VAR_STRING};
        values[2] = (struct value){.is_null = true, .type = VALUE_NULL, .is_unsigned = true};
        for (int i = 0; i < FIELD_COUNT; i++) {
                enum record_field f = (enum record_field)i;
                if (record_is_list(f)) {
                        record_set_list(&r, f, (struct value_list){values, (size_t)i % 4});
                } else if (record_is_span(f)) {
                        record_set_text(&r, f, span_str(words[(size_t)i % (sizeof words / sizeof words[0])]));
                } else {
                        record_set_uint(&r, f, 1000000000000ULL + (unsigned)i);
                }
        }
        return r;
}

static bool same_values(struct value_list a, struct value_list b)
{
        bool same = a.n == b.n;
        for (size_t i = 0; same && i < a.n; i++) {
                const struct value *x = &a.at[i];
                const struct value *y = &b.at[i];
                same = span_equal(x->name, y->name) && span_equal(x->bytes, y->bytes) &&
                       x->true_len == y->true_len && x->type == y->type && x->is_unsigned == y->is_unsigned &&
                       x->is_null == y->is_null && x->unknown == y->unknown;
        }
        return same;
}

static bool same(const struct record *a, const struct record *b)
{
        bool equal = a->event == b->event && memcmp(&a->present, &b->present, sizeof a->present) == 0 &&
                     a->wall_ns == b->wall_ns && a->mono_ns == b->mono_ns;
        for (int i = 0; equal && i < FIELD_COUNT; i++) {
                enum record_field f = (enum record_field)i;
                if (!record_has(a, f)) {
                        continue;
                }
                equal = record_is_list(f)   ? same_values(record_list(a, f), record_list(b, f))
                        : record_is_span(f) ? span_equal(record_text(a, f), record_text(b, f))
                                            : record_uint(a, f) == record_uint(b, f);
        }
        return equal;
}

/** Does everything that @p r points to lie within the copy? */
static bool stays_within(const struct record *r, const uint8_t *from, size_t len)
{
        bool within = true;
        for (int i = 0; i < FIELD_COUNT; i++) {
                enum record_field f = (enum record_field)i;
                const uint8_t *at = record_is_list(f)   ? (const uint8_t *)record_list(r, f).at
                                    : record_is_span(f) ? record_text(r, f).data
                                                        : NULL;
                within = within && (at == NULL || (at >= from && at <= from + len));
        }
        return within;
}

static void a_copy_is_whole(void)
{
        struct record r = full_record();
        size_t size = record_pack_size(&r);
        uint8_t *bytes = room_of(size);
        const struct record *copy = record_pack(&r, bytes);
        CU_ASSERT_TRUE(same(&r, copy));
        CU_ASSERT_TRUE(stays_within(copy, bytes, size));
        uint8_t *place = room_of(size); /* a copy of the copy: nothing points back */
        memcpy(place, bytes, size);
        const struct record *moved = record_moved(place, size, bytes);
        memset(bytes, 0xee, size);
        free(bytes);
        CU_ASSERT_PTR_NOT_NULL_FATAL(moved);
        CU_ASSERT_TRUE(same(&r, moved));
        CU_ASSERT_TRUE(stays_within(moved, place, size));
        free(place);
}

static void a_copy_of_any_fields_is_whole(void)
{
        struct record all = full_record();
        uint64_t present = 0x9e3779b97f4a7c15ULL;
        for (int round = 0; round < 2000; round++) {
                struct record r = all;
                present = present * 6364136223846793005ULL + 1442695040888963407ULL;
                uint64_t other = present * 0xd1342543de82ef95ULL;
                struct field_set some = {{present >> (round % 7), other >> (round % 5)}};
                for (int i = 0; i < FIELD_COUNT; i++) {
                        if (!field_set_has(&some, (enum record_field)i)) {
                                record_remove(&r, (enum record_field)i);
                        }
                }
                size_t size = record_pack_size(&r);
                uint8_t *bytes = room_of(size);
                const struct record *copy = record_pack(&r, bytes);
                CU_ASSERT_TRUE(same(&r, copy));
                CU_ASSERT_TRUE(stays_within(copy, bytes, size));
                free(bytes);
        }
}

static void lasting_texts_are_pointed_at(void)
{
        static const char text[] = "COM_QUERY";
        struct record r;
        record_clear(&r);
        RECORD_PUT(&r, FIELD_COMMAND, command, span_str(text));
        record_set_text(&r, FIELD_QUERY, span_str("SELECT 1"));
        field_set_add(&r.lasting, FIELD_COMMAND);
        size_t size = record_pack_size(&r);
        CU_ASSERT_EQUAL(size, RECORD_REST + strlen("SELECT 1"));
        uint8_t *bytes = room_of(size);
        const struct record *copy = record_pack(&r, bytes);
        CU_ASSERT_PTR_EQUAL(copy->command.data, text);
        CU_ASSERT_PTR_EQUAL(copy->query.data, bytes + RECORD_REST);
        uint8_t *place = room_of(size);
        memcpy(place, bytes, size);
        const struct record *moved = record_moved(place, size, bytes);
        CU_ASSERT_PTR_NOT_NULL_FATAL(moved);
        CU_ASSERT_PTR_EQUAL(moved->command.data, text);
        CU_ASSERT_PTR_EQUAL(moved->query.data, place + RECORD_REST);
        free(place);
        free(bytes);
}

/** A command as most are; any of its texts may be absent. */
static struct record usual_record(void)
{
        static const enum record_field texts[] = {FIELD_CLIENT_ADDR, FIELD_PROXY_CLIENT_ADDR, FIELD_USERNAME,
                                                  FIELD_DATABASE, FIELD_QUERY};
        static const enum record_field last[] = {FIELD_PROXY_LISTEN_ADDR, FIELD_REMOTE_ADDR,
                                                 FIELD_CHARACTER_SET, FIELD_COMMAND};
        static char letters[200];
        struct record r;
        record_clear(&r);
        r.event = EVENT_QUERY;
        memset(letters, 'x', sizeof letters);
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                if (tap_random_below(4) > 0) {
                        letters[tap_random_below(sizeof letters)]++;
                        record_set_text(&r, texts[i],
                                        span_of(letters, tap_random_below(1 + (size_t)(i + 1) * 40)));
                }
        }
        for (size_t i = 0; i < sizeof last / sizeof last[0]; i++) {
                record_set_text(&r, last[i], span_str("lasts"));
                field_set_add(&r.lasting, last[i]);
        }
        record_set_uint(&r, FIELD_ROWS, tap_random_below(100));
        return r;
}

/** Of what is as usual no field is looked for: it must make no difference. */
static void a_usual_copy_is_as_any(void)
{
        for (int round = 0; round < 2000; round++) {
                struct record usual = usual_record();
                struct record other = usual;
                record_set_text(&other, FIELD_INFO, span_str("")); /* that is not */
                size_t size = record_pack_size(&usual);
                CU_ASSERT_EQUAL_FATAL(size, record_pack_size(&other));
                uint8_t *bytes[] = {room_of(size), room_of(size)};
                struct record *copies[] = {record_pack(&usual, bytes[0]), record_pack(&other, bytes[1])};
                record_remove(copies[1], FIELD_INFO);
                CU_ASSERT_TRUE(same(copies[0], copies[1]));
                CU_ASSERT_EQUAL(copies[0]->packed, size);
                CU_ASSERT_EQUAL(copies[1]->packed, size);
                const uint8_t *texts[] = {bytes[0] + RECORD_REST, bytes[1] + RECORD_REST};
                CU_ASSERT_EQUAL(memcmp(texts[0], texts[1], size - RECORD_REST), 0);

                /* and so with what the journal adds, and a copy of that */
                for (int i = 0; i < 2; i++) {
                        RECORD_PUT_TEXT(copies[i], FIELD_DIGEST, digest, span_str("0123456789abcdef"));
                        RECORD_PUT_TEXT(copies[i], FIELD_DIGEST_TEXT, digest_text, span_str("SELECT ?"));
                }
                record_set_text(copies[1], FIELD_TRACEPARENT, span_str(""));
                size_t copy_size = record_copy_size(copies[0]);
                CU_ASSERT_EQUAL_FATAL(copy_size, record_copy_size(copies[1]));
                uint8_t *rooms[] = {room_of(copy_size), room_of(copy_size)};
                struct record *moved[2];
                for (int i = 0; i < 2; i++) {
                        const uint8_t *was = record_copy(copies[i], rooms[i]);
                        memset(bytes[i], 0xee, size);
                        moved[i] = record_moved(rooms[i], copy_size, was);
                        CU_ASSERT_PTR_NOT_NULL_FATAL(moved[i]);
                }
                record_remove(moved[1], FIELD_TRACEPARENT);
                CU_ASSERT_TRUE(same(moved[0], moved[1]));
                for (int i = 0; i < 2; i++) {
                        free(bytes[i]);
                        free(rooms[i]);
                }
        }
}

/** A record without fields of the rest has no room for them once it is packed; unpacked, the first brings them all. */
static void the_rest_comes_with_its_first_field(void)
{
        struct record r;
        memset(&r, 0xee, sizeof r);
        record_clear(&r);
        CU_ASSERT_FALSE(record_has_rest(&r));
        CU_ASSERT_EQUAL(record_pack_size(&r), RECORD_REST);
        record_set_uint(&r, FIELD_ERRNO, 1064);
        CU_ASSERT_TRUE(record_has_rest(&r));
        CU_ASSERT_EQUAL(r.errno_, 1064);
        CU_ASSERT_EQUAL(r.error.len, 0);
        CU_ASSERT_EQUAL(r.first_rows.n, 0);
        CU_ASSERT_EQUAL(record_uint_if_any(&r, FIELD_DROPPED), 0);
        CU_ASSERT_EQUAL(record_pack_size(&r), sizeof r);
        uint8_t *bytes = room_of(sizeof r);
        const struct record *copy = record_pack(&r, bytes);
        CU_ASSERT_FALSE(copy->ends_early);
        struct record assigned;
        record_assign(&assigned, copy);
        CU_ASSERT_TRUE(same(&assigned, &r));
        free(bytes);
        record_remove(&r, FIELD_ERRNO);
        bytes = room_of(RECORD_REST);
        copy = record_pack(&r, bytes);
        CU_ASSERT_TRUE(copy->ends_early);
        record_assign(&assigned, copy);
        record_set_text(&assigned, FIELD_REASON, span_str("a reason"));
        CU_ASSERT_EQUAL(assigned.errno_, 0);
        free(bytes);
}

static void a_cut_copy_is_refused(void)
{
        struct record r = full_record();
        size_t size = record_pack_size(&r);
        uint8_t *bytes = room_of(size);
        record_pack(&r, bytes);
        for (size_t len = 0; len < size; len++) {
                uint8_t *cut = room_of(len + 1); /* its end is the block's: a sanitizer sees a step too far */
                memcpy(cut, bytes, len);
                CU_ASSERT_PTR_NULL_FATAL(record_moved(cut, len, bytes));
                free(cut);
        }
        struct record *copy = (struct record *)(void *)bytes;
        copy->first_rows.n = SIZE_MAX / 2;
        uint8_t *place = room_of(size);
        memcpy(place, bytes, size);
        CU_ASSERT_PTR_NULL(record_moved(place, size, bytes));
        copy->event = EVENT_COUNT;
        memcpy(place, bytes, size);
        CU_ASSERT_PTR_NULL(record_moved(place, size, bytes));
        free(place);
        free(bytes);
}

static const struct tap_test tests[] = {
    {"every field is described", every_field_is_described},
    {"the kinds agree with the table", the_kinds_agree_with_the_table},
    {"names of events and flags", names_of_events_and_flags},
    {"a copy is whole", a_copy_is_whole},
    {"a copy of any fields is whole", a_copy_of_any_fields_is_whole},
    {"a usual copy is as any", a_usual_copy_is_as_any},
    {"the rest comes with its first field", the_rest_comes_with_its_first_field},
    {"a cut copy is refused", a_cut_copy_is_refused},
    {"lasting texts are pointed at", lasting_texts_are_pointed_at},
};

int main(void)
{
        return TAP_RUN("record", tests);
}
