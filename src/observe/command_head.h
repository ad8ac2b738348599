/** @file command_head.h  Recognise the protocol from the bytes of one TCP segment, without knowing what came before.
 *
 * Knows: how greetings, logins and commands begin, and how long they are.   Does not know: sessions.
 * A guess may be wrong: callers ask for a second sign, or know from the port that it is MySQL's protocol.
 * Threads: any.   Memory: none. */
#ifndef OBSERVE_COMMAND_HEAD_H
#define OBSERVE_COMMAND_HEAD_H

#include "mysql/dissect/dissect.h"

/** Does the segment, of @p length bytes on the wire, begin with a server's first packet: a greeting, or the error of a server that refuses the
 *  client? Of a greeting that was not captured whole, the version and what surrounds it must be there. */
bool head_is_greeting(struct span segment, uint64_t length);
/** Is the segment a client's login? */
bool head_is_login(struct span segment);
/** Does the segment, @p length bytes on the wire, begin a command? @p packing is set if it does. */
bool head_is_command(struct span segment, uint64_t length, enum dissect_packing *packing);
/** Does the segment begin a reply to a command? */
bool head_is_reply(struct span segment, enum dissect_packing packing);
/** Is the segment a record of TLS? */
bool head_is_tls(struct span segment);
/** Is the segment a message of the X protocol's server, as MySQL sends them on port 33060? */
bool head_is_x_protocol(struct span segment);

#endif
