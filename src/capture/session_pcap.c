#include "capture/session_pcap.h"

#include "base/shown.h"
#include "mysql/sql/digest.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/command.h"
#include "mysql/wire/frame.h"

#include <stdio.h>

enum {
        NAME_MAX_BYTES = 40, /* of a user, database or version in the login */
        SCRAMBLE = 20,
        SCRAMBLE_FIRST = 8,
        STATUS_AUTOCOMMIT = 2,
        UTF8MB4 = 45,
        PACKET_MAX_BITS = 24,
        ANY_PORT_FIRST = 49152, /* of clients without a port */
        ANY_PORTS = 16384,
        STATEMENT_SHOWN = 256, /* bytes of a statement in a comment */
        LOOPBACK_LAST = 1,
        LOGIN_OK_SEQ = 2,
        FIRST_MAX = 3, /* code, number of query attributes, number of their sets */
};

/* Flags whose parts the login has not, or which make readers expect other bytes than those that are written. */
#define NOT_WRITTEN                                                                                          \
        (CAP_SSL | CAP_COMPRESS | CAP_ZSTD | CAP_PLUGIN_AUTH | CAP_CONNECT_ATTRS | CAP_AUTH_LENENC |         \
         CAP_MULTI_FACTOR | CAP_CONNECT_WITH_DB)

/* --- the beginning ------------------------------------------------------------------------------------------------------ */

/** An address that can be written for @p text; a UNIX socket becomes a port of 127.0.0.1. */
static struct tcp_end end_of(struct span text, uint16_t port)
{
        struct tcp_end end;
        if (!tcp_end_read(&end, text)) {
                end = (struct tcp_end){.port = port};
                end.ip[12] = 127;
                end.ip[15] = LOOPBACK_LAST;
        }
        return end;
}

static void put_zeros(struct writer *w, size_t n)
{
        static const uint8_t zeros[SCRAMBLE + 4];
        writer_bytes(w, zeros, n);
}

/** Text up to a NUL. */
static void put_name(struct writer *w, struct span name)
{
        const uint8_t *nul = name.len > 0 ? memchr(name.data, 0, name.len) : NULL;
        writer_put(w, span_head(name, nul != NULL ? (size_t)(nul - name.data) : NAME_MAX_BYTES));
        writer_char(w, '\0');
}

static void put_greeting(struct writer *w, uint64_t capabilities, const struct sql_mode *mode)
{
        unsigned version = mode->version;
        writer_uint(w, 10, 1);
        writer_format(w, "%u.%u.%u%s", version / 10000, version / 100 % 100, version % 100,
                      mode->is_mariadb ? "-MariaDB" : "");
        writer_char(w, '\0');
        put_zeros(w, 4); /* number of the connection */
        put_zeros(w, SCRAMBLE_FIRST + 1);
        writer_uint(w, capabilities, 2);
        writer_uint(w, UTF8MB4, 1);
        writer_uint(w, STATUS_AUTOCOMMIT, 2);
        writer_uint(w, capabilities >> 16, 2);
        writer_uint(w, SCRAMBLE + 1, 1);
        put_zeros(w, 6);
        writer_uint(w, capabilities >> 32, 4);
        put_zeros(w, SCRAMBLE - SCRAMBLE_FIRST + 1);
}

static void put_login(struct writer *w, uint64_t capabilities, const struct session_pcap_info *info)
{
        writer_uint(w, capabilities, 4);
        writer_uint(w, 1U << PACKET_MAX_BITS, 4);
        writer_uint(w, UTF8MB4, 1);
        put_zeros(w, 19);
        writer_uint(w, capabilities >> 32, 4);
        put_name(w, span_head(info->username, NAME_MAX_BYTES));
        put_zeros(w, 1); /* no password */
        if (info->database.len > 0) {
                put_name(w, span_head(info->database, NAME_MAX_BYTES));
        }
}

static void describe(struct session_pcap *s, const struct session_pcap_info *info)
{
        static const struct {
                const char *before;
                size_t offset;
        } parts[] = {
            {"client ", offsetof(struct session_pcap_info, client_addr)},
            {", proxy ", offsetof(struct session_pcap_info, listen_addr)},
            {", server ", offsetof(struct session_pcap_info, remote_addr)},
        };
        struct writer w = writer_over(s->about, sizeof s->about);
        writer_format(&w, "session %llu: ", (unsigned long long)s->conn_id);
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
                struct span text = *(const struct span *)(const void *)((const char *)info + parts[i].offset);
                writer_text(&w, parts[i].before);
                shown_put(&w, text.len > 0 ? span_head(text, NAME_MAX_BYTES) : span_str("unknown"));
        }
        if (s->lost == 0) {
                writer_text(&w, "; passwords are left out of the login");
        } else {
                writer_format(&w, "; the login is reconstructed, and %llu packets are not kept any more",
                              (unsigned long long)s->lost);
        }
        s->about_len = w.at;
}

