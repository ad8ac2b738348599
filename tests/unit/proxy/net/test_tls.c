/* TLS without sockets: two ends face to face, whatever the bytes are cut into; the certificate that is made and kept. */
#include "base/diag.h"
#include "profile/heap/counts.h"
#include "profile/heap/fault.h"
#include "profile/heap/hooks.h"
#include "profile/heap/prof.h"
#include "proxy/net/tls.h"
#include "proxy/net/tls_identity.h"
#include "tap.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIPE_MAX = 2 * 1024 * 1024, ROOM = 64 * 1024 };

static char folder[64];

static void remove_all(const char *path)
{
        char file[512];
        DIR *dir = opendir(path);
        for (struct dirent *e = dir != NULL ? readdir(dir) : NULL; e != NULL; e = readdir(dir)) {
                (void)snprintf(file, sizeof file, "%s/%s", path, e->d_name);
                if (e->d_name[0] != '.') {
                        (void)unlink(file);
                }
        }
        if (dir != NULL) {
                (void)closedir(dir);
        }
        (void)rmdir(path);
}

/* --- two ends ----------------------------------------------------------------------------------------------------- */

struct end {
        struct tls *tls;
        uint8_t *out; /* ciphertext for the other end */
        size_t out_len;
        size_t out_taken;
        uint8_t *plain; /* what came */
        size_t plain_len;
        int established;
        bool full; /* on_cipher fails */
        enum tls_state state;
        uint8_t room[ROOM];
};

static void on_plain(void *arg, struct span bytes)
{
        struct end *e = arg;
        CU_ASSERT_TRUE_FATAL(e->plain_len + bytes.len <= PIPE_MAX);
        memcpy(e->plain + e->plain_len, bytes.data, bytes.len);
        e->plain_len += bytes.len;
}

static enum status on_cipher(void *arg, struct span bytes)
{
        struct end *e = arg;
        if (e->full) {
                return STATUS_NOMEM;
        }
        CU_ASSERT_TRUE_FATAL(e->out_len + bytes.len <= PIPE_MAX);
        memcpy(e->out + e->out_len, bytes.data, bytes.len);
        e->out_len += bytes.len;
        return STATUS_OK;
}

static void on_established(void *arg)
{
        struct end *e = arg;
        CU_ASSERT_EQUAL(e->plain_len, 0);
        e->established++;
}

static bool open_end(struct end *e, const struct tls_context *context, const struct address *server)
{
        const struct tls_sink sink = {e, on_plain, on_cipher, on_established};
        e->out = malloc(PIPE_MAX);
        e->plain = malloc(PIPE_MAX);
        e->tls = tls_new(context, server, sink, e->room, sizeof e->room);
        return e->tls != NULL;
}

static void close_end(struct end *e)
{
        tls_free(e->tls);
        free(e->out);
        free(e->plain);
        free(e);
}

/** Carry what @p from has said to @p to, at most @p split bytes at once. @return whether there was any. */
static bool carry(struct end *from, struct end *to, size_t split)
{
        bool any = false;
        while (from->out_taken < from->out_len && to->state == TLS_GOES_ON) {
                size_t n = from->out_len - from->out_taken;
                n = split > 0 && split < n ? split : n;
                to->state = tls_feed(to->tls, span_of(from->out + from->out_taken, n));
                from->out_taken += n;
                any = true;
        }
        return any;
}

static void talk(struct end *a, struct end *b, size_t split)
{
        bool any = true;
        while (any) {
                any = carry(a, b, split);
                any = carry(b, a, split) || any;
        }
}

struct pair {
        struct settings settings;
        struct tls_context *context;
        struct address remote;
        struct end *server; /* our side towards a client */
        struct end *client; /* our side towards a server */
};

static enum status make_context(struct pair *p, const char *remote_text)
{
        struct address listen;
        CU_ASSERT_EQUAL(address_parse("127.0.0.1:3307", &listen), STATUS_OK);
        CU_ASSERT_EQUAL(address_parse(remote_text, &p->remote), STATUS_OK);
        return tls_context_new(&p->settings, &(struct tls_ends){&listen, 1, &p->remote, 1}, &p->context);
}

