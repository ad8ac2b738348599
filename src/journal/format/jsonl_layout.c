#include "journal/format/jsonl_layout.h"

#ifdef QT_NO_FASTPATHS

bool jsonl_layout_try(struct writer *w, const struct record *r)
{
        (void)w;
        (void)r;
        return false;
}

#else

#include "base/clock.h"
#include "base/json.h"
#include "journal/format/jsonl_field.h"
#include "journal/format/prefix.h"

/* --- the layout of a line ------------------------------------------------------------------------------------------
 *
 * A literal is copied as a whole, its unused end too, over which the value is then written. So a layout needs more room than its
 * line: where there is not so much, the line is written field by field. */

enum {
        LAYOUTS = 16,
        SEGMENTS = 72,
        FIELDS = 32, /* of a record with a layout: none of them takes more than two segments */
        LITERAL = 32,
        SEGMENT_ROOM = LITERAL + 32, /* for a literal and its value, unless that is a text */
        HEAD_ROOM = 64,
        FIXED_MAX = 64
};

enum segment_kind {
        SEGMENT_UINT,
        SEGMENT_TEXT,
        SEGMENT_FLAGS,
        SEGMENT_SESSION, /* all fields of the session */
        SEGMENT_DIGEST,  /* digest and digest_text */
        SEGMENT_NOTHING, /* a literal only */
        SEGMENT_END,     /* the same, the last one */
        SEGMENT_OTHER,
};

struct segment {
        char literal[LITERAL];
        uint16_t offset; /* of the value, in the record */
        uint8_t len;     /* of the literal */
        uint8_t kind;    /* enum segment_kind */
        uint8_t field;
};

/* What records of one layout have in common. */
struct layout_key {
        struct field_set fields;
        uint64_t command_id;
        uint64_t findings; /* 0 if there are none */
        enum record_event event;
};

struct layout {
        struct layout_key key;
        struct field_set session;
        size_t room;
        unsigned n; /* 0: there is no layout for these */
        struct segment segments[SEGMENTS];
};

_Static_assert(FIELD_COUNT <= UINT8_MAX, "a field is a byte");
_Static_assert(RECORD_KEY_SIZE <= LITERAL, "a name takes no more than two segments");

static struct layout_key key_of(const struct record *r)
{
        return (struct layout_key){
            .fields = r->present, .command_id = r->command_id, .findings = r->findings, .event = r->event};
}

static bool same_key(const struct layout_key *a, const struct layout_key *b)
{
        return a->fields.words[0] == b->fields.words[0] && a->fields.words[1] == b->fields.words[1] &&
               a->command_id == b->command_id && a->findings == b->findings && a->event == b->event;
}

/** The session's fields, which stand side by side: an auth record has server_version before the last of them. */
static struct field_set session_fields(const struct record *r)
{
        struct field_set fields = field_set_both(&r->present, &fields_session);
        if (record_has(r, FIELD_SERVER_VERSION)) {
                field_set_remove(&fields, FIELD_SERVER_CONN_ID);
        }
        return fields;
}
_Static_assert(FIELD_CLIENT_ADDR + 8 == FIELD_SERVER_CONN_ID &&
                   FIELD_SERVER_VERSION + 1 == FIELD_SERVER_CONN_ID && FIELD_SERVER_CONN_ID < 64,
               "session_fields, and a prefix knows its fields by one word");

/* These two stand side by side, too. */
static const struct field_set digest_fields = {{1ULL << FIELD_DIGEST | 1ULL << FIELD_DIGEST_TEXT, 0}};
_Static_assert(FIELD_DIGEST + 1 == FIELD_DIGEST_TEXT && FIELD_DIGEST_TEXT < 64, "digest_fields");

static bool has_both_digests(const struct record *r)
{
        return (~r->present.words[0] & digest_fields.words[0]) == 0;
}

static void end_segment(struct layout *layout, enum segment_kind kind, enum record_field f)
{
        struct segment *segment = &layout->segments[layout->n++];
        segment->kind = (uint8_t)kind;
        segment->field = (uint8_t)f;
        segment->offset = record_fields[f].offset;
        layout->room += SEGMENT_ROOM;
        layout->segments[layout->n].len = 0;
}

static void add_literal(struct layout *layout, struct span text)
{
        while (text.len > 0) {
                struct segment *segment = &layout->segments[layout->n];
                struct span piece = span_head(text, LITERAL - segment->len);
                (void)span_copy((uint8_t *)segment->literal + segment->len, piece);
                segment->len = (uint8_t)(segment->len + piece.len);
                text = span_skip(text, piece.len);
                if (text.len > 0) {
                        end_segment(layout, SEGMENT_NOTHING, 0);
                }
        }
}

