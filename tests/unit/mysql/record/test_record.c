#include "mysql/record/client_host.h"
#include "mysql/record/record_cut.h"
#include "mysql/record/record_packed.h"
#include "mysql/wire/command.h"
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
                CU_ASSERT_EQUAL(record_is_list(f), kind == RECORD_LIST || kind == RECORD_MAP ||
                                                       kind == RECORD_ROWS || kind == RECORD_OBJECTS);
                CU_ASSERT_EQUAL(record_is_span(f), kind == RECORD_TEXT || kind == RECORD_BYTES);
                CU_ASSERT_EQUAL(record_offset(f), record_fields[f].offset);
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
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_text(&r, FIELD_COMMAND, span_str("COM_QUERY"));
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

/** Does everything that @p r points to lie in the packed record? */
static bool stays_within(const struct record *r, const uint8_t *from, size_t len)
{
        bool within = true;
        for (int i = 0; i < FIELD_COUNT; i++) {
                enum record_field f = (enum record_field)i;
                const uint8_t *at = NULL;
                bool is_empty_list = record_is_list(f) && record_list(r, f).n == 0;
                if (record_has(r, f) && f != FIELD_COMMAND && !is_empty_list) {
                        at = record_is_list(f)   ? (const uint8_t *)record_list(r, f).at
                             : record_is_span(f) ? record_text(r, f).data
                                                 : NULL;
                }
                within = within && (at == NULL || (at >= from && at <= from + len));
        }
        return within;
}

static struct record_packed *packed_at(uint8_t *bytes)
{
        return (struct record_packed *)(void *)bytes;
}

/** Pack @p r, copy that to somewhere else, and unpack the copy. @return its bytes, to be freed. */
static uint8_t *pack_and_move(const struct record *r, struct record *out)
{
        size_t size = record_pack_size(r);
        uint8_t *bytes = room_of(size);
        memset(bytes, 0xee, size);
        record_pack(r, bytes);
        CU_ASSERT_EQUAL(packed_at(bytes)->size, size);
        uint8_t *place = room_of(size);
        memcpy(place, bytes, size);
        memset(bytes, 0xee, size);
        free(bytes);
        memset(out, 0xee, sizeof *out);
        record_assign(out, record_unpack(packed_at(place)));
        CU_ASSERT_TRUE(same(r, out));
        CU_ASSERT_TRUE(stays_within(out, place, size));
        return place;
}

static void a_copy_is_whole(void)
{
        struct record r = full_record();
        struct record copy;
        free(pack_and_move(&r, &copy));
}

/** Some of all fields. */
static struct record some_fields(const struct record *all, uint64_t *seed)
{
        struct record r = *all;
        *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
        uint64_t other = *seed * 0xd1342543de82ef95ULL;
        struct field_set some = {{*seed >> (*seed >> 60), other >> (other >> 60)}};
        if ((*seed >> 32) % 4 == 0) { /* nothing of the optional part, as in most records */
                some.words[0] &= ~fields_optional.words[0];
                some.words[1] &= ~fields_optional.words[1];
        }
        for (int i = 0; i < FIELD_COUNT; i++) {
                if (!field_set_has(&some, (enum record_field)i)) {
                        record_remove(&r, (enum record_field)i);
                }
        }
        return r;
}

static void a_copy_of_any_fields_is_whole(void)
{
        struct record all = full_record();
        uint64_t seed = 0x9e3779b97f4a7c15ULL;
        for (int round = 0; round < 2000; round++) {
                struct record r = some_fields(&all, &seed);
                if (round % 2 == 0) { /* the session's fields are somewhere else */
                        struct field_set own = {
                            {r.present.words[0] & ~fields_session.words[0], r.present.words[1]}};
                        r.present = own;
                        r.session_source = round % 4 == 0 ? RECORD_SESSION_NONE : RECORD_SESSION_REFERRED;
                }
                struct record copy;
                struct record again;
                uint8_t *bytes = pack_and_move(&r, &copy);
                CU_ASSERT_EQUAL(record_pack_size(&copy), record_pack_size(&r));
                free(pack_and_move(&copy, &again)); /* a copy of the copy, as the recent records are */
                free(bytes);
        }
}

