#include "proxy/net/tls_identity.h"

#include "base/diag.h"
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BITS = 2048, DAYS = 3650, SERIAL_BITS = 127, FILE_PATH_MAX = 512 };

void tls_identity_directory(char *out, size_t size)
{
        const char *state = getenv("STATE_DIRECTORY");
        const char *xdg = getenv("XDG_STATE_HOME");
        const char *home = getenv("HOME");
        *out = '\0';
        if (state != NULL && *state == '/') {
                (void)snprintf(out, size, "%.*s", (int)strcspn(state, ":"), state);
        } else if (xdg != NULL && *xdg == '/') {
                (void)snprintf(out, size, "%s/querytap", xdg);
        } else if (home != NULL && *home == '/') {
                (void)snprintf(out, size, "%s/.local/state/querytap", home);
        }
}

void tls_identity_fini(struct tls_identity *identity)
{
        EVP_PKEY_free(identity->key);
        X509_free(identity->certificate);
        X509_free(identity->authority);
        *identity = (struct tls_identity){NULL, NULL, NULL};
}

/* --- making ----------------------------------------------------------------------------------------------------- */

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
        X509V3_CTX context;
        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
        X509_EXTENSION_free(extension);
        return added;
}

static bool set_serial(X509 *certificate)
{
        BIGNUM *number = BN_new();
        bool set = number != NULL && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
        BN_free(number);
        return set;
}

/** A certificate for @p key with @p name, not signed yet, issued by @p issuer (NULL: itself). */
static X509 *begin_certificate(EVP_PKEY *key, const char *name, X509 *issuer)
{
        X509 *c = X509_new();
        if (c == NULL || X509_set_version(c, 2) != 1 || !set_serial(c) ||
            X509_gmtime_adj(X509_getm_notBefore(c), -3600L) == NULL ||
            X509_gmtime_adj(X509_getm_notAfter(c), DAYS * 24L * 3600L) == NULL ||
            X509_set_pubkey(c, key) != 1 ||
            X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                                       (const unsigned char *)name, -1, -1, 0) != 1 ||
            X509_set_issuer_name(c, X509_get_subject_name(issuer != NULL ? issuer : c)) != 1 ||
            !add_extension(c, issuer != NULL ? issuer : c, NID_subject_key_identifier, "hash")) {
                X509_free(c);
                return NULL;
        }
        return c;
}

static X509 *make_authority(EVP_PKEY *key, const char *host)
{
        char name[TLS_HOST_MAX + 32];
        (void)snprintf(name, sizeof name, "querytap CA %s", host);
        X509 *c = begin_certificate(key, name, NULL);
        if (c != NULL && (!add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
                          !add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") ||
                          X509_sign(c, key, EVP_sha256()) == 0)) {
                X509_free(c);
                c = NULL;
        }
        return c;
}

static X509 *make_certificate(EVP_PKEY *key, const struct tls_names *names, X509 *authority,
                              EVP_PKEY *authority_key)
{
        char name[TLS_HOST_MAX + 32];
        (void)snprintf(name, sizeof name, "querytap %s", names->host);
        X509 *c = begin_certificate(key, name, authority);
        if (c != NULL &&
            (!add_extension(c, authority, NID_authority_key_identifier, "keyid") ||
             !add_extension(c, authority, NID_basic_constraints, "critical,CA:FALSE") ||
             !add_extension(c, authority, NID_key_usage, "critical,digitalSignature,keyEncipherment") ||
             !add_extension(c, authority, NID_ext_key_usage, "serverAuth") ||
             !add_extension(c, authority, NID_subject_alt_name, names->list) ||
             X509_sign(c, authority_key, EVP_sha256()) == 0)) {
                X509_free(c);
                c = NULL;
        }
        return c;
}

static enum status make(const struct tls_names *names, struct tls_identity *out)
{
        EVP_PKEY *authority_key = EVP_RSA_gen(KEY_BITS);
        out->key = EVP_RSA_gen(KEY_BITS);
        if (authority_key != NULL && out->key != NULL) {
                out->authority = make_authority(authority_key, names->host);
        }
        if (out->authority != NULL) {
                out->certificate = make_certificate(out->key, names, out->authority, authority_key);
        }
        EVP_PKEY_free(authority_key);
        if (out->certificate == NULL) {
                diag(DIAG_ERROR, "a certificate can't be generated: %s",
                     ERR_reason_error_string(ERR_peek_last_error()));
                tls_identity_fini(out);
                return STATUS_NOMEM;
        }
        return STATUS_OK;
}

