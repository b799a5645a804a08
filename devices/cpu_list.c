#include "devices/cpu_list.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_number(const char **cursor, unsigned long *number)
{
    char *end;

    if (!isdigit((unsigned char)**cursor))
        return false;
    errno = 0;
    *number = strtoul(*cursor, &end, 10);
    *cursor = end;
    return errno == 0;
}

/* False where one of them is there already, or too large. */
static bool add_range(unsigned long first, unsigned long last, unsigned *numbers, size_t capacity, size_t *count)
{
    if (last >= capacity)
        return false;
    for (unsigned long number = first; number <= last; number++) {
        for (size_t i = 0; i < *count; i++)
            if (numbers[i] == number)
                return false;
        numbers[(*count)++] = (unsigned)number;
    }
    return true;
}

bool cpu_list_parse(const char *text, char separator, unsigned *numbers, size_t capacity, size_t *count)
{
    const char *cursor = text;
    unsigned long first, last;

    for (*count = 0;; cursor++) {
        if (!take_number(&cursor, &first))
            return false;
        last = first;
        if (*cursor == '-' && (cursor++, !take_number(&cursor, &last)))
            return false;
        if (last < first || !add_range(first, last, numbers, capacity, count))
            return false;
        if (*cursor != separator)
            break;
    }
    return cursor[strspn(cursor, " \t\r\n")] == '\0';
}

void cpu_list_format(char *text, size_t size, const unsigned *numbers, size_t count)
{
    static const char more[] = ",…";
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count;) {
        size_t last = i;
        char part[32];

        while (last + 1 < count && numbers[last + 1] == numbers[last] + 1)
            last++;
        if (last > i)
            snprintf(part, sizeof part, "%s%u-%u", i ? "," : "", numbers[i], numbers[last]);
        else
            snprintf(part, sizeof part, "%s%u", i ? "," : "", numbers[i]);
        if (used + strlen(part) + sizeof more > size) {
            snprintf(text + used, size - used, "%s", more);
            return;
        }
        used += (size_t)snprintf(text + used, size - used, "%s", part);
        i = last + 1;
    }
}
