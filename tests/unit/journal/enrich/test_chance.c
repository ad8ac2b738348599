/* Look-ups of random values behind a list that has most of them are no loop over its rows; those of a loop come in the order of the rows, or
 * each once. */
#include "journal/enrich/enrich.h"
#include "mysql/record/row_hashes.h"
#include "mysql/wire/command.h"
#include "settings/settings.h"
#include "tap.h"

#include <stdio.h>

enum { SESSIONS = 7, COLUMNS = 4, ROUNDS = 60 };

static struct settings settings;
static struct enrich f;
static struct n_plus_one_session sessions[SESSIONS];
static uint64_t now_ns;
static uint32_t seed;
static bool any; /* a statement was marked, or a loop was reported */

/* the list: an id, an author, an editor, which is 0 (NULL) for some rows, and a small number */
static unsigned n_rows;
static unsigned cells[ROW_HASHES_ROWS][COLUMNS];

static unsigned chance(unsigned n)
{
        seed = seed * 1103515245 + 12345;
        return (seed >> 8) % n;
}

static void see(unsigned at, const char *sql, unsigned value, struct span hashes, unsigned rows)
{
        char text[64];
        struct record r;
        (void)snprintf(text, sizeof text, "%s%u", sql, value);
        record_clear(&r);
        r.event = EVENT_QUERY;
        now_ns += 400000;
        r.mono_ns = now_ns;
        record_set_uint(&r, FIELD_CONN_ID, at + 1);
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_text(&r, FIELD_QUERY, span_str(text));
        record_set_uint(&r, FIELD_DURATION_US, 100);
        record_set_uint(&r, FIELD_ROWS, rows);
        r.row_hashes = hashes;
        any = enrich_record(&f, &sessions[at], &r) > 0 || any;
        any = record_has(&r, FIELD_FINDINGS) || any;
}

/** Session 0 reads a list of @p rows rows, with ids from @p from on, and authors up to @p authors. */
static void begin(unsigned rows, unsigned from, unsigned authors)
{
        static struct row_hashes h;
        settings_defaults(&settings);
        settings.log.digests = 64;
        CU_ASSERT_EQUAL_FATAL(enrich_init(&f, &settings), STATUS_OK);
        for (unsigned i = 0; i < SESSIONS; i++) {
                n_plus_one_begin(f.n_plus_one, &sessions[i]);
        }
        now_ns = 10000000000;
        any = false;
        n_rows = rows;
        h.rows = rows;
        h.columns = COLUMNS;
        for (unsigned i = 0; i < rows; i++) {
                cells[i][0] = from + i;
                cells[i][1] = 1 + chance(authors);
                cells[i][2] = chance(3) == 0 ? 0 : 1 + chance(authors);
                cells[i][3] = 1 + chance(5);
                for (unsigned k = 0; k < COLUMNS; k++) {
                        char number[16];
                        (void)snprintf(number, sizeof number, "%u", cells[i][k]);
                        h.at[i * COLUMNS + k] = cells[i][k] != 0 ? row_hash_text(span_str(number)) : 0;
                }
        }
        see(0, "SELECT * FROM p LIMIT ", rows, span_of(&h, row_hashes_size(&h)), rows);
}

static void ask(unsigned at, unsigned value)
{
        see(at, "SELECT name FROM author WHERE id = ", value, (struct span){NULL, 0}, 1);
}

/** @return whether anything was reported. */
static bool finish(void)
{
        unsigned n = 0;
        for (struct n_plus_one_session *s = enrich_expire(&f, NULL, UINT64_MAX, &n); s != NULL;
             s = enrich_expire(&f, s, UINT64_MAX, &n)) {
                any = any || n > 0;
        }
        for (unsigned i = 0; i < SESSIONS; i++) {
                n_plus_one_end(f.n_plus_one, &sessions[i]);
        }
        enrich_fini(&f);
        return any;
}

static const struct {
        unsigned rows, from, authors, values, asked;
} kinds[] = {{10, 1, 12, 12, 30}, {10, 1, 12, 12, 15}, {15, 46, 12, 12, 30},
             {20, 1, 12, 20, 20}, {30, 1, 12, 30, 30}, {30, 31, 12, 60, 50},
             {8, 1, 8, 8, 6},     {12, 1, 12, 12, 60}, {20, 100, 12, 12, 50}};

/** Of so many rounds, few may look like a loop by chance. */
static void values_of_chance(void)
{
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
                for (unsigned pool = 0; pool < 2; pool++) {
                        unsigned loops = 0;
                        for (uint32_t round = 1; round <= ROUNDS; round++) {
                                seed = round * 7919;
                                begin(kinds[k].rows, kinds[k].from, kinds[k].authors);
                                now_ns += 150000000;
                                for (unsigned i = 0; i < kinds[k].asked; i++) {
                                        ask(pool != 0 ? 1 + chance(SESSIONS - 1) : 0,
                                            1 + chance(kinds[k].values));
                                }
                                loops += finish() ? 1 : 0;
                        }
                        if (loops * 3 > ROUNDS) {
                                printf("# kind %zu, pool %u: %u\n", k, pool, loops);
                        }
                        CU_ASSERT_TRUE(loops * 3 <= ROUNDS);
                }
        }
}

