#include "cli/config_check.h"

#include "admin/admin.h"
#include "base/diag.h"
#include "base/files.h"
#include "journal/enrich/redact.h"
#include "journal/sink/sink_check.h"
#include "proxy/net/listener.h"
#include "proxy/net/tls_context.h"
#include "proxy/net/tls_identity.h"
#include "settings/places.h"

#include <string.h>
#include <sys/stat.h>

static bool makes_identity(const struct settings *s)
{
        char directory[SETTINGS_TEXT_MAX];
        char path[SETTINGS_TEXT_MAX + 16];
        struct stat st;
        if (*s->tls.certificate != '\0') {
                return false;
        }
        (void)snprintf(directory, sizeof directory, "%s", s->tls.directory);
        if (*directory == '\0') {
                tls_identity_directory(directory, sizeof directory);
        }
        (void)snprintf(path, sizeof path, "%s/server.pem", directory);
        return *directory == '\0' || lstat(path, &st) != 0;
}

/** Read the files of tls.*. The start would create two: the key log, and a certificate if there is none. */
static enum status check_tls(const struct settings *settings, const struct address *listen,
                             const struct address *remote)
{
        struct settings copy = *settings;
        struct tls_context *context;
        char place[SETTINGS_PLACE_MAX];
        int error = *settings->tls.key_log != '\0' ? files_append_error(settings->tls.key_log) : 0;
        if (error != 0) {
                diag(DIAG_ERROR, "%ssetting 'tls.key_log': '%s': %s",
                     settings_place(settings, "tls.key_log", 0, place), settings->tls.key_log,
                     files_why(error));
        }
        copy.tls.key_log[0] = '\0';
        if (makes_identity(settings) && copy.tls.client != SETTINGS_TLS_CLIENT_PASSTHROUGH) {
                copy.tls.client = SETTINGS_TLS_CLIENT_DISABLED;
        }
        enum status status = tls_context_new(&copy, listen, remote, &context);
        if (status == STATUS_OK) {
                tls_context_free(context);
        }
        return error != 0 ? STATUS_INVALID : status;
}

static enum status check_redact(const struct settings *s)
{
        char place[SETTINGS_PLACE_MAX];
        struct redact *redact;
        const struct redact_options options = {settings_redacts_literals(s->log.redact),
                                               settings_redacts_values(s->log.redact), s->log.redact_key,
                                               settings_place(s, "log.redact_key", 0, place)};
        enum status status = redact_new(&options, &redact);
        if (status == STATUS_OK) {
                redact_free(redact);
        }
        return status;
}

static enum status parse(const struct settings *s, const char *name, const char *text, struct address *out)
{
        char place[SETTINGS_PLACE_MAX];
        enum status status = address_parse(text, out);
        if (status != STATUS_OK) {
                diag(DIAG_ERROR, "%ssetting '%s' must be host:port, [v6]:port or unix:/path, not '%s'",
                     settings_place(s, name, 0, place), name, text);
        }
        return status;
}

static enum status check_addresses(const struct settings *s)
{
        struct address listen;
        struct address remote;
        char place[SETTINGS_PLACE_MAX];
        enum status status = parse(s, "listen", s->listen, &listen);
        enum status other = parse(s, "remote", s->remote, &remote);
        if (status != STATUS_OK || other != STATUS_OK) {
                return STATUS_INVALID;
        }
        const char *why = listener_objection(&listen);
        if (why != NULL) {
                diag(DIAG_ERROR, "%ssetting 'listen': can't listen on %s: %s",
                     settings_place(s, "listen", 0, place), s->listen, why);
                status = STATUS_INVALID;
        }
        other = check_tls(s, &listen, &remote);
        return other != STATUS_OK ? other : status;
}

enum status config_check_start(const struct settings *settings)
{
        const enum status results[] = {
            sink_check_start(settings),
            check_redact(settings),
            check_addresses(settings),
            admin_check(settings),
        };
        enum status status = STATUS_OK;
        for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
                status = results[i] != STATUS_OK ? results[i] : status;
        }
        return status;
}
