#include "journal/enrich/scope_periods.h"

#include "base/utf8.h"
#include "profile/heap/prof.h"

void scope_periods_fini(struct scope_periods *p)
{
        prof_free(p->at);
        p->at = NULL;
}

/** The period number @p i, from 0. */
static struct scope_period *period(const struct scope_periods *p, uint64_t i)
{
        return &p->at[i % SCOPE_PERIODS];
}

static bool is_open(const struct scope_periods *p)
{
        return p->n > 0 && period(p, p->n - 1)->end_ns == UINT64_MAX;
}

enum status scope_periods_begin(struct scope_periods *p, struct span name, uint64_t now_ns)
{
        enum status status = is_open(p) ? STATUS_LIMIT : STATUS_OK;
        if (p->at == NULL) { /* no other thread looks at it before there is a period */
                p->at = prof_calloc(STAGE_JOURNAL, SCOPE_PERIODS, sizeof *p->at);
                status = p->at == NULL ? STATUS_NOMEM : status;
        }
        if (status != STATUS_OK) {
                return status;
        }
        lock_take(&p->lock);
        struct scope_period *next = period(p, p->n);
        *next = (struct scope_period){.begin_ns = now_ns, .end_ns = UINT64_MAX, .len = name.len};
        (void)span_copy((uint8_t *)next->name, name);
        p->n++;
        lock_give(&p->lock);
        atomic_store(&p->any, true);
        return STATUS_OK;
}

struct span scope_periods_open(const struct scope_periods *p)
{
        const struct scope_period *last = is_open(p) ? period(p, p->n - 1) : NULL;
        return last != NULL ? span_of(last->name, last->len) : span_str("");
}

enum status scope_periods_end(struct scope_periods *p, struct span name, uint64_t now_ns)
{
        if (!is_open(p)) {
                return STATUS_NOTFOUND;
        }
        if (!span_equal(name, scope_periods_open(p))) {
                return STATUS_INVALID;
        }
        lock_take(&p->lock);
        period(p, p->n - 1)->end_ns = now_ns;
        lock_give(&p->lock);
        return STATUS_OK;
}

void scope_periods_put(struct scope_periods *p, struct record *r)
{
        size_t len = 0;
        lock_take(&p->lock);
        uint64_t first = p->n > SCOPE_PERIODS ? p->n - SCOPE_PERIODS : 0;
        for (uint64_t i = p->n; i > first; i--) { /* mostly the last one, or the one before it */
                const struct scope_period *at = period(p, i - 1);
                if (at->begin_ns <= r->mono_ns) {
                        len = r->mono_ns < at->end_ns ? at->len : 0;
                        (void)span_copy((uint8_t *)p->name, span_of(at->name, len));
                        break;
                }
        }
        lock_give(&p->lock);
        if (len > 0) {
                record_set_text(r, FIELD_SCOPE, span_of(p->name, len));
                if (!utf8_valid(r->scope)) {
                        field_set_add(&r->undecoded, FIELD_SCOPE);
                }
        }
}
