/* Source of the rules: MySQL's protocol documentation and MariaDB's; where servers and clients in use do otherwise,
 * there is no rule. */
#include "mysql/wire/lint.h"

#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"
#include "mysql/wire/lenenc.h"

static const struct {
        const char *name;
        const char *sentence;
} rules[LINT_RULES] = {
    [LINT_SEQUENCE_START] = {"sequence_start", "a command whose sequence number is not 0"},
    [LINT_SEQUENCE] = {"sequence",
                       "the packet's sequence number does not follow that of the previous packet"},
    [LINT_SEQUENCE_FRAME] =
        {"sequence_frame", "a compressed frame's sequence number does not follow that of the previous frame"},
    [LINT_ENDS_EARLY] = {"ends_early", "the packet ends before the end of its fields"},
    [LINT_TRAILING] = {"trailing", "the packet has data after its last field"},
    [LINT_EMPTY_COMMAND] = {"empty_command", "a command packet without a payload"},
    [LINT_NOT_OFFERED] = {"not_offered", "the login requests TLS or compression, which was not offered"},
    [LINT_NOT_AGREED] = {"not_agreed", "the packet has a format that was not negotiated"},
    [LINT_EOF_FOR_OK] = {"eof_for_ok", "an EOF packet, although DEPRECATE_EOF was negotiated"},
    [LINT_EOF_BEHIND_COLUMNS] =
        {"eof_behind_columns",
         "an EOF packet behind column definitions, although DEPRECATE_EOF was negotiated"},
    [LINT_OK_FOR_EOF] = {"ok_for_eof",
                         "an OK packet in place of an EOF packet, although DEPRECATE_EOF was not negotiated"},
    [LINT_STATUS_CURSOR] =
        {"status_cursor", "the status flags announce a cursor, but the command neither opens nor reads one"},
    [LINT_STATUS_TRANSACTION] = {"status_transaction",
                                 "the status flags announce a read-only transaction, but not a transaction"},
    [LINT_STATUS_SESSION] =
        {"status_session",
         "the status flags announce session changes, although SESSION_TRACK was not negotiated"},
    [LINT_STATUS_OUT_PARAMS] =
        {"status_out_params",
         "the status flags announce OUT parameters, but the command does not execute a statement"},
    [LINT_WIDE_LENGTH] = {"wide_length", "zero bytes before the length of the session changes; MariaDB sends "
                                         "them if the database's character set is ucs2, utf16 or utf32"},
    [LINT_FILE_NOT_NAMED] = {"file_not_named",
                             "the server requests a local file that the command does not name"},
    [LINT_ODD_LENGTH] = {"odd_length",
                         "a length of 8 bytes whose upper half is not zero; servers and clients "
                         "read only the lower half"},
    [LINT_STATUS_MORE] = {"status_more",
                          "the status flags announce another result, but the command cannot have one"},
};

_Static_assert(LINT_RULES <= 32, "a bit each in `broken`");

const char *lint_name(enum lint_rule rule)
{
        return rules[rule].name;
}

const char *lint_sentence(enum lint_rule rule)
{
        return rules[rule].sentence;
}

void lint_login(struct lint *l, uint64_t asked, uint64_t offered)
{
        /* of the other flags, clients send all that they know, and those that both sides have count */
        if ((asked & ~offered & (CAP_SSL | CAP_COMPRESS | CAP_ZSTD)) != 0) {
                lint_break(l, LINT_NOT_OFFERED);
        }
}

/* --- commands ------------------------------------------------------------------------------------------------------- */

void lint_command(struct lint *l, uint8_t code, uint64_t len, uint64_t agreed)
{
        if (len == 0) {
                lint_break(l, LINT_EMPTY_COMMAND);
                return;
        }
        const struct command_type *type = command_type(code);
        if (len < type->min_bytes) {
                lint_break(l, LINT_ENDS_EARLY);
        } else if (type->max_bytes > 0 && len > type->max_bytes) {
                lint_break(l, LINT_TRAILING);
        }
        if (code == COM_STMT_BULK_EXECUTE && (agreed & CAP_MARIADB_BULK) == 0) {
                lint_break(l, LINT_NOT_AGREED);
        }
}

/* --- replies -------------------------------------------------------------------------------------------------------- */

