#include "journal/sink/log_file.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

struct settings log_settings;

struct settings_sink *const log_sink = &log_settings.sinks[0];

char log_path[512];

void log_defaults(const char *name)
{
        settings_defaults(&log_settings);
        (void)snprintf(log_path, sizeof log_path, "%s", sample_path(name));
        CU_ASSERT_EQUAL_FATAL(settings_set(&log_settings, "log.file", log_path, "test"), STATUS_OK);
        log_settings.log.digests = 0;
        log_settings.log.when_full = SETTINGS_WHEN_FULL_BLOCK; /* no record may be missing */
        log_sink->format = SETTINGS_FORMAT_JSON;
}

void log_open(struct sink *sink)
{
        memset(sink, 0, sizeof *sink);
        CU_ASSERT_EQUAL_FATAL(sink_open(sink, log_sink, NULL), STATUS_OK);
}

void log_put(struct sink *sink, uint64_t from, uint64_t to, size_t len)
{
        for (uint64_t i = from; i < to; i++) {
                struct record r = sample_record(1, i, len);
                sink_put(sink, &r, (struct span){NULL, 0});
        }
}

glob_t log_rotated(const char *end)
{
        char pattern[600];
        glob_t found = {0};
        (void)snprintf(pattern, sizeof pattern, "%s.2*Z%s", log_path, end);
        (void)glob(pattern, 0, NULL, &found); /* sorted */
        return found;
}

size_t log_count_rotated(const char *end)
{
        glob_t found = log_rotated(end);
        size_t n = found.gl_pathc;
        globfree(&found);
        return n;
}

static void append_file(FILE *out, const char *name)
{
        char piece[4096];
        int n;
        gzFile in = gzopen(name, "rb"); /* reads plain files as they are */
        CU_ASSERT_PTR_NOT_NULL_FATAL(in);
        while ((n = gzread(in, piece, sizeof piece)) > 0) {
                (void)fwrite(piece, 1, (size_t)n, out);
        }
        CU_ASSERT_EQUAL(n, 0);
        (void)gzclose(in);
}

struct sample_log log_read_all(size_t most)
{
        char *text = NULL;
        size_t len = 0;
        size_t before = 0;
        FILE *out = open_memstream(&text, &len);
        glob_t found = log_rotated("*");
        for (size_t i = 0; i <= found.gl_pathc; i++) {
                append_file(out, i < found.gl_pathc ? found.gl_pathv[i] : log_path);
                (void)fflush(out);
                CU_ASSERT_TRUE(len - before <= most);
                CU_ASSERT_TRUE(len == before || text[len - 1] == '\n');
                before = len;
        }
        globfree(&found);
        (void)fclose(out);
        struct sample_log log = sample_read(span_of(text, len), 0);
        free(text);
        return log;
}
