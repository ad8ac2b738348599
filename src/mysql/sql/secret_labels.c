#include "mysql/sql/secret_labels.h"

#include "base/stride.h"
#include "mysql/sql/secret.h"

#include <string.h>
#include <strings.h>

bool secret_has_word(struct span text, const char *word)
{
        return stride_find_word(text.data, text.len, word) < text.len;
}

bool secret_is_label(struct span value)
{
        enum { LABEL_MIN = 5, LABEL_MAX = 128 };
        if (value.len < LABEL_MIN || value.len > LABEL_MAX) {
                return false;
        }
        for (size_t i = 0; i < value.len; i++) {
                uint8_t c = value.data[i];
                bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
                if (!is_letter && !(c >= '0' && c <= '9') && strchr("_.$@-:", c) == NULL) {
                        return false;
                }
        }
        return secret_is_mentioned_in_data(value);
}

bool secret_is_value_column(struct span name)
{
        static const char *const parts[] = {"VALUE",   "DEFAULT", "EXPRESSION", "HISTOGRAM",
                                            "COMMENT", "CONTENT", "SETTING"};
        static const char *const names[] = {"V", "VAL", "DATA", "TEXT", "CONFIG", "EXTRA"};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
                if (secret_has_word(name, parts[i])) {
                        return true;
                }
        }
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                if (name.len == strlen(names[i]) && secret_has_word(name, names[i])) {
                        return true;
                }
        }
        return false;
}
