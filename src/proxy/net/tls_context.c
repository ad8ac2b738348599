#include "proxy/net/tls_context.h"

#include "base/diag.h"
#include "base/files.h"
#include "profile/heap/prof.h"
#include "proxy/net/tls_bio.h"
#include "proxy/net/tls_identity.h"
#include "settings/places.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BITS = 2048 };

struct tls_context {
        const struct settings *settings; /* only while it is made */
        bool verifies_host;              /* tls.server is verify_identity */
        SSL_CTX *by_peer[2];             /* NULL: no TLS on that side */
        BIO_METHOD *bio;
        EVP_PKEY *key; /* RSA: for passwords that clients encrypt */
        BIO *public_key;
        int key_log;
        struct gate_policy policies[2][2]; /* by whether the client is local, and whether the server is */
};

/** Nobody can be asked for a passphrase; and a text of the server must not make us ask, either. */
static int no_passphrase(char *buffer, int size, int writing, void *arg)
{
        (void)buffer;
        (void)size;
        (void)writing;
        (void)arg;
        return -1;
}

static enum status fail(const struct settings *s, const char *setting, const char *what, const char *file)
{
        unsigned long first = ERR_peek_error(); /* the errors after it only name the callers */
        const char *reason =
            ERR_SYSTEM_ERROR(first) ? strerror(ERR_GET_REASON(first)) : ERR_reason_error_string(first);
        char place[SETTINGS_PLACE_MAX];
        diag(DIAG_ERROR, "%ssetting '%s': %s '%s': %s", settings_place(s, setting, 0, place), setting, what,
             file, reason != NULL ? reason : "unknown");
        ERR_clear_error();
        return STATUS_INVALID;
}

/* --- translated logins ---------------------------------------------------------------------------------------------- */

static bool run_rsa(EVP_PKEY *key, bool encrypts, struct span in, struct writer *out)
{
        size_t len = out->size - out->at;
        ERR_clear_error();
        EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
        bool done = c != NULL && (encrypts ? EVP_PKEY_encrypt_init(c) : EVP_PKEY_decrypt_init(c)) == 1 &&
                    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
                    (encrypts ? EVP_PKEY_encrypt(c, out->data + out->at, &len, in.data, in.len)
                              : EVP_PKEY_decrypt(c, out->data + out->at, &len, in.data, in.len)) == 1;
        EVP_PKEY_CTX_free(c);
        ERR_clear_error();
        if (done) {
                out->at += len;
                out->wanted += len;
        }
        return done;
}

static bool seal(void *arg, struct span pem, struct span secret, struct writer *out)
{
        PROF_SCOPE(STAGE_TLS);
        (void)arg;
        BIO *bio = BIO_new_mem_buf(pem.data, pem.len < INT16_MAX ? (int)pem.len : 0);
        EVP_PKEY *key = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL) : NULL;
        bool done = key != NULL && run_rsa(key, true, secret, out);
        EVP_PKEY_free(key);
        BIO_free(bio);
        ERR_clear_error();
        return done;
}

static bool unseal(void *arg, struct span sealed, struct writer *out)
{
        PROF_SCOPE(STAGE_TLS);
        const struct tls_context *context = arg;
        return context->key != NULL && run_rsa(context->key, false, sealed, out);
}

static struct span public_key(void *arg)
{
        const struct tls_context *context = arg;
        char *bytes = NULL;
        long len = context->public_key != NULL ? BIO_get_mem_data(context->public_key, &bytes) : 0;
        return span_of(bytes, (size_t)len);
}

/** If a client has no TLS but its server has, the client encrypts its password with this key. */
static bool needs_key(const struct gate_policy *p)
{
        return !p->client_local && p->client != GATE_CLIENT_REQUIRED &&
               (p->server_local || p->server == GATE_SERVER_PREFERRED || p->server == GATE_SERVER_REQUIRED);
}

static enum status set_key(struct tls_context *context, const struct tls_ends *ends)
{
        const SSL_CTX *own = context->by_peer[SIDE_CLIENT];
        EVP_PKEY *key = own != NULL ? SSL_CTX_get0_privatekey(own) : NULL;
        bool needs = false;
        for (unsigned i = 0; i < ends->n_listen; i++) {
                for (unsigned k = 0; k < ends->n_remote; k++) {
                        needs = needs || needs_key(tls_context_policy(context, ends->listen[i].is_unix,
                                                                      ends->remote[k].is_unix));
                }
        }
        if (!needs) {
                return STATUS_OK;
        }
        if (key != NULL && EVP_PKEY_is_a(key, "RSA") == 1) {
                context->key = EVP_PKEY_up_ref(key) == 1 ? key : NULL;
        } else {
                context->key = EVP_RSA_gen(KEY_BITS);
        }
        context->public_key = BIO_new(BIO_s_mem());
        if (context->key == NULL || context->public_key == NULL ||
            PEM_write_bio_PUBKEY(context->public_key, context->key) != 1) {
                diag(DIAG_ERROR, "an RSA key can't be generated: out of memory");
                return STATUS_NOMEM;
        }
        return STATUS_OK;
}