static void defaults(struct pair *p)
{
        memset(p, 0, sizeof *p);
        settings_defaults(&p->settings);
        p->settings.tls.server = SETTINGS_TLS_REQUIRED;
        (void)snprintf(p->settings.tls.directory, sizeof p->settings.tls.directory, "%s", folder);
}

static void open_pair(struct pair *p, const char *remote_text)
{
        CU_ASSERT_EQUAL_FATAL(make_context(p, remote_text), STATUS_OK);
        p->server = calloc(1, sizeof *p->server);
        p->client = calloc(1, sizeof *p->client);
        CU_ASSERT_TRUE_FATAL(open_end(p->server, p->context, NULL));
        CU_ASSERT_TRUE_FATAL(open_end(p->client, p->context, &p->remote));
        p->client->state = tls_start(p->client->tls);
}

static void close_pair(struct pair *p)
{
        if (p->server != NULL) {
                close_end(p->server);
                close_end(p->client);
        }
        tls_context_free(p->context);
}

/* --- connections ----------------------------------------------------------------------------------------------------- */

static void talks_in_any_split(void)
{
        static const size_t splits[] = {0, 1, 7, 1000, 70000};
        struct pair p;
        uint8_t *many = malloc(1 << 20);
        for (size_t i = 0; i < 1 << 20; i++) {
                many[i] = (uint8_t)(i * 31 >> 3);
        }
        for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
                size_t n = splits[i] == 1 ? 20000 : 1 << 20;
                defaults(&p);
                open_pair(&p, "localhost:3306");
                CU_ASSERT_EQUAL(tls_write(p.server->tls, span_str("before the end of the handshake")),
                                TLS_GOES_ON);
                talk(p.client, p.server, splits[i]);
                CU_ASSERT_TRUE(p.server->established == 1 && p.client->established == 1);
                CU_ASSERT_TRUE(span_equal(span_of(p.client->plain, p.client->plain_len),
                                          span_str("before the end of the handshake")));
                CU_ASSERT_EQUAL(tls_write(p.client->tls, span_of(many, n)), TLS_GOES_ON);
                talk(p.client, p.server, splits[i]);
                CU_ASSERT_TRUE(span_equal(span_of(p.server->plain, p.server->plain_len), span_of(many, n)));
                char text[96];
                tls_describe(p.server->tls, text, sizeof text);
                CU_ASSERT_PTR_NOT_NULL(strstr(text, "TLSv1.3 TLS_"));
                CU_ASSERT_STRING_EQUAL(tls_error(p.server->tls), "");
                close_pair(&p);
        }
        free(many);
}

static void ends_one_way(void)
{
        struct pair p;
        defaults(&p);
        open_pair(&p, "127.0.0.1:3306");
        tls_shut(p.client->tls); /* before the handshake there is nothing to say */
        talk(p.client, p.server, 0);
        (void)tls_write(p.client->tls, span_str("last words"));
        tls_shut(p.client->tls);
        tls_shut(p.client->tls);
        talk(p.client, p.server, 3);
        CU_ASSERT_EQUAL(p.server->state, TLS_ENDED);
        CU_ASSERT_TRUE(span_equal(span_of(p.server->plain, p.server->plain_len), span_str("last words")));
        CU_ASSERT_EQUAL(tls_feed(p.server->tls, span_str("more")), TLS_ENDED);
        CU_ASSERT_EQUAL(tls_write(p.server->tls, span_str("I go on")),
                        TLS_GOES_ON); /* the other half stays open */
        talk(p.server, p.client, 0);
        CU_ASSERT_TRUE(span_equal(span_of(p.client->plain, p.client->plain_len), span_str("I go on")));
        close_pair(&p);
}

