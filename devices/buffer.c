#include "devices/buffer.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 * 1024 * 1024 };

static size_t round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

/* Gives back what lies before and behind the aligned part of an oversized mapping. */
static void *trim(char *mapping, size_t mapped, size_t wanted)
{
    char *start = (char *)round_up((uintptr_t)mapping, HUGE_PAGE);

    if (start > mapping)
        munmap(mapping, (size_t)(start - mapping));
    if (start + wanted < mapping + mapped)
        munmap(start + wanted, (size_t)(mapping + mapped - start - wanted));
    return start;
}

enum status buffer_open(struct buffer *buffer, size_t bytes, bool huge, struct error *error)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole, mapped;
    void *mapping;

    memset(buffer, 0, sizeof *buffer);
    if (bytes > SIZE_MAX - 2 * (size_t)HUGE_PAGE)
        return error_set(error, STATUS_MEMORY, "cannot allocate %zu bytes: more than an address can hold", bytes);
    whole = round_up(bytes ? bytes : 1, page);
    mapped = huge ? whole + HUGE_PAGE : whole;
    mapping = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED)
        return error_set(error, STATUS_MEMORY, "cannot allocate %zu bytes: %s", bytes, strerror(errno));
    *buffer = (struct buffer){.data = mapping, .bytes = bytes, .mapped_bytes = whole, .huge = huge};
    if (huge) {
        buffer->data = trim(mapping, mapped, whole);
        buffer->huge = madvise(buffer->data, whole, MADV_HUGEPAGE) == 0;
    }
    return STATUS_OK;
}

void buffer_close(struct buffer *buffer)
{
    if (buffer->data)
        munmap(buffer->data, buffer->mapped_bytes);
    memset(buffer, 0, sizeof *buffer);
}
