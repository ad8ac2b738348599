#include "cli/flags.h"

#include "base/diag.h"
#include "base/nearest.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
        LONG_FIRST = 256,
        /* what getopt_long returns for flag 0 by its name; letters are smaller */ ARGUMENT = 1
};

/** The arguments of getopt_long. */
struct options {
        char letters[2 + 2 * FLAGS_MAX + 1];
        struct option names[FLAGS_MAX + 1];
};

bool flags_take_text(void *into, const char *value)
{
        *(const char **)into = value;
        return true;
}

bool flags_take_switch(void *into, const char *value)
{
        (void)value;
        *(bool *)into = true;
        return true;
}

static struct options options_of(const struct flag *flags, size_t n, enum flags_order order)
{
        static const int kinds[] = {[FLAG_SWITCH] = no_argument,
                                    [FLAG_VALUE] = required_argument,
                                    [FLAG_OPTIONAL] = optional_argument};
        struct options o = {.letters = ""};
        char *letter = o.letters;
        struct option *name = o.names;
        *letter++ = order == FLAGS_FIRST ? '+' : '-'; /* regardless of POSIXLY_CORRECT */
        *letter++ = ':';                              /* return ':' if a value is missing */
        for (size_t i = 0; i < n && i < FLAGS_MAX; i++) {
                if (flags[i].letter != '\0') {
                        *letter++ = flags[i].letter;
                        *letter = flags[i].value == FLAG_VALUE ? ':' : '\0';
                        letter += flags[i].value == FLAG_VALUE;
                }
                if (flags[i].name != NULL) {
                        *name++ = (struct option){.name = flags[i].name,
                                                  .has_arg = kinds[flags[i].value],
                                                  .val = LONG_FIRST + (int)i};
                }
        }
        return o;
}

/** The flag for which getopt_long returned @p value at @p word; NULL if it is unknown or abbreviated, or its value is missing. */
static const struct flag *flag_of(const struct flag *flags, size_t n, int value, const char *word)
{
        if (value >= LONG_FIRST) {
                const struct flag *flag = &flags[value - LONG_FIRST];
                return strcspn(word + 2, "=") == strlen(flag->name) ? flag : NULL;
        }
        for (size_t i = 0; i < n; i++) {
                if (value != '?' && value != ':' && flags[i].letter == value) {
                        return &flags[i];
                }
        }
        return NULL;
}

/** Report the option @p word, for which getopt_long returned @p value. */
static void report_wrong(const struct flag *flags, size_t n, int value, const char *word)
{
        char name[64];
        const char *bare = word + strspn(word, "-");
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(bare, "="), bare);
        struct nearest near = nearest_to(name);
        for (size_t i = 0; i < n; i++) {
                if (flags[i].name != NULL) {
                        nearest_try(&near, flags[i].name);
                }
        }
        const char *found = word[1] == '-' ? nearest_found(&near) : NULL;
        if (value == ':') {
                diag(DIAG_ERROR, "option %s needs a value", word);
        } else if (found != NULL && strcmp(found, near.word) != 0) {
                diag(DIAG_ERROR, "unknown option %s; did you mean --%s?", word, found);
        } else {
                diag(DIAG_ERROR, "unknown option %s", word);
        }
}

/** As flags_parse; if @p is_quiet, an unknown flag is not reported. */
static bool parse(const struct flag *flags, size_t n, enum flags_order order, bool is_quiet, int *argc,
                  char **argv)
{
        const struct options o = options_of(flags, n, order);
        int kept = 1;
        int value;
        optind = 0; /* start again (an extension of glibc) */
        opterr = 0;
        for (;;) {
                const char *word = argv[optind > 0 ? optind : 1]; /* neither order permutes argv */
                value = getopt_long(*argc, argv, o.letters, o.names, NULL);
                if (value < 0) {
                        break;
                }
                if (value == ARGUMENT) {
                        argv[kept++] = optarg;
                        continue;
                }
                const struct flag *flag = flag_of(flags, n, value, word);
                if (flag == NULL && !is_quiet) {
                        report_wrong(flags, n, value, word);
                }
                if (flag == NULL || !flag->take(flag->into, optarg)) {
                        return false;
                }
        }
        while (optind < *argc) {
                argv[kept++] = argv[optind++];
        }
        *argc = kept;
        return true;
}

bool flags_parse(const struct flag *flags, size_t n, enum flags_order order, const char *usage, int *argc,
                 char **argv)
{
        bool ok = parse(flags, n, order, usage != NULL, argc, argv);
        if (!ok && usage != NULL) {
                diag(DIAG_ERROR, "usage: querytap heap %s", usage);
        }
        return ok;
}
