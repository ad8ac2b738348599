/** @file schema.h  The JSON Schema (draft 2020-12) of a record, made from the table of fields. */
#ifndef JOURNAL_FORMAT_SCHEMA_H
#define JOURNAL_FORMAT_SCHEMA_H

#include <stdio.h>

/** What a line of the format json is valid against; nothing else is. */
void schema_write(FILE *out);

#endif
