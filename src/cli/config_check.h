/** @file config_check.h  What a start would refuse, without starting: nothing is listened on, written or created.
 * Knows: settings, and the files and addresses that they name.   Does not know: the server, which may be started later; ports that are in use, and
 * limits of the process, which are those of whoever starts the proxy.
 * Threads: main.   Memory: the stages of the modules that it asks. */
#ifndef CLI_CONFIG_CHECK_H
#define CLI_CONFIG_CHECK_H

#include "base/status.h"
#include "settings/settings.h"

/** Check all of @p settings, which settings_check and sink_check have accepted. Every error is reported, with its file and line if it has
 *  one. @return the status of the last error, STATUS_OK if there is none. */
enum status config_check_start(const struct settings *settings);

#endif
