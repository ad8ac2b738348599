#include "profile/symbol.h"

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Looked up once, then kept: the same few hundred addresses come again with every profile. */
struct cached {
        uintptr_t pc;
        struct symbol symbol;
};

enum { CACHE_SLOTS = 8192 };

static Dwfl *dwfl;
static bool tried;
static struct cached *cache;

static void open_self(void)
{
        static char *debuginfo_path;
        static const Dwfl_Callbacks callbacks = {
            .find_elf = dwfl_linux_proc_find_elf,
            .find_debuginfo = dwfl_standard_find_debuginfo,
            .debuginfo_path = &debuginfo_path,
        };
        tried = true;
        cache = calloc(CACHE_SLOTS, sizeof *cache);
        dwfl = dwfl_begin(&callbacks);
        if (dwfl == NULL) {
                return;
        }
        if (dwfl_linux_proc_report(dwfl, getpid()) != 0 || dwfl_report_end(dwfl, NULL, NULL) != 0) {
                dwfl_end(dwfl);
                dwfl = NULL;
        }
}

static struct symbol look_up(uintptr_t pc)
{
        struct symbol s = {0};
        Dwfl_Module *module = dwfl != NULL ? dwfl_addrmodule(dwfl, pc) : NULL;
        if (module == NULL) {
                return s;
        }
        GElf_Off offset = 0;
        GElf_Sym sym;
        s.module = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        s.function = dwfl_module_addrinfo(module, pc, &offset, &sym, NULL, NULL, NULL);
        s.offset = offset;
        Dwfl_Line *line = dwfl_module_getsrc(module, pc);
        if (line != NULL) {
                s.file = dwfl_lineinfo(line, NULL, &s.line, NULL, NULL, NULL);
        }
        return s;
}

struct symbol symbol_find(uintptr_t pc)
{
        if (!tried) {
                open_self();
        }
        if (cache == NULL) {
                return look_up(pc);
        }
        struct cached *slot = &cache[pc * 0x9e3779b97f4a7c15ULL >> 51];
        if (slot->pc != pc) {
                slot->symbol = look_up(pc);
                slot->pc = pc;
        }
        return slot->symbol;
}

void symbol_fini(void)
{
        if (dwfl != NULL) {
                dwfl_end(dwfl);
        }
        free(cache);
        dwfl = NULL;
        cache = NULL;
        tried = false;
}
