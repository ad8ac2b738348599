/** @file jsonl_session.h  What all records of a session begin with, as JSON: made once, and copied as long as it holds.
 * Knows: the fields from client_addr to server_conn_id.   Does not know: the others.
 * Threads: each has its own.   Memory: static, one text for each of SESSIONS; others take turns. */
#ifndef JOURNAL_JSONL_SESSION_H
#define JOURNAL_JSONL_SESSION_H

#include "base/writer.h"
#include "mysql/record.h"

/** The fields that are the session's, a bit each; of an auth record, which has more between them, none. */
struct field_set jsonl_session_fields(const struct record *r);

/** Append those @p fields of @p r if they stand ready. @return false if they do not. */
bool jsonl_session_put(struct writer *w, const struct record *r, struct field_set fields);
/** @p text is what they are. */
void jsonl_session_keep(const struct record *r, struct field_set fields, struct span text);

#endif
