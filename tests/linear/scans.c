/* What reads statements, each with the work that it may take for a byte: scans of bytes eight instructions, those of tokens and what
 * the journal makes of a record more. */
#include "linear.h"

#include "base/utf8.h"
#include "journal/enrich/enrich.h"
#include "journal/format/convert.h"
#include "journal/format/format.h"
#include "journal/recent.h"
#include "mysql/sql/digest.h"
#include "mysql/sql/outline.h"
#include "mysql/sql/secret.h"
#include "mysql/sql/setnames.h"
#include "mysql/sql/sql_key.h"
#include "mysql/sql/tags.h"
#include "mysql/sql/use.h"
#include "mysql/sql/user_variable.h"
#include "mysql/wire/charset.h"
#include "mysql/wire/command.h"
#include "rules/filter.h"
#include "settings/settings.h"

#include <stdlib.h>

/* Where the compiler can't see that nobody looks. */
static volatile uint64_t sink;

/* --- bytes --------------------------------------------------------------------------------------------------------- */

static void suspect(struct span text)
{
        sink = secret_suspected(text);
}

static void look_within(struct span text)
{
        sink = secret_is_within(text);
}

static void look_for_mention(struct span text)
{
        sink = secret_is_mentioned(text);
}

static void look_for_name(struct span text)
{
        sink = secret_is_name(text);
}

static void read_tags(struct span text)
{
        static struct tags tags;
        sink = tags_may_be_in(text) && tags_read(&tags, text) > 0;
}

static void scan_names(struct span text)
{
        struct setnames out;
        const struct setnames_options one = {.succeeded = true, .results = 1};
        sink = setnames_scan(text, &one, &out);
}

/** All statements of a text, as a text of several is read. */
static void read_uses(struct span text)
{
        uint8_t name[USE_NAME_MAX];
        struct sql_reader r = sql_reader_over(text, (struct sql_mode){0});
        do {
                struct use_change change = use_read(&r);
                sink = change.effect + use_name(change.name, name);
        } while (use_next_statement(&r));
}

static void read_variable(struct span text)
{
        static struct user_variable_change change;
        const struct user_variable_options options = {.name = span_str("querytap_scope"),
                                                      .statements = UINT64_MAX};
        user_variable_read(text, &options, &change);
        sink = change.effect;
}

static void scan_many_names(struct span text)
{
        struct setnames out;
        const struct setnames_options many = {
            .charset = charset_of_name(span_str("gbk")), .succeeded = true, .results = UINT64_MAX};
        sink = setnames_scan(text, &many, &out);
}

static void make_key(struct span text)
{
        struct sql_key key;
        sql_key_make(text, (struct sql_mode){0}, 77, &key);
        sink = key.hash;
}

static void check_utf8(struct span text)
{
        sink = utf8_valid(text);
}

/* --- tokens -------------------------------------------------------------------------------------------------------- */

static const struct sql_mode mariadb = {.is_mariadb = true, .version = 101100};

static void lex(struct span text)
{
        struct sql_lexer lexer = sql_lexer_over(text, mariadb);
        struct sql_token t = sql_next(&lexer);
        while (t.kind != SQL_END) {
                t = sql_next(&lexer);
        }
        sink = t.text.len;
}

static void make_digest(struct span text)
{
        static struct digest out;
        digest_make(text, mariadb, &out);
        sink = out.len;
}

static void read_outline(struct span text)
{
        static struct outline out;
        outline_read(text, mariadb, false, &out);
        sink = out.n_tables;
}

static void find_secrets(struct span text)
{
        sink = secret_bare_at(text, mariadb);
}

/* --- records ------------------------------------------------------------------------------------------------------- */

static struct settings settings;
static struct enrich enrich;
static struct convert convert;
static struct recent recent;
static struct filter *filter;

static struct record record_of(struct span text)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        r.wall_ns = 1700000000000000000ULL;
        r.mono_ns = 1000000;
        r.sql_mode = mariadb;
        record_set_uint(&r, FIELD_CONN_ID, 1);
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_text(&r, FIELD_COMMAND, span_str("COM_QUERY"));
        record_set_text(&r, FIELD_QUERY, text);
        record_set_uint(&r, FIELD_DURATION_US, 100);
        return r;
}

static void begin_enrich(uint64_t redact)
{
        enrich_fini(&enrich);
        settings_defaults(&settings);
        settings.log.redact = redact;
        if (enrich_init(&enrich, &settings) != STATUS_OK) {
                abort();
        }
}

static void begin_plain(void)
{
        begin_enrich(0);
}

static void begin_redaction(void)
{
        begin_enrich(SETTINGS_REDACT_ALL);
}

static void enrich_text(struct span text)
{
        struct record r = record_of(text);
        sink = enrich_record(&enrich, NULL, &r);
}

/** A result whose columns have no names but their expressions: half of the bytes is the statement, half names. */
static void enrich_columns(struct span text)
{
        enum { NAME = 16 };
        size_t n = text.len / 2 / NAME;
        struct value *names = calloc(n, sizeof *names);
        if (names == NULL) {
                abort();
        }
        struct record r = record_of(span_head(text, text.len / 2));
        for (size_t i = 0; i < n; i++) {
                struct span name = span_head(span_skip(text, text.len / 2 + i * NAME), NAME);
                names[i] = (struct value){.type = VALUE_VAR_STRING, .bytes = name, .true_len = name.len};
        }
        record_set_list(&r, FIELD_COLUMN_NAMES, (struct value_list){names, n});
        sink = enrich_record(&enrich, NULL, &r);
        free(names);
}

