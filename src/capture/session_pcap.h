/** @file session_pcap.h  The packets of a session as a TCP connection that Wireshark's MySQL dissector can read.
 *
 * What is written is what the dissector saw: plaintext of TLS, and decompressed packets. The login is replaced, since passwords are never
 * recorded and its flags would make Wireshark look for TLS and compression:
 *
 *      greeting      of the server's version, with a scramble of zeros
 *      login         with the flags that the session agreed on, without SSL, COMPRESS and PLUGIN_AUTH; an empty password
 *      OK or ERR     the recorded one if it is there, with sequence number 2
 *
 * So Wireshark also knows the flags if the recorder no longer has the login. Port 3306 stands for the server's, because that is where
 * Wireshark expects MySQL; the comment of the first packet has the true addresses.
 *
 * Each packet of the session is a packet of the file, with its true length and a comment: number of the session, kind, and of a statement
 * its digest and text. Packets that are not shown in full in the hex dump have no more bytes here: a statement that may contain a password,
 * or is redacted, consists of as many asterisks (a single byte is one asterisk), at most SESSION_PCAP_FILL; any other packet ends
 * behind the bytes that identify it, with its true length.
 * Threads: one owner.   Memory: allocates nothing. */
#ifndef CAPTURE_SESSION_PCAP_H
#define CAPTURE_SESSION_PCAP_H

#include "capture/capture.h"
#include "capture/tcp_stream.h"
#include "mysql/wire/sql_mode.h"

enum {
        SESSION_PCAP_FILL = 1024,
        SESSION_PCAP_PORT = 3306,
        SESSION_PCAP_LOGIN = 256,
        SESSION_PCAP_ABOUT = 512,
};

/** What is known of a session besides its packets; empty or 0 = unknown. */
struct session_pcap_info {
        uint64_t conn_id;
        uint64_t capabilities; /**< that both sides agreed on, with MariaDB's in bits 32 and up */
        struct span client_addr;
        struct span listen_addr; /**< where the client connected to */
        struct span remote_addr; /**< of the server */
        struct span username;
        struct span database;
        struct sql_mode mode; /**< how the server reads statements; its version is written in the greeting */
};

enum session_pcap_state {
        SESSION_PCAP_NEW,   /**< nothing is written yet */
        SESSION_PCAP_AUTH,  /**< the recorded login passes, whose end is written */
        SESSION_PCAP_READY, /**< packets are written as they are */
        SESSION_PCAP_CLOSED,
};

struct session_pcap {
        struct pcapng *out;
        struct tcp_stream tcp;
        enum session_pcap_state state;
        uint64_t lost; /**< packets that came before the first one */
        uint64_t conn_id;
        uint64_t capabilities;
        struct sql_mode mode; /**< for digests */
        struct tcp_end ends[2];
        char about[SESSION_PCAP_ABOUT]; /**< comment of the first packet */
        size_t about_len;
        uint8_t login[SESSION_PCAP_LOGIN]; /**< payloads of greeting and login */
        size_t greeting_len;
        size_t login_len; /**< of both */
};

/** Begin; nothing is written before the first packet. @p lost: the number of packets of the session before it. @p info is not needed
 *  after the call. */
void session_pcap_begin(struct session_pcap *s, struct pcapng *out, const struct session_pcap_info *info,
                        uint64_t lost);
/** Write the next packet. */
void session_pcap_packet(struct session_pcap *s, const struct capture_packet *p);
/** @p n packets of the session are missing here. */
void session_pcap_lost(struct session_pcap *s, uint64_t wall_ns, uint64_t n);
/** The session has ended; @p abrupt: the connection was reset or failed. Harmless if nothing was written. */
void session_pcap_end(struct session_pcap *s, uint64_t wall_ns, bool abrupt);

#endif
