/** @file auth_path.h  How an authentication went, as records tell it in one line: "mysql_native_password > caching_sha2_password > fast path".
 *
 * Knows: plugins and the steps of caching_sha2_password.   Does not know: who authenticates, or packets' headers.
 * Threads: one owner.   Memory: STAGE_DISSECT; at most 256 bytes of path. The owner calls auth_path_fini. */
#ifndef MYSQL_DISSECT_AUTH_PATH_H
#define MYSQL_DISSECT_AUTH_PATH_H

#include "mysql/dissect/message.h"
#include "mysql/dissect/owned_text.h"
#include "mysql/record/record.h"
#include "mysql/wire/lint.h"

struct auth_path {
        struct owned_text plugin; /**< the current one */
        char *text;               /**< plugins and steps so far; NULL: none */
};

/** Set the plugin that the server proposes in its greeting, which is a step only if the client agrees. @return false when
 *  memory is out. */
bool auth_path_propose(struct auth_path *path, struct span plugin);
/** The plugin changes to @p plugin, or is confirmed if that is empty; it is a step. @return false when memory is out. */
bool auth_path_add_plugin(struct auth_path *path, struct span plugin);
/** What the server sends within an authentication besides OK and ERR. @p in_login: not in reply to COM_CHANGE_USER. */
struct outcome auth_path_on_server(struct auth_path *path, struct lint *lint, uint64_t capabilities,
                                   bool in_login, const struct message *m);
void auth_path_put(const struct auth_path *path, struct record *r);
/** Forget the steps: an authentication ended, or another begins. The plugin stays. */
void auth_path_forget(struct auth_path *path);
void auth_path_fini(struct auth_path *path);

#endif
