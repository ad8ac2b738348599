#include "journal/format/jsonl_session.h"

#include "profile/heap/prof.h"

enum { SESSIONS = 256, TEXTS = FIELD_CHARACTER_SET - FIELD_CLIENT_ADDR + 1, OWN_MAX = 192, TEXT_MAX = 512 };

_Static_assert(FIELD_SERVER_CONN_ID < 64, "the session's fields are in the first word");

/* A span's two words: where it is, and its length. */
typedef uintptr_t place __attribute__((vector_size(16), aligned(8), may_alias));

_Static_assert(sizeof(place) == sizeof(struct span), "two words");

/* One session's. Texts that last are known by their place. The others stand side by side in a record that is packed: of
 * them there is a copy, and their places are told from that of the first. */
struct session_text {
        uint64_t conn_id;
        uint64_t server_conn_id;
        uint64_t fields;
        uint64_t lasting;
        place texts[TEXTS];
        place is_own[TEXTS];   /* a mask: all bits of the place of what does not last */
        place is_there[TEXTS]; /* a mask: all bits of what there is at all */
        unsigned first_own;
        size_t own_len;
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

static bool holds(const struct session_text *s, const struct record *r, struct field_set fields)
{
        const struct span *texts = texts_of(r);
        const uint8_t *own = texts[s->first_own].data;
        const place *now = (const void *)texts;
        const place first = {(uintptr_t)own, 0};
        place differ = {(s->conn_id ^ r->conn_id) | (s->server_conn_id ^ r->server_conn_id),
                        (s->fields ^ fields.words[0]) | (s->lasting ^ (r->lasting.words[0] & s->fields))};
#define DIFFER(i) (((now[i] - (first & s->is_own[i])) ^ s->texts[i]) & s->is_there[i])
        differ |= DIFFER(0) | DIFFER(1) | DIFFER(2) | DIFFER(3) | DIFFER(4) | DIFFER(5) | DIFFER(6);
        return (differ[0] | differ[1]) == 0 && (s->own_len == 0 || memcmp(own, s->own, s->own_len) == 0);
}

_Static_assert(TEXTS == 7, "each of them is looked at");

struct span jsonl_session_text(const struct record *r, struct field_set fields)
{
        const struct session_text *s = place_of(r->conn_id);
        return s != NULL && s->len > 0 && holds(s, r, fields) ? span_of(s->text, s->len) : span_of(NULL, 0);
}

/** @return false if there is no room for those that do not last. */
static bool keep_texts(struct session_text *s, const struct span *now)
{
        uint64_t own = (s->fields & ~s->lasting) >> FIELD_CLIENT_ADDR & ((1ULL << TEXTS) - 1);
        s->first_own = own != 0 ? (unsigned)__builtin_ctzll(own) : 0;
        s->own_len = 0;
        for (unsigned i = 0; i < TEXTS; i++) {
                bool is_there = (s->fields >> (FIELD_CLIENT_ADDR + i) & 1) != 0;
                s->is_there[i] = is_there ? (place){UINTPTR_MAX, UINTPTR_MAX} : (place){0, 0};
                s->is_own[i] = (place){0, 0};
                s->texts[i] = (place){(uintptr_t)now[i].data, now[i].len};
                if ((own >> i & 1) == 0) {
                        continue;
                }
                if (now[i].len > OWN_MAX - s->own_len) {
                        return false;
                }
                s->is_own[i] = (place){UINTPTR_MAX, 0};
                s->texts[i] = (place){s->own_len, now[i].len};
                (void)span_copy(s->own + s->own_len, now[i]);
                s->own_len += now[i].len;
        }
        return true;
}

void jsonl_session_keep(const struct record *r, struct field_set fields, struct span text)
{
        struct session_text *s = place_of(r->conn_id);
        if (s == NULL) {
                return;
        }
        s->len = 0;
        s->conn_id = r->conn_id;
        s->server_conn_id = r->server_conn_id;
        s->fields = fields.words[0];
        s->lasting = r->lasting.words[0] & fields.words[0];
        if (keep_texts(s, texts_of(r)) && text.len <= TEXT_MAX) {
                (void)span_copy(s->text, text);
                s->len = text.len;
        }
}
