#include "profile/export/mapping.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 16 * 1024 };

/* --- build ids --------------------------------------------------------------------------------------------------- */

static void put_hex(struct mapping *m, const uint8_t *id, size_t len)
{
        for (size_t i = 0; i < len && 2 * i + 2 < sizeof m->build_id; i++) {
                (void)snprintf(m->build_id + 2 * i, 3, "%02x", id[i]);
        }
}

/** @param alignment of names and descriptions: 4, or 8 in segments that say so. */
static bool find_note(struct mapping *m, const uint8_t *notes, size_t len, size_t alignment)
{
        while (len >= sizeof(ElfW(Nhdr))) {
                ElfW(Nhdr) note;
                memcpy(&note, notes, sizeof note);
                size_t name = ((size_t)note.n_namesz + alignment - 1) / alignment * alignment;
                size_t whole =
                    sizeof note + name + ((size_t)note.n_descsz + alignment - 1) / alignment * alignment;
                if (whole > len) {
                        return false;
                }
                const uint8_t *at = notes + sizeof note;
                if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(at, "GNU", 4) == 0) {
                        put_hex(m, at + name, note.n_descsz);
                        return true;
                }
                notes += whole;
                len -= whole;
        }
        return false;
}

static bool is_loaded_in(const struct dl_phdr_info *info, const struct mapping *m)
{
        for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
                const ElfW(Phdr) *p = &info->dlpi_phdr[i];
                uintptr_t start = info->dlpi_addr + p->p_vaddr;
                if (p->p_type == PT_LOAD && (p->p_flags & PF_X) != 0 && start < m->limit &&
                    start + p->p_memsz > m->start) {
                        return true;
                }
        }
        return false;
}

static int on_module(struct dl_phdr_info *info, size_t size, void *arg)
{
        struct mapping *m = arg;
        (void)size;
        if (!is_loaded_in(info, m)) {
                return 0;
        }
        for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
                const ElfW(Phdr) *p = &info->dlpi_phdr[i];
                uintptr_t at = info->dlpi_addr + p->p_vaddr;
                /* the address is that of memory which the loader has mapped */
                if (p->p_type == PT_NOTE &&
                    find_note(m, (const uint8_t *)at, p->p_memsz, p->p_align == 8 ? 8 : 4)) { // NOLINT
                        break;
                }
        }
        return 1;
}

/* --- the list ------------------------------------------------------------------------------------------------------ */

static bool read_text(struct buffer *text)
{
        int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? 1 : -1;
        while (n > 0) {
                uint8_t *piece = buffer_add(text, PIECE);
                n = piece != NULL ? read(fd, piece, PIECE) : -1;
                text->len -= PIECE - (n > 0 ? (size_t)n : 0);
        }
        if (fd >= 0) {
                (void)close(fd);
        }
        buffer_put(text, "", 1);
        return n == 0 && !text->failed;
}

/** A line "start-limit rwxp offset device inode   path". */
static void add_line(struct mappings *m, char *line)
{
        static const char deleted[] = " (deleted)";
        struct mapping row = {0};
        char *at = line; /* "start-limit mode offset device inode path" */
        row.start = (uintptr_t)strtoull(at, &at, 16);
        if (*at != '-') {
                return;
        }
        row.limit = (uintptr_t)strtoull(at + 1, &at, 16);
        if (strlen(at) < sizeof " r-xp " || at[3] != 'x') {
                return;
        }
        row.offset = strtoull(at + strlen(" r-xp "), &at, 16);
        size_t path = (size_t)(at - line) + strcspn(at, "/[");
        if (line[path] == '\0') {
                return;
        }
        size_t len = strlen(line + path);
        if (len >= sizeof deleted && strcmp(line + path + len - (sizeof deleted - 1), deleted) == 0) {
                line[path + len - (sizeof deleted - 1)] = '\0';
        }
        row.path = line + path;
        (void)dl_iterate_phdr(on_module, &row);
        buffer_put(&m->rows, &row, sizeof row);
        m->n++;
}

bool mappings_read(struct mappings *m)
{
        *m = (struct mappings){0};
        if (!read_text(&m->text)) {
                return false;
        }
        char *rest = (char *)m->text.data;
        char *line;
        while ((line = strsep(&rest, "\n")) != NULL) {
                add_line(m, line);
        }
        return !m->rows.failed;
}

void mappings_fini(struct mappings *m)
{
        buffer_fini(&m->text);
        buffer_fini(&m->rows);
        m->n = 0;
}

const struct mapping *mappings_at(const struct mappings *m, size_t i)
{
        return (const struct mapping *)(const void *)m->rows.data + i;
}

size_t mappings_find(const struct mappings *m, uintptr_t pc)
{
        size_t i = 0;
        while (i < m->n && (pc < mappings_at(m, i)->start || pc >= mappings_at(m, i)->limit)) {
                i++;
        }
        return i;
}