void session_pcap_begin(struct session_pcap *s, struct pcapng *out, const struct session_pcap_info *info,
                        uint64_t lost)
{
        s->out = out;
        s->state = SESSION_PCAP_NEW;
        s->lost = lost;
        s->conn_id = info->conn_id;
        s->capabilities = (info->capabilities & ~NOT_WRITTEN) | CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION;
        s->mode = info->mode;
        s->ends[SIDE_CLIENT] =
            end_of(info->client_addr, (uint16_t)(ANY_PORT_FIRST + info->conn_id % ANY_PORTS));
        s->ends[SIDE_SERVER] = end_of(info->listen_addr, SESSION_PCAP_PORT);
        s->ends[SIDE_SERVER].port = SESSION_PCAP_PORT;
        describe(s, info);
        uint64_t capabilities = s->capabilities | (info->database.len > 0 ? CAP_CONNECT_WITH_DB : 0);
        struct writer w = writer_over(s->login, sizeof s->login);
        put_greeting(&w, capabilities, &info->mode);
        s->greeting_len = w.at;
        put_login(&w, capabilities, info);
        s->login_len = w.at;
}

/** Write the packet @p p as @p first (at most FIRST_MAX bytes) and @p rest: the beginning of its payload. */
static void put_packet(struct session_pcap *s, const struct capture_packet *p, struct span first,
                       struct span rest, struct span comment)
{
        uint8_t bytes[FRAME_HEADER_SIZE + FIRST_MAX];
        struct writer w = writer_over(bytes, sizeof bytes);
        size_t length = p->packet.length;
        writer_uint(&w, length, 3);
        writer_uint(&w, p->packet.seq, 1);
        writer_put(&w, first);
        if (p->packet.cut_off) {
                length = first.len + rest.len; /* no more than that has come */
        }
        tcp_stream_send(&s->tcp, p->packet.from, p->wall_ns, writer_span(&w), rest,
                        FRAME_HEADER_SIZE + length, comment);
}

static void put_whole(struct session_pcap *s, uint64_t wall_ns, enum side from, uint8_t seq,
                      struct span payload)
{
        char text[80];
        struct writer w = writer_over(text, sizeof text);
        const struct capture_packet p = {
            .wall_ns = wall_ns, .packet = {.from = from, .seq = seq, .length = (uint32_t)payload.len}};
        writer_format(&w, "#%llu reconstructed", (unsigned long long)s->conn_id);
        put_packet(s, &p, span_of(NULL, 0), payload, writer_span(&w));
}

static void put_login_ok(struct session_pcap *s, uint64_t wall_ns)
{
        static const uint8_t ok[] = {0, 0, 0, STATUS_AUTOCOMMIT, 0, 0, 0};
        put_whole(s, wall_ns, SIDE_SERVER, LOGIN_OK_SEQ, span_of(ok, sizeof ok));
}

void session_pcap_lost(struct session_pcap *s, uint64_t wall_ns, uint64_t n)
{
        if (n == 0 || s->state == SESSION_PCAP_NEW || s->state == SESSION_PCAP_CLOSED) {
                return;
        }
        if (s->state == SESSION_PCAP_AUTH) {
                put_login_ok(s, wall_ns);
                s->state = SESSION_PCAP_READY;
        }
        tcp_stream_skip(&s->tcp);
        pcapng_dropped(s->out, 0, wall_ns, n);
}

static void open_stream(struct session_pcap *s, uint64_t wall_ns, bool refused)
{
        tcp_stream_open(&s->tcp, s->out, &s->ends[SIDE_CLIENT], &s->ends[SIDE_SERVER], wall_ns,
                        span_of(s->about, s->about_len));
        s->state = SESSION_PCAP_READY;
        if (refused) {
                return; /* an error took the place of the greeting */
        }
        struct span login = span_of(s->login, s->login_len);
        put_whole(s, wall_ns, SIDE_SERVER, 0, span_head(login, s->greeting_len));
        put_whole(s, wall_ns, SIDE_CLIENT, 1, span_skip(login, s->greeting_len));
        s->state = SESSION_PCAP_AUTH;
        session_pcap_lost(s, wall_ns, s->lost);
}

/* --- comments --------------------------------------------------------------------------------------------------------- */

/** Do the numbers of query attributes and of their sets precede the text? */
static bool has_counts(const struct session_pcap *s, const struct packet *p)
{
        return p->kind == packet_kind_of(COM_QUERY) && (s->capabilities & CAP_QUERY_ATTRIBUTES) != 0;
}

/** The text of a statement, or an empty span. Query attributes before it are not read: it has none then. */
static struct span statement_of(const struct session_pcap *s, const struct packet *p)
{
        struct span text = span_skip(p->head, 1);
        if (p->kind == packet_kind_of(COM_STMT_PREPARE)) {
                return text;
        }
        if (p->kind != packet_kind_of(COM_QUERY)) {
                return (struct span){NULL, 0};
        }
        if (!has_counts(s, p)) {
                return text;
        }
        bool none = text.len >= 2 && text.data[0] == 0 && text.data[1] == 1;
        return none ? span_skip(text, 2) : (struct span){NULL, 0};
}