/* --- contexts ------------------------------------------------------------------------------------------------------ */

static int key_log_index(void)
{
        static int index = -1;
        if (index < 0) {
                index =
                    SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL); /* main, before any other thread */
        }
        return index;
}

/** Each line is one write, so that lines of several threads do not mix. */
static void log_key(const SSL *ssl, const char *line)
{
        const struct tls_context *context = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), key_log_index());
        char text[512];
        int n = snprintf(text, sizeof text, "%s\n", line);
        if (n > 0 && (size_t)n < sizeof text && write(context->key_log, text, (size_t)n) != n) {
                diag(DIAG_WARNING, "the key log can't be written: %s", strerror(errno));
        }
}

static enum status open_key_log(struct tls_context *context)
{
        const char *path = context->settings->tls.key_log;
        char place[SETTINGS_PLACE_MAX];
        if (*path == '\0') {
                return STATUS_OK;
        }
        /* O_NONBLOCK: no session must wait for the reader of a FIFO */
        context->key_log = files_append(path, O_NONBLOCK, FILES_KEY_MODE);
        if (context->key_log < 0) {
                diag(DIAG_ERROR, "%ssetting 'tls.key_log': '%s': %s",
                     settings_place(context->settings, "tls.key_log", 0, place), path, files_why(errno));
                return STATUS_IO;
        }
        files_warn_exposed(path, "the keys of TLS sessions");
        diag(DIAG_WARNING, "tls.key_log: anyone who can read '%s' can decrypt the traffic", path);
        return STATUS_OK;
}

static SSL_CTX *new_context(struct tls_context *context, const SSL_METHOD *method)
{
        SSL_CTX *c = SSL_CTX_new(method);
        if (c == NULL || SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
            SSL_CTX_set_ex_data(c, key_log_index(), context) != 1) {
                SSL_CTX_free(c);
                return NULL;
        }
        (void)SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
        (void)SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
        if (context->key_log >= 0) {
                SSL_CTX_set_keylog_callback(c, log_key);
        }
        return c;
}

/** Only regular files: OpenSSL would wait for a FIFO, and takes a folder for an empty file. */
static enum status check_file(const struct settings *s, const char *setting, const char *what,
                              const char *path)
{
        struct stat st;
        int error = stat(path, &st) != 0  ? errno
                    : S_ISREG(st.st_mode) ? 0
                    : S_ISDIR(st.st_mode) ? EISDIR
                                          : EINVAL;
        if (error == 0 && access(path, R_OK) != 0) {
                error = errno;
        }
        if (error == 0 && st.st_size > 0) {
                return STATUS_OK;
        }
        char place[SETTINGS_PLACE_MAX];
        diag(DIAG_ERROR, "%ssetting '%s': %s '%s': %s", settings_place(s, setting, 0, place), setting, what,
             path,
             error == 0        ? "the file is empty"
             : error == EINVAL ? "not a regular file"
                               : strerror(error));
        return STATUS_INVALID;
}

static void look_at_time(const char *path, const X509 *certificate)
{
        if (certificate == NULL) {
                return;
        }
        if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
                diag(DIAG_WARNING, "%s: the certificate has expired", path);
        } else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
                diag(DIAG_WARNING, "%s: the certificate is not valid yet; is the clock right?", path);
        }
}

static const char no_certificate[] = "the certificate can't be read";
static const char no_key[] =
    "the private key can't be read (it may have no passphrase), or is not the certificate's";
static const char no_key_beside[] = "the private key is not beside its certificate; name its file, too";

/** If @p key is "", the key is in the certificate's file. */
static enum status use_files(const struct settings *s, SSL_CTX *c, const char *side, const char *certificate,
                             const char *key)
{
        char setting[2][32];
        bool is_one = *key == '\0';
        (void)snprintf(setting[0], sizeof setting[0], "tls.%scertificate", side);
        (void)snprintf(setting[1], sizeof setting[1], "tls.%s%s", side, is_one ? "certificate" : "key");
        key = is_one ? certificate : key;
        if (check_file(s, setting[0], no_certificate, certificate) != STATUS_OK ||
            check_file(s, setting[1], no_key, key) != STATUS_OK) {
                return STATUS_INVALID;
        }
        SSL_CTX_set_default_passwd_cb(c, no_passphrase);
        if (SSL_CTX_use_certificate_chain_file(c, certificate) != 1) {
                return fail(s, setting[0], no_certificate, certificate);
        }
        if (SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1) {
                return fail(s, setting[1], is_one ? no_key_beside : no_key, key);
        }
        files_warn_exposed(key, "a private key");
        look_at_time(certificate, SSL_CTX_get0_certificate(c));
        return STATUS_OK;
}

