/** @file journal_port.h  A worker's end of the journal: a ring for records, and places for its sessions.
 *
 * The first record of a session, and the first after something of the session changed, carries the session (record.h); the others refer
 * to it by its place. What a dropped record carried is carried by the next one.
 * Threads: one owner for each port.   Memory: STAGE_JOURNAL, made with the journal; what does not fit in the ring is bounded. */
#ifndef JOURNAL_JOURNAL_PORT_H
#define JOURNAL_JOURNAL_PORT_H

#include "mysql/record/record_raw.h"

struct journal_port;

/** Hand over a copy of @p raw. Never blocks. @return false if it had to be dropped (counted). */
bool journal_put(struct journal_port *port, const struct record_raw *raw);

/** With log.when_full = block, what finds no space in this port's ring goes to an overflow from now on. *@p full, its owner's, is set
 *  while there is such; whatever makes records should wait then. @return a descriptor that becomes readable when there may be space
 *  again, then to be read and followed by journal_port_settle; -1 if nothing overflows. */
int journal_port_keep(struct journal_port *port, bool *full);
/** Move the overflow to the ring. @return true if none is left; *full is false then. */
bool journal_port_settle(struct journal_port *port);

/** A place for a new session of the port's owner. @return 0 if none is free: then each record of it carries the session. */
uint32_t journal_session_begin(struct journal_port *port);
/** After its last record. @p place may be 0. */
void journal_session_end(struct journal_port *port, uint32_t place);
/** When this number changes, each session is to be carried again by its next record: the journal has lost one. */
const _Atomic uint32_t *journal_port_announcements(const struct journal_port *port);

#endif
