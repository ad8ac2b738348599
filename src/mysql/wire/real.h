/** @file real.h  Numbers of FLOAT and DOUBLE as the servers' text protocol has them.
 *
 * Source: the floating-point conversion in MariaDB's and MySQL's sources (dtoa): from 1e15 on and below 1e-15 a number has an exponent.
 * A FLOAT without a number of decimals is printed with all digits that it needs here; the servers print six.
 * Threads: any, with the C library's locale "C".   Memory: none. */
#ifndef MYSQL_WIRE_REAL_H
#define MYSQL_WIRE_REAL_H

#include "base/writer.h"

enum {
        REAL_DECIMALS_MAX = 30, /**< of a column; 31 = it has no fixed number */
        REAL_MAX = 352          /**< bytes of the longest text, with its NUL */
};

/** Append @p d, which is finite, with @p decimals digits behind the point, at most REAL_DECIMALS_MAX. */
void real_put_fixed(struct writer *w, double d, unsigned decimals);
/** Append the shortest text that reads back as @p d, which is finite; as a float if @p is_float. */
void real_put_shortest(struct writer *w, double d, bool is_float);
/** Is @p s a number in JSON? With the zeroes of ZEROFILL it is not. */
bool real_is_json(struct span s);

#endif
