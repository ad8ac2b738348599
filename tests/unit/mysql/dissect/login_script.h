/** @file login_script.h  For tests of logins: the packets of a login in a script. */
#ifndef TESTS_MYSQL_DISSECT_LOGIN_SCRIPT_H
#define TESTS_MYSQL_DISSECT_LOGIN_SCRIPT_H

#include "script.h"

enum { LOGIN_BYTES = 1024 };

#define LOGIN_CAPS                                                                                           \
        (CAP_MYSQL | CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | CAP_CONNECT_WITH_DB | CAP_PLUGIN_AUTH |       \
         CAP_SSL | CAP_MULTI_FACTOR)

/** Begin the script with a greeting. */
void login_greet(struct script *s, uint64_t capabilities, const char *plugin);
/** The client's answer. */
void login_send(struct script *s, uint64_t capabilities, const char *plugin);

/** The records of @p s must have all of @p parts, which end with NULL. */
void login_expect(const struct script *s, const char *const *parts);
#define LOGIN_EXPECT(s, ...) login_expect((s), (const char *const[]){__VA_ARGS__, NULL})
/** How often the records of @p s have @p part. */
unsigned login_count(const struct script *s, const char *part);

#endif
