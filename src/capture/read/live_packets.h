/** @file live_packets.h  The packets that pass an interface of this machine, by a packet socket of Linux.
 *
 * Packets begin with their IP header, whatever the interface's link type is. On the loopback interface, where each packet passes twice, it
 * is read once. Only the socket needs a privilege (CAP_NET_RAW); live_packets_drop_privileges gives up all of them.
 * Knows: sockets, privileges.   Does not know: what packets contain.
 * Threads: one owner.   Memory: STAGE_CAPTURE, one block. */
#ifndef CAPTURE_READ_LIVE_PACKETS_H
#define CAPTURE_READ_LIVE_PACKETS_H

#include "base/status.h"
#include "capture/read/capture_file.h"

struct live_packets;

/** What live_packets_next has found. */
enum live_found {
        LIVE_PACKET,
        LIVE_NONE,   /**< none came within the time, or a signal came */
        LIVE_FAILED, /**< errno says why: the interface is down, for example */
};

/** Open @p interface; "any" is all of them. Without @p promiscuous, what is not sent to this machine does not pass.
 *  @return STATUS_IO or STATUS_NOMEM; @p why is set to a sentence then, static or from strerror. */
enum status live_packets_open(const char *interface, bool promiscuous, struct live_packets **out,
                              const char **why);
void live_packets_close(struct live_packets *l);
/** Become the user that called sudo, or else nobody, without any capability, for good. @return false with errno. */
bool live_packets_drop_privileges(void);
/** Wait for the next packet for at most @p wait_ms. @p out lives until the next call. */
enum live_found live_packets_next(struct live_packets *l, int wait_ms, struct captured *out);
/** How many packets the system has dropped since the last call, because they were not read in time. */
uint64_t live_packets_take_drops(struct live_packets *l);

#endif
