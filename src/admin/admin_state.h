/** @file admin_state.h  The admin port's own state; for admin.c and its test. */
#ifndef ADMIN_ADMIN_STATE_H
#define ADMIN_ADMIN_STATE_H

#include "admin/admin_context.h"
#include "base/unix_socket.h"

struct admin {
        struct admin_context context;
        char addr[128]; /**< where it listens */
        struct unix_socket_file socket;
};

#endif
