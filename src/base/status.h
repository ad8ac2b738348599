/** @file status.h  What a function that can fail returns.
 * The function that knows the details reports them once (diag.h); the status only shows the caller how to continue. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum status {
        STATUS_OK,
        STATUS_NOMEM,    /**< an allocation failed */
        STATUS_PROTOCOL, /**< the bytes contradict the protocol */
        STATUS_LIMIT,    /**< a limit of querytap was reached */
        STATUS_IO,       /**< the system refused; errno was reported where it happened */
        STATUS_INVALID,  /**< a value from a user is wrong */
        STATUS_NOTFOUND, /**< the named thing does not exist */
};

/** @return a lower-case phrase, static. */
const char *status_text(enum status status);

#endif