/** The command's code and name and the findings are in the key. @return false if @p f is none of them, or the text is too long. */
static bool add_fixed(struct layout *layout, const struct record *r, enum record_field f)
{
        uint8_t room[FIXED_MAX];
        struct writer w = writer_over(room, sizeof room);
        if (f == FIELD_COMMAND_ID || f == FIELD_FINDINGS ||
            (f == FIELD_COMMAND && record_has(r, FIELD_COMMAND_ID))) {
                jsonl_field(&w, r, f);
        }
        add_literal(layout, w.failed ? (struct span){NULL, 0} : writer_span(&w));
        return w.at > 0 && !w.failed;
}

/** A session's field is not at its offset in the record. */
static enum segment_kind kind_of(enum record_field f)
{
        if (field_set_has(&fields_session, f)) {
                return SEGMENT_OTHER;
        }
        switch (record_fields[f].kind) {
        case RECORD_UINT: return SEGMENT_UINT;
        case RECORD_TEXT: return SEGMENT_TEXT;
        case RECORD_FLAGS: return f == FIELD_STATUS_FLAGS ? SEGMENT_FLAGS : SEGMENT_OTHER;
        case RECORD_BOOL:
        case RECORD_BYTES:
        case RECORD_LIST:
        case RECORD_MAP:
        case RECORD_ROWS:
        case RECORD_OBJECTS: break;
        }
        return SEGMENT_OTHER;
}

static void add_field(struct layout *layout, const struct record *r, enum record_field f)
{
        if (field_set_has(&layout->session, f)) {
                bool is_first = (layout->session.words[0] & ((1ULL << f) - 1)) == 0;
                if (is_first) {
                        end_segment(layout, SEGMENT_SESSION, f);
                }
        } else if (field_set_has(&digest_fields, f) && has_both_digests(r)) {
                if (f == FIELD_DIGEST) {
                        end_segment(layout, SEGMENT_DIGEST, f);
                }
        } else if (!add_fixed(layout, r, f)) {
                add_literal(layout, span_of(record_fields[f].key, record_fields[f].key_len));
                end_segment(layout, kind_of(f), f);
        }
}

__attribute__((noinline)) static void make_layout(struct layout *layout, const struct record *r)
{
        const struct field_set *fields = &r->present;
        int n = __builtin_popcountll(fields->words[0]) + __builtin_popcountll(fields->words[1]);
        layout->key = key_of(r);
        layout->session = session_fields(r);
        layout->room = HEAD_ROOM;
        layout->n = 0;
        layout->segments[0].len = 0;
        if (n > FIELDS || record_has(r, FIELD_QUERY_LENGTH)) {
                return;
        }
        add_literal(layout, span_str("\",\"event\":\""));
        add_literal(layout, span_str(record_event_name(r->event)));
        add_literal(layout, span_str("\""));
        enum record_field f;
        FIELD_SET_EACH(*fields, f)
        {
                add_field(layout, r, f);
        }
        add_literal(layout, span_str("}\n"));
        end_segment(layout, SEGMENT_END, 0);
}

/** Each kind has two places, so that two kinds seldom evict each other in turn. Most records are of the same kind as the one before. */
static const struct layout *layout_for(const struct record *r)
{
        static _Thread_local struct layout layouts[LAYOUTS];
        static _Thread_local size_t newest;
        static _Thread_local unsigned turn;
        struct layout_key key = key_of(r);
        if (same_key(&layouts[newest].key, &key)) {
                return &layouts[newest];
        }
        uint64_t kind = key.fields.words[0] ^ key.fields.words[1] << 32 ^ key.command_id << 48 ^
                        (uint64_t)key.event << 56 ^ key.findings << 40;
        size_t at = kind * 0x9e3779b97f4a7c15U >> 60; /* 2^64 by the golden ratio */
        if (!same_key(&layouts[at].key, &key)) {
                at ^= 1;
        }
        if (!same_key(&layouts[at].key, &key)) {
                at ^= ++turn % 2;
                make_layout(&layouts[at], r);
        }
        newest = at;
        return &layouts[at];
}

_Static_assert(LAYOUTS == 1 << (64 - 60), "layout_for");

/* --- by layout --------------------------------------------------------------------------------------------------------- */

/* The flags of most statements: in_trans and autocommit. */
static const struct {
        char text[31];
        uint8_t len;
} common_flags[4] = {
    {"[]", 2}, {"[\"in_trans\"]", 12}, {"[\"autocommit\"]", 14}, {"[\"in_trans\",\"autocommit\"]", 25}};

/* For all of these, @p end leaves room for the rest of the layout. They return the place after what was put, or NULL if there was
 * no room for it. */