static enum status use_identity(SSL_CTX *c, const struct settings *s, const struct tls_names *names)
{
        char directory[SETTINGS_TEXT_MAX];
        struct tls_identity own;
        (void)snprintf(directory, sizeof directory, "%s", s->tls.directory);
        if (*directory == '\0') {
                tls_identity_directory(directory, sizeof directory);
        }
        enum status status = tls_identity_get(directory, names, &own);
        if (status != STATUS_OK) {
                return status;
        }
        if (SSL_CTX_use_certificate(c, own.certificate) != 1 || SSL_CTX_use_PrivateKey(c, own.key) != 1 ||
            SSL_CTX_add1_chain_cert(c, own.authority) != 1) {
                status = fail(s, "tls.directory", "the proxy's own certificate can't be used", directory);
        }
        tls_identity_fini(&own);
        return status;
}

/** Accept the name for which a client asks: then a session that is resumed has it, too (tls_pass_name). */
static int accept_name(SSL *ssl, int *alert, void *arg)
{
        (void)ssl;
        (void)alert;
        (void)arg;
        return SSL_TLSEXT_ERR_OK;
}

/** Towards clients we are the server. */
static enum status set_client_side(struct tls_context *context, const struct tls_names *names)
{
        static const unsigned char id[] = "querytap";
        const struct settings *s = context->settings;
        SSL_CTX *c = context->by_peer[SIDE_CLIENT] = new_context(context, TLS_server_method());
        if (c == NULL || SSL_CTX_set_session_id_context(c, id, sizeof id - 1) != 1) {
                diag(DIAG_ERROR, "TLS can't be set up: out of memory");
                return STATUS_NOMEM;
        }
        (void)SSL_CTX_set_tlsext_servername_callback(c, accept_name);
        (void)SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
        if (*s->tls.certificate != '\0') {
                return use_files(s, c, "", s->tls.certificate, s->tls.key);
        }
        return use_identity(c, s, names);
}

static const char no_authorities[] = "the authorities' certificates can't be read";

/** Towards the server we are the client. */
static enum status set_server_side(struct tls_context *context)
{
        const struct settings *s = context->settings;
        SSL_CTX *c = context->by_peer[SIDE_SERVER] = new_context(context, TLS_client_method());
        if (c == NULL) {
                diag(DIAG_ERROR, "TLS can't be set up: out of memory");
                return STATUS_NOMEM;
        }
        if (s->tls.server == SETTINGS_TLS_VERIFY_CA || s->tls.server == SETTINGS_TLS_VERIFY_IDENTITY) {
                SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
                if (*s->tls.server_ca == '\0') {
                        (void)SSL_CTX_set_default_verify_paths(c);
                } else if (check_file(s, "tls.server_ca", no_authorities, s->tls.server_ca) != STATUS_OK) {
                        return STATUS_INVALID;
                } else if (SSL_CTX_load_verify_file(c, s->tls.server_ca) != 1) {
                        return fail(s, "tls.server_ca", no_authorities, s->tls.server_ca);
                }
        }
        if (*s->tls.server_certificate != '\0') {
                return use_files(s, c, "server_", s->tls.server_certificate, s->tls.server_key);
        }
        return STATUS_OK;
}

static struct gate_policy policy_of(struct tls_context *context, bool client_local, bool server_local)
{
        static const enum gate_client_tls clients[] = {
            [SETTINGS_TLS_CLIENT_DISABLED] = GATE_CLIENT_DISABLED,
            [SETTINGS_TLS_CLIENT_PREFERRED] = GATE_CLIENT_PREFERRED,
            [SETTINGS_TLS_CLIENT_REQUIRED] = GATE_CLIENT_REQUIRED,
            [SETTINGS_TLS_CLIENT_PASSTHROUGH] = GATE_CLIENT_PASSTHROUGH,
        };
        static const enum gate_server_tls servers[] = {
            [SETTINGS_TLS_DISABLED] = GATE_SERVER_DISABLED,
            [SETTINGS_TLS_PREFERRED] = GATE_SERVER_PREFERRED,
            [SETTINGS_TLS_REQUIRED] = GATE_SERVER_REQUIRED,
            [SETTINGS_TLS_VERIFY_CA] = GATE_SERVER_REQUIRED,
            [SETTINGS_TLS_VERIFY_IDENTITY] = GATE_SERVER_REQUIRED,
            [SETTINGS_TLS_AS_CLIENT] = GATE_SERVER_AS_CLIENT,
        };
        return (struct gate_policy){.client = clients[context->settings->tls.client],
                                    .server = servers[context->settings->tls.server],
                                    .client_local = client_local,
                                    .server_local = server_local,
                                    .seal = seal,
                                    .unseal = unseal,
                                    .public_key = public_key,
                                    .arg = context};
}