/** The error that quotes the statement. */
static void enrich_error(struct span text)
{
        struct record r = record_of(span_str("SELECT 1"));
        record_set_uint(&r, FIELD_ERRNO, 1062);
        record_set_text(&r, FIELD_ERROR, text);
        sink = enrich_record(&enrich, NULL, &r);
}

static void enrich_values(struct span text)
{
        enum { PARTS = 64 };
        struct value values[PARTS];
        struct record r = record_of(span_str("SELECT ?"));
        for (size_t i = 0; i < PARTS; i++) {
                struct span part = span_head(span_skip(text, text.len / PARTS * i), text.len / PARTS);
                values[i] = (struct value){.type = VALUE_VAR_STRING, .bytes = part, .true_len = part.len};
        }
        record_set_list(&r, FIELD_STMT_EXECUTE_VALUES, (struct value_list){values, PARTS});
        sink = enrich_record(&enrich, NULL, &r);
}

static void begin_convert(void)
{
        convert_fini(&convert);
        convert_init(&convert);
}

static void convert_from(struct span text, const char *charset)
{
        struct record r = record_of(text);
        r.charsets[RECORD_CLIENT] = charset_of_name(span_str(charset));
        sink = (uintptr_t)convert_record(&convert, &r);
}

static void convert_latin1(struct span text)
{
        convert_from(text, "latin1");
}

static void convert_gbk(struct span text)
{
        convert_from(text, "gbk");
}

static void begin_filter(void)
{
        char error[FILTER_ERROR_MAX];
        const struct filter_spec spec = {.text = {[FILTER_PATTERN] = "(a+)+b", [FILTER_USER] = "*a*b"}};
        if (filter_new(&spec, &filter, error) != STATUS_OK) {
                abort();
        }
}

static void pass_filter(struct span text)
{
        struct record r = record_of(text);
        record_set_text(&r, FIELD_USERNAME, span_str("aaaaaaaaab"));
        sink = filter_pass(filter, &r);
}

static void format(struct span text, enum format format)
{
        static uint8_t *room;
        static size_t size;
        struct record r = record_of(text);
        if (format_size(format, &r) > size) {
                free(room);
                size = format_size(format, &r);
                room = malloc(size);
        }
        if (room == NULL) {
                abort();
        }
        struct writer w = writer_over(room, size);
        format_record(&w, format, &r);
        if (w.failed) {
                abort();
        }
        sink = w.at;
}

static void put_json(struct span text)
{
        format(text, FORMAT_JSON);
}

static void put_text(struct span text)
{
        format(text, FORMAT_TEXT);
}

static void put_verbose(struct span text)
{
        format(text, FORMAT_VERBOSE);
}

static void put_ltsv(struct span text)
{
        format(text, FORMAT_LTSV);
}

static void put_slow(struct span text)
{
        format(text, FORMAT_SLOW);
}

static void begin_journal(void)
{
        begin_plain();
        begin_convert();
        if (recent.memory == NULL && recent_init(&recent, 8 << 20) != STATUS_OK) {
                abort();
        }
}

/** All that the writer does with a record, but for the file. */
static void journal(struct span text)
{
        struct record r = record_of(text);
        struct record *converted = convert_record(&convert, &r);
        sink = enrich_record(&enrich, NULL, converted);
        recent_add(&recent, converted, NULL);
        format(converted->query, FORMAT_JSON);
}

/* The limits are those of the worst generator of each, most of which make a token of every byte or two; what a case of
 * tests/linear/cases.tsv may take is less. */
const struct scan linear_scans[] = {
    {"suspect", 50, NULL, suspect},
    {"within", 180, NULL, look_within},
    {"mention", 75, NULL, look_for_mention},
    {"name", 75, NULL, look_for_name},
    {"tags", 32, NULL, read_tags},
    {"set-names", 85, NULL, scan_names},
    {"set-names-many", 85, NULL, scan_many_names},
    {"use", 195, NULL, read_uses},
    {"variable", 250, NULL, read_variable},
    {"key", 130, NULL, make_key},
    {"utf8", 12, NULL, check_utf8},
    {"lexer", 220, NULL, lex},
    {"digest", 170, NULL, make_digest},
    {"outline", 1500, NULL, read_outline},
    {"secrets", 700, NULL, find_secrets},
    {"enrich", 1400, begin_plain, enrich_text},
    {"redact", 1500, begin_redaction, enrich_text},
    {"redact-columns", 1000, begin_redaction, enrich_columns},
    {"redact-error", 800, begin_redaction, enrich_error},
    {"redact-values", 1200, begin_redaction, enrich_values},
    {"latin1", 60, begin_convert, convert_latin1},
    {"gbk", 85, begin_convert, convert_gbk},
    {"filter", 25, begin_filter, pass_filter},
    {"json", 170, NULL, put_json},
    {"text", 1200, NULL, put_text},
    {"verbose", 1200, NULL, put_verbose},
    {"ltsv", 90, NULL, put_ltsv},
    {"slow", 230, NULL, put_slow},
    {"journal", 1500, begin_journal, journal},
};
const size_t linear_scans_n = sizeof linear_scans / sizeof linear_scans[0];
