/** @file script.h  A session written by hand: packets with the right headers, as a tape (tape.h).
 *
 *      struct script s;
 *      script_open(&s, CAP_SESSION_TRACK, 8);          greeting, login, OK
 *      script_send(&s, SPAN("\x03SELECT 1"));          a command: its sequence begins anew
 *      script_answer(&s, SPAN("\0\0\0\2\0\0\0"));      and its reply's packets
 *      char *records = script_play(&s, 3);             JSON lines; the caller frees them
 */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include "base/writer.h"
#include "mysql/wire/capability.h"
#include "tape.h"

/** The bytes of a string literal. */
#define SPAN(literal) span_of("" literal, sizeof(literal) - 1)

struct script {
        uint8_t bytes[1 << 18];
        size_t len;
        uint8_t seq;
        uint64_t capabilities;
};

/** @p capabilities besides those of every session; CAP_MYSQL makes the server MySQL, else it is MariaDB. The client's
 *  collation is @p collation_id, the server's 255 (utf8mb4). */
void script_open(struct script *s, uint64_t capabilities, uint8_t collation_id);
void script_send(struct script *s, struct span payload);
/** Another packet of the client's that is no command. */
void script_go_on(struct script *s, struct span payload);
void script_answer(struct script *s, struct span payload);
void script_answer_ok(struct script *s);
void script_answer_eof(struct script *s);
/** A column definition; with CAP_MARIADB_EXTENDED_META a field of it is added. */
void script_answer_column(struct script *s, const char *name, uint8_t type, uint16_t flags,
                          uint16_t collation_id);
/** COM_STMT_PREPARE of @p text and its reply: statement @p id with @p params parameters and no columns. */
void script_prepare(struct script *s, uint8_t id, const char *text, uint8_t params);
/** Play it (whole, and byte by byte: the records must be the same). */
char *script_play(const struct script *s, uint32_t rows);
/** Play it once, without the gate, as @p options say. The caller frees the records. */
char *script_replay(const struct script *s, struct tape_options options);
/** Does @p records have @p part? If not, they are printed. */
bool script_has(const char *records, const char *part);
/** The same of the records of @p s, played by script_play without rows. */
bool script_tells(const struct script *s, const char *part);
/** How often @p part occurs in @p records. */
unsigned script_count(const char *records, const char *part);

#endif
