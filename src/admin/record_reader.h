/** @file record_reader.h  Reading recent records for replies: what /records and /records/stream have in common.
 * Threads: main.   Memory: STAGE_ADMIN, the buffer. */
#ifndef ADMIN_RECORD_READER_H
#define ADMIN_RECORD_READER_H

#include "admin/call.h"
#include "journal/journal.h"
#include "mysql/record/gap.h"

enum { RECORD_READER_MAX = 1000000, RECORD_READER_CUT_MAX = 65536 };

/** Memory for a formatted record. It grows to the size of the largest one. All zero: it is empty. */
struct record_buffer {
        uint8_t *data;
        size_t size;
};

/** @return false if it is as large as it may be, or out of memory: then it is unchanged. */
bool record_buffer_grow(struct record_buffer *buffer);
void record_buffer_free(struct record_buffer *buffer);

/** Format the record after *@p cursor, or a gap record, into @p buffer; *@p text is the result, empty if the filter rejects it. A record for
 *  which there is not enough memory is skipped: *@p text is empty then, too. @return false if there is no record. */
bool record_reader_next(struct journal *journal, uint64_t *cursor, struct filter *filter, enum format format,
                        struct record_buffer *buffer, struct span *text);
/** The same, as an item of a list (journal/format/jsonl_item.h), with texts cut to @p most bytes. */
bool record_reader_next_item(struct admin_context *a, uint64_t *cursor, struct filter *filter, size_t most,
                             struct record_buffer *buffer, struct span *text);

/* Parameters. These functions return false if a parameter is wrong: then the call was answered. */

/** Are recent records kept? */
bool record_reader_is_kept(struct call *call);
bool record_reader_format(struct call *call, enum format *out);
/** The mark of the log since which records are asked for; NULL if the request names none. */
bool record_reader_mark(struct call *call, const struct log_mark **out);
/** The filter, for records since @p mark (NULL: all); NULL if every record passes. */
bool record_reader_filter(struct call *call, const struct log_mark *mark, struct filter **out);
/** To how many bytes texts are cut; 0 = not at all. */
bool record_reader_cut(struct call *call, uint64_t *out);
/** Parse the ID of a record, RUN:NUMBER. @p run gets its run, which may be another than this one. @return false if it is no ID. */
bool record_reader_id(const char *text, char run[ADMIN_RUN_SIZE], uint64_t *number);

/** The media type of @p format. */
const char *record_reader_type(enum format format);
/** Format a gap record for @p dropped records that are not shown. @p why is static. @return the text, in @p room. */
enum { RECORD_READER_GAP_SIZE = 1024 };
struct span record_reader_gap(char room[RECORD_READER_GAP_SIZE], enum format format, const char *why,
                              uint64_t dropped);

#endif
