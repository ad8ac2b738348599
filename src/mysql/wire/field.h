/** @file field.h  The fields of a packet, reported by the code that reads the packet.
 *
 * A reader that can report its fields takes a trace, which is NULL where nobody asks for them. Such a reader is compiled twice
 * (base/specialized.h): with NULL, where the compiler removes all that is done for the trace, and with a trace.
 *
 *      |-- reported --|-- this field --|-- not read yet --|
 *      0            named        reader's position       end of the payload
 *
 * Each report covers the bytes from the end of the last one up to the position of the reader, so that no byte can be left out by
 * mistake. If the reader has failed, the field takes all that is left, and is_cut says that it is not complete.
 * Threads: one owner.   Memory: allocates nothing; what a field points at lives during the call that reports it. */
#ifndef MYSQL_WIRE_FIELD_H
#define MYSQL_WIRE_FIELD_H

#include "base/reader.h"
#include "base/specialized.h"
#include "mysql/wire/value.h"

/** Marks a reader that can report its fields. */
#define FIELD_READER SPECIALIZED

/** How the content of a field is shown. */
enum field_form {
        AS_BYTES,        /**< not at all */
        AS_NUMBER,       /**< as a decimal number */
        AS_HEX,          /**< as a hexadecimal number */
        AS_COMMAND,      /**< the name of a command */
        AS_TYPE,         /**< the name of a type (enum value_type); 0x8000 = unsigned */
        AS_STATUS,       /**< the names of status bits */
        AS_CAPABILITIES, /**< the names of capability bits */
        AS_TEXT,         /**< as a text */
        AS_VALUE,        /**< as value_print writes it */
};

struct field {
        const char *name; /**< static text */
        size_t at;        /**< offset in the payload, in bytes */
        size_t len;       /**< in bytes, at least 1 */
        enum field_form form;
        bool is_length;            /**< it is the length of the field called @p name */
        bool is_cut;               /**< bytes of it are missing */
        bool is_surplus;           /**< it stands behind the last field that the packet should have */
        uint64_t index;            /**< its number in a list, from 1; 0 = it is in no list */
        struct span label;         /**< what the item is called, such as the name of a column; may be empty */
        uint64_t number;           /**< of the numeric forms */
        struct span text;          /**< of AS_TEXT */
        const struct value *value; /**< of AS_VALUE */
};

struct field_trace {
        void (*on_field)(void *arg, const struct field *field);
        void *arg;
        struct span payload; /**< all that the fields lie in */
        size_t length;       /**< of the whole packet's payload, of which some may be missing, in bytes */
        size_t named;        /**< up to here fields were reported */
        uint64_t index;      /**< see struct field */
        struct span label;
};

/** The number at the end of what @p r has taken, as the field @p name. */
void field_report_number(struct field_trace *f, const struct reader *r, const char *name,
                         enum field_form form, uint64_t number);
/** The length of @p name, whose bytes are the last @p length ones that @p r has taken. */
void field_report_length(struct field_trace *f, const struct reader *r, const char *name, uint64_t length);
/** A text. @p has_length: what stands between the last field and @p text is reported as its length. */
void field_report_text(struct field_trace *f, const struct reader *r, const char *name, struct span text,
                       bool has_length);
/** A value. What stands before its bytes is reported as its length. */
void field_report_value(struct field_trace *f, const struct reader *r, const char *name,
                        const struct value *v);
/** What no reader has taken, up to the end of the payload. @p is_surplus: see struct field. */
void field_report_rest(struct field_trace *f, const char *name, bool is_surplus);

/* The same as the above for readers, where @p f may be NULL. */

FIELD_READER void field_number(struct field_trace *f, const struct reader *r, const char *name,
                               uint64_t number)
{
        if (f != NULL) {
                field_report_number(f, r, name, AS_NUMBER, number);
        }
}

FIELD_READER void field_form(struct field_trace *f, const struct reader *r, const char *name,
                             enum field_form form, uint64_t number)
{
        if (f != NULL) {
                field_report_number(f, r, name, form, number);
        }
}

/** A text that follows its length. */
FIELD_READER void field_text(struct field_trace *f, const struct reader *r, const char *name,
                             struct span text)
{
        if (f != NULL) {
                field_report_text(f, r, name, text, true);
        }
}

/** The length of what is reported next under other names. */
FIELD_READER void field_length(struct field_trace *f, const struct reader *r, const char *name,
                               uint64_t length)
{
        if (f != NULL) {
                field_report_length(f, r, name, length);
        }
}

/** A text without a length before it: it ends with a NUL, or has a fixed size, or is the rest. */
FIELD_READER void field_string(struct field_trace *f, const struct reader *r, const char *name,
                               struct span text)
{
        if (f != NULL) {
                field_report_text(f, r, name, text, false);
        }
}

/** Bytes that are not shown otherwise. */
FIELD_READER void field_bytes(struct field_trace *f, const struct reader *r, const char *name)
{
        if (f != NULL) {
                field_report_number(f, r, name, AS_BYTES, 0);
        }
}

FIELD_READER void field_value(struct field_trace *f, const struct reader *r, const char *name,
                              const struct value *v)
{
        if (f != NULL) {
                field_report_value(f, r, name, v);
        }
}

/** The fields that follow belong to item @p index, from 0, of a list, which may have a name. */
FIELD_READER void field_item(struct field_trace *f, uint64_t index, struct span label)
{
        if (f != NULL) {
                f->index = index + 1;
                f->label = label;
        }
}

/** The fields that follow belong to no list. */
FIELD_READER void field_no_item(struct field_trace *f)
{
        if (f != NULL) {
                f->index = 0;
                f->label = (struct span){NULL, 0};
        }
}

#endif
