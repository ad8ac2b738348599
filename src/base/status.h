/** @file status.h  What a function that can fail returns.
 * Whoever knows the detail says it once (diag.h); the status only tells the caller how to go on. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum status {
        STATUS_OK,
        STATUS_NOMEM,    /**< an allocation failed */
        STATUS_PROTOCOL, /**< the bytes contradict the protocol */
        STATUS_LIMIT,    /**< a bound of ours was reached */
        STATUS_IO,       /**< the system refused; errno was reported where it happened */
        STATUS_INVALID,  /**< a value from a user is wrong */
        STATUS_NOTFOUND, /**< what was named is not there */
};

/** @return a lower-case phrase, static. */
const char *status_text(enum status status);

#endif
