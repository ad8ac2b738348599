#include "proxy/net/tls.h"

#include "mysql/gate/secure_buffer.h"
#include "profile/heap/prof.h"
#include "proxy/net/tls_bio.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* Logins and passwords are short: bytes that may be one are wiped from the shared buffer. */
enum { RECORD_MAX = 16 * 1024, ERROR_TEXT_MAX = 200, PENDING_MAX = 64 * 1024, SECRET_MAX = 1024 };

struct tls {
        SSL *ssl;
        struct tls_sink sink;
        uint8_t *buffer;
        size_t buffer_size;
        struct tls_bio bio;           /* the socket, for OpenSSL */
        struct secure_buffer pending; /* written before the handshake was over */
        enum side peer;
        bool established;
        bool ended;
        bool shut;
        char error[ERROR_TEXT_MAX];
};

/* --- life ----------------------------------------------------------------------------------------------------------- */

struct tls *tls_new(const struct tls_context *context, const struct address *server, struct tls_sink sink,
                    uint8_t *buffer, size_t buffer_size)
{
        PROF_SCOPE(STAGE_TLS);
        const enum side peer = server != NULL ? SIDE_SERVER : SIDE_CLIENT;
        struct tls *t = prof_calloc(STAGE_TLS, 1, sizeof *t);
        if (t == NULL) {
                return NULL;
        }
        *t = (struct tls){.sink = sink, .buffer = buffer, .buffer_size = buffer_size, .peer = peer};
        t->bio = (struct tls_bio){.arg = sink.arg, .write = sink.on_cipher};
        ERR_clear_error();
        BIO *bio = tls_bio_new(tls_context_bio(context), &t->bio);
        t->ssl = tls_context_connection(context, server);
        if (bio == NULL || t->ssl == NULL) {
                BIO_free(bio);
                tls_free(t);
                return NULL;
        }
        SSL_set_bio(t->ssl, bio, bio);
        if (peer == SIDE_CLIENT) {
                SSL_set_accept_state(t->ssl);
        } else {
                SSL_set_connect_state(t->ssl);
        }
        return t;
}

void tls_free(struct tls *t)
{
        PROF_SCOPE(STAGE_TLS);
        if (t != NULL) {
                SSL_free(t->ssl);
                secure_buffer_fini(&t->pending);
                prof_free(t);
        }
}

void tls_describe(const struct tls *t, char *out, size_t size)
{
        (void)snprintf(out, size, "%s %s", SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl));
}

const char *tls_error(const struct tls *t)
{
        return t->error;
}

struct span tls_pending(const struct tls *t)
{
        return secure_buffer_span(&t->pending);
}

/* --- bytes ---------------------------------------------------------------------------------------------------------- */

/** Does a peer that sends @p alert reject our certificate? RFC 8446, 6.2. */
static bool rejects_certificate(int alert)
{
        return alert == SSL_AD_UNKNOWN_CA ||
               (alert >= SSL_AD_BAD_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN);
}

/** The peer ended TLS by @p alert: put who did that, and why, into t->error. */
static void describe_alert(struct tls *t, int alert)
{
        (void)snprintf(t->error, sizeof t->error, "the %s %s TLS alert %d (%s)",
                       t->peer == SIDE_CLIENT ? "client" : "server",
                       rejects_certificate(alert) ? "refused the certificate:" : "sent", alert,
                       SSL_alert_desc_string_long(alert));
}

/** Put the reason why OpenSSL failed into t->error. */
static enum tls_state fail(struct tls *t)
{
        if (t->bio.no_memory) {
                return TLS_NOMEM;
        }
        bool verifies = SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE;
        long verified = verifies ? SSL_get_verify_result(t->ssl) : X509_V_OK;
        unsigned long code = ERR_peek_last_error();
        const char *reason = ERR_reason_error_string(code);
        if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
                return TLS_NOMEM;
        }
        if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET) {
                describe_alert(t, ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET);
                return TLS_FAILED;
        }
        (void)snprintf(t->error, sizeof t->error, "%s%s%s",
                       reason != NULL ? reason : "the connection broke off",
                       verified != X509_V_OK ? ": " : "",
                       verified != X509_V_OK ? X509_verify_cert_error_string(verified) : "");
        return TLS_FAILED;
}

