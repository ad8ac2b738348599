#include "journal/enrich/short_sessions.h"

#include "base/clock.h"
#include "base/seed.h"
#include "mysql/record/client_host.h"
#include "profile/heap/prof.h"

#include <xxhash.h>

#define PAUSE_NS CLOCK_S_NS /* so long without a session ends a series */
#define IDLE_NS  CLOCK_S_NS /* a session that runs nothing for so long was not opened for a statement */

enum status short_sessions_init(struct short_sessions *s)
{
        s->sets = prof_calloc(STAGE_JOURNAL, SHORT_SESSIONS_SETS, sizeof *s->sets);
        return s->sets != NULL ? STATUS_OK : STATUS_NOMEM;
}

void short_sessions_fini(struct short_sessions *s)
{
        prof_free(s->sets);
        s->sets = NULL;
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

void short_session_on_auth(struct short_session *s, const struct record *r)
{
        if (!record_has(r, FIELD_CONNECT_ATTRIBUTES)) {
                return;
        }
        for (size_t i = 0; i < r->connect_attributes.n; i++) {
                const struct value *v = &r->connect_attributes.at[i];
                if (span_equal(v->name, span_str("program_name"))) {
                        s->program = XXH3_64bits(v->bytes.data, v->bytes.len);
                }
        }
}

static bool begins_with(struct span text, const char *head)
{
        struct span wanted = span_str(head);
        return text.len >= wanted.len && span_equal(span_head(text, wanted.len), wanted);
}

/** Does the digest text of a statement show that it is not what the session was opened for? Drivers and pools run such statements when they
 *  connect, and around each transaction. */
static bool is_setup(struct span text)
{
        static const char *const heads[] = {"SET ",      "USE ",     "SHOW ",
                                            "SELECT @@", "BEGIN",    "START ",
                                            "COMMIT",    "ROLLBACK", "SELECT CONNECTION_ID",
                                            "XA "};
        for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
                if (begins_with(text, heads[i])) {
                        return true;
                }
        }
        return false;
}

void short_session_on_statement(struct short_session *s, const uint8_t hash[DIGEST_HASH], struct span text,
                                uint64_t duration_us)
{
        s->busy_us += duration_us;
        if (s->statements <= SHORT_SESSION_STATEMENTS && !is_setup(text)) {
                s->statements++;
                memcpy(s->digest, hash, DIGEST_HASH);
        }
}

/* --- clients ------------------------------------------------------------------------------------------------------ */

static uint64_t key_of(const struct short_session *s, const struct record *r)
{
        struct span host = client_host(record_text_if_any(r, FIELD_CLIENT_ADDR));
        struct span user = record_text_if_any(r, FIELD_USERNAME);
        uint64_t key = XXH3_64bits_withSeed(host.data, host.len, seed_of_process() ^ s->program);
        key = XXH3_64bits_withSeed(user.data, user.len, key);
        return key != 0 ? key : 1;
}

/** The entry of the client @p key; a free one, or the one that was seen least recently, if it has none. */
static struct short_sessions_client *client_of(struct short_sessions *t, uint64_t key)
{
        struct short_sessions_client *set = t->sets[key % SHORT_SESSIONS_SETS];
        struct short_sessions_client *oldest = set;
        for (unsigned i = 0; i < SHORT_SESSIONS_WAYS; i++) {
                if (set[i].key == key) {
                        return &set[i];
                }
                oldest = set[i].ended_ns < oldest->ended_ns ? &set[i] : oldest;
        }
        *oldest = (struct short_sessions_client){.key = key};
        return oldest;
}

uint64_t short_sessions_end(struct short_sessions *t, const struct short_session *s, const struct record *r)
{
        if (s->statements == 0 || !record_has(r, FIELD_USERNAME)) {
                return 0; /* a health check, or a failed login */
        }
        bool is_short = s->statements <= SHORT_SESSION_STATEMENTS;
        if (is_short && r->duration_us * CLOCK_US_NS >= s->busy_us * CLOCK_US_NS + IDLE_NS) {
                return 0;
        }
        struct short_sessions_client *client = client_of(t, key_of(s, r));
        uint64_t began_ns = r->mono_ns - r->duration_us * CLOCK_US_NS;
        bool goes_on = is_short && began_ns < client->ended_ns + PAUSE_NS;
        client->count = (goes_on ? client->count : 0) + (is_short ? 1 : 0);
        client->ended_ns = r->mono_ns;
        return client->count;
}