/** A carried session is stored whole, with what the record itself does not show. */
static void a_session_is_carried_whole(void)
{
        struct record r;
        struct record copy;
        memset(&r, 0xee, sizeof r);
        record_clear(&r);
        size_t size = record_pack_size(&r);
        record_set_uint(&r, FIELD_ROWS, 1);
        CU_ASSERT_EQUAL(record_pack_size(&r), size);
        record_set_text(&r, FIELD_USERNAME, span_str("root"));
        record_set_text(&r, FIELD_CLIENT_ADDR, span_str("127.0.0.1:1"));
        record_set_uint(&r, FIELD_SERVER_CONN_ID, 17);
        CU_ASSERT_EQUAL(record_pack_size(&r),
                        sizeof(struct record_packed) + sizeof r + strlen("root127.0.0.1:1"));
        record_remove(&r, FIELD_USERNAME);
        CU_ASSERT_FALSE(record_has(&r, FIELD_USERNAME));
        uint8_t *bytes = pack_and_move(&r, &copy);
        CU_ASSERT_EQUAL(copy.session_source, RECORD_SESSION_CARRIED);
        CU_ASSERT_TRUE(span_equal(copy.carried.username, span_str("root")));
        CU_ASSERT_TRUE(field_set_has(&copy.carried.fields, FIELD_USERNAME));
        CU_ASSERT_FALSE(record_has(&copy, FIELD_USERNAME));
        CU_ASSERT_EQUAL(copy.carried.server_conn_id, 17);
        CU_ASSERT_EQUAL(copy.carried.database.len, 0);
        copy.session_source = RECORD_SESSION_REFERRED;
        copy.present.words[0] &= ~fields_session.words[0];
        CU_ASSERT_EQUAL(record_pack_size(&copy), size);
        free(bytes);
}

/** The name of a command is static. */
static void the_name_of_a_command_is_not_stored(void)
{
        struct record r;
        struct record copy;
        record_clear(&r);
        size_t size = record_pack_size(&r);
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_text(&r, FIELD_COMMAND, span_str(command_type(COM_QUERY)->name));
        CU_ASSERT_EQUAL(record_pack_size(&r), size);
        free(pack_and_move(&r, &copy));
        CU_ASSERT_PTR_EQUAL(copy.command.data, command_type(COM_QUERY)->name);
        record_remove(&r, FIELD_COMMAND_ID);
        CU_ASSERT_EQUAL(record_pack_size(&r), size);
        free(pack_and_move(&r, &copy));
}

/** A part that a record lacks is neither initialised nor stored; its first field brings it. */
static void a_part_comes_with_its_first_field(void)
{
        struct record r;
        struct record assigned;
        memset(&r, 0xee, sizeof r);
        record_clear(&r);
        CU_ASSERT_FALSE(record_has_optional(&r));
        CU_ASSERT_EQUAL(record_pack_size(&r), sizeof(struct record_packed) + RECORD_OPTIONAL);
        record_set_uint(&r, FIELD_ERRNO, 1064);
        CU_ASSERT_TRUE(record_has_optional(&r));
        CU_ASSERT_EQUAL(r.errno_, 1064);
        CU_ASSERT_EQUAL(r.error.len, 0);
        CU_ASSERT_EQUAL(r.first_rows.n, 0);
        CU_ASSERT_EQUAL(record_uint_if_any(&r, FIELD_DROPPED), 0);
        CU_ASSERT_EQUAL(record_pack_size(&r), sizeof(struct record_packed) + RECORD_CARRIED);
        record_assign(&assigned, &r);
        CU_ASSERT_TRUE(same(&assigned, &r));
        record_remove(&r, FIELD_ERRNO);
        record_set_text(&r, FIELD_REASON, span_str("a reason"));
        CU_ASSERT_EQUAL(r.errno_, 0);
}

/** A field that is known when this is compiled and one that is not are set alike. */
static void a_field_is_set_in_one_way(void)
{
        volatile enum record_field rows = FIELD_ROWS;
        volatile enum record_field error = FIELD_ERROR;
        struct record a;
        struct record b;
        record_clear(&a);
        record_clear(&b);
        record_set_uint(&a, FIELD_ROWS, 7);
        record_set_uint(&b, rows, 7);
        record_set_text(&a, FIELD_ERROR, span_str("no"));
        record_set_text(&b, error, span_str("no"));
        CU_ASSERT_EQUAL(a.rows, 7);
        CU_ASSERT_EQUAL(b.rows, 7);
        CU_ASSERT_TRUE(span_equal(b.error, span_str("no")));
        CU_ASSERT_TRUE(same(&a, &b));
        CU_ASSERT_EQUAL(record_uint(&b, rows), record_uint(&a, FIELD_ROWS));
}

/** Cut @p r to @p most bytes, and check what became of it. */
static void cut_to(struct record *r, size_t most, const char *reason_part)
{
        static char reason[RECORD_CUT_REASON];
        CU_ASSERT_TRUE(record_cut(r, most, "a.setting", reason));
        CU_ASSERT_TRUE(record_pack_size(r) <= most);
        CU_ASSERT_TRUE(record_has(r, FIELD_REASON));
        CU_ASSERT_PTR_NOT_NULL(memmem(r->reason.data, r->reason.len, reason_part, strlen(reason_part)));
        CU_ASSERT_PTR_NOT_NULL(memmem(r->reason.data, r->reason.len, "a.setting", 9));
}

