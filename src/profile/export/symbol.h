/** @file symbol.h  Names for addresses: function, file, line; static functions included.
 * Reads the program's own ELF and DWARF (libdw). Slow: for the admin thread only. Cached.
 * Threads: one. */
#ifndef PROFILE_EXPORT_SYMBOL_H
#define PROFILE_EXPORT_SYMBOL_H

#include "base/status.h"

#include <stdint.h>

struct symbol {
        const char *function; /**< NULL if nothing is known */
        uint64_t offset;      /**< of the address within the function */
        const char *file;     /**< NULL if not known */
        int line;
        const char *module; /**< path of the program or library; NULL if the address is in none */
};

/** What is known of @p pc, the address of an instruction (pass return address - 1 for a caller). The texts live until
 *  symbol_fini. Never fails: what is not known stays NULL. */
struct symbol symbol_find(uintptr_t pc);
void symbol_fini(void);

#endif
