#include "capture/read/capture_input.h"

#include "profile/heap/prof.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
        BUFFER_MIN = 512 * 1024,
        READ_LEAST = 64 * 1024, /* of the buffer is free before each read */
        RAW_BYTES = 128 * 1024, /* compressed bytes read at once */
        WINDOW_GZIP = 15 + 16,
};

struct capture_input {
        int fd;
        bool is_stdin;
        bool is_compressed;
        bool is_within; /* a compressed stream has begun and not ended */
        bool is_decided;
        const char *why;
        uint64_t size; /* of the file; 0 = not known */
        uint64_t read; /* bytes, as the file has them */
        uint8_t *buffer;
        size_t room;
        size_t from; /* of the bytes not taken … */
        size_t to;   /* … and behind them */
        uint8_t *raw;
        size_t raw_from;
        size_t raw_to;
        z_stream z;
};

static void *take(void *arg, unsigned n, unsigned size)
{
        (void)arg;
        return prof_lib_calloc(LIB_ZLIB, n, size);
}

static void give_back(void *arg, void *block)
{
        (void)arg;
        prof_free(block);
}

/* --- life ------------------------------------------------------------------------------------------------------------------- */

enum status capture_input_open(const char *path, struct capture_input **out, const char **why)
{
        struct capture_input *in = prof_calloc(STAGE_CAPTURE, 1, sizeof *in);
        struct stat st;
        *why = "out of memory";
        if (in == NULL) {
                return STATUS_NOMEM;
        }
        in->is_stdin = strcmp(path, "-") == 0;
        in->fd = in->is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
        in->buffer = prof_alloc(STAGE_CAPTURE, BUFFER_MIN);
        in->room = BUFFER_MIN;
        if (in->fd < 0 || fstat(in->fd, &st) != 0 || S_ISDIR(st.st_mode) || in->buffer == NULL) {
                enum status status = in->fd >= 0 && in->buffer == NULL ? STATUS_NOMEM : STATUS_IO;
                if (status == STATUS_IO) {
                        *why = strerror(in->fd >= 0 && S_ISDIR(st.st_mode) ? EISDIR : errno);
                }
                capture_input_close(in);
                return status;
        }
        in->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
        *out = in;
        return STATUS_OK;
}

void capture_input_close(struct capture_input *in)
{
        if (in == NULL) {
                return;
        }
        if (in->is_compressed) {
                (void)inflateEnd(&in->z);
        }
        if (in->fd >= 0 && !in->is_stdin) {
                (void)close(in->fd);
        }
        prof_free(in->raw);
        prof_free(in->buffer);
        prof_free(in);
}

/* --- reading ------------------------------------------------------------------------------------------------------------------ */

static enum capture_input_state fail(struct capture_input *in, const char *why)
{
        in->why = why;
        return CAPTURE_INPUT_FAILED;
}

/** Make room behind the bytes that were not taken. */
static bool make_room(struct capture_input *in)
{
        if (in->room - in->to >= READ_LEAST) {
                return true;
        }
        if (in->from > 0) {
                memmove(in->buffer, in->buffer + in->from, in->to - in->from);
                in->to -= in->from;
                in->from = 0;
        }
        if (in->room - in->to >= READ_LEAST) {
                return true;
        }
        uint8_t *more =
            2 * in->room <= CAPTURE_INPUT_MAX ? prof_realloc(STAGE_CAPTURE, in->buffer, 2 * in->room) : NULL;
        if (more == NULL) {
                return false;
        }
        in->buffer = more;
        in->room *= 2;
        return true;
}

/** Read into @p to. @p n is set to how many bytes came. */
static enum capture_input_state read_some(struct capture_input *in, uint8_t *to, size_t size, int wait_ms,
                                          size_t *n)
{
        struct pollfd p = {.fd = in->fd, .events = POLLIN};
        *n = 0;
        if (in->size == 0 && poll(&p, 1, wait_ms) <= 0) {
                return CAPTURE_INPUT_WAITING;
        }
        ssize_t got = read(in->fd, to, size);
        if (got < 0) {
                bool again = errno == EINTR || errno == EAGAIN;
                return again ? CAPTURE_INPUT_WAITING : fail(in, strerror(errno));
        }
        *n = (size_t)got;
        in->read += (uint64_t)got;
        return got > 0 ? CAPTURE_INPUT_BYTES : CAPTURE_INPUT_END;
}

