/** @file export_parts.h  What several of the exports have in common.
 * Threads: the admin thread (symbols). */
#ifndef PROFILE_EXPORT_EXPORT_PARTS_H
#define PROFILE_EXPORT_EXPORT_PARTS_H

#include "base/json_writer.h"
#include "profile/heap/record.h"

#include <stdio.h>

/** In quotes, other than printable ASCII as \xNN. */
void export_quoted(FILE *out, const char *text);
/** "MAPPED_LIBRARIES:" and the process' maps: readers need them to name the addresses of a position-independent program. */
void export_maps(FILE *out);

/** Where a record's blocks are allocated, in a few words. A library without debugging information names no file: then
 *  the innermost caller that has one is given too. The texts live until symbol_fini; site until the record goes. */
struct export_place {
        const char *function; /**< the leaf's; NULL = not known */
        const char *module;   /**< path of the program or library that the leaf is in; "?" = not known */
        const char *file;     /**< NULL = not known */
        int line;
        const char *site;   /**< "file:line" that a library named; "" = none */
        const char *caller; /**< NULL = the leaf has a file, or nothing has */
        const char *caller_file;
        int caller_line;
};

/** Different places among the records: as a library named them, or else (@p lines) source lines, or calls in the program.
 *  Lines take the program's debugging information into memory. 0 if memory is out. */
uint32_t export_count_places(bool lines);
struct export_place export_place_of(const struct prof_record *r);
/** A frame as Go prints it: "#\t0x1234\tfunction+0x12\tfile:line". */
void export_frame_text(FILE *out, uintptr_t pc);
/** The frames of @p r, leaf first, as an array: [{"pc":"0x1234","function":…,"file":…,"line":…}, …]. */
void export_stack_json(struct json_writer *j, const char *key, const struct prof_record *r);
/** For a person: function (or [library]), file and line, "for" the caller. Files without their folders but the last. */
void export_place_text(FILE *out, const struct export_place *p);
/** What is known of a place, as members of the open object: module, function, file, line, site, caller_function and so on. */
void export_place_json(struct json_writer *j, const struct export_place *p);

#endif