static void fails_on_garbage(void)
{
        struct pair p;
        defaults(&p);
        open_pair(&p, "localhost:3306");
        CU_ASSERT_EQUAL(tls_feed(p.server->tls, span_str("GET / HTTP/1.1\r\n\r\n")), TLS_FAILED);
        CU_ASSERT_STRING_NOT_EQUAL(tls_error(p.server->tls), "");
        CU_ASSERT_EQUAL(tls_feed(p.client->tls, span_str("\x16\x03\x03\xff\xff nonsense")), TLS_FAILED);
        uint8_t *many = calloc(1, 128 * 1024);
        CU_ASSERT_EQUAL(tls_write(p.server->tls, span_of(many, 128 * 1024)), TLS_FAILED);
        free(many);
        close_pair(&p);
        /* a byte that changed on the way, once all goes well */
        defaults(&p);
        open_pair(&p, "localhost:3306");
        talk(p.client, p.server, 0);
        (void)tls_write(p.client->tls, span_str("SELECT 1"));
        p.client->out[p.client->out_len - 1] ^= 1;
        talk(p.client, p.server, 0);
        CU_ASSERT_EQUAL(p.server->state, TLS_FAILED);
        CU_ASSERT_EQUAL(p.server->plain_len, 0);
        close_pair(&p);
}

static void a_socket_that_takes_no_more(void)
{
        struct pair p;
        defaults(&p);
        open_pair(&p, "localhost:3306");
        talk(p.client, p.server, 0);
        p.client->full = true;
        CU_ASSERT_EQUAL(tls_write(p.client->tls, span_str("x")), TLS_NOMEM);
        close_pair(&p);
}

static void verifies(void)
{
        static const struct {
                const char *remote;
                enum settings_tls_server mode;
                bool with_ca;
                bool works;
        } cases[] = {
            {"localhost:3306", SETTINGS_TLS_REQUIRED, false, true},
            {"localhost:3306", SETTINGS_TLS_VERIFY_CA, false, false},
            {"elsewhere.example:3306", SETTINGS_TLS_VERIFY_CA, true, true},
            {"elsewhere.example:3306", SETTINGS_TLS_VERIFY_IDENTITY, true, false},
            {"localhost:3306", SETTINGS_TLS_VERIFY_IDENTITY, true, true},
            {"127.0.0.1:3306", SETTINGS_TLS_VERIFY_IDENTITY, true, true},
            {"[::1]:3306", SETTINGS_TLS_VERIFY_IDENTITY, true, true},
            {"127.0.0.2:3306", SETTINGS_TLS_VERIFY_IDENTITY, true, false},
            {"unix:/run/mysqld/mysqld.sock", SETTINGS_TLS_VERIFY_IDENTITY, true, true},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct pair p;
                defaults(&p);
                p.settings.tls.server = cases[i].mode;
                if (cases[i].with_ca) {
                        (void)snprintf(p.settings.tls.server_ca, sizeof p.settings.tls.server_ca, "%s/ca.pem",
                                       folder);
                }
                open_pair(&p, cases[i].remote);
                talk(p.client, p.server, 0);
                CU_ASSERT_EQUAL(p.client->established == 1, cases[i].works);
                CU_ASSERT_EQUAL(p.client->state, cases[i].works ? TLS_GOES_ON : TLS_FAILED);
                CU_ASSERT_EQUAL(strstr(tls_error(p.client->tls), "certificate verify failed: ") != NULL,
                                !cases[i].works);
                close_pair(&p);
        }
}

static void logs_keys(void)
{
        struct pair p;
        struct stat st;
        defaults(&p);
        (void)snprintf(p.settings.tls.key_log, sizeof p.settings.tls.key_log, "%s/keys", folder);
        open_pair(&p, "localhost:3306");
        talk(p.client, p.server, 0);
        CU_ASSERT_TRUE(stat(p.settings.tls.key_log, &st) == 0 && (st.st_mode & 0777) == 0600 &&
                       st.st_size > 500);
        FILE *f = fopen(p.settings.tls.key_log, "r");
        char line[600] = "";
        CU_ASSERT_TRUE(f != NULL && fgets(line, sizeof line, f) != NULL && strchr(line, '\n') != NULL);
        CU_ASSERT_PTR_NOT_NULL(strstr(line, "_SECRET "));
        if (f != NULL) {
                (void)fclose(f);
        }
        close_pair(&p);
}

