/** @file old_files.h  The rotated files of a log, as they lie in its folder.
 * Knows: names and sizes.   Does not know: what is to become of them (journal/sink/retention.h).
 * Threads: one owner each.   Memory: STAGE_SINK. */
#ifndef JOURNAL_SINK_OLD_FILES_H
#define JOURNAL_SINK_OLD_FILES_H

#include "journal/sink/rotate.h"

/** Forms that a rotated file is in; bits. */
enum { OLD_PLAIN = 1, OLD_COMPRESSED = 2, OLD_PARTIAL = 4 };

/** A rotated file. */
struct old_file {
        char stamp[ROTATE_STAMP_LEN + 1];
        unsigned forms;
        uint64_t bytes;         /**< of all its forms */
        uint64_t partial_bytes; /**< of these, of OLD_PARTIAL */
};

/** Begin with all zero. */
struct old_files {
        struct old_file *all; /**< oldest first */
        size_t n;
        size_t size;
};

/** Read the folder of the log @p file anew. @return false with errno if it can't be read. */
bool old_files_list(struct old_files *files, const char *file);
void old_files_free(struct old_files *files);

/** The name of a form of it. */
void old_files_name(const char *file, const char *stamp, unsigned form, char *out, size_t size);
/** The folder that @p file is in, with a slash or as ".". */
void old_files_folder(const char *file, char *out, size_t size);

#endif
