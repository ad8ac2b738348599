#include "loading.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char dir[] = "/tmp/querytap-settings.XXXXXX";
char path[64];
char said[8192];

static int said_fd = -1;
static int stderr_fd = -1;

void listen_to_diag(void)
{
        FILE *f = tmpfile();
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        said_fd = dup(fileno(f));
        (void)fclose(f);
        stderr_fd = dup(STDERR_FILENO);
        CU_ASSERT_TRUE_FATAL(dup2(said_fd, STDERR_FILENO) >= 0);
}

void stop_listening(void)
{
        CU_ASSERT_TRUE_FATAL(dup2(stderr_fd, STDERR_FILENO) >= 0);
        ssize_t n = pread(said_fd, said, sizeof said - 1, 0);
        said[n > 0 ? n : 0] = '\0';
        (void)close(said_fd);
        (void)close(stderr_fd);
}

bool said_has(const char *part)
{
        if (strstr(said, part) == NULL) {
                printf("# wanted: %s\n# said: %s\n", part, said);
                return false;
        }
        return true;
}

enum status load(struct settings *s, const char *text)
{
        FILE *f = fopen(path, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        (void)fputs(text, f);
        (void)fclose(f);
        settings_defaults(s);
        listen_to_diag();
        enum status status = settings_load(s, path);
        stop_listening();
        return status;
}

void expect_refusal(const char *text, const char *part)
{
        struct settings s;
        char whole[512];
        CU_ASSERT_EQUAL(load(&s, text), STATUS_INVALID);
        (void)snprintf(whole, sizeof whole, "%s:%s", path, part);
        CU_ASSERT_TRUE(said_has(whole));
}

bool loading_begin(void)
{
        if (mkdtemp(dir) == NULL) {
                puts("Bail out! no temporary directory");
                return false;
        }
        (void)snprintf(path, sizeof path, "%s/test.cfg", dir);
        return true;
}

void loading_end(void)
{
        (void)unlink(path);
        (void)rmdir(dir);
}
