#include "json_check.h"

#include "base/utf8.h"

enum { DEPTH_MAX = 32 };

struct input {
        const uint8_t *at;
        const uint8_t *end;
};

static int peek(const struct input *in)
{
        return in->at < in->end ? *in->at : -1;
}

static bool accept(struct input *in, const char *text)
{
        size_t n = strlen(text);
        if ((size_t)(in->end - in->at) < n || memcmp(in->at, text, n) != 0) {
                return false;
        }
        in->at += n;
        return true;
}

static void skip_space(struct input *in)
{
        while (peek(in) == ' ' || peek(in) == '\n' || peek(in) == '\t' || peek(in) == '\r') {
                in->at++;
        }
}

static bool digits(struct input *in)
{
        const uint8_t *start = in->at;
        while (peek(in) >= '0' && peek(in) <= '9') {
                in->at++;
        }
        return in->at > start;
}

static bool number(struct input *in)
{
        (void)accept(in, "-");
        if (!accept(in, "0") && !digits(in)) {
                return false;
        }
        if (accept(in, ".") && !digits(in)) {
                return false;
        }
        if (accept(in, "e") || accept(in, "E")) {
                if (!accept(in, "+")) {
                        (void)accept(in, "-");
                }
                return digits(in);
        }
        return true;
}

static bool escape(struct input *in)
{
        if (accept(in, "u")) {
                for (int i = 0; i < 4; i++, in->at++) {
                        int c = peek(in);
                        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
                                return false;
                        }
                }
                return true;
        }
        if (peek(in) <= 0 || strchr("\"\\/bfnrt", peek(in)) == NULL) {
                return false;
        }
        in->at++;
        return true;
}

static bool string(struct input *in)
{
        if (!accept(in, "\"")) {
                return false;
        }
        while (peek(in) >= 0x20) {
                if (accept(in, "\"")) {
                        return true;
                }
                if (accept(in, "\\")) {
                        if (!escape(in)) {
                                return false;
                        }
                        continue;
                }
                unsigned n = utf8_sequence(span_of(in->at, (size_t)(in->end - in->at)));
                if (n == 0) {
                        return false;
                }
                in->at += n;
        }
        return false;
}

static bool value(struct input *in, int depth);

static bool members(struct input *in, const char *close, bool named, int depth)
{
        skip_space(in);
        if (accept(in, close)) {
                return true;
        }
        do {
                skip_space(in);
                if (named) {
                        if (!string(in)) {
                                return false;
                        }
                        skip_space(in);
                        if (!accept(in, ":")) {
                                return false;
                        }
                }
                if (!value(in, depth + 1)) {
                        return false;
                }
                skip_space(in);
        } while (accept(in, ","));
        return accept(in, close);
}

static bool value(struct input *in, int depth)
{
        skip_space(in);
        if (depth > DEPTH_MAX) {
                return false;
        }
        switch (peek(in)) {
        case '{': in->at++; return members(in, "}", true, depth);
        case '[': in->at++; return members(in, "]", false, depth);
        case '"': return string(in);
        case 't': return accept(in, "true");
        case 'f': return accept(in, "false");
        case 'n': return accept(in, "null");
        default: return number(in);
        }
}

bool json_check(struct span text)
{
        struct input in = {text.data, text.data + text.len};
        bool right = value(&in, 0);
        skip_space(&in);
        return right && in.at == in.end;
}
