/** @file login.h  The phases before the first command: greeting, login, authentication.
 *
 * Threads: one owner.   Memory: none of its own. */
#ifndef MYSQL_DISSECT_LOGIN_H
#define MYSQL_DISSECT_LOGIN_H

#include "mysql/dissect/dissector.h"

struct outcome login_on_greeting(struct dissect *d, const struct message *m);
struct outcome login_on_login(struct dissect *d, const struct message *m);
/** The server speaks before the login. */
struct outcome login_on_early_reply(struct dissect *d, const struct message *m);
/** Within the authentication; not for a command that does not wait for its end. */
struct outcome login_on_client(struct dissect *d, const struct message *m);
struct outcome login_on_server(struct dissect *d, const struct message *m);
/** The first packet of the server behind a login that could not be read: a record if it is an ERR; the session stays opaque. */
struct outcome login_on_refusal(struct dissect *d, const struct message *m);
/** The connection ended within the login: make a record of that. */
void login_cut_off(struct dissect *d, uint64_t now_ns);

#endif
