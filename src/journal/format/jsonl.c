#include "journal/format/jsonl.h"

#include "base/clock.h"
#include "base/json.h"
#include "journal/format/jsonl_field.h"
#include "journal/format/jsonl_session.h"

/* --- field by field ------------------------------------------------------------------------------------------------ */

static void put_fields(struct writer *w, const struct record *r, struct field_set fields)
{
        enum record_field f;
        FIELD_SET_EACH(fields, f)
        {
                jsonl_field(w, r, f);
        }
}

void jsonl_record_slowly(struct writer *w, const struct record *r)
{
        char when[CLOCK_RFC3339_SIZE];
        clock_rfc3339(r->wall_ns, when);
        writer_text(w, "{\"ts\":\"");
        writer_bytes(w, when, CLOCK_RFC3339_SIZE - 1);
        writer_text(w, "\",\"event\":\"");
        writer_text(w, record_event_name(r->event));
        writer_char(w, '"');
        put_fields(w, r, r->present);
        writer_bytes(w, "}\n", 2);
}

/* --- a plan of the line ----------------------------------------------------------------------------------------------
 *
 * Most records are of few kinds: the same event and command, the same fields. For each there is a plan of its line, made
 * once: texts that are always the same, and behind each a value that is not.
 *
 *      {"ts":"2026-01-02T03:04:05.678901Z","event":"query","conn_id":17,"conn_seq_num":4 …
 *                                        |------ literal -----------||-|---- literal ---|-|
 *
 * A literal is copied as a whole, its free end too, which the value is written over. So there must be more room than is
 * needed: where there is not, the line is made field by field. */

enum {
        PLANS = 16,
        STEPS = 64,
        FIELDS = 28, /* of a record with a plan: none of them takes more than two steps */
        LITERAL = 32,
        STEP_ROOM = LITERAL + 32, /* for a literal and its value, if that is no text */
        HEAD_ROOM = 64,
        FIXED_MAX = 64
};

enum step_kind {
        STEP_UINT,
        STEP_TEXT,
        STEP_FLAGS,
        STEP_SESSION, /* the session's fields, which stand ready */
        STEP_NOTHING, /* a literal alone */
        STEP_END,     /* the same, the last one */
        STEP_OTHER,
};

struct step {
        char literal[LITERAL];
        uint16_t offset; /* of the value, in the record */
        uint8_t len;     /* of the literal */
        uint8_t kind;    /* enum step_kind */
        uint8_t field;
};

/* What records of one plan have in common. */
struct likeness {
        struct field_set fields;
        uint64_t command_id;
        struct span command; /* only one that lasts */
        enum record_event event;
};

struct plan {
        struct likeness of;
        struct field_set session;
        size_t room;
        unsigned n; /* 0: there is no plan for these */
        struct step steps[STEPS];
};

_Static_assert(FIELD_COUNT <= UINT8_MAX, "a field is a byte");
_Static_assert(RECORD_KEY_SIZE <= LITERAL, "a name takes no more than two steps");

static struct likeness likeness_of(const struct record *r)
{
        bool lasts = record_has(r, FIELD_COMMAND) && field_set_has(&r->lasting, FIELD_COMMAND);
        return (struct likeness){.fields = r->present,
                                 .command_id = r->command_id,
                                 .command = lasts ? r->command : span_of(NULL, 0),
                                 .event = r->event};
}

static bool are_alike(const struct likeness *a, const struct likeness *b)
{
        return a->fields.words[0] == b->fields.words[0] && a->fields.words[1] == b->fields.words[1] &&
               a->command_id == b->command_id && a->command.data == b->command.data &&
               a->command.len == b->command.len && a->event == b->event;
}

static void end_step(struct plan *plan, enum step_kind kind, enum record_field f)
{
        struct step *step = &plan->steps[plan->n++];
        step->kind = (uint8_t)kind;
        step->field = (uint8_t)f;
        step->offset = record_fields[f].offset;
        plan->room += STEP_ROOM;
        plan->steps[plan->n].len = 0;
}

