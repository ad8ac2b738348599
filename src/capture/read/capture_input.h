/** @file capture_input.h  The bytes of a capture file, of standard input or of a file that is still being written; gzip is inflated.
 *
 *      descriptor -> (inflate) -> buffer -> capture_input_bytes … capture_input_take
 *
 * Knows: descriptors, gzip.   Does not know: what the bytes mean.
 * Threads: one owner.   Memory: STAGE_CAPTURE; the buffer grows to what is asked for, CAPTURE_INPUT_MAX at most. */
#ifndef CAPTURE_READ_CAPTURE_INPUT_H
#define CAPTURE_READ_CAPTURE_INPUT_H

#include "base/span.h"
#include "base/status.h"

enum { CAPTURE_INPUT_MAX = 8 << 20 };

/** What capture_input_read has found. */
enum capture_input_state {
        CAPTURE_INPUT_BYTES,   /**< there are more bytes */
        CAPTURE_INPUT_WAITING, /**< none came within the time, or a signal came */
        CAPTURE_INPUT_END,     /**< there are no more, for now if the file grows */
        CAPTURE_INPUT_FAILED,  /**< the reason was set */
};

struct capture_input;

/** Open @p path; "-" is standard input. @return STATUS_IO or STATUS_NOMEM; @p why is set to a sentence then, static or from strerror. */
enum status capture_input_open(const char *path, struct capture_input **out, const char **why);
void capture_input_close(struct capture_input *in);
/** Read more bytes behind those that were not taken, waiting for at most @p wait_ms. */
enum capture_input_state capture_input_read(struct capture_input *in, int wait_ms);
/** Why it failed: static text, or from strerror. */
const char *capture_input_why(const struct capture_input *in);
/** The bytes that were not taken yet; valid until the next read. */
struct span capture_input_bytes(const struct capture_input *in);
void capture_input_take(struct capture_input *in, size_t n);
/** Does the end of a compressed stream lack? Meaningful at the end. */
bool capture_input_is_cut(const struct capture_input *in);
/** How much of a file was read, in thousandths; -1 if its size is not known. */
int capture_input_progress(const struct capture_input *in);

#endif
