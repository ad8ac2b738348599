/** @file secret_labels.h  Names and values in tables of settings, where one column has the name and another one its value:
 * ('smtp_password', 'x').
 * Threads: any.   Memory: none. */
#ifndef MYSQL_SQL_SECRET_LABELS_H
#define MYSQL_SQL_SECRET_LABELS_H

#include "base/span.h"

/** Does @p text contain @p word, in upper or lower case? */
bool secret_has_word(struct span text, const char *word);
/** Is @p value the name of a password: of a column, a variable, a setting? Its value is then in another column. */
bool secret_is_label(struct span value);
/** Does the column @p name hold the values of what another column names: Value, Default …? */
bool secret_is_value_column(struct span name);

#endif
