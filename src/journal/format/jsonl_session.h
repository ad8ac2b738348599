/** @file jsonl_session.h  What all records of a session begin with, as JSON: made once, and copied as long as it holds.
 * Knows: the fields from client_addr to server_conn_id.   Does not know: the others.
 * Threads: jsonl_sessions_use from the thread that is to have the room; the rest on it. A thread without makes them anew.
 * Memory: STAGE_JOURNAL, 230 KiB: room for a number of sessions, and others take turns. */
#ifndef JOURNAL_FORMAT_JSONL_SESSION_H
#define JOURNAL_FORMAT_JSONL_SESSION_H

#include "base/writer.h"
#include "mysql/record/record.h"

struct jsonl_sessions;

/** @return NULL when memory is out. */
struct jsonl_sessions *jsonl_sessions_new(void);
void jsonl_sessions_free(struct jsonl_sessions *sessions);
/** The calling thread's from now on; it must not use them any more when they are freed. NULL: none. */
void jsonl_sessions_use(struct jsonl_sessions *sessions);

/** The fields that are the session's, a bit each; of an auth record, which has more between them, none. */
struct field_set jsonl_session_fields(const struct record *r);

/** Those @p fields of @p r, if they stand ready: with a comma before each. Else nothing. Good until the next one is kept. */
struct span jsonl_session_text(const struct record *r, struct field_set fields);
/** @p text is what they are. */
void jsonl_session_keep(const struct record *r, struct field_set fields, struct span text);

#endif
