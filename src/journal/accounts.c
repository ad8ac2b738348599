#include "journal/accounts.h"

#include "settings/settings.h"

enum status accounts_init(struct accounts *a, const struct settings *settings)
{
        *a = (struct accounts){.any = settings->log.transactions || settings->log.scope_records > 0,
                               .has_transactions = settings->log.transactions};
        return scope_records_init(&a->scopes, settings);
}

void accounts_fini(struct accounts *a)
{
        scope_records_fini(&a->scopes);
}

void accounts_before(struct accounts *a, struct session *s, const struct record *r, uint64_t gaps)
{
        const struct record *ended;
        if (s == NULL) {
                return;
        }
        if (a->has_transactions) {
                ended = transactions_before(&a->transactions, &s->accounts->transaction,
                                            &s->identity->session, r, gaps);
                if (ended != NULL) {
                        a->write(a->arg, ended, s->identity);
                }
        }
        if (a->scopes.scopes != NULL) {
                ended = scope_records_leave(&a->scopes, &s->accounts->scope, r);
                if (ended != NULL) {
                        a->write(a->arg, ended, NULL);
                }
        }
}

void accounts_after(struct accounts *a, struct session *s, const struct record *r)
{
        const struct record *ended;
        if (s == NULL) {
                return;
        }
        if (a->has_transactions) {
                ended =
                    transactions_after(&a->transactions, &s->accounts->transaction, &s->identity->session, r);
                if (ended != NULL) {
                        a->write(a->arg, ended, s->identity);
                }
        }
        if (a->scopes.scopes != NULL) {
                ended = scope_records_add(&a->scopes, &s->accounts->scope, r);
                if (ended != NULL) {
                        a->write(a->arg, ended, NULL);
                }
        }
}

bool accounts_due(struct accounts *a, uint64_t now_ns, bool all)
{
        const struct record *ended = scope_records_due(&a->scopes, now_ns, all);
        if (ended != NULL) {
                a->write(a->arg, ended, NULL);
        }
        return ended != NULL;
}