/** The setting is checked whether or not a certificate is generated: it may be generated by the next start. */
static enum status read_names(const struct settings *s, const struct tls_ends *ends, struct tls_names *names)
{
        char place[SETTINGS_PLACE_MAX];
        enum status status = tls_names_init(names, ends->listen, ends->n_listen, s->tls.names);
        if (status != STATUS_OK) {
                diag(
                    DIAG_ERROR,
                    "%ssetting 'tls.names' must be host names or IP addresses, separated by commas, not '%s'",
                    settings_place(s, "tls.names", 0, place), s->tls.names);
        }
        return status;
}

static enum status out_of_memory(void)
{
        diag(DIAG_ERROR, "TLS can't be set up: out of memory");
        return STATUS_NOMEM;
}

enum status tls_context_new(const struct settings *settings, const struct tls_ends *ends,
                            struct tls_context **out)
{
        PROF_SCOPE(STAGE_TLS);
        struct tls_names names;
        struct tls_context *context = prof_calloc(STAGE_TLS, 1, sizeof *context);
        if (context == NULL) {
                diag(DIAG_ERROR, "TLS can't be set up: out of memory");
                return STATUS_NOMEM;
        }
        context->settings = settings;
        context->verifies_host = settings->tls.server == SETTINGS_TLS_VERIFY_IDENTITY;
        context->key_log = -1;
        for (int i = 0; i < 4; i++) {
                context->policies[i / 2][i % 2] = policy_of(context, i / 2 == 1, i % 2 == 1);
        }
        const struct gate_policy *p = &context->policies[0][0];
        bool terminates = p->client == GATE_CLIENT_PREFERRED || p->client == GATE_CLIENT_REQUIRED;
        bool asks = p->server != GATE_SERVER_DISABLED && (terminates || p->server != GATE_SERVER_AS_CLIENT) &&
                    p->client != GATE_CLIENT_PASSTHROUGH;
        enum status status = read_names(settings, ends, &names);
        if (status == STATUS_OK && (terminates || asks)) {
                context->bio = tls_bio_method();
                status = context->bio != NULL ? open_key_log(context) : out_of_memory();
        }
        if (status == STATUS_OK && terminates) {
                status = set_client_side(context, &names);
        }
        if (status == STATUS_OK && asks) {
                status = set_server_side(context);
        }
        if (status == STATUS_OK) {
                status = set_key(context, ends);
        }
        if (status != STATUS_OK) {
                tls_context_free(context);
                return status;
        }
        context->settings = NULL;
        *out = context;
        return STATUS_OK;
}

void tls_context_free(struct tls_context *context)
{
        PROF_SCOPE(STAGE_TLS);
        if (context == NULL) {
                return;
        }
        SSL_CTX_free(context->by_peer[SIDE_CLIENT]);
        SSL_CTX_free(context->by_peer[SIDE_SERVER]);
        EVP_PKEY_free(context->key);
        BIO_free(context->public_key);
        BIO_meth_free(context->bio);
        if (context->key_log >= 0) {
                (void)close(context->key_log);
        }
        prof_free(context);
}

const struct gate_policy *tls_context_policy(const struct tls_context *context, bool client_local,
                                             bool server_local)
{
        return &context->policies[client_local][server_local];
}

const BIO_METHOD *tls_context_bio(const struct tls_context *context)
{
        return context->bio;
}

bool tls_context_passes_name(const struct tls_context *context)
{
        return !context->verifies_host;
}

/** The server's certificate must name @p server. */
static bool expect_host(const struct tls_context *context, const struct address *server, SSL *ssl)
{
        struct sockaddr_storage number;
        socklen_t len;
        char host[ADDRESS_TEXT_MAX]; /* the macro for it casts const away; OpenSSL copies */
        (void)snprintf(host, sizeof host, "%s", server->is_unix ? "localhost" : server->host);
        if (!server->is_unix && !address_numeric(server, &number, &len)) {
                return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host) == 1 &&
                       (!context->verifies_host || SSL_set1_host(ssl, host) == 1);
        }
        X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
        if (context->verifies_host && X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1) {
                return SSL_set1_host(ssl, host) == 1; /* a UNIX socket: this machine */
        }
        return true;
}

SSL *tls_context_connection(const struct tls_context *context, const struct address *server)
{
        SSL_CTX *c = context->by_peer[server != NULL ? SIDE_SERVER : SIDE_CLIENT];
        SSL *ssl = c != NULL ? SSL_new(c) : NULL;
        if (ssl != NULL && server != NULL && !expect_host(context, server, ssl)) {
                SSL_free(ssl);
                ssl = NULL;
        }
        return ssl;
}
