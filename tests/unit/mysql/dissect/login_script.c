#include "mysql/dissect/login_script.h"

#include "tap.h"

#include <stdlib.h>

void login_greet(struct script *s, uint64_t capabilities, const char *plugin)
{
        uint8_t room[LOGIN_BYTES];
        struct writer w = writer_over(room, sizeof room);
        s->len = 0;
        s->seq = 0;
        s->capabilities = capabilities;
        writer_bytes(&w,
                     "\x0a"
                     "9.9\0\7\0\0\0abcdefgh\0",
                     18);
        writer_uint(&w, capabilities, 2);
        writer_bytes(&w, "\xff\2\0", 3);
        writer_uint(&w, capabilities >> 16, 2);
        writer_bytes(&w, "\x15\0\0\0\0\0\0\0\0\0\0abcdefghijkl\0", 24);
        writer_text(&w, plugin);
        writer_char(&w, '\0');
        script_answer(s, writer_span(&w));
}

void login_send(struct script *s, uint64_t capabilities, const char *plugin)
{
        uint8_t room[LOGIN_BYTES];
        struct writer w = writer_over(room, sizeof room);
        writer_uint(&w, capabilities, 4);
        writer_uint(&w, 1 << 24, 4);
        writer_uint(&w, 45, 1);
        writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 23);
        writer_bytes(&w, "bob\0\4hashshop", 14);
        writer_text(&w, plugin);
        writer_char(&w, '\0');
        script_go_on(s, writer_span(&w));
}

void login_expect(const struct script *s, const char *const *parts)
{
        char *records = script_play(s, 0);
        for (; *parts != NULL; parts++) {
                CU_ASSERT_TRUE(script_has(records, *parts));
        }
        free(records);
}

unsigned login_count(const struct script *s, const char *part)
{
        char *records = script_play(s, 0);
        unsigned n = script_count(records, part);
        free(records);
        return n;
}
