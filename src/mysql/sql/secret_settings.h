/** @file secret_settings.h  Passwords in tables of settings and in derived tables, in the search for passwords.
 *
 * In a table of settings a column of names and a column of values belong together:
 *      UPDATE t SET value = 'x' WHERE name = 'smtp_password'          INSERT INTO t (name, value) VALUES ('smtp_password', 'x')
 *      UPDATE t SET value = CASE name WHEN 'smtp_password' THEN 'x' END
 *      INSERT INTO t SET name = 'smtp_password', value = 'x'          INSERT INTO t (name, value) SELECT 'smtp_password', 'x'
 * A derived table may have a password under another name:
 *      UPDATE u JOIN (SELECT 'x' AS p) v SET u.password = v.p         JSON_TABLE('{"p": "x"}', '$' COLUMNS (password TEXT PATH '$.p'))
 * Threads: one owner.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_SETTINGS_H
#define MYSQL_SQL_SECRET_SETTINGS_H

#include "mysql/sql/secret_frames.h"

/** A word in an UPDATE or INSERT, such as SET or WHERE, at @p at. */
void secret_on_assignment_word(struct secret_finder *f, struct secret_word_pair w, uint32_t at);
/** Any name, perhaps that of a column for values; it ends at @p end. */
void secret_on_value_column(struct secret_finder *f, struct span name, uint32_t end);
/** A string at @p at, perhaps the name of a setting. */
void secret_on_label(struct secret_finder *f, struct span label, uint32_t at);
/** A name in an expression, perhaps that of a column in a derived table. */
void secret_on_column(struct secret_finder *f);
/** The name of a password in a definition, perhaps of a column in JSON_TABLE. */
void secret_on_defined_name(struct secret_finder *f);

#endif