static void add_literal(struct plan *plan, struct span text)
{
        while (text.len > 0) {
                struct step *step = &plan->steps[plan->n];
                struct span piece = span_head(text, LITERAL - step->len);
                (void)span_copy((uint8_t *)step->literal + step->len, piece);
                step->len = (uint8_t)(step->len + piece.len);
                text = span_skip(text, piece.len);
                if (text.len > 0) {
                        end_step(plan, STEP_NOTHING, 0);
                }
        }
}

/** The command is known before the record is. @return false if @p f is none of it, or too long. */
static bool add_command(struct plan *plan, const struct record *r, enum record_field f)
{
        uint8_t room[FIXED_MAX];
        struct writer w = writer_over(room, sizeof room);
        if (f == FIELD_COMMAND_ID || (f == FIELD_COMMAND && plan->of.command.len > 0)) {
                jsonl_field(&w, r, f);
        }
        add_literal(plan, w.failed ? span_of(NULL, 0) : writer_span(&w));
        return w.at > 0 && !w.failed;
}

static enum step_kind kind_of(enum record_field f)
{
        switch (record_fields[f].kind) {
        case RECORD_UINT: return STEP_UINT;
        case RECORD_TEXT: return STEP_TEXT;
        case RECORD_FLAGS: return f == FIELD_STATUS_FLAGS ? STEP_FLAGS : STEP_OTHER;
        case RECORD_BYTES:
        case RECORD_LIST:
        case RECORD_MAP:
        case RECORD_ROWS: break;
        }
        return STEP_OTHER;
}

static void add_field(struct plan *plan, const struct record *r, enum record_field f)
{
        if (field_set_has(&plan->session, f)) {
                bool is_first = (plan->session.words[0] & ((1ULL << f) - 1)) == 0;
                if (is_first) {
                        end_step(plan, STEP_SESSION, f);
                }
        } else if (!add_command(plan, r, f)) {
                add_literal(plan, span_of(record_fields[f].key, record_fields[f].key_len));
                end_step(plan, kind_of(f), f);
        }
}

__attribute__((noinline)) static void make_plan(struct plan *plan, const struct record *r)
{
        const struct field_set *fields = &r->present;
        int n = __builtin_popcountll(fields->words[0]) + __builtin_popcountll(fields->words[1]);
        plan->of = likeness_of(r);
        plan->session = jsonl_session_fields(r);
        plan->room = HEAD_ROOM;
        plan->n = 0;
        plan->steps[0].len = 0;
        if (n > FIELDS || record_has(r, FIELD_QUERY_LENGTH)) {
                return;
        }
        add_literal(plan, span_str("\",\"event\":\""));
        add_literal(plan, span_str(record_event_name(r->event)));
        add_literal(plan, span_str("\""));
        enum record_field f;
        FIELD_SET_EACH(*fields, f)
        {
                add_field(plan, r, f);
        }
        add_literal(plan, span_str("}\n"));
        end_step(plan, STEP_END, 0);
}

/** Two places for each kind, so that two kinds seldom take turns. */
static const struct plan *plan_for(const struct record *r)
{
        static _Thread_local struct plan plans[PLANS];
        static _Thread_local unsigned turn;
        struct likeness of = likeness_of(r);
        uint64_t kind =
            of.fields.words[0] ^ of.fields.words[1] << 32 ^ of.command_id << 48 ^ (uint64_t)of.event << 56;
        struct plan *plan = &plans[kind * 0x9e3779b97f4a7c15U >> 60]; /* 2^64 by the golden ratio */
        if (are_alike(&plan->of, &of)) {
                return plan;
        }
        struct plan *other = &plans[(size_t)(plan - plans) ^ 1];
        if (are_alike(&other->of, &of)) {
                return other;
        }
        plan = ++turn % 2 == 0 ? plan : other;
        make_plan(plan, r);
        return plan;
}

_Static_assert(PLANS == 1 << (64 - 60), "plan_for");

/* --- by plan --------------------------------------------------------------------------------------------------------- */

