#include "script.h"

#include <stdlib.h>

static void put_piece(struct script *s, char mark, struct span payload)
{
        struct writer w = writer_over(s->bytes + s->len, sizeof s->bytes - s->len);
        writer_char(&w, mark);
        writer_uint(&w, payload.len + 4, 4);
        writer_uint(&w, payload.len, 3);
        writer_uint(&w, s->seq++, 1);
        writer_put(&w, payload);
        if (w.failed) {
                abort();
        }
        s->len += w.at;
}

void script_send(struct script *s, struct span payload)
{
        s->seq = 0;
        put_piece(s, 'C', payload);
}

void script_go_on(struct script *s, struct span payload)
{
        put_piece(s, 'C', payload);
}

void script_answer(struct script *s, struct span payload)
{
        put_piece(s, 'S', payload);
}

void script_answer_ok(struct script *s)
{
        script_answer(s, SPAN("\0\0\0\2\0\0\0"));
}

void script_answer_eof(struct script *s)
{
        if ((s->capabilities & CAP_DEPRECATE_EOF) != 0) {
                script_answer(s, SPAN("\xfe\0\0\2\0\0\0"));
        } else {
                script_answer(s, SPAN("\xfe\0\0\2\0"));
        }
}

void script_open(struct script *s, uint64_t capabilities, uint8_t collation_id)
{
        uint8_t room[256];
        struct writer w = writer_over(room, sizeof room);
        uint64_t caps = capabilities | CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | CAP_CONNECT_WITH_DB;
        s->len = 0;
        s->seq = 0;
        s->capabilities = caps;
        writer_bytes(&w, "\x0a", 1);
        writer_bytes(&w, "9.9\0\7\0\0\0abcdefgh\0", 17);
        writer_uint(&w, caps, 2);
        writer_bytes(&w, "\xff\2\0", 3);
        writer_uint(&w, caps >> 16, 2);
        writer_bytes(&w, "\x15\0\0\0\0\0\0", 7);
        writer_uint(&w, caps >> 32, 4);
        writer_bytes(&w, "abcdefghijkl\0plugin", 20);
        script_answer(s, writer_span(&w));
        w = writer_over(room, sizeof room);
        writer_uint(&w, caps, 4);
        writer_uint(&w, 1 << 24, 4);
        writer_uint(&w, collation_id, 1);
        writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 19);
        writer_uint(&w, caps >> 32, 4);
        writer_bytes(&w, "us\xe9r\0\0d\xe9\0", 9);
        script_go_on(s, writer_span(&w));
        script_answer_ok(s);
}

static void put_text(struct writer *w, const char *text)
{
        writer_uint(w, strlen(text), 1);
        writer_text(w, text);
}

void script_answer_column(struct script *s, const char *name, uint8_t type, uint16_t flags,
                          uint16_t collation_id)
{
        uint8_t room[512];
        struct writer w = writer_over(room, sizeof room);
        put_text(&w, "def");
        put_text(&w, "db");
        put_text(&w, "t");
        put_text(&w, "t");
        put_text(&w, name);
        put_text(&w, name);
        if ((s->capabilities & CAP_MARIADB_EXTENDED_META) != 0) {
                put_text(&w, "\1\4json");
        }
        writer_uint(&w, 0x0c, 1);
        writer_uint(&w, collation_id, 2);
        writer_uint(&w, 255, 4);
        writer_uint(&w, type, 1);
        writer_uint(&w, flags, 2);
        writer_uint(&w, 0, 3);
        script_answer(s, writer_span(&w));
}

void script_prepare(struct script *s, uint8_t id, const char *text, uint8_t params)
{
        uint8_t room[512];
        struct writer w = writer_over(room, sizeof room);
        writer_char(&w, '\x16');
        writer_text(&w, text);
        script_send(s, writer_span(&w));
        const uint8_t reply[] = {0, id, 0, 0, 0, 0, 0, params, 0, 0, 0, 0};
        script_answer(s, span_of(reply, sizeof reply));
        for (uint8_t i = 0; i < params; i++) {
                script_answer_column(s, "?", 253, 0, 63);
        }
        if (params > 0 && (s->capabilities & CAP_DEPRECATE_EOF) == 0) {
                script_answer_eof(s);
        }
}

char *script_play(const struct script *s, uint32_t rows)
{
        const struct tape_options whole = {.rows = rows, .without_gate = true};
        const struct tape_options bytewise = {.rows = rows, .without_gate = true, .split = 1};
        char *a = tape_records(span_of(s->bytes, s->len), &whole);
        char *b = tape_records(span_of(s->bytes, s->len), &bytewise);
        if (strcmp(a, b) != 0) {
                (void)fprintf(stderr, "records differ by how the bytes were cut:\n%s\n%s\n", a, b);
                abort();
        }
        free(b);
        return a;
}

char *script_replay(const struct script *s, struct tape_options options)
{
        options.without_gate = true;
        return tape_records(span_of(s->bytes, s->len), &options);
}

bool script_has(const char *records, const char *part)
{
        bool has = strstr(records, part) != NULL;
        for (const char *line = has ? NULL : records; line != NULL && *line != '\0';
             line = strchr(line, '\n') + 1) {
                printf("# %.*s\n", (int)strcspn(line, "\n"), line);
        }
        return has;
}

bool script_tells(const struct script *s, const char *part)
{
        char *records = script_play(s, 0);
        bool has = script_has(records, part);
        free(records);
        return has;
}

unsigned script_count(const char *records, const char *part)
{
        unsigned n = 0;
        for (const char *at = strstr(records, part); at != NULL; at = strstr(at + 1, part)) {
                n++;
        }
        return n;
}
