/* usage: tap_json TAPE: feed a recorded session (tests/support/tape.h) to a tap, and print its records as JSON lines without
 * passwords. Needs no event loop; no OpenSSL but for the key of log.redact. */
#include "base/reader.h"
#include "journal/enrich/enrich.h"
#include "journal/format/convert.h"
#include "journal/format/format.h"
#include "settings/settings.h"
#include "tap/tap.h"

#include <stdio.h>
#include <stdlib.h>

static struct enrich enrich;
static struct convert convert;

/** As the journal's thread does it with what comes out of its ring. */
static bool print(void *arg, const struct record_raw *raw)
{
        struct record_raw copy;
        unsigned runs = 0;
        (void)arg;
        record_assign(&copy.with_secrets, &raw->with_secrets);
        struct record *text = convert_record(&convert, &copy.with_secrets);
        struct record *r = enrich_raw(&enrich, NULL, (struct record_raw *)(void *)text, &runs);
        size_t size = format_size(FORMAT_JSON, r);
        char *line = malloc(size);
        struct writer w = writer_over(line, line != NULL ? size : 0);
        format_record(&w, FORMAT_JSON, r);
        (void)fwrite(line, 1, w.at, stdout);
        free(line);
        return true;
}

static void feed(struct tap *tap, struct span tape)
{
        struct reader r = reader_over(tape);
        while (reader_left(&r) > 5) {
                enum side side = reader_u8(&r) == 'C' ? SIDE_CLIENT : SIDE_SERVER;
                uint32_t n = reader_u32(&r);
                tap_feed(tap, side, reader_take(&r, n < reader_left(&r) ? n : reader_left(&r)), 0);
        }
}

int main(int argc, char **argv)
{
        static uint8_t bytes[1 << 20];
        static struct settings settings;
        static struct tap_shared shared;
        const uint64_t wall_offset_ns = 0;
        struct tap_times times = {0};
        const struct tap_config config = {.dissect = {.query_bytes = 65536,
                                                      .value_bytes = 256,
                                                      .held_bytes = 1 << 22,
                                                      .pipeline = 256,
                                                      .statements = 256},
                                          .output = {.on_record = print}};
        FILE *in = argc == 2 ? fopen(argv[1], "rb") : NULL;
        settings_defaults(&settings);
        convert_init(&convert);
        if (in == NULL || enrich_init(&enrich, &settings) != STATUS_OK ||
            tap_shared_init(&shared, &config, &wall_offset_ns) != STATUS_OK) {
                return 1;
        }
        struct tap *tap = tap_new(&shared, 1, "", &times, 0);
        const struct tap_ending ending = {.reason = "the tape has ended"};
        feed(tap, span_of(bytes, fread(bytes, 1, sizeof bytes, in)));
        tap_end(tap, &ending, 0);
        tap_free(tap);
        tap_shared_fini(&shared);
        enrich_fini(&enrich);
        convert_fini(&convert);
        return fclose(in);
}
