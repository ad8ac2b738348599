/* Verdicts on live bytes, by a simulator: kinds of traffic times kinds of stores, each with many seeds. What is counted: how
 * often an innocent stage is said to rise, and how soon a leak is. */
#include "profile/stats/bytes.h"
#include "tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double scratch[RISE_SCRATCH];
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
        double p = uniform();
        while (p > exp(-mean)) {
                p *= uniform();
                k++;
        }
        return k;
}

/* --- the model --------------------------------------------------------------------------------------------------------- */

enum traffic { POOL, HEALTH, CHURN, NIGHTS, IDLE, RAMP, MIXED, TRAFFICS };
enum store { NOTHING, SESSIONS, HIGH_WATER, LONG_MEMORY, FLIGHT, SPIKES, DISCOVERS, STORES };

static const char *const traffic_names[TRAFFICS] = {
    "pool", "health checks", "churn", "day and night", "idle, polled", "ramp", "pool and checks"};
static const char *const store_names[STORES] = {"nothing",     "sessions",  "sessions that grow to a bound",
                                                "long memory", "in flight", "spikes",
                                                "discovers"};

enum { SESSIONS_MAX = 400 };

struct session {
        bool open;
        double base;
        double top; /* what it grows to */
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
                        m->sessions[i] =
                            (struct session){true, base, 20000 * uniform() * uniform(), 0, seconds};
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
                if (s->open && (s->left <= 0 || ((m->traffic == POOL || m->traffic == MIXED) &&
                                                 uniform() < 0.004 && m->open > 20))) {
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
                seed =
                    0x9e3779b97f4a7c15ULL * (i + 1) + (unsigned)start.traffic * 977 + (unsigned)start.store;
                m.rate = exp(3 + 5 * uniform());
                double statements = 0;
                bool rose = false;
                enum bytes_kind before = BYTES_CANT_TELL;
                for (unsigned t = 0; t < seconds; t++) {
                        statements = m.seconds <= m.leak_from ? m.statements : statements;
                        double bytes = second(&m);
                        const struct rise_reading r = {
                            {m.statements, m.begun, m.requests, m.seconds}, m.open, bytes, 0};
                        (void)bytes_add(&b, &r, RISE_STATEMENTS, scratch);
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
        printf("# %-16s %-30s %5s %6s  %s\n", "traffic", "store", "runs", "alarms",
               "at the end: can't tell, flat, filling, levels off, rises; changes a run");
        for (unsigned traffic = 0; traffic < TRAFFICS; traffic++) {
                for (unsigned store = 0; store < STORES; store++) {
                        unsigned n = runs_of(4);
                        struct outcome o =
                            run((struct model){.traffic = traffic, .store = store, .errors = 1}, n, 900);
                        printf("# %-16s %-30s %5u %6u  %u %u %u %u %u; %.1f\n", traffic_names[traffic],
                               store_names[store], n, o.rises, o.kinds[0], o.kinds[1], o.kinds[2], o.kinds[3],
                               o.kinds[4], (double)o.changes / n);
                        CU_ASSERT_TRUE(o.changes <= 4 * n); /* it does not flap */
                        alarms += o.rises;
                        all += n;
                }
        }
        printf("# %u alarms in %u runs\n", alarms, all);
        CU_ASSERT_TRUE(alarms * 500 <= all);
}

static bool has_statements(unsigned traffic)
{
        return traffic != HEALTH && traffic != IDLE;
}

struct leak {
        const char *name;
        enum rise_unit unit;
        double bytes, errors, from;
};

/** @return the share of the runs that were found. */
static double find(const struct leak *leak, unsigned traffic, unsigned store)
{
        struct model m = {
            .traffic = traffic, .store = store, .errors = leak->errors, .leak_from = leak->from};
        m.leak[leak->unit] = leak->bytes;
        unsigned n = runs_of(3);
        struct outcome o = run(m, n, (unsigned)leak->from + 300);
        printf("# %-22s %-16s %-30s %5u found of %5u, after %.0f s (%.0f at most), %.0f statements\n",
               leak->name, traffic_names[traffic], store_names[store], o.rises, n,
               o.rises > 0 ? o.seconds / o.rises : 0, o.slowest, o.rises > 0 ? o.statements / o.rises : 0);
        return (double)o.rises / n;
}

static void leaks_are_found(void)
{
        static const struct leak of_statements = {"64 a statement", RISE_STATEMENTS, 64, 1, 0};
        static const struct leak late = {"64 a statement, late", RISE_STATEMENTS, 64, 1, 900};
        static const struct leak of_errors = {"200 an error, 1 in 20", RISE_STATEMENTS, 200, 0.05, 0};
        double found = 0;
        double all = 0;
        for (unsigned traffic = 0; traffic < TRAFFICS; traffic++) {
                for (unsigned store = 0; store < STORES && has_statements(traffic); store++) {
                        found += find(&of_statements, traffic, store) + find(&late, traffic, store);
                        all += 2;
                        (void)find(&of_errors, traffic, store);
                }
        }
        printf("# %.1f %% found\n", 100 * found / all);
        CU_ASSERT_TRUE(found >= 0.9 * all);
}

static void leaks_without_statements_are_found(void)
{
        static const struct leak of_sessions = {"256 a session", RISE_SESSIONS, 256, 1, 0};
        static const struct leak of_requests = {"256 a request", RISE_REQUESTS, 256, 1, 0};
        for (unsigned store = 0; store < STORES; store++) {
                if (store != LONG_MEMORY) { /* whose noise is greater than they are in five minutes */
                        CU_ASSERT_EQUAL(find(&of_sessions, HEALTH, store), 1);
                        CU_ASSERT_EQUAL(find(&of_requests, IDLE, store), 1);
                }
        }
        CU_ASSERT_TRUE(find(&of_sessions, MIXED, NOTHING) > 0.5);
}

/* --- what a verdict is made of ---------------------------------------------------------------------------------------- */

static struct bytes b;

/** @p n readings, a second each, with 100 statements; @p bytes a statement, and @p noise. */
static void read_on(unsigned n, double bytes, double stored, double noise)
{
        static double level, held, t;
        if (b.readings == 0) {
                level = held = t = 0;
        }
        for (unsigned i = 0; i < n; i++) {
                t++;
                level += 100 * bytes;
                held += stored;
                const struct rise_reading r = {
                    {100 * t, t / 10, 0, t}, 5, 10000 + level + noise * fabs(normal()), held};
                (void)bytes_add(&b, &r, RISE_STATEMENTS, scratch);
        }
}

static void begin(void)
{
        memset(&b, 0, sizeof b);
        seed = 99;
}

static void a_verdict_holds_until_it_is_refuted(void)
{
        begin();
        read_on(30, 64, 0, 100);
        CU_ASSERT_EQUAL(b.kind, BYTES_CANT_TELL);
        read_on(120, 64, 0, 100);
        CU_ASSERT_EQUAL(b.kind, BYTES_RISES);
        for (int i = 0; i < 300; i++) { /* noise that would let nothing be told */
                read_on(1, 64, 0, 200000);
                CU_ASSERT_EQUAL(b.kind, BYTES_RISES);
        }
        read_on(300, 64, 0, 100);
        read_on(20, 0, 0, 100); /* a pause of the leak's */
        CU_ASSERT_EQUAL(b.kind, BYTES_RISES);
        read_on(500, 0, 0, 100);
        CU_ASSERT_TRUE(b.kind == BYTES_LEVELS_OFF || b.kind == BYTES_FLAT);
        read_on(3000, 0, 0, 100);
        CU_ASSERT_EQUAL(b.kind, BYTES_FLAT);
        read_on(600, 64, 0, 100);
        CU_ASSERT_EQUAL(b.kind, BYTES_RISES);
}

static void looks_come_with_readings(void)
{
        /* the looks at all readings grow rarer, and what they may err is set aside: 1e-4 for ever */
        begin();
        double budget = 0;
        uint32_t looks = 0;
        for (int i = 0; i < 100000; i++) {
                read_on(1, 0, 0, 100);
                if (b.looks > looks) {
                        looks = b.looks;
                        budget += 1e-4 / (looks * (looks + 1.0));
                }
        }
        CU_ASSERT_TRUE(looks > 50 && looks < 100);
        CU_ASSERT_TRUE(budget < 1e-4);
        CU_ASSERT_EQUAL(b.kind, BYTES_FLAT);
}

static void a_store_that_fills_is_told(void)
{
        begin();
        read_on(200, 0, 500, 100);
        CU_ASSERT_EQUAL(b.kind, BYTES_FILLING);
        read_on(400, 0, 0, 100);
        CU_ASSERT_EQUAL(b.kind, BYTES_FLAT);
        begin();
        read_on(200, 64, 500, 100); /* and a leak beyond it */
        CU_ASSERT_EQUAL(b.kind, BYTES_RISES);
}

static void a_slow_rise_is_below_the_bound(void)
{
        begin();
        read_on(600, 0.5, 0, 10);
        CU_ASSERT_EQUAL(b.kind, BYTES_FLAT);
        CU_ASSERT_EQUAL(b.found.kind, RISE_BELOW);
        CU_ASSERT_TRUE(b.found.fits[RISE_STATEMENTS].low > 0.45 && b.found.fits[RISE_STATEMENTS].high < 0.55);
}

static void units_that_move_alike_are_not_told_apart(void)
{
        struct rise_reading w[40];
        seed = 5;
        double sessions = 0;
        for (int i = 0; i < 40; i++) {
                sessions += poisson(2);
                w[i] = (struct rise_reading){{100.0 * i, sessions, 0, i}, 3, 64 * 100.0 * i, 0};
        }
        struct rise r = rise_judge(w, 40, RISE_STATEMENTS, 1e-4, scratch);
        CU_ASSERT_EQUAL(r.kind, RISE_RISES);
        CU_ASSERT_TRUE(r.fits[RISE_STATEMENTS].plausible && r.fits[RISE_SECONDS].plausible &&
                       !r.fits[RISE_SESSIONS].plausible);
        for (int i = 0; i < 40; i++) {
                w[i].bytes = 256 * w[i].units[RISE_SESSIONS];
        }
        r = rise_judge(w, 40, RISE_STATEMENTS, 1e-4, scratch);
        CU_ASSERT_EQUAL(r.kind, RISE_RISES);
        CU_ASSERT_EQUAL(r.unit, RISE_SESSIONS);
        CU_ASSERT_TRUE(!r.fits[RISE_STATEMENTS].plausible && r.fits[RISE_SESSIONS].low > 255);
        for (int i = 0; i < 40; i++) { /* and where the open sessions explain it */
                w[i].open = 3 + i;
                w[i].bytes = 20000.0 * w[i].open;
        }
        r = rise_judge(w, 40, RISE_STATEMENTS, 1e-4, scratch);
        CU_ASSERT_NOT_EQUAL(r.kind, RISE_RISES);
        for (int i = 0; i < 40; i++) { /* or all came at once */
                w[i].open = 3;
                w[i].bytes = i < 20 ? i : 300000 + i;
        }
        r = rise_judge(w, 40, RISE_STATEMENTS, 1e-4, scratch);
        CU_ASSERT_NOT_EQUAL(r.kind, RISE_RISES);
}

static const struct tap_test tests[] = {
    {"innocent stages do not rise", innocent_stages_do_not_rise},
    {"leaks are found", leaks_are_found},
    {"leaks without statements are found", leaks_without_statements_are_found},
    {"a verdict holds until it is refuted", a_verdict_holds_until_it_is_refuted},
    {"looks come with readings", looks_come_with_readings},
    {"a store that fills is told", a_store_that_fills_is_told},
    {"a slow rise is below the bound", a_slow_rise_is_below_the_bound},
    {"units that move alike are not told apart", units_that_move_alike_are_not_told_apart},
};

int main(void)
{
        return TAP_RUN("bytes", tests);
}
