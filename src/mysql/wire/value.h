/** @file value.h  One decoded value: a statement's parameter, an attribute, a column of a row.
 * Knows: the types of the protocol and their binary and text forms.   Does not know: where a value came from.
 * Source: MySQL's protocol documentation (binary protocol value), MariaDB's (COM_STMT_EXECUTE). */
#ifndef MYSQL_WIRE_VALUE_H
#define MYSQL_WIRE_VALUE_H

#include "base/reader.h"
#include "base/writer.h"

/** enum_field_types; what is not listed prints as text or, if it is not UTF-8, as hex. */
enum value_type {
        VALUE_DECIMAL = 0x00,
        VALUE_TINY = 0x01,
        VALUE_SHORT = 0x02,
        VALUE_LONG = 0x03,
        VALUE_FLOAT = 0x04,
        VALUE_DOUBLE = 0x05,
        VALUE_NULL = 0x06,
        VALUE_TIMESTAMP = 0x07,
        VALUE_LONGLONG = 0x08,
        VALUE_INT24 = 0x09,
        VALUE_DATE = 0x0a,
        VALUE_TIME = 0x0b,
        VALUE_DATETIME = 0x0c,
        VALUE_YEAR = 0x0d,
        VALUE_NEWDATE = 0x0e, /**< of MariaDB's parameters: a date */
        VALUE_VARCHAR = 0x0f,
        VALUE_BIT = 0x10,
        VALUE_BOOL = 0xf4, /**< of MySQL: as TINY */
        VALUE_VECTOR = 0xf2,
        VALUE_JSON = 0xf5,
        VALUE_NEWDECIMAL = 0xf6,
        VALUE_ENUM = 0xf7,
        VALUE_SET = 0xf8,
        VALUE_TINY_BLOB = 0xf9,
        VALUE_MEDIUM_BLOB = 0xfa,
        VALUE_LONG_BLOB = 0xfb,
        VALUE_BLOB = 0xfc,
        VALUE_VAR_STRING = 0xfd,
        VALUE_STRING = 0xfe,
        VALUE_GEOMETRY = 0xff,
};

/** What an element of a list stands for. */
enum value_role {
        VALUE_PLAIN,
        VALUE_BEGINS_RESULT, /**< no value: what follows is another result's */
        VALUE_BEGINS_ROW,    /**< no value: the values up to the next mark are a row */
        VALUE_IS_DEFAULT,    /**< MariaDB's bulk execution: take the column's default */
        VALUE_IS_IGNORED,    /**< MariaDB's bulk execution: leave the column as it is */
};

/** A value as it stood on the wire. Spans belong to whoever made the value. */
struct value {
        struct span name;  /**< of an attribute; empty for a positional parameter */
        struct span bytes; /**< the binary form without its length prefix, or the text form; maybe cut */
        uint64_t true_len; /**< what bytes.len was before it was cut */
        uint8_t type;      /**< enum value_type */
        bool is_unsigned;
        bool is_null;
        bool unknown;     /**< can't be decoded: its type was never seen, or what came is too short */
        uint8_t charset;  /**< of a text (charset.h); CHARSET_UNKNOWN once it is UTF-8, or if it is binary */
        uint8_t role;     /**< enum value_role */
        bool in_text : 1; /**< bytes hold the form of the text protocol, whatever the type */
        bool cut : 1;     /**< cut, though true_len may not tell (it was converted since) */
        bool
            secret : 1; /**< a password: of a cut value, for what was cut off; of a column's name, for its other name */
        bool derived : 1; /**< of a column's name: it is no table's column */
        bool catalog : 1; /**< of a column's name: it is of a table that the server makes of what it knows */
};

struct value_list {
        const struct value *at;
        size_t n;
};

/** Texts of that type are in a character set; those of others are ASCII, or no text. */
bool value_is_text(uint8_t type);

/** Read one value of text form (that of COM_QUERY's rows): a text with its length before it, or 0xFB for NULL. */
struct value value_read_text(struct reader *r, uint8_t type, bool is_unsigned, size_t keep);

/** Read one value of binary form of @p type from @p r, keeping at most @p keep bytes of it. A text that goes on past the
 *  input's end is given as far as it is there, with its true length, and @p r has failed. */
struct value value_read(struct reader *r, uint8_t type, bool is_unsigned, size_t keep);

/** How a value is printed. */
enum value_style {
        VALUE_AS_JSON, /**< number, "string", null, {"hex":"…"}; a cut one {"text"|"hex":…,"length":n} */
        VALUE_AS_SQL, /**< literal as one would type it: 1, 'text', NULL, X'…'; a cut one ends in … (n bytes) */
        VALUE_AS_LITERAL, /**< literal that the server reads as that value; what is cut off is told in a comment */
        VALUE_AS_PLAIN_LITERAL, /**< the same for a session with NO_BACKSLASH_ESCAPES */
};

/** Append @p v to @p w. Always valid UTF-8. */
void value_print(struct writer *w, const struct value *v, enum value_style style);

#endif
