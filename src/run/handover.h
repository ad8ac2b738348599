/** @file handover.h  How a command gets to the proxy instead of the server: by variables of its environment and by its arguments.
 *
 *      MYSQL_HOST, MYSQL_TCP_PORT, MYSQL_PORT, MYSQL_UNIX_PORT         set
 *      DATABASE_URL=mysql2://app:secret@db:3306/shop?pool=5            the host and the port become those of the proxy
 *      {host} {port} {socket} in arguments and in --env NAME=TEMPLATE  replaced
 *
 * Texts that name a server are recognised in three forms, in any variable: URLs whose scheme names MySQL, MariaDB or Trilogy (jdbc: may
 * precede it), data source names of Go's driver (user@tcp(host:port)/db, user@unix(path)/db), and those of PDO (mysql:host=…;port=…).
 * Those of another server than the proxy's are left as they are, which is reported without their text: it may have a password.
 * Threads: main.   Memory: STAGE_MAIN. */
#ifndef RUN_HANDOVER_H
#define RUN_HANDOVER_H

#include "base/span.h"
#include "base/status.h"

#include <stdbool.h>

enum { HANDOVER_SERVER_MAX = 128, HANDOVER_TEMPLATES_MAX = 32 };

/** Where the proxy listens. */
struct handover_address {
        const char *host;
        const char *port;
        const char *socket; /**< path; "" = there is none */
        const char *admin;  /**< of the admin port; "off" = there is none */
};

struct handover {
        struct handover_address address;
        char server[HANDOVER_SERVER_MAX]; /**< where the proxy forwards to: host:port or unix:PATH */
        bool all; /**< the user named the server: every text that names a server leads to the proxy */
        const char *templates[HANDOVER_TEMPLATES_MAX]; /**< NAME=TEMPLATE */
        size_t n_templates;
};

/** The part of a text that says where a server is. */
struct handover_found {
        enum handover_form { HANDOVER_URL, HANDOVER_GO, HANDOVER_PDO } form;
        size_t begin; /**< offset of what is replaced by the proxy's address */
        size_t end;
        char server[HANDOVER_SERVER_MAX];
};

/** @return false if @p text names no server in one of the three forms. */
bool handover_find(const char *text, struct handover_found *out);
/** Find out which server the variables @p environment lead to, for h->server: DATABASE_URL, another such text, MYSQL_HOST and the
 *  like; else 127.0.0.1:3306. */
void handover_find_server(struct handover *h, char **environment);

/** The environment of the command, a list that ends with NULL. @return NULL if memory is out. */
char **handover_environment(const struct handover *h, char **environment);
/** The command with its @p n arguments. @return NULL if memory is out. */
char **handover_arguments(const struct handover *h, int n, char **arguments);
void handover_free(char **list);

#endif