/* The flags of most statements: in_trans and autocommit. */
static const struct {
        char text[31];
        uint8_t len;
} usual_flags[4] = {
    {"[]", 2}, {"[\"in_trans\"]", 12}, {"[\"autocommit\"]", 14}, {"[\"in_trans\",\"autocommit\"]", 25}};

/* Of all these: @p end leaves room for what else the plan needs. @return the place behind what was put; NULL: there was
 * no room for it. */

static uint8_t *put_other(uint8_t *at, const uint8_t *end, const struct record *r, enum record_field f)
{
        struct writer w = writer_over(at, at < end ? (size_t)(end - at) : 0);
        jsonl_told(&w, r, f);
        return w.failed ? NULL : at + w.at;
}

static uint8_t *put_text(uint8_t *at, const uint8_t *end, const struct record *r, const struct step *step)
{
        const struct span *text = (const void *)((const char *)r + step->offset);
        if (end - at < (ptrdiff_t)text->len) {
                return NULL;
        }
        if (!json_copy_plain(at + 1, *text)) {
                return put_other(at, end, r, (enum record_field)step->field);
        }
        at[0] = '"';
        at[text->len + 1] = '"';
        return at + text->len + 2;
}

static uint8_t *put_session(uint8_t *at, const uint8_t *end, const struct record *r, struct field_set fields)
{
        struct span ready = jsonl_session_text(r, fields);
        if (ready.len == 0) {
                struct writer w = writer_over(at, at < end ? (size_t)(end - at) : 0);
                put_fields(&w, r, fields);
                if (w.failed) {
                        return NULL;
                }
                jsonl_session_keep(r, fields, writer_span(&w));
                return at + w.at;
        }
        if (end - at < (ptrdiff_t)ready.len) {
                return NULL;
        }
        return span_copy(at, ready);
}

static const uint64_t *number_of(const struct record *r, const struct step *step)
{
        return (const void *)((const char *)r + step->offset);
}

/** What is no number. */
static uint8_t *put_value(uint8_t *at, const uint8_t *end, const struct record *r, const struct plan *plan,
                          const struct step *step)
{
        if (step->kind == STEP_TEXT) {
                return put_text(at, end, r, step);
        }
        if (step->kind == STEP_SESSION) {
                return put_session(at, end, r, plan->session);
        }
        if (step->kind == STEP_FLAGS && *number_of(r, step) < 4) {
                uint64_t flags = *number_of(r, step);
                memcpy(at, usual_flags[flags].text, sizeof usual_flags[0].text);
                return at + usual_flags[flags].len;
        }
        return step->kind == STEP_NOTHING ? at : put_other(at, end, r, (enum record_field)step->field);
}

static void advance(struct writer *w, const uint8_t *at)
{
        size_t n = (size_t)(at - w->data) - w->at;
        w->at += n;
        w->wanted += n;
}

/** @return false if nothing is written: there is no plan, or not room enough for it. */
static bool put_by_plan(struct writer *w, const struct record *r)
{
        const struct plan *plan = plan_for(r);
        uint8_t *at = w->data + w->at;
        if (w->failed || plan->n == 0 || w->size - w->at < plan->room) {
                return false;
        }
        const uint8_t *end = w->data + w->size - plan->room;
        memcpy(at, "{\"ts\":\"", 8);
        clock_rfc3339(r->wall_ns, (char *)at + 7);
        at += 7 + CLOCK_RFC3339_SIZE - 1;
        for (const struct step *step = plan->steps; at != NULL; step++) {
                memcpy(at, step->literal, LITERAL); /* more than is meant; the rest is written over */
                at += step->len;
                if (step->kind == STEP_UINT) {
                        at = decimal_put(at, *number_of(r, step));
                        continue;
                }
                if (step->kind == STEP_END) {
                        advance(w, at);
                        return true;
                }
                at = put_value(at, end, r, plan, step);
        }
        return false;
}

void jsonl_record(struct writer *w, const struct record *r)
{
        uint64_t odd = r->cut.words[0] | r->undecoded.words[0] | r->cut.words[1] | r->undecoded.words[1];
        if (odd != 0 || !put_by_plan(w, r)) {
                jsonl_record_slowly(w, r);
        }
}