/** Inflate what was read, as far as there is room. */
static enum capture_input_state inflate_some(struct capture_input *in)
{
        PROF_SCOPE(STAGE_CAPTURE);
        in->z.next_in = in->raw + in->raw_from;
        in->z.avail_in = (unsigned)(in->raw_to - in->raw_from);
        in->z.next_out = in->buffer + in->to;
        in->z.avail_out = (unsigned)(in->room - in->to);
        int result = Z_OK;
        while (in->z.avail_in > 0 && in->z.avail_out > 0 && result == Z_OK) {
                in->is_within = true;
                result = inflate(&in->z, Z_NO_FLUSH);
                if (result == Z_STREAM_END) { /* another may follow */
                        in->is_within = false;
                        result = inflateReset(&in->z);
                }
        }
        in->raw_from = in->raw_to - in->z.avail_in;
        in->to = in->room - in->z.avail_out;
        if (result != Z_OK && result != Z_BUF_ERROR) {
                return fail(in, "the compressed data is damaged");
        }
        return CAPTURE_INPUT_BYTES;
}

static enum capture_input_state read_compressed(struct capture_input *in, int wait_ms)
{
        enum capture_input_state state = CAPTURE_INPUT_BYTES;
        size_t before = in->to;
        while (in->to == before && state == CAPTURE_INPUT_BYTES) {
                if (in->raw_from == in->raw_to) {
                        size_t n;
                        state = read_some(in, in->raw, RAW_BYTES, wait_ms, &n);
                        in->raw_from = 0;
                        in->raw_to = n;
                }
                if (in->raw_from < in->raw_to) {
                        state = inflate_some(in);
                }
        }
        return state;
}

/** The first bytes show whether they are compressed: then they are moved to `raw`. */
static enum capture_input_state decide(struct capture_input *in)
{
        enum { GZIP_0 = 0x1f, GZIP_1 = 0x8b };
        if (in->to < 2) {
                return CAPTURE_INPUT_BYTES;
        }
        in->is_decided = true;
        if (in->buffer[0] != GZIP_0 || in->buffer[1] != GZIP_1) {
                return CAPTURE_INPUT_BYTES;
        }
        PROF_SCOPE(STAGE_CAPTURE);
        in->raw = prof_alloc(STAGE_CAPTURE, RAW_BYTES);
        in->z = (z_stream){.zalloc = take, .zfree = give_back};
        if (in->raw == NULL || inflateInit2(&in->z, WINDOW_GZIP) != Z_OK) {
                return fail(in, "out of memory");
        }
        in->is_compressed = true;
        memcpy(in->raw, in->buffer, in->to);
        in->raw_to = in->to;
        in->to = 0;
        return read_compressed(in, 0);
}

enum capture_input_state capture_input_read(struct capture_input *in, int wait_ms)
{
        size_t n;
        if (!make_room(in)) {
                return fail(in, "out of memory");
        }
        if (in->is_compressed) {
                return read_compressed(in, wait_ms);
        }
        size_t size = in->room - in->to;
        if (!in->is_decided && size > RAW_BYTES - in->to) {
                size = RAW_BYTES - in->to;
        }
        enum capture_input_state state = read_some(in, in->buffer + in->to, size, wait_ms, &n);
        in->to += n;
        return n > 0 && !in->is_decided ? decide(in) : state;
}

/* --- a look at it ---------------------------------------------------------------------------------------------------------------- */

const char *capture_input_why(const struct capture_input *in)
{
        return in->why;
}

struct span capture_input_bytes(const struct capture_input *in)
{
        return span_of(in->buffer + in->from, in->to - in->from);
}

void capture_input_take(struct capture_input *in, size_t n)
{
        in->from += n;
        if (in->from == in->to) {
                in->from = 0;
                in->to = 0;
        }
}

bool capture_input_is_cut(const struct capture_input *in)
{
        return in->is_compressed && in->is_within;
}

int capture_input_progress(const struct capture_input *in)
{
        return in->size > 0 ? (int)(in->read >= in->size ? 1000 : in->read * 1000 / in->size) : -1;
}
