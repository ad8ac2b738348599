#include "suite.h"

#include "mysql/wire/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct record statement(const char *scope, const char *digest, uint64_t findings)
{
        struct record r;
        record_clear(&r);
        r.event = EVENT_QUERY;
        record_set_uint(&r, FIELD_COMMAND_ID, COM_QUERY);
        record_set_text(&r, FIELD_QUERY, span_str(digest));
        record_set_text(&r, FIELD_DIGEST, span_str("0123456789abcdef0123456789abcdef"));
        record_set_text(&r, FIELD_DIGEST_TEXT, span_str(digest));
        record_set_uint(&r, FIELD_DURATION_US, 100);
        if (*scope != '\0') {
                record_set_text(&r, FIELD_SCOPE, span_str(scope));
        }
        if (findings != 0) {
                record_set_uint(&r, FIELD_FINDINGS, findings);
        }
        return r;
}

void slurp_file(const char *path, char *out, size_t size)
{
        FILE *in = fopen(path, "r");
        size_t n = in != NULL ? fread(out, 1, size - 1, in) : 0;
        out[n] = '\0';
        if (in != NULL) {
                (void)fclose(in);
        }
}

void write_file(const char *path, const char *text)
{
        FILE *out = fopen(path, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        (void)fputs(text, out);
        (void)fclose(out);
}

void make_folder(char out[FOLDER_MAX])
{
        const char *base = getenv("TMPDIR");
        (void)snprintf(out, FOLDER_MAX, "%s/querytap-run-XXXXXX", base != NULL ? base : "/tmp");
        if (mkdtemp(out) == NULL) {
                perror(out);
                exit(1);
        }
}
