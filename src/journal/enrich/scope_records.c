#include "journal/enrich/scope_records.h"

#include "base/seed.h"
#include "journal/enrich/scope.h"
#include "mysql/wire/command.h"
#include "profile/heap/prof.h"
#include "settings/settings.h"

#include <xxhash.h>

/* Place 0 is not used. */
struct open_scope {
        uint64_t serial; /* 0 = it is free */
        uint64_t hash;
        uint32_t next_in_bucket; /* also of those that are free */
        uint32_t older;
        uint32_t newer;
        uint32_t members;  /* sessions that are in it */
        uint64_t sessions; /* that have come */
        uint64_t conn_id;  /* of the first */
        uint64_t transactions;
        bool is_in_statements; /* its name comes with the statements */
        bool is_cut;
        bool is_undecoded;
        uint16_t name_len;
        uint8_t name[SCOPE_NAME_MAX];
        struct account sums;
};

enum status scope_records_init(struct scope_records *t, const struct settings *settings)
{
        uint32_t n = (uint32_t)settings->log.scope_records;
        *t = (struct scope_records){.idle_ns = settings->log.scope_idle_ms * CLOCK_MS_NS};
        if (n == 0) {
                return STATUS_OK;
        }
        t->n_buckets = 1;
        while (t->n_buckets < 2U * n) {
                t->n_buckets *= 2;
        }
        t->buckets = prof_calloc(STAGE_JOURNAL, t->n_buckets, sizeof t->buckets[0]);
        t->most = n;
        n++; /* the one that has ended, whose record is being written */
        t->scopes = prof_calloc(STAGE_JOURNAL, n + 1, sizeof t->scopes[0]);
        if (t->buckets == NULL || t->scopes == NULL) {
                scope_records_fini(t);
                return STATUS_NOMEM;
        }
        for (uint32_t place = n; place > 0; place--) {
                t->scopes[place].next_in_bucket = t->free;
                t->free = place;
        }
        return STATUS_OK;
}

void scope_records_fini(struct scope_records *t)
{
        prof_free(t->buckets);
        prof_free(t->scopes);
        *t = (struct scope_records){.scopes = NULL};
}

/* --- the order of the last statements -------------------------------------------------------------------------------- */

static void unlink_scope(struct scope_records *t, uint32_t place)
{
        const struct open_scope *s = &t->scopes[place];
        *(s->older != 0 ? &t->scopes[s->older].newer : &t->oldest) = s->newer;
        *(s->newer != 0 ? &t->scopes[s->newer].older : &t->newest) = s->older;
}

static void link_newest(struct scope_records *t, uint32_t place)
{
        struct open_scope *s = &t->scopes[place];
        s->older = t->newest;
        s->newer = 0;
        *(t->newest != 0 ? &t->scopes[t->newest].newer : &t->oldest) = place;
        t->newest = place;
}

/* --- the end ------------------------------------------------------------------------------------------------------------ */

static void put_names(const struct open_scope *s, struct record *r)
{
        record_set_text(r, FIELD_SCOPE, span_of(s->name, s->name_len));
        if (s->is_cut) {
                field_set_add(&r->cut, FIELD_SCOPE);
        }
        if (s->is_undecoded) {
                field_set_add(&r->undecoded, FIELD_SCOPE);
        }
        if (s->sums.username.data != NULL) {
                record_set_text(r, FIELD_USERNAME, s->sums.username);
        }
        if (s->sums.database.data != NULL) {
                record_set_text(r, FIELD_DATABASE, s->sums.database);
        }
}

/** Close the scope at @p place, and make its record. The place is free from then on, but keeps what the record points at until another
 *  scope is opened. */
static const struct record *finish(struct scope_records *t, uint32_t place, const char *ended)
{
        struct open_scope *s = &t->scopes[place];
        struct record *r = &t->record;
        account_put(&s->sums, EVENT_SCOPE, &t->times, r);
        put_names(s, r);
        record_set_text(r, FIELD_ENDED, span_str(ended));
        record_set_uint(r, FIELD_SESSION_COUNT, s->sessions);
        if (s->transactions > 0) {
                record_set_uint(r, FIELD_TRANSACTION_COUNT, s->transactions);
        }
        if (s->sessions == 1) {
                record_set_uint(r, FIELD_CONN_ID, s->conn_id);
        } else { /* numbers of commands are those of a session */
                record_remove(r, FIELD_CONN_SEQ_NUM);
                record_remove(r, FIELD_LAST_CONN_SEQ_NUM);
        }
        unlink_scope(t, place);
        uint32_t *at = &t->buckets[s->hash & (t->n_buckets - 1)];
        while (*at != place) {
                at = &t->scopes[*at].next_in_bucket;
        }
        *at = s->next_in_bucket;
        s->serial = 0;
        t->n--;
        s->next_in_bucket = t->free;
        t->free = place;
        return r;
}

/* --- members ------------------------------------------------------------------------------------------------------------ */

