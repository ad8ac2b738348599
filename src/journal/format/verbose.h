/** @file verbose.h  A record as a line for a person, with its details below it.
 *
 *      18:04:05.678901 #7    root@shop           1.234 ms    3 rows  STMT_EXECUTE 1  SELECT id, name FROM t WHERE id < ?
 *          values       1  int               42
 *          time        █ server 1.104 ms  ▒ stream 0.130 ms   █████████████████████████████▒▒▒
 *          bytes       30 sent, 120 received
 *          status      autocommit, no_index_used
 *          result      id  name
 *                      ──  ──────
 *                       1  'tea'
 *                       2  'café' */
#ifndef JOURNAL_FORMAT_VERBOSE_H
#define JOURNAL_FORMAT_VERBOSE_H

#include "base/writer.h"
#include "mysql/record/record.h"

void verbose_record(struct writer *w, const struct record *r, bool color);

#endif
