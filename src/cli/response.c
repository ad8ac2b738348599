#include "cli/response.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE_MAX_BYTES = 64 * 1024, PIECE = 16384, DECIMAL = 10, HEX = 16 };

struct response response_start(const char *wanted)
{
        return (struct response){.state = RESPONSE_STATUS, .wanted = wanted};
}

bool response_has_begun(const struct response *r)
{
        return r->state != RESPONSE_STATUS && r->state != RESPONSE_HEADERS && r->state != RESPONSE_WRONG;
}

/** The number at the beginning of @p text. @return false if there is none. */
static bool read_number(const char *text, int base, uint64_t *out)
{
        char *end;
        *out = strtoull(text, &end, base);
        return end != text && text[0] != '-' && text[0] != '+';
}

static enum response_state read_status(struct response *r, const char *line)
{
        uint64_t code = 0;
        if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12 || !read_number(line + 9, DECIMAL, &code) ||
            code < 100 || code > 599) {
                return RESPONSE_WRONG;
        }
        r->code = (int)code;
        return RESPONSE_HEADERS;
}

/** The value of the header in @p line if it is called @p name; else NULL. */
static const char *value_of(const char *line, const char *name)
{
        size_t len = strlen(name);
        if (strncasecmp(line, name, len) != 0 || line[len] != ':') {
                return NULL;
        }
        return line + len + 1 + strspn(line + len + 1, " \t");
}

static enum response_state read_header(struct response *r, const char *line)
{
        const char *length = value_of(line, "Content-Length");
        const char *coding = value_of(line, "Transfer-Encoding");
        if (line[0] == '\0') {
                return r->code < 200    ? RESPONSE_STATUS /* an interim response */
                       : r->is_chunked  ? RESPONSE_CHUNK_HEAD
                       : !r->has_length ? RESPONSE_UNTIL_END
                       : r->left == 0   ? RESPONSE_COMPLETE
                                        : RESPONSE_LENGTH;
        }
        if (length != NULL) {
                r->has_length = true;
                if (!read_number(length, DECIMAL, &r->left)) {
                        return RESPONSE_WRONG;
                }
        }
        r->is_chunked = r->is_chunked || (coding != NULL && strcasecmp(coding, "chunked") == 0);
        r->has_wanted = r->has_wanted || (r->wanted != NULL && value_of(line, r->wanted) != NULL);
        return RESPONSE_HEADERS;
}

static enum response_state read_line(struct response *r, const char *line)
{
        switch (r->state) {
        case RESPONSE_STATUS: return read_status(r, line);
        case RESPONSE_HEADERS: return read_header(r, line);
        case RESPONSE_CHUNK_HEAD:
                if (!read_number(line, HEX, &r->left)) {
                        return RESPONSE_WRONG;
                }
                return r->left > 0 ? RESPONSE_CHUNK : RESPONSE_TRAILER;
        case RESPONSE_CHUNK: return line[0] == '\0' ? RESPONSE_CHUNK_HEAD : RESPONSE_WRONG;
        case RESPONSE_TRAILER: return line[0] == '\0' ? RESPONSE_COMPLETE : RESPONSE_TRAILER;
        case RESPONSE_LENGTH:
        case RESPONSE_UNTIL_END:
        case RESPONSE_COMPLETE:
        case RESPONSE_WRONG: break;
        }
        return RESPONSE_WRONG;
}

/** Does the body go on, rather than a line? */
static bool is_in_body(const struct response *r)
{
        return r->state == RESPONSE_LENGTH || r->state == RESPONSE_UNTIL_END ||
               (r->state == RESPONSE_CHUNK && r->left > 0);
}

static void read_body(struct response *r, struct evbuffer *in,
                      void (*on_body)(void *arg, const char *bytes, size_t n), void *arg)
{
        char piece[PIECE];
        size_t most =
            r->state == RESPONSE_UNTIL_END || r->left > sizeof piece ? sizeof piece : (size_t)r->left;
        int n = evbuffer_remove(in, piece, most);
        if (n <= 0) {
                return;
        }
        on_body(arg, piece, (size_t)n);
        if (r->state != RESPONSE_UNTIL_END) {
                r->left -= (uint64_t)n;
        }
        if (r->state == RESPONSE_LENGTH && r->left == 0) {
                r->state = RESPONSE_COMPLETE;
        }
}

void response_read(struct response *r, struct evbuffer *in,
                   void (*on_body)(void *arg, const char *bytes, size_t n), void *arg)
{
        while (r->state < RESPONSE_COMPLETE && evbuffer_get_length(in) > 0) {
                if (is_in_body(r)) {
                        read_body(r, in, on_body, arg);
                        continue;
                }
                size_t len;
                char *line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF);
                if (line == NULL) {
                        r->state = evbuffer_get_length(in) > LINE_MAX_BYTES ? RESPONSE_WRONG : r->state;
                        return;
                }
                r->state = read_line(r, line);
                free(line);
        }
}

void response_end(struct response *r)
{
        if (r->state == RESPONSE_UNTIL_END) {
                r->state = RESPONSE_COMPLETE;
        }
}