/* --- keeping ------------------------------------------------------------------------------------------------------- */

/** Create the folder and those above it. @return 0 or errno. */
static int make_directory(const char *path)
{
        char part[FILE_PATH_MAX];
        if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) {
                return ENAMETOOLONG;
        }
        for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                if (mkdir(part, 0700) != 0 && errno != EEXIST) {
                        return errno;
                }
                *slash = '/';
        }
        return mkdir(part, 0700) != 0 && errno != EEXIST ? errno : 0;
}

static int write_all(int fd, const char *bytes, size_t len)
{
        while (len > 0) {
                ssize_t n = write(fd, bytes, len);
                if (n < 0 && errno != EINTR) {
                        return errno;
                }
                bytes += n > 0 ? n : 0;
                len -= n > 0 ? (size_t)n : 0;
        }
        return fsync(fd) != 0 ? errno : 0;
}

/** Write a file atomically. @return 0 or errno; EEXIST if it exists already. */
static int write_file(const char *path, mode_t mode, BIO *content)
{
        char temporary[FILE_PATH_MAX + 32];
        char *bytes = NULL;
        long len = BIO_get_mem_data(content, &bytes);
        (void)snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
        (void)unlink(temporary); /* a crash has left it */
        int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd < 0) {
                return errno;
        }
        (void)fchmod(fd, mode); /* whatever the umask is */
        int error = write_all(fd, bytes, (size_t)len);
        (void)close(fd);
        if (error == 0 && linkat(AT_FDCWD, temporary, AT_FDCWD, path, 0) != 0) {
                error = errno;
        }
        (void)unlink(temporary);
        return error;
}

/** Write the CA certificate alone, for clients. @return 0 or errno. */
static int keep_authority(const char *directory, X509 *authority)
{
        char path[FILE_PATH_MAX];
        BIO *public = BIO_new(BIO_s_mem());
        int error = public == NULL || PEM_write_bio_X509(public, authority) != 1 ? ENOMEM : 0;
        if (error == 0) {
                (void)snprintf(path, sizeof path, "%s/ca.pem", directory);
                (void)unlink(path); /* it belongs to a certificate that is gone */
                error = write_file(path, 0644, public);
        }
        BIO_free(public);
        return error;
}

static int keep(const char *directory, const struct tls_identity *identity)
{
        char path[FILE_PATH_MAX];
        int error = make_directory(directory);
        BIO *both = BIO_new(BIO_s_secmem());
        if (error == 0 &&
            (both == NULL || PEM_write_bio_PrivateKey(both, identity->key, NULL, NULL, 0, NULL, NULL) != 1 ||
             PEM_write_bio_X509(both, identity->certificate) != 1 ||
             PEM_write_bio_X509(both, identity->authority) != 1)) {
                error = ENOMEM;
        }
        if (error == 0) {
                (void)snprintf(path, sizeof path, "%s/server.pem", directory);
                error = write_file(path, 0600, both);
        }
        if (error == 0) {
                error = keep_authority(directory, identity->authority);
        }
        BIO_free(both);
        return error;
}

/** A key that is protected by a passphrase can't be used, since nobody can be asked for it. */
static int no_passphrase(char *buffer, int size, int writing, void *arg)
{
        (void)buffer;
        (void)size;
        (void)writing;
        (void)arg;
        return -1;
}

/** @return 0, or the errno why it can't be read. Only regular files are read: a FIFO might never end. */
static int open_regular(const char *path, BIO **out)
{
        struct stat st;
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        int error = fd < 0 || fstat(fd, &st) != 0 ? errno
                    : S_ISDIR(st.st_mode)         ? EISDIR
                    : !S_ISREG(st.st_mode)        ? EINVAL
                                                  : 0;
        FILE *file = error == 0 ? fdopen(fd, "r") : NULL;
        error = error == 0 && file == NULL ? errno : error;
        if (file == NULL) {
                (void)(fd >= 0 ? close(fd) : 0);
                return error;
        }
        *out = BIO_new_fp(file, BIO_CLOSE);
        if (*out == NULL) {
                (void)fclose(file);
                return ENOMEM;
        }
        return 0;
}