/** The scope that the session is in; NULL if there is none any more. */
static struct open_scope *scope_of(const struct scope_records *t, const struct scope_member *m)
{
        struct open_scope *s = m->serial != 0 ? &t->scopes[m->place] : NULL;
        return s != NULL && s->serial == m->serial ? s : NULL;
}

static bool has_name(const struct open_scope *s, struct span name)
{
        return span_equal(span_of(s->name, s->name_len), name);
}

static bool is_reset(const struct record *r)
{
        return r->event == EVENT_QUERY &&
               (r->command_id == COM_RESET_CONNECTION || r->command_id == COM_CHANGE_USER);
}

const struct record *scope_records_leave(struct scope_records *t, struct scope_member *m,
                                         const struct record *r)
{
        struct open_scope *s = scope_of(t, m);
        bool is_over = r->event == EVENT_DISCONNECT;
        bool has_scope = r->event == EVENT_QUERY && record_has(r, FIELD_SCOPE);
        if (s == NULL || !(is_over || is_reset(r) || has_scope) || (has_scope && has_name(s, r->scope))) {
                return NULL;
        }
        m->serial = 0;
        s->members--;
        if (s->members > 0 || s->is_in_statements) {
                return NULL;
        }
        return finish(t, m->place, is_over ? "disconnect" : "next_scope");
}

/* --- statements --------------------------------------------------------------------------------------------------------- */

static bool has_key(struct value_list list)
{
        for (size_t i = 0; i < list.n; i++) {
                if (span_equal(list.at[i].name, span_str(SCOPE_KEY))) {
                        return true;
                }
        }
        return false;
}

/** Does the name come with the statement, and not with its session? */
static bool is_in_statement(const struct record *r)
{
        return (record_has(r, FIELD_TAGS) && has_key(r->tags)) ||
               (record_has(r, FIELD_QUERY_ATTRIBUTES) && has_key(r->query_attributes));
}

/** The place of the scope @p name; 0 if it is not open. */
static uint32_t find(const struct scope_records *t, struct span name, uint64_t hash)
{
        uint32_t place = t->buckets[hash & (t->n_buckets - 1)];
        while (place != 0 && !(t->scopes[place].hash == hash && has_name(&t->scopes[place], name))) {
                place = t->scopes[place].next_in_bucket;
        }
        return place;
}

/** Open the scope of @p r. There is a free place. */
static uint32_t open_scope(struct scope_records *t, const struct record *r, uint64_t hash)
{
        uint32_t place = t->free;
        uint32_t *bucket = &t->buckets[hash & (t->n_buckets - 1)];
        struct open_scope *s = &t->scopes[place];
        t->free = s->next_in_bucket;
        memset(s, 0, offsetof(struct open_scope, name));
        s->serial = ++t->serial;
        s->hash = hash;
        s->next_in_bucket = *bucket;
        s->conn_id = r->conn_id;
        s->is_cut = field_set_has(&r->cut, FIELD_SCOPE);
        s->is_undecoded = field_set_has(&r->undecoded, FIELD_SCOPE);
        s->name_len = (uint16_t)r->scope.len;
        memcpy(s->name, r->scope.data, r->scope.len);
        account_begin(&s->sums, r);
        *bucket = place;
        link_newest(t, place);
        t->n++;
        return place;
}

/** The session of @p m sent @p r for the scope @p s. */
static void join(struct scope_member *m, struct open_scope *s, uint32_t place, const struct record *r)
{
        if (m->serial != s->serial) {
                m->serial = s->serial;
                m->place = place;
                m->trx_id = 0;
                s->members++;
                s->sessions++;
        }
        if (record_has(r, FIELD_TRX_ID) && r->trx_id != m->trx_id) {
                m->trx_id = r->trx_id;
                s->transactions++;
        }
}

const struct record *scope_records_add(struct scope_records *t, struct scope_member *m,
                                       const struct record *r)
{
        if (r->event != EVENT_QUERY || !record_has(r, FIELD_SCOPE) || r->scope.len > SCOPE_NAME_MAX) {
                return NULL;
        }
        uint64_t hash = XXH3_64bits_withSeed(r->scope.data, r->scope.len, seed_of_process());
        uint32_t place = find(t, r->scope, hash);
        if (place == 0) {
                place = open_scope(t, r, hash);
        } else if (place != t->newest) {
                unlink_scope(t, place);
                link_newest(t, place);
        }
        struct open_scope *s = &t->scopes[place];
        join(m, s, place, r);
        s->is_in_statements = s->is_in_statements || is_in_statement(r);
        account_add(&s->sums, r);
        return t->n > t->most ? finish(t, t->oldest, "evicted") : NULL;
}

const struct record *scope_records_due(struct scope_records *t, uint64_t now_ns, bool all)
{
        if (t->oldest == 0) {
                return NULL;
        }
        const struct open_scope *s = &t->scopes[t->oldest];
        bool is_idle = now_ns > s->sums.ended_ns && now_ns - s->sums.ended_ns >= t->idle_ns;
        return is_idle || all ? finish(t, t->oldest, is_idle ? "idle" : "shutdown") : NULL;
}
