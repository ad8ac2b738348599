/** @file tap_state.h  What a tap consists of. For tap*.c only.
 *
 *      tap.c          identity, bytes, the end
 *      tap_packets.c  packets: for the recorder, for the log, as a hex dump
 *      tap_copy.c     packets: a copy for other threads, as a capture file
 *      tap_open.c     life, and what the dissector reports */
#ifndef TAP_TAP_STATE_H
#define TAP_TAP_STATE_H

#include "capture/capture.h"
#include "tap/tap.h"

/** Who a session is, for a capture file; it is recorded when the session ends. */
struct tap_about {
        uint64_t conn_id;
        uint64_t capabilities; /* that both sides agreed on */
        struct sql_mode mode;
        uint64_t packets; /* that were given to the recorder */
        uint64_t end_ns;  /* wall time; 0 = it is open */
        bool abrupt;
        char client_addr[64];
        char listen_addr[120];
        char remote_addr[128];
        char username[64];
        char database[64];
};

struct tap {
        struct tap_front front;
        struct tap_shared *shared;
        struct tap_times *times;
        uint64_t packets; /* that were given to the recorder */
        bool has_login;   /* tap_set_login was called */
        bool translated;  /* the exchange of the password */
        uint16_t client_len;
        uint16_t own_len;
        uint64_t conn_id;
        struct capture_track track; /* in shared->capture, if there is one */
        uint32_t place;             /* see tap_output.begin_session; 0 = none */
        bool
            carried; /* the last record that carried the session was taken, and what the tap knows is the same … */
        uint32_t announcements; /* … so is this number … */
        uint32_t identity;      /* … and dissect_identity */
        uint64_t known;         /* the session's fields that the tap knows, a bit each */
        const char *prevented;  /* why no login took place; NULL = it did, or may still */
        char *prevented_by;     /* the error behind it; NULL = none */
        uint64_t start_ns;
        uint64_t server_end_ns; /* 0 = the server has not ended */
        struct span listen_addr;
        struct span remote_addr;
        char *own_addr;                 /* towards the server; NULL = not connected */
        char *tls[2];                   /* by enum side; NULL = none */
        struct dissect_verdict counted; /* in the shared counts */
        struct gate_offer offer;
        char *told_addr;    /* of the client, by tap_set_client; NULL = it is who connected */
        char client_addr[]; /* who connected */
};

/* tap.c */
/** A record of @p event at @p now_ns, without the identity of the session. */
struct record tap_record(enum record_event event, uint64_t now_ns);
/** Let @p r refer to the session, or carry it if that is due, and emit it. */
void tap_emit(struct tap *tap, struct record *r);
/** What the tap itself knows of the session has changed. */
void tap_identity_changed(struct tap *tap);
struct tap_about tap_about(const struct tap *tap);

/* tap_packets.c: callbacks of the dissector; @p arg is the tap. */
void tap_on_packet(void *arg, const struct packet *p);
void tap_on_run(void *arg, const struct packet_run *run);
/** What is recorded of a session that has ended, which the caller frees. @return NULL if no packet of it is kept, or memory is out. */
struct capture_copy *tap_packets_ended(const struct tap_shared *shared, uint64_t conn_id);

#endif
