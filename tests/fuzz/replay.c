/* Runs a fuzz target over files, without the fuzzer: TAP, one test a folder. */
#include "fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static long run_file(const char *path)
{
        FILE *in = fopen(path, "rb");
        if (in == NULL) {
                return 0;
        }
        static uint8_t data[1 << 20];
        size_t n = fread(data, 1, sizeof data, in);
        (void)fclose(in);
        (void)LLVMFuzzerTestOneInput(data, n);
        return 1;
}

static long run_folder(const char *path)
{
        DIR *folder = opendir(path);
        struct dirent *entry;
        long n = 0;
        while (folder != NULL && (entry = readdir(folder)) != NULL) {
                char full[8192];
                int len = snprintf(full, sizeof full, "%s/%s", path, entry->d_name);
                if (entry->d_name[0] != '.' && len > 0 && (size_t)len < sizeof full) {
                        n += run_file(full);
                }
        }
        if (folder != NULL) {
                (void)closedir(folder);
        }
        return n;
}

int main(int argc, char **argv)
{
        const char *top = getenv("top_srcdir");
        const char *own = strrchr(argv[0], '/');
        const char *target = own != NULL ? own + 1 : argv[0];
        char path[4096];
        int number = 0;
        bool all = true;
        const char *const folders[] = {"tests/fuzz/corpus",
                                       strstr(target, "session") != NULL ? "tests/data/tapes" : NULL};
        (void)argc;
        (void)printf("1..%d\n", folders[1] != NULL ? 2 : 1);
        for (size_t i = 0; i < 2 && folders[i] != NULL; i++) {
                const char *kind = strrchr(target, '-');
                (void)snprintf(path, sizeof path, "%s/%s%s%s", top != NULL ? top : ".", folders[i],
                               i == 0 ? "/" : "", i == 0 ? kind + 1 : "");
                long n = run_folder(path);
                all = all && n > 0;
                (void)printf("%sok %d - %s: %ld inputs of %s\n", n > 0 ? "" : "not ", ++number, target, n,
                             folders[i]);
                (void)fflush(stdout);
        }
        return all ? 0 : 1;
}
