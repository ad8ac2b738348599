#include "admin/log_marks.h"

#include "base/clock.h"
#include "profile/heap/prof.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool log_marks_init(struct log_marks *m, size_t max)
{
        *m = (struct log_marks){.at = prof_calloc(STAGE_ADMIN, max, sizeof *m->at), .max = max};
        return m->at != NULL;
}

void log_marks_fini(struct log_marks *m)
{
        prof_free(m->at);
        *m = (struct log_marks){.at = NULL};
}

static void forget(struct log_marks *m, size_t i)
{
        m->n--;
        memmove(&m->at[i], &m->at[i + 1], (m->n - i) * sizeof *m->at);
}

/** The index of the mark @p name; m->n if there is none. */
static size_t index_of(const struct log_marks *m, const char *name)
{
        size_t i = 0;
        while (i < m->n && strcmp(m->at[i].name, name) != 0) {
                i++;
        }
        return i;
}

void log_marks_set(struct log_marks *m, const char *name, uint64_t record)
{
        size_t i = index_of(m, name);
        if (i < m->n || m->n == m->max) {
                forget(m, i < m->n ? i : 0);
        }
        struct log_mark *mark = &m->at[m->n++];
        *mark = (struct log_mark){.wall_ns = clock_wall_ns(), .mono_ns = clock_mono_ns(), .record = record};
        (void)snprintf(mark->name, sizeof mark->name, "%s", name);
}

const struct log_mark *log_marks_find(const struct log_marks *m, const char *name)
{
        static const struct log_mark start = {.name = SNAPSHOT_START};
        size_t i = index_of(m, name);
        return i < m->n ? &m->at[i] : strcmp(name, SNAPSHOT_START) == 0 ? &start : NULL;
}

void log_marks_put_text(const struct log_marks *m, FILE *out)
{
        (void)fputs("\nmarks of the log\n", out);
        for (size_t i = 0; i < m->n; i++) {
                char when[CLOCK_RFC3339_SIZE];
                clock_rfc3339(m->at[i].wall_ns, when);
                (void)fprintf(out, "%s %s after record %" PRIu64 "\n", m->at[i].name, when, m->at[i].record);
        }
}

void log_marks_put_json(const struct log_marks *m, struct json_writer *j)
{
        json_writer_lines(j, "log_marks");
        for (size_t i = 0; i < m->n; i++) {
                char when[CLOCK_RFC3339_SIZE];
                clock_rfc3339(m->at[i].wall_ns, when);
                json_writer_object(j, NULL);
                json_writer_text(j, "name", m->at[i].name);
                json_writer_text(j, "ts", when);
                json_writer_uint(j, "record", m->at[i].record);
                json_writer_end(j);
        }
        json_writer_end(j);
}
