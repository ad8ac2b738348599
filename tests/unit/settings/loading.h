/** @file loading.h  For tests of src/settings: a settings file to read, and the messages about it. */
#ifndef TESTS_UNIT_SETTINGS_LOADING_H
#define TESTS_UNIT_SETTINGS_LOADING_H

#include "settings/settings.h"

extern char dir[];      /* the tests' own folder */
extern char path[64];   /* the settings file in it */
extern char said[8192]; /* the messages between the two calls below */

/** Make the folder. @return false (reported) if it can't be made. */
bool loading_begin(void);
void loading_end(void);

void listen_to_diag(void);
void stop_listening(void);
/** Is @p part among the messages? */
bool said_has(const char *part);

/** Write @p text to the settings file and read it into @p s, after the defaults. */
enum status load(struct settings *s, const char *text);
/** Load @p text, which is wrong, and expect the message `PATH:` @p part. */
void expect_refusal(const char *text, const char *part);

#endif