static uint8_t *put_other(uint8_t *at, const uint8_t *end, const struct record *r, enum record_field f)
{
        struct writer w = writer_over(at, at < end ? (size_t)(end - at) : 0);
        jsonl_value_and_hex(&w, r, f);
        return w.failed ? NULL : at + w.at;
}

static uint8_t *put_text(uint8_t *at, const uint8_t *end, const struct record *r,
                         const struct segment *segment)
{
        const struct span *text = (const void *)((const char *)r + segment->offset);
        if (end - at < (ptrdiff_t)text->len) {
                return NULL;
        }
        if (!json_copy_plain(at + 1, *text)) {
                return put_other(at, end, r, (enum record_field)segment->field);
        }
        at[0] = '"';
        at[text->len + 1] = '"';
        return at + text->len + 2;
}

/** Put a text that is formatted already. */
static uint8_t *put_ready(uint8_t *at, const uint8_t *end, struct span ready)
{
        if (end - at < (ptrdiff_t)ready.len) {
                return NULL;
        }
        memcpy(at, ready.data, ready.len);
        return at + ready.len;
}

static uint8_t *put_fields(uint8_t *at, const uint8_t *end, const struct record *r, struct field_set fields)
{
        struct writer w = writer_over(at, at < end ? (size_t)(end - at) : 0);
        jsonl_fields(&w, r, fields);
        return w.failed ? NULL : at + w.at;
}

static uint8_t *put_session(uint8_t *at, const uint8_t *end, const struct record *r, struct field_set fields)
{
        struct span ready =
            r->prefix != NULL ? prefix_get(r->prefix, fields.words[0]) : (struct span){NULL, 0};
        if (ready.len > 0) {
                return put_ready(at, end, ready);
        }
        uint8_t *behind = put_fields(at, end, r, fields);
        if (behind != NULL && r->prefix != NULL) {
                prefix_set(r->prefix, fields.words[0], span_of(at, (size_t)(behind - at)));
        }
        return behind;
}

static uint8_t *put_digest(uint8_t *at, const uint8_t *end, const struct record *r)
{
        bool is_ready = r->digest_json != NULL && r->digest_json->len > 0;
        return is_ready ? put_ready(at, end, *r->digest_json) : put_fields(at, end, r, digest_fields);
}

static const uint64_t *number_of(const struct record *r, const struct segment *segment)
{
        return (const void *)((const char *)r + segment->offset);
}

/** Put a value that is not a plain number. */
static uint8_t *put_value(uint8_t *at, const uint8_t *end, const struct record *r,
                          const struct layout *layout, const struct segment *segment)
{
        if (segment->kind == SEGMENT_TEXT) {
                return put_text(at, end, r, segment);
        }
        if (segment->kind == SEGMENT_SESSION) {
                return put_session(at, end, r, layout->session);
        }
        if (segment->kind == SEGMENT_DIGEST) {
                return put_digest(at, end, r);
        }
        if (segment->kind == SEGMENT_FLAGS && *number_of(r, segment) < 4) {
                uint64_t flags = *number_of(r, segment);
                memcpy(at, common_flags[flags].text, sizeof common_flags[0].text);
                return at + common_flags[flags].len;
        }
        return put_other(at, end, r, (enum record_field)segment->field);
}

static void advance(struct writer *w, const uint8_t *at)
{
        size_t n = (size_t)(at - w->data) - w->at;
        w->at += n;
        w->wanted += n;
}

/** @return false if nothing was written: there is no layout, or not enough room for it. */
static bool put_by_layout(struct writer *w, const struct record *r)
{
        const struct layout *layout = layout_for(r);
        uint8_t *at = w->data + w->at;
        if (w->failed || layout->n == 0 || w->size - w->at < layout->room) {
                return false;
        }
        const uint8_t *end = w->data + w->size - layout->room;
        memcpy(at, "{\"ts\":\"", 8);
        clock_rfc3339(r->wall_ns, (char *)at + 7);
        at += 7 + CLOCK_RFC3339_SIZE - 1;
        for (const struct segment *segment = layout->segments;; segment++) {
                memcpy(at, segment->literal,
                       LITERAL); /* as a whole; the value is written over its unused end */
                at += segment->len;
                if (segment->kind == SEGMENT_UINT) {
                        at = decimal_put(at, *number_of(r, segment));
                        continue;
                }
                if (segment->kind == SEGMENT_NOTHING) {
                        continue;
                }
                if (segment->kind == SEGMENT_END) {
                        advance(w, at);
                        return true;
                }
                at = put_value(at, end, r, layout, segment);
                if (at == NULL) {
                        return false;
                }
        }
}

bool jsonl_layout_try(struct writer *w, const struct record *r)
{
        uint64_t odd = r->cut.words[0] | r->undecoded.words[0] | r->cut.words[1] | r->undecoded.words[1];
        return odd == 0 && put_by_layout(w, r);
}

#endif
