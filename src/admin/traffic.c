/* GET /series/statements: how many statements there were lately, with their errors, time and rows. */
#include "admin/handlers.h"

#include "admin/call.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "journal/journal.h"
#include "journal/traffic.h"

#include <event2/http.h>
#include <inttypes.h>
#include <string.h>

enum { SECONDS_DEFAULT = 300, STEP_MAX = 60 };

/** One of the numbers of a step, under its name in JSON. */
struct measure {
        const char *name;
        size_t offset; /* in struct traffic_sums */
};

static const struct measure measures[] = {
    {"statements", offsetof(struct traffic_sums, statements)},
    {"errors", offsetof(struct traffic_sums, errors)},
    {"time_us", offsetof(struct traffic_sums, time_us)},
    {"rows", offsetof(struct traffic_sums, rows)},
    {"affected_rows", offsetof(struct traffic_sums, affected_rows)},
};

/** Steps of equal length, the oldest first. The second that is not over is in none. */
struct steps {
        struct traffic_sums at[TRAFFIC_SECONDS];
        size_t n;
        uint64_t step;  /* in seconds */
        uint64_t first; /* second since 1970 at which the first begins */
};

static void read_steps(const struct traffic *t, uint64_t seconds, uint64_t step, struct steps *s)
{
        uint64_t end = clock_wall_ns() / CLOCK_S_NS;
        end -= end % step; /* so that steps do not change from one request to the next */
        *s = (struct steps){.n = (size_t)(seconds / step), .step = step};
        s->first = end - s->n * step;
        for (size_t i = 0; i < s->n; i++) {
                for (uint64_t k = 0; k < step; k++) {
                        (void)traffic_add(t, s->first + i * step + k, &s->at[i]);
                }
        }
}

static void put_json(FILE *out, const struct steps *s)
{
        char when[CLOCK_RFC3339_SIZE];
        struct json_writer j = json_writer_to(out);
        clock_rfc3339(s->first * CLOCK_S_NS, when);
        json_writer_object(&j, NULL);
        json_writer_text(&j, "from", when);
        json_writer_uint(&j, "step_s", s->step);
        for (size_t m = 0; m < sizeof measures / sizeof measures[0]; m++) {
                json_writer_array(&j, measures[m].name);
                for (size_t i = 0; i < s->n; i++) {
                        uint64_t value;
                        memcpy(&value, (const char *)&s->at[i] + measures[m].offset, sizeof value);
                        json_writer_uint(&j, NULL, value);
                }
                json_writer_end(&j);
        }
        json_writer_end(&j);
        json_writer_finish(&j);
}

static void put_text(FILE *out, const struct steps *s)
{
        (void)fprintf(out, "%-27s %10s %8s %10s %12s %12s\n", "FROM", "STATEMENTS", "ERRORS", "TIME ms",
                      "ROWS", "AFFECTED");
        for (size_t i = 0; i < s->n; i++) {
                char when[CLOCK_RFC3339_SIZE];
                clock_rfc3339((s->first + i * s->step) * CLOCK_S_NS, when);
                (void)fprintf(out, "%-27s %10" PRIu64 " %8" PRIu64 " %10.1f %12" PRIu64 " %12" PRIu64 "\n",
                              when, s->at[i].statements, s->at[i].errors, (double)s->at[i].time_us / 1e3,
                              s->at[i].rows, s->at[i].affected_rows);
        }
}

void handle_traffic(struct call *call)
{
        uint64_t seconds;
        uint64_t step;
        struct steps s;
        if (!call_number(call, "seconds", TRAFFIC_SECONDS, SECONDS_DEFAULT, &seconds) ||
            !call_number(call, "step", STEP_MAX, 1, &step)) {
                return;
        }
        if (step == 0) {
                call_fail(call, HTTP_BADREQUEST, "step must be a number from 1 to %d", STEP_MAX);
                return;
        }
        read_steps(journal_traffic(call->admin->journal), seconds, step, &s);
        (call->json ? put_json : put_text)(call->out, &s);
        call_reply(call, HTTP_OK, NULL);
}
