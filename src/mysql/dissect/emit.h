/** @file emit.h  Records: what the dissector knows, put into the form that leaves it. Nothing here changes the state of the protocol.
 *
 * Threads: one owner.   Memory: records point into the dissector's memory and live during the call of the sink. */
#ifndef MYSQL_DISSECT_EMIT_H
#define MYSQL_DISSECT_EMIT_H

#include "mysql/dissect/dissector.h"
#include "mysql/dissect/execute.h"

/** A command ended, or will not be followed to its end.
 *  @param execution  the decoded values of an execution; NULL for all other commands.
 *  @param reason     why there is no complete reply; NULL if there is one. */
void emit_command(struct dissect *d, const struct command *cmd, struct transaction_point point,
                  const struct execution *execution, const char *reason);
/** A login ended at @p end_ns: well, with @p err, or for another @p reason; both may be NULL.
 *  @param compression  what both sides agreed on; NULL: nothing. */
void emit_login(struct dissect *d, uint64_t end_ns, const struct err *err, const char *compression,
                const char *reason);
/** The server sent an error that no command asked for. */
void emit_unsolicited_error(const struct dissect *d, uint64_t mono_ns, const struct err *err);
/** Something cannot be known from here on. */
void emit_notice(const struct dissect *d, uint64_t mono_ns, const char *reason);
/** The session can't be followed any further, for @p reason; @p info says where.
 *  @param packet_bytes  the beginning of the packet that is why; NULL: it is not shown. */
void emit_opaque(const struct dissect *d, uint64_t mono_ns, const char *reason, const char *info,
                 const struct span *packet_bytes);
/** A session that was not followed since d->resync.since_ns is followed again at @p now_ns, or has ended; @p what says which. */
void emit_resync(const struct dissect *d, uint64_t now_ns, const char *what);
/** A session is followed from @p now_ns on, after bytes of it were missing; or from its first command that was captured, if @p is_first. */
void emit_join(const struct dissect *d, uint64_t now_ns, bool is_first);
/** A notice, once for the session, that limits.held_bytes was reached. */
void emit_held_notice(struct dissect *d, uint64_t mono_ns);

/** A packet that breaks rules. */
struct lint_evidence {
        enum side from;
        uint8_t seq;
        uint32_t length;
        uint64_t mono_ns;
        struct span bytes;
        const struct command *cmd; /**< whose first packet it is; NULL: it is the packet just handled */
};
/** A record for each rule that is marked as broken, as far as the bound goes. */
void emit_lint(struct dissect *d, const struct lint_evidence *evidence);
/** LINT_ODD_LENGTH was broken by the packet of @p cmd itself, which shows only when its statement is known: a record. */
void emit_odd_length(struct dissect *d, const struct command *cmd);
/** The connection ended within a packet of @p side, which is the usual trace of a crash. Nothing if it ended between two. */
void emit_cut_off(const struct dissect *d, enum side side, uint64_t now_ns);

#endif