static void a_large_record_is_cut(void)
{
        static struct value elements[4001];
        static char text[100000];
        struct record r;
        memset(text, 'x', sizeof text);
        record_clear(&r);
        record_set_text(&r, FIELD_REASON, span_str("a reason"));
        record_set_text(&r, FIELD_QUERY, span_str("SELECT 1"));
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){elements, 4000});
        cut_to(&r, 100000, "a reason; cut, because a.setting was reached, ");
        CU_ASSERT_TRUE(r.stmt_execute_values.n > 1000);
        CU_ASSERT_EQUAL(r.query.len, 8);
        /* rows are left out whole, and those that are missing are counted */
        for (size_t i = 0; i < 4001; i++) {
                elements[i].role = i == 0 ? VALUE_BEGINS_RESULT : i % 8 == 1 ? VALUE_BEGINS_ROW : VALUE_PLAIN;
        }
        record_clear(&r);
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){elements, 1});
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){elements, 4001});
        record_set_uint(&r, FIELD_FIRST_ROWS_CUT, 5);
        cut_to(&r, 100000, " rows are missing");
        CU_ASSERT_EQUAL(r.first_rows.n % 8, 1);
        CU_ASSERT_EQUAL(r.first_rows.n / 8 + r.first_rows_cut, 505);
        /* without their names, nobody could tell which elements are passwords */
        record_clear(&r);
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){elements, 4001});
        record_set_list(&r, FIELD_FIRST_ROWS, (struct value_list){elements, 10});
        cut_to(&r, 20000, "the column names are missing");
        CU_ASSERT_FALSE(record_has(&r, FIELD_FIRST_ROWS));
        record_clear(&r);
        record_set_text(&r, FIELD_QUERY, span_of(text, sizeof text));
        cut_to(&r, 20000, "the text is truncated");
        CU_ASSERT_EQUAL(r.query_length, sizeof text);
        CU_ASSERT_TRUE(r.query.len > 10000 && r.secret_behind && field_set_has(&r.cut, FIELD_QUERY));
        record_clear(&r);
        record_set_text(&r, FIELD_QUERY, span_of(text, 30000));
        record_set_text(&r, FIELD_STMT_PREPARE_QUERY, span_of(text, sizeof text));
        cut_to(&r, 20000, "the text is truncated");
        CU_ASSERT_EQUAL(r.query_length, 30000);
        CU_ASSERT_EQUAL(record_uint(&r, FIELD_STMT_PREPARE_QUERY_LENGTH), sizeof text);
        CU_ASSERT_TRUE(r.stmt_prepare_query.len < 20000);
        char reason[RECORD_CUT_REASON];
        record_clear(&r);
        record_set_text(&r, FIELD_ERROR, span_of(text, sizeof text));
        CU_ASSERT_FALSE(record_cut(&r, 20000, "a.setting", reason));
}

/* --- addresses -------------------------------------------------------------------------------------------------------- */

static void the_host_of_a_client(void)
{
        static const struct {
                const char *address, *host;
        } cases[] = {
            {"10.0.0.7:51422", "10.0.0.7"},
            {"[::1]:51422", "::1"},
            {"[2001:db8::7]:1", "2001:db8::7"},
            {"10.0.0.7", "10.0.0.7"},
            {"unix:", "unix:"},
            {"unix:/run/app:1/db.sock", "unix:/run/app:1/db.sock"},
            {"[]:1", ""},
            {"[", "["},
            {"]:1", "]"},
            {":1", ""},
            {"", ""},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                CU_ASSERT_TRUE(span_equal(client_host(span_str(cases[i].address)), span_str(cases[i].host)));
                CU_ASSERT_EQUAL(client_is_local(span_str(cases[i].address)),
                                strncmp(cases[i].address, "unix:", 5) == 0);
        }
        CU_ASSERT_EQUAL(client_host((struct span){NULL, 0}).len, 0);
}

static const struct tap_test tests[] = {
    {"the host of a client", the_host_of_a_client},
    {"a large record is cut", a_large_record_is_cut},
    {"every field is described", every_field_is_described},
    {"the kinds agree with the table", the_kinds_agree_with_the_table},
    {"names of events and flags", names_of_events_and_flags},
    {"a copy is whole", a_copy_is_whole},
    {"a copy of any fields is whole", a_copy_of_any_fields_is_whole},
    {"a session is carried whole", a_session_is_carried_whole},
    {"the name of a command is not stored", the_name_of_a_command_is_not_stored},
    {"a part comes with its first field", a_part_comes_with_its_first_field},
    {"a field is set in one way", a_field_is_set_in_one_way},
};

int main(void)
{
        return TAP_RUN("record", tests);
}
