#include "mysql/dissect/phase.h"

#include "mysql/dissect/login.h"
#include "mysql/dissect/request.h"
#include "mysql/dissect/result.h"

/** A command has sequence number 0, even if it does not wait for the end of the authentication. */
static struct outcome on_client_in_auth(struct dissect *d, const struct message *m)
{
        return m->seq == 0 ? request_on_message(d, m) : login_on_client(d, m);
}

const struct phase_info phase_table[PHASE_COUNT] = {
    [PHASE_GREETING] = {"greeting", {[SIDE_SERVER] = login_on_greeting}},
    [PHASE_LOGIN] = {"login", {[SIDE_CLIENT] = login_on_login, [SIDE_SERVER] = login_on_early_reply}},
    [PHASE_AUTH] = {"auth", {[SIDE_CLIENT] = on_client_in_auth, [SIDE_SERVER] = login_on_server}},
    [PHASE_READY] = {"ready", {[SIDE_CLIENT] = request_on_message, [SIDE_SERVER] = result_on_message}},
    [PHASE_UNREAD] = {"opaque", {[SIDE_SERVER] = login_on_refusal}},
    [PHASE_OPAQUE] = {"opaque", {NULL, NULL}},
    [PHASE_CLOSED] = {"closed", {NULL, NULL}},
};
