/* Files that are created or must not be. */
#include "base/files.h"

#include "base/diag.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/querytap-unit-files-XXXXXX";

static const char *at(const char *name)
{
        static char paths[4][128];
        static unsigned next;
        char *path = paths[next++ % 4];
        (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
        return path;
}

static unsigned mode_of(const char *path)
{
        struct stat st;
        return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static bool opens(const char *path, mode_t mode)
{
        int fd = files_append(path, 0, mode);
        bool opened = fd >= 0;
        if (opened) {
                CU_ASSERT_EQUAL(write(fd, "x\n", 2), 2);
                (void)close(fd);
        }
        return opened;
}

static void modes_do_not_depend_on_the_umask(void)
{
        static const mode_t masks[] = {0, 022, 077, 0777};
        for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
                (void)unlink(at("mode"));
                mode_t before = umask(masks[i]);
                CU_ASSERT_TRUE(opens(at("mode"), FILES_LOG_MODE));
                (void)umask(before);
                CU_ASSERT_EQUAL(mode_of(at("mode")), 0640);
        }
        CU_ASSERT_EQUAL(chmod(at("mode"), 0604), 0);
        CU_ASSERT_TRUE(opens(at("mode"), FILES_KEY_MODE));
        CU_ASSERT_EQUAL(mode_of(at("mode")), 0604); /* it was there */
}

static void links_are_not_followed(void)
{
        CU_ASSERT_EQUAL(symlink(at("mode"), at("link")), 0);
        CU_ASSERT_EQUAL(symlink(at("nowhere"), at("dangling")), 0);
        CU_ASSERT_EQUAL(symlink(at("loop"), at("loop")), 0);
        static const char *const names[] = {"link", "dangling", "loop"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                CU_ASSERT_FALSE(opens(at(names[i]), FILES_LOG_MODE));
                CU_ASSERT_EQUAL(errno, ELOOP);
                CU_ASSERT_PTR_NOT_NULL(strstr(files_why(errno), "symbolic link"));
        }
        CU_ASSERT_EQUAL(access(at("nowhere"), F_OK), -1);
        CU_ASSERT_TRUE(opens("/dev/null", FILES_LOG_MODE));
        CU_ASSERT_EQUAL(symlink(folder, at("folder")), 0); /* of the folders on the way any may be one */
        CU_ASSERT_TRUE(opens(at("folder/through"), FILES_LOG_MODE));
}

static void a_fifo_does_not_hang(void)
{
        CU_ASSERT_EQUAL(mkfifo(at("fifo"), 0600), 0);
        CU_ASSERT_FALSE(opens(at("fifo"), FILES_LOG_MODE));
        CU_ASSERT_EQUAL(errno, ENXIO);
}

static void keys_that_others_can_read_are_told(void)
{
        static const struct {
                mode_t mode;
                unsigned said;
        } cases[] = {{0600, 0}, {0640, 0}, {0400, 0}, {0644, 1}, {0602, 1}, {0660, 1}};
        diag_set_level(DIAG_ERROR);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                uint64_t before = diag_count(DIAG_WARNING);
                CU_ASSERT_EQUAL(chmod(at("mode"), cases[i].mode), 0);
                files_warn_exposed(at("mode"), "a key");
                CU_ASSERT_EQUAL(diag_count(DIAG_WARNING) - before, cases[i].said);
        }
        diag_set_level(DIAG_INFO);
        files_warn_exposed(at("none"), "a key");
}

static const struct tap_test tests[] = {
    {"modes do not depend on the umask", modes_do_not_depend_on_the_umask},
    {"links are not followed", links_are_not_followed},
    {"a FIFO does not hang", a_fifo_does_not_hang},
    {"keys that others can read are told", keys_that_others_can_read_are_told},
};

int main(void)
{
        static const char *const names[] = {"mode", "link", "dangling", "loop", "folder", "through", "fifo"};
        if (mkdtemp(folder) == NULL) {
                return 1;
        }
        int status = TAP_RUN("files", tests);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                (void)unlink(at(names[i]));
        }
        (void)rmdir(folder);
        return status;
}
