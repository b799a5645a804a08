#include "runner/libraries.h"

#include <link.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = sizeof "GNU", LIBRARIES_MOST = 64, ID_BYTES_MOST = 32 };

struct telling {
    struct facts *facts;
    size_t count;
};

/* Notes are padded to multiples of their alignment, which is 4 or 8. */
static size_t padded(size_t bytes, size_t alignment)
{
    return (bytes + alignment - 1) / alignment * alignment;
}

/* The build id among the notes of one segment in hexadecimal; "" where there is none. */
static void notes_find(const unsigned char *at, size_t bytes, size_t alignment, char hex[2 * ID_BYTES_MOST + 1])
{
    ElfW(Nhdr) note;

    while (bytes >= sizeof note) {
        size_t name, content;
        memcpy(&note, at, sizeof note);
        name = sizeof note + note.n_namesz;
        content = padded(name, alignment);
        if (content > bytes || note.n_descsz > bytes - content)
            return;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == NAME_BYTES && note.n_descsz <= ID_BYTES_MOST &&
            memcmp(at + sizeof note, "GNU", NAME_BYTES) == 0) {
            for (size_t i = 0; i < note.n_descsz; i++)
                snprintf(hex + 2 * i, 3, "%02x", at[content + i]);
            return;
        }
        content = padded(content + note.n_descsz, alignment);
        if (content > bytes)
            return;
        at += content;
        bytes -= content;
    }
}

static int library_tell(struct dl_phdr_info *info, size_t size, void *context)
{
    struct telling *telling = context;
    const char *slash = strrchr(info->dlpi_name, '/'), *name = slash ? slash + 1 : info->dlpi_name;
    char hex[2 * ID_BYTES_MOST + 1] = "", path[48];

    (void)size;
    if (!*name || telling->count == LIBRARIES_MOST) /* the program itself has no name */
        return 0;
    for (int i = 0; i < info->dlpi_phnum && !*hex; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_NOTE)
            notes_find((const unsigned char *)(info->dlpi_addr + segment->p_vaddr), segment->p_memsz,
                       segment->p_align == 8 ? 8 : 4, hex);
    }
    snprintf(path, sizeof path, "libraries[%zu].name", telling->count);
    facts_text(telling->facts, path, NULL, name);
    snprintf(path, sizeof path, "libraries[%zu].build_id", telling->count++);
    facts_text_or_null(telling->facts, path, NULL, hex, "the file has none");
    return 0;
}

void libraries_tell(struct facts *tool)
{
    struct telling telling = {tool, 0};

    dl_iterate_phdr(library_tell, &telling);
}
