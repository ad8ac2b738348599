#include "journal/jsonl_session.h"

#include "profile/prof.h"

enum { SESSIONS = 256, TEXTS = FIELD_CHARACTER_SET - FIELD_CLIENT_ADDR + 1, OWN_MAX = 192, TEXT_MAX = 512 };

_Static_assert(FIELD_SERVER_CONN_ID < 64, "the session's fields are in the first word");

/* One session's. Texts that last are known by their place; of the others there is a copy. */
struct session_text {
        uint64_t conn_id;
        uint64_t server_conn_id;
        uint64_t fields;
        uint64_t lasting;
        struct span texts[TEXTS];
        uint8_t own[OWN_MAX];
        size_t len;
        uint8_t text[TEXT_MAX];
};

struct jsonl_sessions {
        struct session_text all[SESSIONS];
};

static _Thread_local struct jsonl_sessions *mine;

struct jsonl_sessions *jsonl_sessions_new(void)
{
        return prof_calloc(STAGE_JOURNAL, 1, sizeof(struct jsonl_sessions));
}

void jsonl_sessions_free(struct jsonl_sessions *sessions)
{
        prof_free(sessions);
}

void jsonl_sessions_use(struct jsonl_sessions *sessions)
{
        mine = sessions;
}

/** @return NULL where the thread has no room: then nothing stands ready. */
static struct session_text *place_of(uint64_t conn_id)
{
        return mine != NULL ? &mine->all[conn_id % SESSIONS] : NULL;
}

struct field_set jsonl_session_fields(const struct record *r)
{
        static const uint64_t texts = ((1ULL << TEXTS) - 1) << FIELD_CLIENT_ADDR;
        uint64_t server = record_has(r, FIELD_SERVER_VERSION) ? 0 : 1ULL << FIELD_SERVER_CONN_ID;
        return (struct field_set){{r->present.words[0] & (texts | server), 0}};
}

static const struct span *texts_of(const struct record *r)
{
        return &r->client_addr;
}

_Static_assert(offsetof(struct record, character_set) - offsetof(struct record, client_addr) ==
                   (TEXTS - 1) * sizeof(struct span),
               "the session's texts stand side by side");

/** Most are short: without a call. */
static bool same_bytes(const uint8_t *a, const uint8_t *b, size_t n)
{
        uint64_t x[2];
        uint64_t y[2];
        if (n == 4) {
                return memcmp(a, b, 4) == 0;
        }
        if (n < 8 || n > 16) {
                return memcmp(a, b, n) == 0;
        }
        memcpy(&x[0], a, 8);
        memcpy(&x[1], a + n - 8, 8);
        memcpy(&y[0], b, 8);
        memcpy(&y[1], b + n - 8, 8);
        return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static bool holds(const struct session_text *s, const struct record *r, struct field_set fields)
{
        const struct span *now = texts_of(r);
        if (s->conn_id != r->conn_id || s->fields != fields.words[0] ||
            s->server_conn_id != r->server_conn_id || s->lasting != (r->lasting.words[0] & fields.words[0])) {
                return false;
        }
        for (unsigned i = 0; i < TEXTS; i++) {
                bool lasts = (s->lasting >> (FIELD_CLIENT_ADDR + i) & 1) != 0;
                if (now[i].len != s->texts[i].len ||
                    (lasts ? now[i].data != s->texts[i].data
                           : now[i].len > 0 && !same_bytes(now[i].data, s->texts[i].data, now[i].len))) {
                        return false;
                }
        }
        return true;
}

bool jsonl_session_put(struct writer *w, const struct record *r, struct field_set fields)
{
        const struct session_text *s = place_of(r->conn_id);
        if (s == NULL || s->len == 0 || !holds(s, r, fields)) {
                return false;
        }
        writer_bytes(w, s->text, s->len);
        return true;
}

void jsonl_session_keep(const struct record *r, struct field_set fields, struct span text)
{
        struct session_text *s = place_of(r->conn_id);
        const struct span *now = texts_of(r);
        if (s == NULL) {
                return;
        }
        uint8_t *own = s->own;
        s->len = 0;
        s->conn_id = r->conn_id;
        s->server_conn_id = r->server_conn_id;
        s->fields = fields.words[0];
        s->lasting = r->lasting.words[0] & fields.words[0];
        for (unsigned i = 0; i < TEXTS; i++) {
                bool lasts = (s->lasting >> (FIELD_CLIENT_ADDR + i) & 1) != 0;
                s->texts[i] = now[i];
                if (!lasts && now[i].len > (size_t)(s->own + OWN_MAX - own)) {
                        return;
                }
                if (!lasts) {
                        s->texts[i].data = own;
                        own = span_copy(own, now[i]);
                }
        }
        if (text.len <= TEXT_MAX) {
                (void)span_copy(s->text, text);
                s->len = text.len;
        }
}
