/** @file old_files.h  Lists the rotated files of a log in its folder.
 * Knows: names and sizes.   Does not know: what to do with them (journal/sink/retention.h).
 * Threads: one owner.   Memory: STAGE_SINK. */
#ifndef JOURNAL_SINK_OLD_FILES_H
#define JOURNAL_SINK_OLD_FILES_H

#include "journal/sink/rotate.h"

/** The forms in which a rotated file may exist, also more than one at a time; bits. */
enum { OLD_PLAIN = 1, OLD_COMPRESSED = 2, OLD_PARTIAL = 4 };

/** A rotated file, in all of its forms. */
struct old_file {
        char stamp[ROTATE_STAMP_LEN + 1];
        unsigned forms;
        uint64_t bytes;         /**< of all forms together */
        uint64_t partial_bytes; /**< the part of these that is OLD_PARTIAL */
};

/** To be initialised with zeroes. */
struct old_files {
        struct old_file *all; /**< oldest first */
        size_t n;
        size_t size;
};

/** Read the folder of the log @p file; replaces what is in the list. @return false with errno if it can't be read. */
bool old_files_list(struct old_files *files, const char *file);
void old_files_free(struct old_files *files);

/** Print the name of one form of the rotated file of @p stamp. */
void old_files_name(const char *file, const char *stamp, unsigned form, char *out, size_t size);

#endif
