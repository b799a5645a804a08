/* Lists that grow, for the files site*.c. */
#ifndef POCKETMARK_REPORTS_PAGE_SITE_LIST_H
#define POCKETMARK_REPORTS_PAGE_SITE_LIST_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* One more zeroed item at the end of the array that `items` points to, whose room follows from its count; NULL without memory. */
static inline void *list_add(void *items, size_t *count, size_t size)
{
    char **array = items, *larger = *array;

    if ((*count & (*count - 1)) == 0)
        larger = reallocarray(*array, *count ? 2 * *count : 1, size);
    if (!larger)
        return NULL;
    *array = larger;
    return memset(larger + size * (*count)++, 0, size);
}

#endif
