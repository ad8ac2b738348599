#include "run/text_file.h"

#include "base/diag.h"
#include "base/utf8.h"
#include "profile/heap/prof.h"
#include "run/lookup.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, MODE = 0666 };

int text_file_compare(struct span a, struct span b)
{
        size_t len = a.len < b.len ? a.len : b.len;
        int by_bytes = len > 0 ? memcmp(a.data, b.data, len) : 0;
        return by_bytes != 0 ? by_bytes : (a.len > b.len) - (a.len < b.len);
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

enum status text_file_slurp(const char *path, char **bytes, size_t *len)
{
        struct stat info = {.st_mode = 0};
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 && errno == ENOENT) {
                return STATUS_NOTFOUND;
        }
        int error = fd < 0 || fstat(fd, &info) != 0 ? errno : 0;
        if (error == 0 && (!S_ISREG(info.st_mode) || info.st_size > TEXT_FILE_MAX)) {
                error = S_ISREG(info.st_mode) ? EFBIG : EINVAL;
        }
        *bytes = error == 0 ? prof_alloc(STAGE_MAIN, (size_t)info.st_size + 1) : NULL;
        for (*len = 0; *bytes != NULL && *len < (size_t)info.st_size;) {
                ssize_t n = read(fd, *bytes + *len, (size_t)info.st_size - *len);
                if (n <= 0) {
                        error = n < 0 ? errno : 0;
                        break;
                }
                *len += (size_t)n;
        }
        if (fd >= 0) {
                (void)close(fd);
        }
        if (error != 0 || *bytes == NULL) {
                diag(DIAG_ERROR, "%s: %s", path,
                     error == EINVAL  ? "not a regular file"
                     : error == ELOOP ? "a symbolic link, which is not followed"
                                      : strerror(error != 0 ? error : ENOMEM));
                return error != 0 ? STATUS_IO : STATUS_NOMEM;
        }
        (*bytes)[*len] = '\0';
        return STATUS_OK;
}

/** Replace the escapes in @p text, in place. @return the bytes that are left; SIZE_MAX if an escape is wrong. */
static size_t undo_escapes(char *text, size_t len)
{
        size_t to = 0;
        for (size_t i = 0; i < len; i++) {
                if (text[i] != '\\') {
                        text[to++] = text[i];
                        continue;
                }
                char kind = i + 1 < len ? text[i + 1] : '\0';
                if (kind == 'x' && i + 3 < len && isxdigit((unsigned char)text[i + 2]) != 0 &&
                    isxdigit((unsigned char)text[i + 3]) != 0) {
                        const char digits[3] = {text[i + 2], text[i + 3], '\0'};
                        text[to++] = (char)strtoul(digits, NULL, 16);
                        i += 3;
                } else if (kind == '\\' || kind == 't' || kind == 'n') {
                        text[to++] = kind == 't' ? '\t' : kind == 'n' ? '\n' : '\\';
                        i++;
                } else {
                        return SIZE_MAX;
                }
        }
        return to;
}

/** Split the line @p line of @p len bytes. @return false if it has not the right fields. */
static bool split(char *line, size_t len, struct text_line *out)
{
        for (unsigned i = 0; i < TEXT_FILE_FIELDS; i++) {
                char *tab = memchr(line, '\t', len);
                bool is_last = i + 1 == TEXT_FILE_FIELDS;
                if ((tab == NULL) != is_last) {
                        return false;
                }
                size_t taken = tab != NULL ? (size_t)(tab - line) : len;
                size_t n = undo_escapes(line, taken);
                if (n == SIZE_MAX) {
                        return false;
                }
                out->fields[i] = span_of(line, n);
                line += taken + (tab != NULL ? 1 : 0);
                len -= taken + (tab != NULL ? 1 : 0);
        }
        return true;
}

/** Take the comment @p text, which may say how many runs there were. */
static void add_comment_line(struct text_file *f, const char *text)
{
        const char *runs = strstr(text, "runs: ");
        f->runs = runs != NULL ? (unsigned)strtoul(runs + 6, NULL, 10) : f->runs;
}

