#include "mysql/record/record.h"

#include "mysql/wire/capability.h"

#include <assert.h>

#define FIELD_KEY(name) ",\"" name "\":"
#define FIELD_INFO(id, name, member, kind, part, unit, help)                                                 \
        [FIELD_##id] = {FIELD_KEY(name),                                                                     \
                        name,                                                                                \
                        RECORD_##kind,                                                                       \
                        offsetof(struct record, member),                                                     \
                        sizeof FIELD_KEY(name) - 1,                                                          \
                        unit,                                                                                \
                        help},

const struct record_field_info record_fields[FIELD_COUNT] = {FIELD_TABLE(FIELD_INFO)};

/* Each member is in the part that its row says. */
#define STARTS_OWN      0
#define STARTS_OPTIONAL RECORD_OPTIONAL
#define STARTS_SESSION  RECORD_CARRIED
#define ENDS_OWN        RECORD_OPTIONAL
#define ENDS_OPTIONAL   RECORD_CARRIED
#define ENDS_SESSION    sizeof(struct record)
#define CHECK_PART(id, name, member, kind, part, ...)                                                        \
        _Static_assert(offsetof(struct record, member) + 1 > STARTS_##part &&                                \
                           offsetof(struct record, member) < ENDS_##part,                                    \
                       name " is in its part");
FIELD_TABLE(CHECK_PART)

const char *record_event_name(enum record_event event)
{
        static const char *const names[EVENT_COUNT] = {
            [EVENT_CONNECT] = "connect",
            [EVENT_AUTH] = "auth",
            [EVENT_QUERY] = "query",
            [EVENT_DISCONNECT] = "disconnect",
            [EVENT_ERROR] = "error",
            [EVENT_NOTICE] = "notice",
            [EVENT_LINT] = "lint",
            [EVENT_PACKET] = "packet",
            [EVENT_N_PLUS_ONE] = "n_plus_one",
            [EVENT_PREPARE_ONCE] = "prepare_once",
            [EVENT_WRITE_LOOP] = "write_loop",
            [EVENT_DEADLOCK] = "deadlock",
            [EVENT_LOCK_WAIT] = "lock_wait",
            [EVENT_TRANSACTION] = "transaction",
            [EVENT_SCOPE] = "scope",
            [EVENT_GAP] = "gap",
        };
        return event < EVENT_COUNT ? names[event] : "?";
}

static const char *status_name(unsigned bit)
{
        static const char *const names[16] = {
            "in_trans",
            "autocommit",
            NULL,
            "more_results",
            "no_good_index_used",
            "no_index_used",
            "cursor_exists",
            "last_row_sent",
            "db_dropped",
            "no_backslash_escapes",
            "metadata_changed",
            "query_was_slow",
            "ps_out_params",
            "in_trans_readonly",
            "session_state_changed",
            "ansi_quotes",
        };
        return bit < 16 ? names[bit] : NULL;
}

const char *record_flag_name(enum record_field f, unsigned bit)
{
        static const char *const findings[FINDING_COUNT] = {
            [FINDING_N_PLUS_ONE] = "n_plus_one",
            [FINDING_DUPLICATE] = "duplicate",
            [FINDING_NO_INDEX] = "no_index",
            [FINDING_SLOW] = "slow",
            [FINDING_TRANSACTION_IDLE] = "transaction_idle",
            [FINDING_TRANSACTION_OPEN] = "transaction_open",
            [FINDING_PREPARE_ONCE] = "prepare_once",
            [FINDING_CONNECTION_PER_STATEMENT] = "connection_per_statement",
            [FINDING_REPEATED_SETUP] = "repeated_setup",
            [FINDING_LARGE_RESULT] = "large_result",
            [FINDING_WRITE_LOOP] = "write_loop",
            [FINDING_IN_WRITE_LOOP] = "in_write_loop",
        };
        static const char *const redactions[REDACTED_COUNT] = {"password", "literals", "values"};
        switch ((int)f) {
        case FIELD_STATUS_FLAGS: return status_name(bit);
        case FIELD_FINDINGS: return bit < FINDING_COUNT ? findings[bit] : NULL;
        case FIELD_REDACTED: return bit < REDACTED_COUNT ? redactions[bit] : NULL;
        default: return capability_name(bit);
        }
}

/* --- access by field ---------------------------------------------------------------------------------------------- */

enum record_charset record_charset(enum record_field f)
{
        static const uint8_t charsets[FIELD_COUNT] = {
            [FIELD_USERNAME] = RECORD_USERNAME,
            [FIELD_DATABASE] = RECORD_DATABASE,
            [FIELD_CONNECT_ATTRIBUTES] = RECORD_USERNAME,
            [FIELD_QUERY] = RECORD_CLIENT,
            [FIELD_QUERY_ATTRIBUTES] = RECORD_CLIENT,
            [FIELD_STMT_PREPARE_QUERY] = RECORD_STATEMENT,
            [FIELD_ERROR] = RECORD_RESULTS,
            [FIELD_INFO] = RECORD_RESULTS,
        };
        return charsets[f];
}

void record_assign(struct record *to, const struct record *r)
{
        memcpy(to, r, record_has_optional(r) ? RECORD_CARRIED : RECORD_OPTIONAL);
        to->is_in_place = false;
        if (r->session_source == RECORD_SESSION_CARRIED) {
                to->carried = r->carried;
        }
}

/** From now on @p r carries its session. */
static void carry_session(struct record *r)
{
        if (r->session_source == RECORD_SESSION_REFERRED) {
                r->carried = *r->referred;
        } else {
                r->carried = (struct record_session){.server_conn_id = 0};
        }
        r->session_source = RECORD_SESSION_CARRIED;
}

void record_begin_part(struct record *r, enum record_field f)
{
        if (field_set_has(&fields_session, f)) {
                if (r->session_source != RECORD_SESSION_CARRIED) {
                        assert(!r->is_in_place);
                        carry_session(r);
                }
                field_set_add(&r->carried.fields, f);
        } else if (!record_has_optional(r)) {
                assert(!r->is_in_place);
                memset((uint8_t *)r + RECORD_OPTIONAL, 0, RECORD_CARRIED - RECORD_OPTIONAL);
        }
}

void record_remove(struct record *r, enum record_field f)
{
        if (!record_has(r, f)) {
                return;
        }
        void *member = (char *)r + record_offset(f);
        field_set_remove(&r->present, f);
        if (field_set_has(&fields_session, f)) {
                return; /* what the session has it keeps: other records have the field */
        }
        if (record_is_list(f)) {
                *(struct value_list *)member = (struct value_list){NULL, 0};
        } else if (record_is_span(f)) {
                *(struct span *)member = (struct span){NULL, 0};
        } else {
                *(uint64_t *)member = 0;
        }
}
