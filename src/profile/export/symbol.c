#include "profile/export/symbol.h"

#include "base/diag.h"
#include "profile/heap/thread.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define CACHE_SLOTS 8192U
/* More than libdw needs to read the program and all its libraries. */
#define SPARE_BYTES ((size_t)64 * 1024 * 1024)

/** A direct-mapped cache: another address with the same slot replaces the entry. */
struct cached {
        uintptr_t pc; /**< 0 = empty */
        struct symbol symbol;
};

static Dwfl *dwfl;
static bool broken;              /**< libdw could not be started; this was reported */
static unsigned long long loads; /**< number of modules that were loaded when the list was last made */
static struct cached *cache;

/** Prevents libdw from downloading missing debugging information from servers named in the environment. */
static int find_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
                          const char *file, const char *link, GElf_Word crc, char **found)
{
        if (getenv("DEBUGINFOD_URLS") != NULL) {
                return -1;
        }
        return dwfl_standard_find_debuginfo(module, userdata, name, base, file, link, crc, found);
}

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_linux_proc_find_elf,
    .find_debuginfo = find_debuginfo,
};

static int on_loaded(struct dl_phdr_info *info, size_t size, void *count)
{
        if (size >= offsetof(struct dl_phdr_info, dlpi_adds) + sizeof info->dlpi_adds) {
                *(unsigned long long *)count = info->dlpi_adds;
        }
        return 1; /* the same for all: one is enough */
}

/** Make the list of modules, or add those that were loaded meanwhile. */
static void look_at_map(void)
{
        unsigned long long now = 0;
        (void)dl_iterate_phdr(on_loaded, &now);
        if (dwfl != NULL && now == loads) {
                return;
        }
        if (dwfl == NULL) {
                dwfl = dwfl_begin(&callbacks);
        } else {
                dwfl_report_begin_add(dwfl); /* keeps the others, which own the names that were returned */
        }
        loads = now;
        if (dwfl == NULL || dwfl_linux_proc_report(dwfl, getpid()) != 0 ||
            dwfl_report_end(dwfl, NULL, NULL) != 0) {
                diag(DIAG_WARNING, "addresses can't be resolved to function names: %s", dwfl_errmsg(-1));
                broken = dwfl == NULL;
        }
}

/** libdw finds the unit of an address by .debug_aranges, which clang does not write: then search all units. */
static void find_line(Dwfl_Module *module, uintptr_t pc, struct symbol *s)
{
        Dwfl_Line *line = dwfl_module_getsrc(module, pc);
        if (line != NULL) {
                s->file = dwfl_lineinfo(line, NULL, &s->line, NULL, NULL, NULL);
                return;
        }
        Dwarf_Addr bias = 0;
        Dwarf_Die *unit = NULL;
        while ((unit = dwfl_module_nextcu(module, unit, &bias)) != NULL) {
                Dwarf_Line *found =
                    dwarf_haspc(unit, pc - bias) == 1 ? dwarf_getsrc_die(unit, pc - bias) : NULL;
                if (found != NULL) {
                        s->file = dwarf_linesrc(found, NULL, NULL);
                        (void)dwarf_lineno(found, &s->line);
                        return;
                }
        }
}

static struct symbol look_up(uintptr_t pc)
{
        struct symbol s = {0};
        look_at_map();
        Dwfl_Module *module = dwfl != NULL ? dwfl_addrmodule(dwfl, pc) : NULL;
        Dwarf_Addr start = 0;
        Dwarf_Addr end = 0;
        const char *path =
            module != NULL ? dwfl_module_info(module, NULL, &start, &end, NULL, NULL, NULL, NULL) : NULL;
        if (pc < start || pc >= end) { /* for an address between modules libdw returns the nearest one */
                return s;
        }
        GElf_Off offset = 0;
        GElf_Sym sym;
        s.module = path;
        s.function = dwfl_module_addrinfo(module, pc, &offset, &sym, NULL, NULL, NULL);
        s.offset = s.function != NULL ? offset : 0;
        find_line(module, pc, &s);
        return s;
}

/** libdw never again tries a file that it could not open, so it must not be called while no descriptors are left. */
static bool can_open(void)
{
        enum { FILES = 4 };
        int fds[FILES];
        int n = 0;
        while (n < FILES && (fds[n] = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)) >= 0) {
                n++;
        }
        for (int i = 0; i < n; i++) {
                (void)close(fds[i]);
        }
        return n == FILES || errno == ENOENT;
}

/** libdw aborts the process when it gets no memory, so it must not be called while little is left (ulimit -v). */
static bool can_allocate(void)
{
        void *spare = mmap(NULL, SPARE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return spare != MAP_FAILED && munmap(spare, SPARE_BYTES) == 0;
}

struct symbol symbol_find(uintptr_t pc)
{
        if (pc == 0 || broken) {
                return (struct symbol){0};
        }
        if (cache == NULL) {
                cache = thread_map(CACHE_SLOTS * sizeof *cache);
        }
        if (cache == NULL) {
                return can_open() && can_allocate() ? look_up(pc) : (struct symbol){0};
        }
        struct cached *slot = &cache[(pc * 0x9e3779b97f4a7c15ULL >> 32) % CACHE_SLOTS];
        if (slot->pc != pc && !(can_open() && can_allocate())) {
                return (struct symbol){0};
        }
        if (slot->pc != pc) {
                slot->symbol = look_up(pc);
                slot->pc = slot->symbol.module != NULL ? pc : 0; /* an unknown module may be loaded later */
        }
        return slot->symbol;
}

void symbol_fini(void)
{
        if (cache != NULL) {
                thread_unmap(cache, CACHE_SLOTS * sizeof *cache);
                cache = NULL;
        }
        dwfl_end(dwfl);
        dwfl = NULL;
        broken = false;
}