/* --- what is read at the start ----------------------------------------------------------------------------------------- */

static bool starts(struct pair *p)
{
        bool started = make_context(p, "localhost:3306") == STATUS_OK;
        tls_context_free(p->context);
        p->context = NULL;
        return started;
}

static void files_that_are_wrong(void)
{
        struct pair p;
        static const char *const wrong[] = {"/nonexistent/file.pem", "/dev/null"};
        for (size_t i = 0; i < 2; i++) {
                defaults(&p);
                (void)snprintf(p.settings.tls.certificate, sizeof p.settings.tls.certificate, "%s", wrong[i]);
                CU_ASSERT_FALSE(starts(&p));
                defaults(&p);
                p.settings.tls.server = SETTINGS_TLS_VERIFY_CA;
                (void)snprintf(p.settings.tls.server_ca, sizeof p.settings.tls.server_ca, "%s", wrong[i]);
                CU_ASSERT_FALSE(starts(&p));
                defaults(&p);
                (void)snprintf(p.settings.tls.server_certificate, sizeof p.settings.tls.server_certificate,
                               "%s", wrong[i]);
                CU_ASSERT_FALSE(starts(&p));
        }
        defaults(&p);
        (void)snprintf(p.settings.tls.certificate, sizeof p.settings.tls.certificate, "%s/ca.pem", folder);
        CU_ASSERT_FALSE(starts(&p)); /* a certificate without its key */
        (void)snprintf(p.settings.tls.key, sizeof p.settings.tls.key, "%s/server.pem", folder);
        CU_ASSERT_FALSE(starts(&p)); /* the key of another */
        (void)snprintf(p.settings.tls.certificate, sizeof p.settings.tls.certificate, "%s/server.pem",
                       folder);
        *p.settings.tls.key = '\0';
        CU_ASSERT_TRUE(starts(&p)); /* both in one file */
        (void)snprintf(p.settings.tls.server_certificate, sizeof p.settings.tls.server_certificate,
                       "%s/server.pem", folder);
        CU_ASSERT_TRUE(starts(&p));
        (void)snprintf(p.settings.tls.key_log, sizeof p.settings.tls.key_log, "%s", folder);
        CU_ASSERT_FALSE(starts(&p));
}

static void without_tls_nothing_is_read(void)
{
        struct pair p;
        defaults(&p);
        p.settings.tls.client = SETTINGS_TLS_CLIENT_DISABLED;
        p.settings.tls.server = SETTINGS_TLS_AS_CLIENT;
        (void)snprintf(p.settings.tls.certificate, sizeof p.settings.tls.certificate, "/nonexistent");
        CU_ASSERT_EQUAL_FATAL(make_context(&p, "localhost:3306"), STATUS_OK);
        CU_ASSERT_PTR_NULL(tls_context_connection(p.context, NULL));
        CU_ASSERT_EQUAL(tls_context_policy(p.context, false, false)->client, GATE_CLIENT_DISABLED);
        tls_context_free(p.context);
}

