#include "journal/sessions.h"

#include "profile/heap/prof.h"

#include <stddef.h>

enum { PLACES_MIN = 64 };

bool sessions_init(struct sessions *t, struct n_plus_one *n_plus_one, struct recent *recent,
                   bool keeps_accounts)
{
        *t = (struct sessions){
            .n = PLACES_MIN, .n_plus_one = n_plus_one, .recent = recent, .keeps_accounts = keeps_accounts};
        t->places = prof_calloc(STAGE_JOURNAL, t->n, sizeof(struct session *));
        t->n = t->places != NULL ? t->n : 0;
        return t->places != NULL;
}

struct session *sessions_owner(struct n_plus_one_session *order)
{
        return (struct session *)(void *)((char *)order - offsetof(struct session, order));
}

struct session *sessions_owner_of_history(struct session_history *history)
{
        return (struct session *)(void *)((char *)history - offsetof(struct session, history));
}

void sessions_free(struct session *s, struct n_plus_one *n_plus_one, struct recent *recent)
{
        n_plus_one_end(n_plus_one, &s->order);
        recent_retire(recent, s->identity);
        prof_free(s);
}

void sessions_end(struct sessions *t, uint32_t place)
{
        struct session *s = place < t->n ? t->places[place] : NULL;
        if (s == NULL) {
                return;
        }
        t->places[place] = NULL;
        scope_tally_settle(&s->tally);
        prefix_fini(&s->prefix);
        session_history_fini(&s->history);
        if (!n_plus_one_is_gone(&s->order)) {
                sessions_free(s, t->n_plus_one, t->recent);
        }
}

void sessions_fini(struct sessions *t)
{
        struct n_plus_one_session *gone;
        for (size_t i = 0; i < t->n; i++) {
                sessions_end(t, (uint32_t)i);
        }
        while (t->n > 0 && (gone = n_plus_one_any_gone(t->n_plus_one)) != NULL) {
                sessions_free(sessions_owner(gone), t->n_plus_one, t->recent);
        }
        prof_free(t->places);
        t->places = NULL;
        t->n = 0;
}

/** Make room for @p place. @return false when memory is out. */
static bool grow(struct sessions *t, uint32_t place)
{
        size_t n = t->n;
        while (n <= place) {
                n *= 2;
        }
        if (n == t->n) {
                return true;
        }
        struct session **places = prof_calloc(STAGE_JOURNAL, n, sizeof(struct session *));
        if (places == NULL) {
                return false;
        }
        memcpy((void *)places, (const void *)t->places, t->n * sizeof(struct session *));
        prof_free(t->places);
        t->places = places;
        t->n = n;
        return true;
}

/** The session in the place of @p r; a new one if another had it. @return NULL when memory is out. */
static struct session *take_place(struct sessions *t, const struct record *r)
{
        if (!grow(t, r->session_place)) {
                return NULL;
        }
        struct session *s = t->places[r->session_place];
        if (s != NULL && s->conn_id == r->conn_id) {
                return s;
        }
        sessions_end(t, r->session_place);
        s = prof_calloc(STAGE_JOURNAL, 1, sizeof *s + (t->keeps_accounts ? sizeof s->accounts[0] : 0));
        if (s != NULL) {
                s->conn_id = r->conn_id;
                n_plus_one_begin(t->n_plus_one, &s->order);
                scope_tally_init(&s->tally);
                t->places[r->session_place] = s;
        }
        return s;
}

/** @p r carries its session: store it. @return NULL when memory is out; then the place is empty. */
static struct session *store(struct sessions *t, const struct record *r)
{
        struct session *s = take_place(t, r);
        struct identity *identity = s != NULL ? recent_new_identity(t->recent, r) : NULL;
        if (identity == NULL) {
                sessions_end(t, r->session_place);
                return NULL;
        }
        scope_tally_settle(&s->tally);
        recent_retire(t->recent, s->identity);
        s->identity = identity;
        prefix_clear(&s->prefix);
        return s;
}

/** @p s is the session of @p r. */
static inline enum sessions_found refer(struct record *r, struct session *s, struct session **session)
{
        record_refer(r, &s->identity->session, field_set_both(&r->present, &fields_session));
        *session = s;
        return SESSIONS_FOUND;
}

/** Not in line in sessions_find: few records carry their session. */
static __attribute__((noinline)) enum sessions_found store_and_refer(struct sessions *t, struct record *r,
                                                                     struct session **session)
{
        struct session *s = store(t, r);
        return s != NULL ? refer(r, s, session) : SESSIONS_LOST; /* it keeps what it carries */
}

enum sessions_found sessions_find(struct sessions *t, struct record *r, struct session **session)
{
        *session = NULL;
        if (r->session_source == RECORD_SESSION_CARRIED) {
                return r->session_place != 0 ? store_and_refer(t, r, session) : SESSIONS_NONE;
        }
        if (r->session_place == 0) {
                r->present.words[0] &= ~fields_session.words[0];
                return SESSIONS_NONE;
        }
        struct session *s = r->session_place < t->n ? t->places[r->session_place] : NULL;
        if (s == NULL || s->conn_id != r->conn_id) {
                r->present.words[0] &= ~fields_session.words[0];
                return SESSIONS_LOST;
        }
        return refer(r, s, session);
}
