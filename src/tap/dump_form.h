/** @file dump_form.h  The forms in which recorded packets are shown.
 * Threads: any.   Memory: none. */
#ifndef TAP_DUMP_FORM_H
#define TAP_DUMP_FORM_H

enum tap_dump {
        TAP_DUMP_HEX,    /**< hex and text (capture/hex.h) */
        TAP_DUMP_PLAIN,  /**< the same as text2pcap reads it (tap_fields.h) */
        TAP_DUMP_FIELDS, /**< hex by field, with names and contents (tap_fields.h) */
        TAP_DUMP_TABLE,  /**< the fields without hex, one a line */
        TAP_DUMP_JSON,   /**< the fields and the bytes as JSON */
};

#endif