static enum tls_state result_of(struct tls *t, int result)
{
        switch (SSL_get_error(t->ssl, result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return t->bio.no_memory ? TLS_NOMEM : TLS_GOES_ON;
        case SSL_ERROR_ZERO_RETURN: t->ended = true; return TLS_ENDED;
        default: return fail(t);
        }
}

static enum tls_state put(struct tls *t, struct span bytes)
{
        while (bytes.len > 0) {
                size_t written = 0;
                int result = SSL_write_ex(t->ssl, bytes.data, bytes.len, &written);
                if (result != 1) {
                        enum tls_state state = result_of(t, result);
                        return state == TLS_GOES_ON
                                   ? fail(t)
                                   : state; /* it never has to wait: its BIO takes everything */
                }
                bytes = span_skip(bytes, written);
        }
        return TLS_GOES_ON;
}

/** If the handshake has just ended, report that, and send what has waited for it. */
static enum tls_state note_established(struct tls *t)
{
        if (t->established || SSL_is_init_finished(t->ssl) != 1) {
                return TLS_GOES_ON;
        }
        t->established = true;
        t->sink.on_established(t->sink.arg);
        enum tls_state state = put(t, secure_buffer_span(&t->pending));
        secure_buffer_fini(&t->pending);
        return state;
}

static void deliver(struct tls *t, size_t len)
{
        if (len > 0) {
                t->sink.on_plain(t->sink.arg, span_of(t->buffer, len));
                if (len <= SECRET_MAX) {
                        explicit_bzero(t->buffer, len);
                }
        }
}

enum status tls_pass_name(struct tls *to, const struct tls *from)
{
        PROF_SCOPE(STAGE_TLS);
        const char *asked = SSL_get_servername(from->ssl, TLSEXT_NAMETYPE_host_name);
        char name[TLSEXT_MAXLEN_host_name + 1]; /* OpenSSL copies it, but takes no const text */
        if (asked == NULL || *asked == '\0') {
                return STATUS_OK;
        }
        (void)snprintf(name, sizeof name, "%s", asked);
        return SSL_ctrl(to->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1
                   ? STATUS_OK
                   : STATUS_NOMEM;
}

enum tls_state tls_start(struct tls *t)
{
        PROF_SCOPE(STAGE_TLS);
        ERR_clear_error();
        int result = SSL_do_handshake(t->ssl);
        return result == 1 ? note_established(t)
                           : result_of(t, result); /* which is never the case: the peer must answer first */
}

enum tls_state tls_feed(struct tls *t, struct span bytes)
{
        PROF_SCOPE(STAGE_TLS);
        enum tls_state state = t->ended ? TLS_ENDED : TLS_GOES_ON;
        size_t have = 0;
        t->bio.in = bytes;
        while (state == TLS_GOES_ON) {
                size_t got = 0;
                ERR_clear_error();
                int result = SSL_read_ex(t->ssl, t->buffer + have, t->buffer_size - have, &got);
                enum tls_state read_state = result == 1 ? TLS_GOES_ON : result_of(t, result);
                state = note_established(
                    t); /* this may write, and so change what OpenSSL reports about the reading */
                if (result != 1) {
                        state = state == TLS_GOES_ON ? read_state : state;
                        break;
                }
                have += got;
                if (t->buffer_size - have < RECORD_MAX) {
                        deliver(t, have);
                        have = 0;
                }
        }
        deliver(t, have);
        t->bio.in = (struct span){NULL, 0};
        return state;
}

enum tls_state tls_write(struct tls *t, struct span bytes)
{
        PROF_SCOPE(STAGE_TLS);
        ERR_clear_error();
        if (t->established) {
                return put(t, bytes);
        }
        if (bytes.len > PENDING_MAX) {
                (void)snprintf(t->error, sizeof t->error, "too much to send before the handshake");
                return TLS_FAILED;
        }
        return secure_buffer_add(&t->pending, bytes) ? TLS_GOES_ON : TLS_NOMEM;
}

void tls_shut(struct tls *t)
{
        PROF_SCOPE(STAGE_TLS);
        if (t->established && !t->shut) {
                t->shut = true;
                ERR_clear_error();
                (void)SSL_shutdown(t->ssl);
        }
}
