#include "mysql/dissect/login.h"

#include "mysql/dissect/emit.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/charset.h"
#include "mysql/wire/handshake.h"
#include "profile/heap/prof.h"

enum { LOGIN_SEQ = 1 };

static void set_collation(struct dissect *d, uint16_t id)
{
        const char *name = charset_name(id);
        if (name != NULL) {
                session_vars_set_charset(&d->vars, name);
        }
}

/** @return false: the sides did not agree on compression. Where both know both algorithms, zlib wins. */
static bool compression_of(const struct dissect *d, enum compress_algorithm *out)
{
        *out = (d->capabilities & CAP_COMPRESS) != 0 ? COMPRESS_ZLIB : COMPRESS_ZSTD;
        return (d->capabilities & (CAP_COMPRESS | CAP_ZSTD)) != 0;
}

/** The login ended: make its record, and free what only that needs. */
static void end_login(struct dissect *d, uint64_t end_ns, const struct err *err, const char *reason)
{
        enum compress_algorithm algorithm;
        bool is_compressed = err == NULL && reason == NULL && compression_of(d, &algorithm);
        emit_login(d, end_ns, err, is_compressed ? compress_name(algorithm) : NULL, reason);
        prof_free(d->attributes);
        d->attributes = NULL;
        d->attributes_len = 0;
        owned_text_drop(&d->server_version);
        auth_path_forget(&d->auth_path);
}

void login_cut_off(struct dissect *d, uint64_t now_ns)
{
        if (!d->refused) {
                end_login(d, now_ns, NULL,
                          d->phase == PHASE_LOGIN ? "the connection ended before the login"
                                                  : "the connection ended during authentication");
        }
}

/* --- packets ------------------------------------------------------------------------------------------------------ */

/** The server refuses the connection, before or after the client's login packet. */
static struct outcome refused(struct dissect *d, const struct message *m)
{
        struct err err;
        if (!err_parse(m->body, &err)) {
                return outcome_unreadable("a malformed ERR packet");
        }
        d->refused = true;
        end_login(d, m->end_ns, &err, NULL);
        return outcome_of(PACKET_ERR);
}

struct outcome login_on_refusal(struct dissect *d, const struct message *m)
{
        struct err err;
        bool is_refusal = m->first == REPLY_ERR && err_parse(m->body, &err);
        d->phase = PHASE_OPAQUE;
        d->packet_secret = !is_refusal;
        if (!is_refusal) {
                return outcome_of(PACKET_UNKNOWN);
        }
        d->refused = true;
        end_login(d, m->end_ns, &err, d->opaque_reason);
        return outcome_of(PACKET_ERR);
}

struct outcome login_on_greeting(struct dissect *d, const struct message *m)
{
        struct greeting greeting;
        d->login_start_ns = m->start_ns;
        if (m->first == REPLY_ERR) {
                return refused(d, m);
        }
        if (m->seq != 0 || !greeting_parse(m->body, &greeting)) {
                return outcome_unreadable(
                    "the server's first packet is not a greeting of protocol version 10");
        }
        d->capabilities = greeting.capabilities;
        d->server_capabilities = greeting.capabilities;
        d->server_conn_id = greeting.server_conn_id;
        d->vars.identity++;
        d->vars.charsets.server = charset_of_collation(greeting.collation_id);
        transaction_on_greeting(&d->transaction, greeting.server_version);
        if (!owned_text_set(&d->server_version, greeting.server_version) ||
            !auth_path_propose(&d->auth_path, greeting.auth_plugin)) {
                return outcome_no_memory();
        }
        d->phase = PHASE_LOGIN;
        return outcome_of(PACKET_GREETING);
}

struct outcome login_on_early_reply(struct dissect *d, const struct message *m)
{
        /* such as an ERR "connection timed out" while it waits for the login */
        return m->first == REPLY_ERR ? refused(d, m) : outcome_unreadable("a reply before the login");
}

static bool keep_attributes(struct dissect *d, struct span attributes)
{
        if (attributes.len == 0) {
                return true;
        }
        d->attributes = prof_alloc(STAGE_DISSECT, attributes.len);
        if (d->attributes == NULL) {
                return false;
        }
        memcpy(d->attributes, attributes.data, attributes.len);
        d->attributes_len = attributes.len;
        return true;
}

struct outcome login_on_login(struct dissect *d, const struct message *m)
{
        struct login login;
        d->packet_secret = true;
        if (m->seq != (d->ssl_requested ? LOGIN_SEQ + 1 : LOGIN_SEQ) || !login_parse(m->body, &login) ||
            (login.ssl_request && d->ssl_requested)) {
                return outcome_unreadable("the client's first packet is not a login of protocol 4.1");
        }
        if (login.ssl_request) {
                d->packet_secret = false;
                d->ssl_requested = true;
                return outcome_of(PACKET_SSL_REQUEST);
        }
        d->next_seq = (uint8_t)(m->last + 1);
        lint_login(&d->lint, login.capabilities, d->server_capabilities);
        if (login.odd_length) {
                lint_break(&d->lint, LINT_ODD_LENGTH);
        }
        d->client_capabilities = login.capabilities;
        d->capabilities &= login.capabilities;
        d->agreed = capability_pack(d->capabilities);
        set_collation(d, login.collation_id);
        d->vars.identity++;
        if (!owned_text_set(&d->vars.username, login.username) ||
            !owned_text_set(&d->vars.database, login.database) ||
            !auth_path_add_plugin(&d->auth_path, login.auth_plugin) ||
            !keep_attributes(d, login.attributes)) {
                return outcome_no_memory();
        }
        d->phase = PHASE_AUTH;
        return outcome_of(PACKET_LOGIN);
}

struct outcome login_on_client(struct dissect *d, const struct message *m)
{
        dissector_check_sequence(d, m, &d->next_seq);
        return dissector_hide_secret_kind(d, PACKET_AUTH_DATA);
}

/** Compression starts behind this OK, in both directions. */
static struct outcome begin_compression(struct dissect *d)
{
        enum compress_algorithm algorithm;
        if (!compression_of(d, &algorithm)) {
                return outcome_of(PACKET_OK);
        }
        if (!frame_idle(&d->streams[SIDE_CLIENT].frame) || d->queue.head != NULL) {
                return outcome_unreadable("a client that did not wait for compression to begin");
        }
        bool ok = packet_stream_compress(&d->streams[SIDE_CLIENT], algorithm) &&
                  packet_stream_compress(&d->streams[SIDE_SERVER], algorithm);
        return ok ? outcome_of(PACKET_OK) : outcome_no_memory();
}

struct outcome login_on_server(struct dissect *d, const struct message *m)
{
        struct ok ok;
        dissector_check_sequence(d, m, &d->next_seq);
        if (m->first == REPLY_ERR) {
                return refused(d, m);
        }
        if (m->first != REPLY_OK || m->len == 0) {
                d->packet_secret = true;
                return auth_path_on_server(&d->auth_path, &d->lint, d->capabilities, true, m);
        }
        if (!ok_parse(m->body, d->capabilities, &ok)) {
                return outcome_unreadable("a malformed OK packet");
        }
        lint_ending(&d->lint, m->len, false, &ok, d->capabilities);
        if (!session_vars_on_login_ok(&d->vars, &ok)) {
                return outcome_no_memory();
        }
        end_login(d, m->end_ns, NULL, NULL);
        d->phase = PHASE_READY;
        return begin_compression(d);
}