static void seals_and_unseals(void)
{
        struct pair p;
        uint8_t sealed[512];
        uint8_t plain[512];
        defaults(&p);
        CU_ASSERT_EQUAL_FATAL(make_context(&p, "localhost:3306"), STATUS_OK);
        const struct gate_policy *policy = tls_context_policy(p.context, false, false);
        struct span pem = policy->public_key(policy->arg);
        struct writer w = writer_over(sealed, sizeof sealed);
        CU_ASSERT_TRUE(policy->seal(policy->arg, pem, span_str("secret"), &w));
        CU_ASSERT_EQUAL(w.at, 256);
        struct writer back = writer_over(plain, sizeof plain);
        CU_ASSERT_TRUE(policy->unseal(policy->arg, writer_span(&w), &back));
        CU_ASSERT_TRUE(span_equal(writer_span(&back), span_str("secret")));
        sealed[9] ^= 1;
        back = writer_over(plain, sizeof plain);
        CU_ASSERT_FALSE(policy->unseal(policy->arg, writer_span(&w), &back));
        CU_ASSERT_FALSE(policy->unseal(policy->arg, span_str("short"), &back));
        w = writer_over(sealed, sizeof sealed);
        CU_ASSERT_FALSE(policy->seal(policy->arg, span_str("no key"), span_str("secret"), &w));
        CU_ASSERT_FALSE(policy->seal(policy->arg, (struct span){NULL, 0}, span_str("secret"), &w));
        tls_context_free(p.context);
        /* also where there is no certificate to take the key of */
        p.settings.tls.client = SETTINGS_TLS_CLIENT_DISABLED;
        CU_ASSERT_EQUAL_FATAL(make_context(&p, "localhost:3306"), STATUS_OK);
        policy = tls_context_policy(p.context, false, false);
        CU_ASSERT_TRUE(policy->public_key(policy->arg).len > 400);
        tls_context_free(p.context);
}

/* --- the own certificate ------------------------------------------------------------------------------------------------- */

static const struct tls_names names = {.list = "DNS:localhost,IP:127.0.0.1"};

