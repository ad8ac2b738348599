/** @file value.h  One decoded value: a statement's parameter, an attribute, a column of a row.
 * Knows: the types of the protocol and their binary and text forms.   Does not know: where a value came from.
 * Source: MySQL's protocol documentation (binary protocol value), MariaDB's (COM_STMT_EXECUTE). */
#ifndef MYSQL_WIRE_VALUE_H
#define MYSQL_WIRE_VALUE_H

#include "base/reader.h"
#include "base/writer.h"

/** enum_field_types. Types that are not listed are printed as text or, if that is not UTF-8, as hex. */
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

/** What an element of a list is. */
enum value_role {
        VALUE_PLAIN,
        VALUE_BEGINS_RESULT, /**< a mark: the next result begins */
        VALUE_BEGINS_ROW,    /**< a mark: the values up to the next mark are a row */
        VALUE_IS_DEFAULT,    /**< MariaDB's bulk execution: take the column's default */
        VALUE_IS_IGNORED,    /**< MariaDB's bulk execution: leave the column as it is */
        VALUE_OPENS_LIST,    /**< a mark in an object: its values up to VALUE_CLOSES are a list */
        VALUE_OPENS_MAP,     /**< a mark in an object: its values up to VALUE_CLOSES are a map */
        VALUE_CLOSES,        /**< a mark: the innermost list or map ends */
};

/** A value as it stood on the wire. Spans belong to whoever made the value. */
struct value {
        struct span name;  /**< of an attribute; empty for a positional parameter */
        struct span bytes; /**< the binary form without its length prefix, or the text form; maybe cut */
        uint64_t true_len; /**< what bytes.len was before it was cut */
        uint8_t type;      /**< enum value_type */
        bool is_unsigned;
        bool is_null;
        uint8_t charset;  /**< of a text (charset.h); CHARSET_UNKNOWN once it is UTF-8, or if it is binary */
        uint8_t role;     /**< enum value_role */
        uint8_t decimals; /**< digits of the fraction, or of the seconds' fraction, if has_decimals */
        uint8_t
            zerofill; /**< of a number: the text protocol shows at least as many characters; 0 = no ZEROFILL */
        bool has_decimals : 1; /**< its column says how many digits of the fraction the text protocol shows */
        bool unknown : 1;      /**< it can't be decoded: its type was never seen, or its bytes are missing */
        bool in_text : 1;      /**< bytes hold the form of the text protocol, whatever the type */
        bool cut : 1;          /**< it is cut, though true_len may not show that after a conversion */
        bool
            secret : 1; /**< a password: of a cut value, for what was cut off; of a column's name, for its other name */
        bool derived : 1; /**< of a column's name: the column belongs to no table */
        bool catalog : 1; /**< of a column's name: the column belongs to one of the server's own tables */
        bool
            ambiguous : 1; /**< it replaces a value (log.redact), and other values have the same replacement */
};

/** Do the bytes of @p v distinguish it from all other values: are they all there, and not a replacement for several? */
static inline bool value_is_whole(const struct value *v)
{
        return !v->unknown && !v->cut && !v->ambiguous && v->true_len <= v->bytes.len;
}

struct value_list {
        const struct value *at;
        size_t n;
};

/** Are texts of that type in a character set? Values of other types are ASCII, or not text. */
bool value_is_text(uint8_t type);

/** Read a value in text form (as in COM_QUERY's rows): a text that follows its length, or 0xFB for NULL. */
struct value value_read_text(struct reader *r, uint8_t type, bool is_unsigned, size_t keep);

/** How a value in binary form begins whose size is not fixed: with its length in one byte, or as a length-encoded integer. */
enum { VALUE_BEHIND_BYTE = -1, VALUE_BEHIND_LENGTH = -2 };

/** @return how many bytes a value of @p type has in binary form, or one of the above. */
int value_binary_size(uint8_t type);

/** Read a value of @p type in binary form from an input in which at most @p there bytes are left of each text, keeping at most
 *  @p keep of them; otherwise like value_read. */
struct value value_read_part(struct reader *r, uint8_t type, bool is_unsigned, size_t keep, size_t there);

/** Read a value of @p type in binary form, keeping at most @p keep bytes of it. If a text is longer than the input, the value has the
 *  part that is there and the true length, and @p r has failed. */
struct value value_read(struct reader *r, uint8_t type, bool is_unsigned, size_t keep);

/** The most digits that the fraction of a second has. */
enum { VALUE_DECIMALS_MAX = 6 };

/** @p v belongs to a column with @p decimals, and ZEROFILL with a width of @p zerofill characters (0: without): its binary form is
 *  printed as the text protocol has it. Servers send a larger number of decimals (31) if the digits depend on the value; it is ignored,
 *  as it is for other types than dates, times, FLOAT and DOUBLE. */
void value_set_column(struct value *v, uint8_t decimals, uint8_t zerofill);

/** How a value is printed. */
enum value_style {
        VALUE_AS_JSON, /**< number, "string", null, {"hex":"…"}; a cut one {"text"|"hex":…,"length":n} */
        VALUE_AS_SQL, /**< literal as one would type it: 1, 'text', NULL, X'…'; a cut one ends in … (n bytes) */
        VALUE_AS_LITERAL, /**< literal that the server reads as that value; a comment says how much is cut off */
        VALUE_AS_PLAIN_LITERAL, /**< the same for a session with NO_BACKSLASH_ESCAPES */
};

/** Append @p v to @p w as valid UTF-8. */
void value_print(struct writer *w, const struct value *v, enum value_style style);

#endif