/** The name exists, but is a symbolic link to nothing or to itself. */
static bool is_link(const char *path)
{
        struct stat st;
        return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/** Report what people should know about a certificate that can be used. */
static void look_at(const char *path, const char *directory, const struct tls_names *names,
                    const struct tls_identity *identity)
{
        char ca[FILE_PATH_MAX];
        char missing[FILE_PATH_MAX];
        files_warn_exposed(path, "the private key of the proxy");
        if (X509_cmp_current_time(X509_get0_notAfter(identity->certificate)) < 0) {
                diag(DIAG_WARNING,
                     "%s: the certificate has expired; delete the file to have a new one generated", path);
        } else if (X509_cmp_current_time(X509_get0_notBefore(identity->certificate)) > 0) {
                diag(DIAG_WARNING, "%s: the certificate is not valid yet; is the clock right?", path);
        }
        tls_names_missing(names, identity->certificate, missing, sizeof missing);
        if (*missing != '\0') {
                diag(DIAG_WARNING,
                     "%s: the certificate does not name %s (listen, tls.names); delete the file to have a "
                     "new one "
                     "generated, whose ca.pem clients need then",
                     path, missing);
        }
        (void)snprintf(ca, sizeof ca, "%s/ca.pem", directory);
        if (access(ca, F_OK) != 0 && errno == ENOENT) {
                int error = keep_authority(directory, identity->authority);
                if (error != 0) {
                        diag(DIAG_WARNING,
                             "%s, with which clients verify the proxy, is missing and can't be written: %s",
                             ca, strerror(error));
                }
        }
}

/** @return STATUS_IO if there is no such file. */
static enum status load(const char *directory, const struct tls_names *names, struct tls_identity *out)
{
        char path[FILE_PATH_MAX];
        BIO *file = NULL;
        if (snprintf(path, sizeof path, "%s/server.pem", directory) >= (int)sizeof path) {
                diag(DIAG_ERROR, "tls.directory: the name %.60s… is too long", directory);
                return STATUS_INVALID;
        }
        int error = open_regular(path, &file);
        if (error != 0) {
                if ((error == ENOENT || error == ENOTDIR) && !is_link(path)) {
                        return STATUS_IO;
                }
                diag(DIAG_ERROR,
                     "%s (tls.directory): %s; delete it to have a new one generated, or specify your own "
                     "with tls.certificate",
                     path,
                     is_link(path) && (error == ENOENT || error == ELOOP || error == ENOTDIR)
                         ? "a symbolic link that leads to no file"
                     : error == EINVAL ? "not a regular file"
                                       : strerror(error));
                return STATUS_INVALID;
        }
        out->key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL);
        out->certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);
        out->authority = PEM_read_bio_X509(file, NULL, NULL, NULL);
        BIO_free(file);
        ERR_clear_error();
        if (out->key == NULL || out->certificate == NULL || out->authority == NULL ||
            X509_check_private_key(out->certificate, out->key) != 1) {
                ERR_clear_error();
                diag(DIAG_ERROR, "%s (tls.directory): %s; delete it to have a new one generated", path,
                     out->key == NULL ? "does not begin with a readable private key (keys with a passphrase "
                                        "are not supported)"
                     : out->certificate == NULL ? "has no certificate after the private key"
                     : out->authority == NULL   ? "has no CA certificate after the proxy's own certificate"
                                                : "the certificate is not that of the private key");
                tls_identity_fini(out);
                return STATUS_INVALID;
        }
        look_at(path, directory, names, out);
        return STATUS_OK;
}

enum status tls_identity_get(const char *directory, const struct tls_names *names, struct tls_identity *out)
{
        *out = (struct tls_identity){NULL, NULL, NULL};
        enum status status = *directory != '\0' ? load(directory, names, out) : STATUS_IO;
        if (status != STATUS_IO) {
                return status;
        }
        status = make(names, out);
        if (status != STATUS_OK) {
                return status;
        }
        int error = *directory != '\0' ? keep(directory, out) : ENOENT;
        if (error == EEXIST) { /* another querytap has created it meanwhile */
                struct tls_identity theirs = {NULL, NULL, NULL};
                status = load(directory, names, &theirs);
                if (status == STATUS_OK) {
                        tls_identity_fini(out);
                        *out = theirs;
                        return STATUS_OK;
                }
                if (status == STATUS_IO) { /* and was gone at once */
                        diag(DIAG_ERROR,
                             "%s/server.pem (tls.directory) appears and disappears: does another program "
                             "write it?",
                             directory);
                }
                tls_identity_fini(out);
                return status;
        }
        if (error != 0) {
                diag(DIAG_WARNING,
                     "the certificate generated for TLS can't be saved in '%s' (tls.directory): %s; another "
                     "one will be generated on the next start",
                     directory, strerror(error));
        } else {
                diag(DIAG_INFO,
                     "a certificate for TLS was generated: %s/server.pem; clients can verify it with "
                     "%s/ca.pem",
                     directory, directory);
        }
        return STATUS_OK;
}