enum order {
        IN_ORDER,
        BACKWARDS,
        IN_ANY_ORDER,
        TWICE,      /* each row two times */
        EVERY_THIRD /* row is left out */
};

/** The statements for column @p column of all rows, by @p n_sessions sessions in turn. */
static void go_through(unsigned column, enum order order, unsigned n_sessions)
{
        unsigned rows[ROW_HASHES_ROWS];
        for (unsigned i = 0; i < n_rows; i++) {
                rows[i] = order == BACKWARDS ? n_rows - 1 - i : i;
        }
        for (unsigned i = n_rows; order == IN_ANY_ORDER && i > 1; i--) {
                unsigned k = chance(i);
                unsigned row = rows[i - 1];
                rows[i - 1] = rows[k];
                rows[k] = row;
        }
        for (unsigned i = 0; i < n_rows; i++) {
                unsigned value = cells[rows[i]][column];
                for (unsigned n = order == TWICE ? 2 : 1; n > 0 && value != 0; n--) {
                        if (order != EVERY_THIRD || i % 3 != 1) {
                                ask(n_sessions > 0 ? 1 + i % n_sessions : 0, value);
                        }
                }
        }
}

/** Loops over ids, and over authors, of which several rows have the same. */
static void loops_in_some_order(void)
{
        static const enum order orders[] = {IN_ORDER, BACKWARDS, IN_ANY_ORDER, TWICE, EVERY_THIRD};
        for (uint32_t round = 1; round <= 10; round++) {
                seed = round * 7919;
                for (unsigned i = 0; i < sizeof orders / sizeof orders[0]; i++) {
                        for (unsigned rows = 10; rows <= 30; rows += 10) {
                                begin(rows, 1, 12);
                                go_through(0, orders[i], 0);
                                CU_ASSERT_TRUE(finish());
                                begin(rows, 101, 12);
                                go_through(1,
                                           orders[i] == BACKWARDS || orders[i] == IN_ANY_ORDER ? IN_ORDER
                                                                                               : orders[i],
                                           0);
                                CU_ASSERT_TRUE(finish());
                        }
                }
        }
}

/** An author and an editor for each row, which are persons of the same table: of one statement, or of what is not known yet. */
static void loops_over_two_columns(void)
{
        for (uint32_t round = 1; round <= 10; round++) {
                seed = round * 7919;
                for (unsigned kind = 0; kind < 3; kind++) {
                        bool known[64] = {false};
                        unsigned n = 0;
                        begin(20, 101, kind == 2 ? 40 : 12);
                        for (unsigned i = 0; i < n_rows; i++) {
                                for (unsigned k = 1; k <= 2; k++) {
                                        unsigned value = cells[i][k];
                                        if (value != 0 && !(kind == 2 && known[value])) {
                                                ask(kind == 1 ? 1 + n++ % 5 : 0, value);
                                        }
                                        known[value] = true;
                                }
                        }
                        CU_ASSERT_TRUE(finish());
                }
        }
}

/** Over a pool of five sessions. */
static void loops_over_a_pool(void)
{
        for (uint32_t round = 1; round <= 10; round++) {
                seed = round * 7919;
                for (unsigned column = 0; column < 2; column++) {
                        for (unsigned rows = 10; rows <= 30; rows += 10) {
                                begin(rows, 101, 12);
                                now_ns += 150000000;
                                go_through(column, IN_ORDER, 5);
                                CU_ASSERT_TRUE(finish());
                        }
                }
        }
}

/** Each of two workers hands over the records of its sessions at once: the journal sees the rows of one of them first. */
static void loops_of_two_workers(void)
{
        for (uint32_t round = 1; round <= 10; round++) {
                for (unsigned column = 0; column < 2; column++) {
                        seed = round * 7919;
                        begin(30, 101, 12);
                        uint64_t began_ns = now_ns + 150000000;
                        bool is_second[ROW_HASHES_ROWS];
                        for (unsigned i = 0; i < n_rows; i++) {
                                is_second[i] = chance(2) != 0;
                        }
                        for (unsigned i = 0; i < 2 * n_rows; i++) {
                                unsigned row = i % n_rows;
                                if (is_second[row] == (i >= n_rows)) {
                                        now_ns = began_ns + row * 1000000ULL;
                                        ask(1 + (unsigned)is_second[row] * 3 + row % 3, cells[row][column]);
                                }
                        }
                        now_ns = began_ns + 50000000;
                        CU_ASSERT_TRUE(finish());
                }
        }
}

static const struct tap_test tests[] = {
    {"values of chance", values_of_chance},
    {"loops in some order", loops_in_some_order},
    {"loops over two columns", loops_over_two_columns},
    {"loops over a pool", loops_over_a_pool},
    {"loops of two workers", loops_of_two_workers},
};

int main(void)
{
        return TAP_RUN("chance", tests);
}