static void is_made_once_and_kept(void)
{
        char directory[80];
        char file[128];
        struct stat st;
        struct tls_identity first;
        struct tls_identity second;
        (void)snprintf(directory, sizeof directory, "%s/a", folder);
        CU_ASSERT_EQUAL_FATAL(tls_identity_get(directory, &names, &first), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(tls_identity_get(directory, &names, &second), STATUS_OK);
        CU_ASSERT_EQUAL(X509_cmp(first.certificate, second.certificate), 0);
        CU_ASSERT_EQUAL(X509_check_host(first.certificate, "localhost", 0, 0, NULL), 1);
        CU_ASSERT_EQUAL(X509_check_ip_asc(first.certificate, "127.0.0.1", 0), 1);
        EVP_PKEY *issuer = X509_get0_pubkey(first.authority);
        CU_ASSERT_EQUAL(X509_verify(first.certificate, issuer), 1);
        tls_identity_fini(&first);
        tls_identity_fini(&second);
        (void)snprintf(file, sizeof file, "%s/server.pem", directory);
        CU_ASSERT_TRUE(stat(file, &st) == 0 && (st.st_mode & 0777) == 0600);
        CU_ASSERT_TRUE(stat(directory, &st) == 0 && (st.st_mode & 0777) == 0700);
        CU_ASSERT_EQUAL(truncate(file, 1000), 0); /* a file that broke is the user's to look at */
        CU_ASSERT_EQUAL(tls_identity_get(directory, &names, &first), STATUS_INVALID);
        (void)unlink(file);
        CU_ASSERT_EQUAL(mkdir(file, 0700), 0);
        CU_ASSERT_EQUAL(tls_identity_get(directory, &names, &first), STATUS_INVALID);
        (void)rmdir(file);
        remove_all(directory);
}

static void one_that_can_not_be_kept_works(void)
{
        struct tls_identity identity;
        uint64_t warnings = diag_count(DIAG_WARNING);
        char file[128];
        CU_ASSERT_EQUAL(tls_identity_get("", &names, &identity), STATUS_OK);
        tls_identity_fini(&identity);
        (void)snprintf(file, sizeof file, "%s/ca.pem/below", folder); /* a file where a folder should be */
        CU_ASSERT_EQUAL(tls_identity_get(file, &names, &identity), STATUS_OK);
        tls_identity_fini(&identity);
        CU_ASSERT_EQUAL(diag_count(DIAG_WARNING), warnings + 2);
}

static void is_kept_where_it_belongs(void)
{
        char out[SETTINGS_TEXT_MAX];
        (void)unsetenv("STATE_DIRECTORY");
        (void)unsetenv("XDG_STATE_HOME");
        (void)setenv("HOME", "/home/me", 1);
        tls_identity_directory(out, sizeof out);
        CU_ASSERT_STRING_EQUAL(out, "/home/me/.local/state/querytap");
        (void)setenv("XDG_STATE_HOME", "/state", 1);
        tls_identity_directory(out, sizeof out);
        CU_ASSERT_STRING_EQUAL(out, "/state/querytap");
        (void)setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
        tls_identity_directory(out, sizeof out);
        CU_ASSERT_STRING_EQUAL(out, "/var/lib/a");
        (void)unsetenv("STATE_DIRECTORY");
        (void)unsetenv("XDG_STATE_HOME");
        (void)unsetenv("HOME");
        tls_identity_directory(out, sizeof out);
        CU_ASSERT_STRING_EQUAL(out, "");
}

/* --- memory ---------------------------------------------------------------------------------------------------------------- */

/** A conversation that ends well or is given up. */
static bool converse(struct pair *p)
{
        p->server = calloc(1, sizeof *p->server);
        p->client = calloc(1, sizeof *p->client);
        bool open = open_end(p->server, p->context, NULL) && open_end(p->client, p->context, &p->remote);
        if (open) {
                p->client->state = tls_start(p->client->tls);
                (void)tls_write(p->client->tls, span_str("a login"));
                talk(p->client, p->server, 0);
                (void)tls_write(p->server->tls, span_str("OK"));
                talk(p->server, p->client, 0);
        }
        bool well = open && p->client->plain_len == 2 && p->server->plain_len == 7;
        close_end(p->server);
        close_end(p->client);
        p->server = NULL;
        return well;
}

static void every_allocation_fails_once(void)
{
        struct pair p;
        defaults(&p);
        CU_ASSERT_EQUAL_FATAL(make_context(&p, "localhost:3306"), STATUS_OK);
        CU_ASSERT_TRUE(converse(&p)); /* OpenSSL keeps things that it makes on first use */
        CU_ASSERT_TRUE(converse(&p));
        prof_fail_nth(UINT64_MAX);
        CU_ASSERT_TRUE(converse(&p));
        uint64_t all = prof_fail_seen();
        CU_ASSERT_TRUE(all > 100);
        int64_t before = prof_read(STAGE_TLS, LIB_OWN).current_count_used;
        uint64_t failed = 0;
        for (uint64_t n = 1; n <= all; n += n < 200 ? 1 : 7) {
                prof_fail_nth(n);
                failed += !converse(&p);
        }
        prof_fail_nth(0);
        CU_ASSERT_TRUE(failed > all / 20);
        CU_ASSERT_TRUE(converse(&p));
        CU_ASSERT_EQUAL(prof_read(STAGE_TLS, LIB_OWN).current_count_used, before);
        tls_context_free(p.context);
}

static const struct tap_test tests[] = {
    {"both ends talk, in any split", talks_in_any_split},
    {"one half ends, the other goes on", ends_one_way},
    {"garbage is told", fails_on_garbage},
    {"a socket that takes no more", a_socket_that_takes_no_more},
    {"certificates are verified as set", verifies},
    {"keys are logged where asked", logs_keys},
    {"wrong files are told at the start", files_that_are_wrong},
    {"without TLS nothing is read", without_tls_nothing_is_read},
    {"passwords are sealed and unsealed", seals_and_unseals},
    {"the own certificate is made once, and kept", is_made_once_and_kept},
    {"one that can't be kept works", one_that_can_not_be_kept_works},
    {"each allocation of a connection fails once", every_allocation_fails_once},
    {"the own certificate is kept where it belongs", is_kept_where_it_belongs},
};

int main(void)
{
        (void)prof_hooks_install();
        diag_set_level(DIAG_ERROR);
        (void)snprintf(folder, sizeof folder, "/tmp/querytap-tls-%ld", (long)getpid());
        int status = TAP_RUN("tls", tests);
        remove_all(folder);
        return status;
}
