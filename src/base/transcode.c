#include "base/transcode.h"

#include <errno.h>

#define NO_DESCRIPTOR ((iconv_t)-1)

enum { FIRST_C1 = 0x80, LAST_C1 = 0x9f, UPPER = 0x80 };

void transcode_init(struct transcode *t)
{
        memset(t, 0, sizeof *t);
}

static void release(struct transcode_slot *slot)
{
        if (slot->from != NULL && slot->cd != NO_DESCRIPTOR) {
                (void)iconv_close(slot->cd);
        }
        slot->from = NULL;
}

void transcode_fini(struct transcode *t)
{
        for (size_t i = 0; i < TRANSCODE_OPEN; i++) {
                release(&t->slots[i]);
        }
}

bool transcode_is_plain(const struct transcode_from *from, struct span in)
{
        if (!from->ascii) {
                return in.len == 0;
        }
        while (in.len >= 8) {
                uint64_t word;
                memcpy(&word, in.data, sizeof word);
                if ((word & 0x8080808080808080ULL) != 0) {
                        return false;
                }
                in = span_skip(in, 8);
        }
        for (size_t i = 0; i < in.len; i++) {
                if (in.data[i] >= 0x80) {
                        return false;
                }
        }
        return true;
}

/* --- sets of single bytes: a table --------------------------------------------------------------------------------- */

/** The code point to which iconv converts @p byte, if it is a single one below 0x10000; else 0. */
static uint16_t ask(iconv_t cd, uint8_t byte)
{
        char in[1] = {(char)byte};
        uint8_t out[8];
        char *from = in;
        char *to = (char *)out;
        size_t left = 1;
        size_t room = sizeof out;
        (void)iconv(cd, NULL, NULL, NULL, NULL);
        if (iconv(cd, &from, &left, &to, &room) == (size_t)-1 ||
            iconv(cd, NULL, NULL, &to, &room) == (size_t)-1 || sizeof out - room != 2) {
                return 0;
        }
        return (uint16_t)(out[0] << 8 | out[1]);
}

static void fill_table(struct transcode_slot *slot, const struct transcode_from *from)
{
        for (unsigned i = 0; i < 256; i++) {
                uint16_t code =
                    slot->cd != NO_DESCRIPTOR ? ask(slot->cd, (uint8_t)i) : (uint16_t)(i < UPPER ? i : 0);
                if (from->upper != NULL && i >= UPPER) {
                        code = from->upper[i - UPPER];
                }
                bool is_c1 = from->c1 && i >= FIRST_C1 && i <= LAST_C1;
                slot->table[i] = code == 0 && is_c1 ? (uint16_t)i : code;
        }
        for (const struct transcode_fix *fix = from->fixes; fix != NULL && fix->code != 0; fix++) {
                slot->table[fix->byte] = fix->code;
        }
}

/** Append a code point below 0x10000 that is not a surrogate. */
static void put_code(struct writer *out, uint16_t code)
{
        if (code < 0x80) {
                writer_char(out, (char)code);
                return;
        }
        uint8_t bytes[3] = {(uint8_t)(0xe0 | code >> 12), (uint8_t)(0x80 | (code >> 6 & 0x3f)),
                            (uint8_t)(0x80 | (code & 0x3f))};
        if (code < 0x800) {
                bytes[1] = (uint8_t)(0xc0 | code >> 6);
                writer_bytes(out, bytes + 1, 2);
        } else {
                writer_bytes(out, bytes, 3);
        }
}

static bool put_singles(const struct transcode_slot *slot, struct span in, struct writer *out)
{
        for (size_t i = 0; i < in.len; i++) {
                uint16_t code = slot->table[in.data[i]];
                if (code == 0 && in.data[i] != 0) {
                        return false;
                }
                put_code(out, code);
        }
        return !out->failed;
}

/* --- the others: iconv ---------------------------------------------------------------------------------------------- */

static bool put_by_iconv(iconv_t cd, struct span in, bool is_cut, struct writer *out)
{
        char *from = (char *)(uintptr_t)in.data; /* iconv does not write to it */
        char *to = (char *)out->data + out->at;
        size_t left = in.len;
        size_t room = out->size - out->at;
        size_t before = room;
        (void)iconv(cd, NULL, NULL, NULL, NULL);
        bool done = iconv(cd, &from, &left, &to, &room) != (size_t)-1 || (errno == EINVAL && is_cut);
        done = done && iconv(cd, NULL, NULL, &to, &room) != (size_t)-1;
        out->at += before - room;
        out->wanted += before - room;
        return done;
}

/* --- the slots -------------------------------------------------------------------------------------------------------- */

static struct transcode_slot *find_slot(struct transcode *t, const struct transcode_from *from)
{
        struct transcode_slot *oldest = &t->slots[0];
        for (size_t i = 0; i < TRANSCODE_OPEN; i++) {
                struct transcode_slot *slot = &t->slots[i];
                if (slot->from == from) {
                        return slot;
                }
                if (slot->from == NULL || (oldest->from != NULL && slot->used < oldest->used)) {
                        oldest = slot;
                }
        }
        release(oldest);
        oldest->from = from;
        oldest->cd = NO_DESCRIPTOR;
        oldest->refused = false;
        if (from->iconv != NULL) {
                oldest->cd = iconv_open(from->single ? "UTF-16BE" : "UTF-8", from->iconv);
                oldest->refused = oldest->cd == NO_DESCRIPTOR;
        }
        if (from->single && !oldest->refused) {
                fill_table(oldest, from);
        }
        return oldest;
}

enum transcode_end transcode_put(struct transcode *t, const struct transcode_from *from, struct span in,
                                 bool is_cut, struct writer *out)
{
        struct transcode_slot *slot = find_slot(t, from);
        slot->used = ++t->clock;
        if (slot->refused) {
                return TRANSCODE_UNKNOWN;
        }
        bool done = from->single ? put_singles(slot, in, out)
                    : in.len > 0 ? put_by_iconv(slot->cd, in, is_cut, out)
                                 : true;
        return done ? TRANSCODE_DONE : TRANSCODE_ILLEGAL;
}