static enum status parse(struct text_file *f, const char *path, size_t len)
{
        unsigned number = 0;
        for (char *at = f->bytes; at < f->bytes + len;) {
                char *newline = memchr(at, '\n', (size_t)(f->bytes + len - at));
                char *end = newline != NULL ? newline : f->bytes + len;
                size_t n = (size_t)(end - at);
                n -= n > 0 && at[n - 1] == '\r' ? 1 : 0;
                number++;
                at[n] = '\0';
                if (*at == '#') {
                        add_comment_line(f, at);
                } else if (n > 0) {
                        if (!lookup_grow((void **)&f->lines, sizeof *f->lines, f->n, &f->room)) {
                                diag(DIAG_ERROR, "%s: %s", path, strerror(ENOMEM));
                                return STATUS_NOMEM;
                        }
                        f->lines[f->n].number = number;
                        if (!split(at, n, &f->lines[f->n++])) {
                                diag(DIAG_ERROR,
                                     "%s:%u: a line must have %d fields with tabs between them; is it the "
                                     "rest of a merge?",
                                     path, number, TEXT_FILE_FIELDS);
                                return STATUS_INVALID;
                        }
                }
                at = end + 1;
        }
        return STATUS_OK;
}

enum status text_file_read(struct text_file *f, const char *path)
{
        size_t len = 0;
        *f = (struct text_file){.bytes = NULL};
        enum status status = text_file_slurp(path, &f->bytes, &len);
        status = status == STATUS_OK ? parse(f, path, len) : status;
        if (status != STATUS_OK) {
                text_file_free(f);
        }
        return status;
}

void text_file_free(struct text_file *f)
{
        prof_free(f->bytes);
        prof_free(f->lines);
        *f = (struct text_file){.bytes = NULL};
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

/** The name under which @p path is written. @return false if it is too long. */
static bool new_name(const char *path, char out[PATH_BYTES])
{
        int n = snprintf(out, PATH_BYTES, "%s.new", path);
        return n > 0 && n < PATH_BYTES;
}

FILE *text_file_begin(const char *path)
{
        char name[PATH_BYTES];
        struct stat info;
        int fd = -1;
        if (lstat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
                diag(DIAG_ERROR, "%s: not a regular file", path);
                return NULL;
        }
        if (!new_name(path, name)) {
                errno = ENAMETOOLONG;
        } else if (unlink(name) == 0 || errno == ENOENT) { /* left behind by a run that was killed */
                fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE);
        }
        FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
        if (out == NULL) {
                diag(DIAG_ERROR, "%s can't be written: %s", path, strerror(errno));
        }
        return out;
}

void text_file_put_field(FILE *out, struct span text)
{
        bool is_first = true;
        while (text.len > 0) {
                uint8_t c = text.data[0];
                size_t n = c < 0x80 || utf8_is_control(text) ? 1 : utf8_sequence(text);
                if (c == '\\' || c == '\t' || c == '\n') {
                        (void)fprintf(out, "\\%c", c == '\t' ? 't' : c == '\n' ? 'n' : '\\');
                } else if (c < 0x20 || c == 0x7f || n == 0 || (n == 1 && c >= 0x80) ||
                           (is_first && c == '#')) {
                        (void)fprintf(out, "\\x%02x", c);
                } else {
                        (void)fwrite(text.data, 1, n, out);
                }
                text = span_skip(text, n > 0 ? n : 1);
                is_first = false;
        }
}

bool text_file_end(FILE *out, const char *path)
{
        char name[PATH_BYTES];
        (void)new_name(path, name);
        bool ok = fflush(out) == 0 && ferror(out) == 0;
        ok = fclose(out) == 0 && ok;
        ok = ok && rename(name, path) == 0;
        if (!ok) {
                diag(DIAG_ERROR, "%s can't be written: %s", path, strerror(errno));
                (void)unlink(name);
        }
        return ok;
}