void lint_status(struct lint *l, uint8_t code, uint16_t status, uint64_t agreed)
{
        static const unsigned ruled = STATUS_CURSOR_EXISTS | STATUS_LAST_ROW_SENT | STATUS_IN_TRANS_READONLY |
                                      STATUS_SESSION_STATE_CHANGED | STATUS_PS_OUT_PARAMS |
                                      STATUS_MORE_RESULTS;
        if ((status & ruled) == 0) {
                return;
        }
        bool executes = code == COM_STMT_EXECUTE || code == COM_STMT_BULK_EXECUTE;
        /* if more results follow, it may be a cursor of a procedure */
        if ((status & (STATUS_CURSOR_EXISTS | STATUS_LAST_ROW_SENT)) != 0 &&
            (status & STATUS_MORE_RESULTS) == 0 && !executes && code != COM_STMT_FETCH) {
                lint_break(l, LINT_STATUS_CURSOR);
        }
        if ((status & STATUS_IN_TRANS_READONLY) != 0 && (status & STATUS_IN_TRANS) == 0) {
                lint_break(l, LINT_STATUS_TRANSACTION);
        }
        /* MariaDB sets it in EOF packets of any client, behind results of views and of information_schema */
        if ((status & STATUS_SESSION_STATE_CHANGED) != 0 && (agreed & CAP_SESSION_TRACK) == 0 &&
            (agreed & CAP_MYSQL) != 0) {
                lint_break(l, LINT_STATUS_SESSION);
        }
        if ((status & STATUS_PS_OUT_PARAMS) != 0 && !executes) {
                lint_break(l, LINT_STATUS_OUT_PARAMS);
        }
        if ((status & STATUS_MORE_RESULTS) != 0) {
                if (command_type(code)->shape != SHAPE_RESULT) {
                        lint_break(l, LINT_STATUS_MORE);
                } else if ((agreed & (CAP_MULTI_RESULTS | CAP_PS_MULTI_RESULTS)) == 0) {
                        lint_break(l, LINT_NOT_AGREED);
                }
        }
}

void lint_ending(struct lint *l, uint64_t len, bool is_eof, const struct ok *ok, uint64_t agreed)
{
        bool deprecated = (agreed & CAP_DEPRECATE_EOF) != 0;
        if (ok->odd_length) {
                lint_break(l, LINT_ODD_LENGTH);
        }
        if (is_eof && deprecated) {
                lint_break(l, LINT_EOF_FOR_OK);
        } else if (is_eof && len >= REPLY_OK_MIN) {
                lint_break(l, LINT_OK_FOR_EOF);
        } else if (!is_eof && ok->wide_length) {
                lint_break(l, LINT_WIDE_LENGTH);
        } else if (is_eof ? len > REPLY_EOF_LENGTH : ok->behind > 0) {
                lint_break(l, LINT_TRAILING);
        }
}

void lint_prepared(struct lint *l, uint64_t len, uint64_t agreed)
{
        enum { LENGTH = 12 };
        uint64_t right = LENGTH + ((agreed & CAP_OPTIONAL_METADATA) != 0 ? 1 : 0);
        if (len != right) {
                lint_break(l, len < right ? LINT_ENDS_EARLY : LINT_TRAILING);
        }
}

enum { DEFINITION_NAMES = 6, DEFINITION_FIXED = 12 };

static size_t texts_of(uint64_t agreed)
{
        return DEFINITION_NAMES + ((agreed & CAP_MARIADB_EXTENDED_META) != 0 ? 1 : 0);
}

bool lint_is_plain_definition(struct span body, uint64_t agreed)
{
        size_t texts = texts_of(agreed);
        size_t at = 0;
        for (size_t i = 0; i < texts; i++) {
                if (at >= body.len || body.data[at] > 250) {
                        return false;
                }
                at += 1U + body.data[at];
        }
        return at < body.len && body.data[at] == DEFINITION_FIXED && body.len - at == 1 + DEFINITION_FIXED;
}

void lint_definition(struct lint *l, struct span body, uint64_t agreed)
{
        struct reader r = reader_over(body);
        if (lint_is_plain_definition(body, agreed)) {
                return;
        }
        for (size_t i = 0; i < texts_of(agreed); i++) {
                (void)lenenc_span(&r);
        }
        uint64_t fixed = lenenc_length(&r);
        (void)reader_take(&r, fixed);
        if (r.odd_length) {
                lint_break(l, LINT_ODD_LENGTH);
        }
        if (r.failed || fixed < DEFINITION_FIXED) {
                lint_break(l, LINT_ENDS_EARLY);
        } else if (!reader_done(&r)) {
                lint_break(l, LINT_TRAILING);
        }
}
