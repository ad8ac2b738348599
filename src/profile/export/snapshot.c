#include "profile/export/snapshot.h"

#include "base/clock.h"
#include "profile/heap/counts.h"
#include "profile/heap/store.h"
#include "profile/heap/thread.h"

#include <stdio.h>
#include <stdlib.h>

static struct snapshot *marks[SNAPSHOT_MARKS_MAX]; /* in the order in which they were set */
static size_t n_marks;
static size_t max_marks = SNAPSHOT_MARKS;

static size_t rows_size(const struct snapshot *s)
{
        return ((size_t)s->records + 1) * sizeof *s->rows;
}

bool snapshot_take(struct snapshot *s)
{
        struct prof_record r;
        *s = (struct snapshot){.wall_ns = clock_wall_ns(),
                               .mono_ns = clock_mono_ns(),
                               .statements = prof_statements(),
                               .records = prof_record_count()};
        s->rows = thread_map(rows_size(s));
        if (s->rows == NULL) {
                return false;
        }
        for (uint32_t id = 1; id <= s->records; id++) {
                if (prof_record_get(id, &r)) { /* otherwise it is being created, and has counted nothing */
                        s->rows[id] = (struct snapshot_row){r.allocs, r.frees, r.bytes_alloc, r.bytes_free};
                }
        }
        for (enum prof_stage stage = STAGE_MAIN; stage < STAGE_COUNT; stage++) {
                s->stages[stage] = prof_read(stage, LIB_COUNT);
        }
        return true;
}

void snapshot_drop(struct snapshot *s)
{
        if (s->rows != NULL) {
                thread_unmap(s->rows, rows_size(s));
                s->rows = NULL;
        }
}

struct snapshot_row snapshot_row(const struct snapshot *s, uint32_t id)
{
        return s->rows != NULL && id <= s->records ? s->rows[id] : (struct snapshot_row){0};
}

/* --- marks --------------------------------------------------------------------------------------------------------- */

void snapshot_limit(size_t max)
{
        max_marks = max < SNAPSHOT_MARKS_MAX ? max : SNAPSHOT_MARKS_MAX;
}

bool snapshot_is_name(const char *name)
{
        size_t len = strlen(name);
        for (size_t i = 0; i < len; i++) {
                if (name[i] <= ' ' || name[i] > '~') {
                        return false;
                }
        }
        return len > 0 && len < SNAPSHOT_NAME_MAX && strcmp(name, SNAPSHOT_START) != 0;
}

static void forget(size_t i)
{
        prof_store_add(STORE_MARKS, -(int64_t)(sizeof *marks[i] + rows_size(marks[i])));
        snapshot_drop(marks[i]);
        thread_unmap(marks[i], sizeof *marks[i]);
        n_marks--;
        for (; i < n_marks; i++) {
                marks[i] = marks[i + 1];
        }
}

const struct snapshot *snapshot_mark(const char *name)
{
        struct snapshot *s = snapshot_is_name(name) ? thread_map(sizeof *s) : NULL;
        if (s == NULL || !snapshot_take(s)) {
                if (s != NULL) {
                        thread_unmap(s, sizeof *s);
                }
                return NULL;
        }
        (void)snprintf(s->name, sizeof s->name, "%s", name);
        for (size_t i = 0; i < n_marks; i++) {
                if (strcmp(marks[i]->name, name) == 0) {
                        forget(i);
                        break;
                }
        }
        while (n_marks >= max_marks) {
                forget(0);
        }
        prof_store_bound(STORE_MARKS, max_marks * (sizeof *s + (PROF_RECORDS + 1) * sizeof *s->rows), 0);
        prof_store_add(STORE_MARKS, (int64_t)(sizeof *s + rows_size(s)));
        marks[n_marks++] = s;
        return s;
}

const struct snapshot *snapshot_find(const char *name)
{
        static const struct snapshot start = {.name = SNAPSHOT_START};
        for (size_t i = 0; i < n_marks; i++) {
                if (strcmp(marks[i]->name, name) == 0) {
                        return marks[i];
                }
        }
        return strcmp(name, SNAPSHOT_START) == 0 ? &start : NULL;
}

static bool is_time(const char *text)
{
        size_t len = strspn(text, "0123456789-T:.");
        return strspn(text, "0123456789") == 4 && text[4] == '-' &&
               (text[len] == '\0' || (text[len] == 'Z' && text[len + 1] == '\0'));
}

/** Times are printed in a fixed form, so that their texts sort like the times. */
static bool born_before_time(const struct prof_record *r, const char *time)
{
        char born[CLOCK_RFC3339_SIZE];
        clock_rfc3339(r->born_wall_ns, born);
        return strncmp(born, time, strcspn(time, "Z")) < 0;
}

bool snapshot_at_moment(const char *since, struct snapshot *s)
{
        struct prof_record r;
        bool time = is_time(since);
        char *end = NULL;
        uint64_t statement = strtoull(since, &end, 10);
        if (strlen(since) >= SNAPSHOT_NAME_MAX || (!time && (*since < '0' || *since > '9' || *end != '\0'))) {
                return false;
        }
        *s = (struct snapshot){.statements = time ? 0 : statement};
        (void)snprintf(s->name, sizeof s->name, time ? "%s" : "statement %s", since);
        for (uint32_t id = 1; id <= prof_record_count(); id++) {
                if (prof_record_get(id, &r) &&
                    (time ? born_before_time(&r, since) : r.born_statement < statement)) {
                        s->records = id;
                }
        }
        return true;
}

const struct snapshot *snapshot_at(size_t i)
{
        return i < n_marks ? marks[i] : NULL;
}

void snapshot_fini(void)
{
        while (n_marks > 0) {
                forget(n_marks - 1);
        }
}
