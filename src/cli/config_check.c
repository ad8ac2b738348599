#include "cli/config_check.h"

#include "admin/admin.h"
#include "base/diag.h"
#include "base/files.h"
#include "journal/enrich/redact.h"
#include "journal/sink/sink_check.h"
#include "journal/trigger.h"
#include "proxy/net/listener.h"
#include "proxy/net/tls_context.h"
#include "proxy/net/tls_identity.h"
#include "proxy/packet_directory.h"
#include "proxy/servers.h"
#include "settings/listeners.h"
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
static enum status check_tls(const struct settings *settings, const struct tls_ends *ends)
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
        enum status status = tls_context_new(&copy, ends, &context);
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

static enum status check_listener(const struct settings *s, const struct listeners_one *one,
                                  struct address *listen)
{
        char place[SETTINGS_PLACE_MAX];
        (void)places_print(s, &one->line, place);
        if (address_parse(one->address, listen) != STATUS_OK) {
                diag(DIAG_ERROR, "%ssetting '%s' must be host:port, [v6]:port or unix:/path, not '%s'", place,
                     one->name, one->address);
                return STATUS_INVALID;
        }
        const char *why = listener_objection(listen);
        if (why != NULL) {
                diag(DIAG_ERROR, "%ssetting '%s': can't listen on %s: %s", place, one->name, one->address,
                     why);
        }
        return why != NULL ? STATUS_INVALID : STATUS_OK;
}

/** Add the addresses of the servers in @p text to @p ends, which has room for them in @p remote. */
static enum status add_remotes(struct servers *servers, const char *text, struct address *remote,
                               struct tls_ends *ends)
{
        struct server_group *group;
        enum status status = server_group_new(servers, text, "remote", false, &group);
        if (status == STATUS_OK) {
                for (unsigned i = 0; i < group->n; i++) {
                        remote[ends->n_remote++] = group->at[i]->address;
                }
                server_group_free(group);
        }
        return status;
}

static enum status check_addresses(const struct settings *s)
{
        struct listeners_one all[SETTINGS_LISTENERS];
        struct address listen[SETTINGS_LISTENERS];
        struct address remote[SETTINGS_LISTENERS * SETTINGS_SERVERS];
        struct tls_ends ends = {.listen = listen, .n_listen = listeners_all(s, all), .remote = remote};
        struct servers servers = {NULL};
        enum status status = STATUS_OK;
        for (unsigned i = 0; i < ends.n_listen; i++) {
                const enum status results[] = {check_listener(s, &all[i], &listen[i]),
                                               add_remotes(&servers, all[i].upstream, remote, &ends)};
                status = results[0] != STATUS_OK ? results[0] : status;
                status = results[1] != STATUS_OK ? results[1] : status;
        }
        servers_free(&servers);
        enum status other = check_tls(s, &ends);
        return status != STATUS_OK ? status : other;
}

enum status config_check_start(const struct settings *settings)
{
        const enum status results[] = {
            sink_check_start(settings),       check_redact(settings),    trigger_check(settings),
            packet_directory_check(settings), check_addresses(settings), admin_check(settings),
        };
        enum status status = STATUS_OK;
        for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
                status = results[i] != STATUS_OK ? results[i] : status;
        }
        return status;
}
