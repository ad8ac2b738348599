/* A capture file: whatever is in it, it is read to its end, and the records do not depend on the pieces in which it comes. */
#include "fuzz.h"
#include "journal/journal.h"
#include "observe/observer.h"
#include "settings/settings.h"

#include <stdlib.h>
#include <string.h>

/** The records of the capture @p bytes, read in pieces of @p piece bytes. The caller frees them. */
static char *observe(struct span bytes, size_t piece)
{
        enum { RECORDS = 1 << 21 };
        static struct settings settings;
        struct observer *o = NULL;
        struct capture_file f;
        char *text = malloc(RECORDS);
        settings_defaults(&settings);
        (void)strcpy(settings.sinks[0].file, "off");
        settings.log.when_full = SETTINGS_WHEN_FULL_BLOCK;
        settings.log.rows = 3;
        settings.limits.query_bytes = 512;
        const struct observer_config config = {
            .settings = &settings, .ports = {3306}, .n_ports = 1, .limits = {16, 1 << 16}};
        if (text == NULL || observer_new(&config, &o) != STATUS_OK) {
                abort();
        }
        capture_file_init(&f);
        struct span in = {bytes.data, 0};
        enum capture_found found = CAPTURE_MORE;
        for (size_t given = 0; given < bytes.len && found == CAPTURE_MORE;) {
                struct captured packet;
                size_t more = bytes.len - given < piece ? bytes.len - given : piece;
                in = span_of(in.len > 0 ? in.data : bytes.data + given, in.len + more);
                given += more;
                while ((found = capture_file_next(&f, &in, &packet)) == CAPTURE_PACKET) {
                        observer_add(o, &packet);
                }
        }
        observer_finish(o);
        struct writer w = writer_over(text, RECORDS - 1);
        uint64_t cursor = 0;
        while (journal_recent(observer_journal(o), &cursor, NULL, FORMAT_JSON, &w) && !w.failed) {
        }
        text[w.at] = '\0';
        observer_free(o);
        capture_file_fini(&f);
        return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *a = observe(span_of(data, size), SIZE_MAX);
        char *b = observe(span_of(data, size), 5);
        if (strcmp(a, b) != 0) {
                fuzz_fail("records differ by how the file was cut", a, b);
        }
        free(a);
        free(b);
        return 0;
}
