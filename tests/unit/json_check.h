/** @file json_check.h  Is it JSON? A strict reading of RFC 8259, for tests of what writes JSON. */
#ifndef TESTS_JSON_CHECK_H
#define TESTS_JSON_CHECK_H

#include "base/span.h"

/** One value and nothing else (white space round it is allowed), all of it valid UTF-8. */
bool json_check(struct span text);

#endif
