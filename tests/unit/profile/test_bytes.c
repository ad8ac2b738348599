/* Verdicts on live bytes, by a simulator: kinds of traffic times kinds of stores, each with many seeds. What is counted: how
 * often an innocent stage is said to rise, and how soon a leak is. */
#include "profile/bytes.h"
#include "tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double room[RISE_ROOM];
static uint64_t seed;

static double uniform(void)
{
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (double)(seed >> 11) * 0x1p-53;
}

static double normal(void)
{
        double sum = 0;
        for (int i = 0; i < 12; i++) {
                sum += uniform();
        }
        return sum - 6;
}

static unsigned poisson(double mean)
{
        if (mean > 50) {
                double x = mean + sqrt(mean) * normal();
                return x > 0 ? (unsigned)(x + 0.5) : 0;
        }
        unsigned k = 0;
        for (double p = uniform(), end = exp(-mean); p > end; p *= uniform()) {
                k++;
        }
        return k;
}

/* --- the model --------------------------------------------------------------------------------------------------------- */

enum traffic { POOL, HEALTH, CHURN, NIGHTS, IDLE, RAMP, MIXED, TRAFFICS };
enum store { NOTHING, SESSIONS, HIGH_WATER, LONG_MEMORY, FLIGHT, SPIKES, DISCOVERS, STORES };

static const char *const traffic_names[TRAFFICS] = {"pool",  "health checks",        "churn",         "day and night", "idle, polled",
                                                    "ramp",  "pool and checks"};
static const char *const store_names[STORES] = {"nothing",     "sessions",       "sessions that grow to a bound", "long memory",
                                                "in flight", "spikes", "discovers"};

enum { SESSIONS_MAX = 400 };

struct session {
        bool open;
        double base;
        double top;  /* what it grows to */
        double now;
        double left; /* seconds */
};

struct model {
        enum traffic traffic;
        enum store store;
        double rate; /* statements a second */
        double statements, begun, requests, seconds;
        unsigned open;
        struct session sessions[SESSIONS_MAX];
        double walk;
        double discovered;
        double leak[RISE_UNITS]; /* bytes */
        double leaked;
        double leak_from; /* seconds */
        double errors;    /* share of statements that leak: 1 = each */
};

static void open_session(struct model *m, double seconds)
{
        for (unsigned i = 0; i < SESSIONS_MAX; i++) {
                if (!m->sessions[i].open) {
                        double base = m->store == NOTHING ? 0 : 2000 + 8000 * uniform() * uniform();
                        m->sessions[i] = (struct session){true, base, 20000 * uniform() * uniform(), 0, seconds};
                        m->open++;
                        break;
                }
        }
        m->begun++;
}

static double lifetime(const struct model *m)
{
        return m->traffic == CHURN ? -20 * log(uniform() + 1e-12) : 1e9;
}

static void let_sessions_come_and_go(struct model *m)
{
        bool check = m->traffic == HEALTH || m->traffic == MIXED;
        unsigned wanted = 0;
        for (unsigned i = 0; i < SESSIONS_MAX; i++) {
                struct session *s = &m->sessions[i];
                s->left--;
                if (s->open && (s->left <= 0 || ((m->traffic == POOL || m->traffic == MIXED) && uniform() < 0.004 && m->open > 20))) {
                        s->open = false;
                        m->open--;
                }
        }
        if (m->traffic == POOL || m->traffic == MIXED) {
                wanted = m->open < 20 ? 20 - m->open : m->open < 60 && uniform() < 0.15 ? 1 : 0;
        } else if (m->traffic == CHURN) {
                wanted = poisson(1.5);
        } else if (m->traffic == NIGHTS) {
                bool day = fmod(m->seconds, 240) < 120;
                wanted = day && m->open < 30 ? 3 : 0;
                for (unsigned i = 0; !day && i < SESSIONS_MAX; i++) {
                        m->open -= m->sessions[i].open;
                        m->sessions[i].open = false;
                }
        } else if (m->traffic == RAMP) {
                wanted = m->open < 300 && uniform() < 0.3;
        }
        for (unsigned i = 0; i < wanted; i++) {
                open_session(m, lifetime(m));
        }
        if (check) {
                unsigned n = poisson(1);
                m->begun += n;
        }
}

static double second(struct model *m)
{
        double before[RISE_UNITS] = {m->statements, m->begun, m->requests, m->seconds};
        bool quiet = m->traffic == IDLE || m->traffic == HEALTH || (m->traffic == NIGHTS && m->open == 0);
        m->seconds++;
        let_sessions_come_and_go(m);
        m->statements += quiet ? 0 : poisson(m->rate * exp(0.2 * normal()));
        m->requests += m->traffic == IDLE ? 1 : uniform() < 0.7;
        double more = m->statements - before[0];
        double bytes = 5000;
        for (unsigned i = 0; i < SESSIONS_MAX; i++) {
                struct session *s = &m->sessions[i];
                if (s->open) {
                        s->now += (s->top - s->now) * 0.02 * uniform();
                        bytes += s->base + (m->store == HIGH_WATER ? s->now : 0);
                }
        }
        m->walk = 0.98 * m->walk + 1000 * normal();
        m->discovered += poisson(more / (20 + m->statements / 20));
        bytes += m->store == LONG_MEMORY ? m->walk : 0;
        bytes += m->store == FLIGHT && !quiet ? 200.0 * poisson(m->open / 3.0) : 0;
        bytes += m->store == SPIKES && uniform() < 0.05 ? 1e6 * uniform() : 0;
        bytes += m->store == DISCOVERS ? 256 * m->discovered : 0;
        const double now[RISE_UNITS] = {m->statements, m->begun, m->requests, m->seconds};
        for (unsigned u = 0; u < RISE_UNITS && m->seconds > m->leak_from; u++) {
                double events = now[u] - before[u];
                m->leaked += m->leak[u] * (m->errors < 1 ? poisson(events * m->errors) : events);
        }
        return bytes + m->leaked;
}

