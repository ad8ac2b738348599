#include "cli/observe_options.h"

#include "base/diag.h"
#include "base/writer.h"
#include "journal/sink/sink_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
        PORT_DEFAULT = 3306,
        FLOWS_DEFAULT = 100000,
        HELD_DEFAULT = 64 << 20,
        FLOWS_LEAST = 16,
        HELD_LEAST = 1 << 16
};

/** Take the ports in @p text, separated by commas. */
static bool take_ports(struct observer_config *c, const char *text)
{
        c->n_ports = 0;
        for (;;) {
                char *end;
                errno = 0;
                long port = strtol(text, &end, 10);
                if (end == text || errno != 0 || port < 1 || port > UINT16_MAX || c->n_ports == WATCH_PORTS ||
                    (*end != '\0' && *end != ',')) {
                        return false;
                }
                c->ports[c->n_ports++] = (uint16_t)port;
                if (*end == '\0') {
                        return true;
                }
                text = end + 1;
        }
}

/** A number of at least @p least, maybe with K, M or G behind it. */
static bool take_size(size_t *into, const char *text, size_t least)
{
        char *end;
        errno = 0;
        unsigned long long n = strtoull(text, &end, 10);
        unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
        end += shift > 0 ? 1 : 0;
        if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || n > SIZE_MAX >> (shift + 1)) {
                return false;
        }
        *into = (size_t)n << shift;
        return *into >= least;
}

/** Take the option at argv[i], if it is one of read's own. @return how many words it has; 0: it is none; -1: it is wrong, which is
 *  reported. */
static int take_own(struct observe_options *o, int argc, char **argv, int i)
{
        static const char *const names[] = {"-p", "--port", "--max-flows", "--max-held-bytes"};
        const char *word = argv[i];
        if (strcmp(word, "-f") == 0 || strcmp(word, "--follow") == 0) {
                o->follow = true;
                return 1;
        }
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
                size_t len = strlen(names[n]);
                bool is_joined = strncmp(word, names[n], len) == 0 && word[1] == '-' && word[len] == '=';
                if (strcmp(word, names[n]) != 0 && !is_joined) {
                        continue;
                }
                const char *value = is_joined ? word + len + 1 : i + 1 < argc ? argv[i + 1] : "";
                bool ok = n <= 1   ? take_ports(&o->observer, value)
                          : n == 2 ? take_size(&o->observer.limits.flows, value, FLOWS_LEAST)
                                   : take_size(&o->observer.limits.held_bytes, value, HELD_LEAST);
                if (!ok) {
                        diag(DIAG_ERROR,
                             n <= 1 ? "%s takes up to %d ports, such as 3306,3307"
                                    : "%s takes a larger number",
                             names[n], WATCH_PORTS);
                        return -1;
                }
                return is_joined ? 1 : 2;
        }
        return 0;
}

/** Take the options that are no settings. */
static bool take_all_own(struct observe_options *o, int *argc, char **argv)
{
        int kept = 1;
        for (int i = 1; i < *argc;) {
                int words = strcmp(argv[i], "--") != 0 ? take_own(o, *argc, argv, i) : 0;
                if (words < 0) {
                        return false;
                }
                if (words == 0 && strcmp(argv[i], "--") == 0) {
                        while (i < *argc) {
                                argv[kept++] = argv[i++];
                        }
                } else if (words == 0) {
                        argv[kept++] = argv[i++];
                } else {
                        i += words;
                }
        }
        *argc = kept;
        argv[kept] = NULL;
        return true;
}

/** The words behind the source are an expression. */
static bool take_expression(struct observe_options *o, int argc, char **argv)
{
        char text[OBSERVE_FILTER_MAX];
        struct writer w = writer_over(text, sizeof text - 1);
        for (int i = 2; i < argc; i++) {
                writer_format(&w, "%s%s", i > 2 ? " " : "", argv[i]);
        }
        if (w.failed) {
                diag(DIAG_ERROR, "the expression is too long");
                return false;
        }
        text[w.at] = '\0';
        return argc <= 2 || settings_set(&o->settings, "log.filter", text, "the expression") == STATUS_OK;
}

bool observe_options_parse(struct observe_options *o, int *argc, char **argv)
{
        settings_defaults(&o->settings);
        o->observer = (struct observer_config){.settings = &o->settings,
                                               .ports = {PORT_DEFAULT},
                                               .n_ports = 1,
                                               .limits = {FLOWS_DEFAULT, HELD_DEFAULT}};
        o->settings.log.when_full = SETTINGS_WHEN_FULL_BLOCK;
        if (!take_all_own(o, argc, argv) || settings_args(&o->settings, argc, argv) != STATUS_OK) {
                return false;
        }
        if (*argc < 2) {
                diag(DIAG_ERROR, "which file? 'querytap help read' describes the command");
                return false;
        }
        o->source = argv[1];
        diag_set_level((enum diag_level)o->settings.log_level);
        return take_expression(o, *argc, argv) && sink_check(&o->settings) == STATUS_OK;
}