static void put_statement(struct writer *w, const struct session_pcap *s, const struct packet *p)
{
        struct span text = statement_of(s, p);
        if (text.len == 0) {
                return;
        }
        bool whole = p->head.len == p->length;
        if (whole) {
                struct digest digest;
                char hex[DIGEST_HEX];
                digest_make(text, s->mode, &digest);
                digest_hex(digest.hash, hex);
                writer_text(w, " digest ");
                writer_bytes(w, hex, sizeof hex);
        }
        writer_char(w, ' ');
        shown_put(w, span_head(text, STATEMENT_SHOWN));
        writer_text(w, !whole || text.len > STATEMENT_SHOWN ? "\xe2\x80\xa6" : "");
}

static struct span comment_of(const struct session_pcap *s, const struct packet *p, struct writer *w)
{
        writer_format(w, "#%llu %s", (unsigned long long)s->conn_id, packet_kind_name(p->kind));
        if (p->secret) {
                writer_text(w, " (not shown: authentication data, or it may contain a password)");
        } else if (p->redacted) {
                writer_text(w, " (redacted)");
        } else {
                put_statement(w, s, p);
        }
        return writer_span(w);
}

/* --- packets ---------------------------------------------------------------------------------------------------------- */

static bool is_of_login(enum packet_kind kind)
{
        return kind == PACKET_GREETING || kind == PACKET_SSL_REQUEST || packet_kind_is_secret(kind);
}

/** @return false if @p p is not to be written: what stands for the login has been written. */
static bool pass_login(struct session_pcap *s, struct capture_packet *p)
{
        const struct packet *packet = &p->packet;
        bool is_command = packet->from == SIDE_CLIENT && packet->kind < PACKET_UNKNOWN && packet->seq == 0;
        if (is_of_login(packet->kind) && !is_command) {
                return false;
        }
        s->state = SESSION_PCAP_READY;
        if (packet->from == SIDE_SERVER) {
                p->packet.seq = LOGIN_OK_SEQ;
        } else {
                put_login_ok(s, p->wall_ns);
        }
        return true;
}

/** Write the packet @p p, of which some bytes are not shown. */
static void put_hidden(struct session_pcap *s, const struct capture_packet *p, struct span comment)
{
        const struct packet *packet = &p->packet;
        uint8_t first[FIRST_MAX] = {(uint8_t)packet->kind, 0, 1};
        bool is_command = packet->kind < PACKET_UNKNOWN && packet->length > 0;
        if (is_command && command_type((uint8_t)packet->kind)->has_text) {
                char text[SESSION_PCAP_FILL];
                /* no query attributes */
                bool counted = has_counts(s, packet) && packet->length >= FIRST_MAX;
                struct span begin = span_of(first, counted ? FIRST_MAX : 1);
                memset(text, '*', sizeof text);
                put_packet(s, p, begin, span_head(span_of(text, sizeof text), packet->length - begin.len),
                           comment);
        } else if (packet->secret) {
                put_packet(s, p, span_of(first, is_command ? 1 : 0), span_of(NULL, 0), comment);
        } else {
                put_packet(s, p, span_of(NULL, 0), packet->head, comment);
        }
}

void session_pcap_packet(struct session_pcap *s, const struct capture_packet *packet)
{
        char text[PCAPNG_TEXT_MAX * 2];
        struct writer w = writer_over(text, sizeof text);
        struct capture_packet p = *packet;
        if (s->state == SESSION_PCAP_CLOSED) {
                return;
        }
        if (s->state == SESSION_PCAP_NEW) {
                open_stream(s, p.wall_ns, s->lost == 0 && p.packet.kind == PACKET_ERR);
        }
        if (s->state == SESSION_PCAP_AUTH && !pass_login(s, &p)) {
                return;
        }
        struct span comment = comment_of(s, &p.packet, &w);
        if (p.packet.secret || p.packet.redacted) {
                put_hidden(s, &p, comment);
        } else {
                put_packet(s, &p, span_of(NULL, 0), p.packet.head, comment);
        }
}

void session_pcap_end(struct session_pcap *s, uint64_t wall_ns, bool abrupt)
{
        char text[80];
        struct writer w = writer_over(text, sizeof text);
        if (s->state == SESSION_PCAP_NEW || s->state == SESSION_PCAP_CLOSED) {
                return;
        }
        writer_format(&w, "#%llu end", (unsigned long long)s->conn_id);
        tcp_stream_close(&s->tcp, SIDE_CLIENT, wall_ns, abrupt, writer_span(&w));
        s->state = SESSION_PCAP_CLOSED;
}