/* --- counts ---------------------------------------------------------------------------------------------------------- */

struct outcome {
        unsigned rises; /* runs that were ever said to rise */
        unsigned other_unit;
        unsigned changes;
        unsigned kinds[BYTES_KINDS]; /* at the end */
        double statements, seconds;  /* to the verdict, of all that rose, since the leak began */
        double slowest;
};

static struct outcome run(struct model start, unsigned runs, unsigned seconds)
{
        struct outcome o = {0};
        static struct model m;
        for (unsigned i = 0; i < runs; i++) {
                static struct bytes b;
                memset(&b, 0, sizeof b);
                m = start;
                seed = 0x9e3779b97f4a7c15ULL * (i + 1) + (unsigned)start.traffic * 977 + (unsigned)start.store;
                m.rate = exp(3 + 5 * uniform());
                double statements = 0;
                bool rose = false;
                enum bytes_kind before = BYTES_CANT_TELL;
                for (unsigned t = 0; t < seconds; t++) {
                        statements = m.seconds <= m.leak_from ? m.statements : statements;
                        double bytes = second(&m);
                        const struct rise_reading r = {{m.statements, m.begun, m.requests, m.seconds}, m.open, bytes, 0};
                        (void)bytes_add(&b, &r, RISE_STATEMENTS, room);
                        o.changes += b.kind != before;
                        before = b.kind;
                        if (b.kind == BYTES_RISES && !rose) {
                                rose = true;
                                o.rises++;
                                o.statements += m.statements - statements;
                                o.seconds += m.seconds - m.leak_from;
                                o.slowest = fmax(o.slowest, m.seconds - m.leak_from);
                        }
                }
                o.kinds[b.kind]++;
        }
        return o;
}

static unsigned runs_of(unsigned n)
{
        const char *more = getenv("QUERYTAP_RUNS");
        return more != NULL ? (unsigned)strtoul(more, NULL, 10) : n;
}

static void innocent_stages_do_not_rise(void)
{
        unsigned alarms = 0;
        unsigned all = 0;
        printf("# %-16s %-30s %5s %6s  %s\n", "traffic", "store", "runs", "alarms", "at the end: can't tell, flat, filling, levels off, rises; changes a run");
        for (unsigned traffic = 0; traffic < TRAFFICS; traffic++) {
                for (unsigned store = 0; store < STORES; store++) {
                        unsigned n = runs_of(20);
                        struct outcome o = run((struct model){.traffic = traffic, .store = store, .errors = 1}, n, 900);
                        printf("# %-16s %-30s %5u %6u  %u %u %u %u %u; %.1f\n", traffic_names[traffic], store_names[store], n, o.rises,
                               o.kinds[0], o.kinds[1], o.kinds[2], o.kinds[3], o.kinds[4], (double)o.changes / n);
                        alarms += o.rises;
                        all += n;
                }
        }
        printf("# %u alarms in %u runs\n", alarms, all);
        CU_ASSERT_TRUE(alarms * 1000 <= all);
}

static void leaks_are_found(void)
{
        static const struct {
                const char *name;
                enum rise_unit unit;
                double bytes, errors, from;
                bool quiet; /* where there are no statements too */
        } leaks[] = {
            {"64 a statement", RISE_STATEMENTS, 64, 1, 0, false},
            {"64 a statement, late", RISE_STATEMENTS, 64, 1, 900, false},
            {"256 a session", RISE_SESSIONS, 256, 1, 0, true},
            {"200 an error, 1 in 20", RISE_STATEMENTS, 200, 0.05, 0, false},
            {"256 a request", RISE_REQUESTS, 256, 1, 0, true},
        };
        for (unsigned k = 0; k < sizeof leaks / sizeof leaks[0]; k++) {
                for (unsigned traffic = 0; traffic < TRAFFICS; traffic++) {
                        for (unsigned store = 0; store < STORES; store += 1) {
                                struct model m = {.traffic = traffic, .store = store, .errors = leaks[k].errors, .leak_from = leaks[k].from};
                                m.leak[leaks[k].unit] = leaks[k].bytes;
                                unsigned n = runs_of(20);
                                struct outcome o = run(m, n, (unsigned)leaks[k].from + 300);
                                printf("# %-22s %-16s %-30s %5u found of %5u, after %.0f s (%.0f at most), %.0f statements\n", leaks[k].name,
                                       traffic_names[traffic], store_names[store], o.rises, n, o.seconds / (o.rises + 1e-9), o.slowest,
                                       o.statements / (o.rises + 1e-9));
                        }
                }
        }
}

static const struct tap_test tests[] = {
    {"innocent stages do not rise", innocent_stages_do_not_rise},
    {"leaks are found", leaks_are_found},
};

int main(void)
{
        return TAP_RUN("bytes", tests);
}
