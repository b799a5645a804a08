/* Lists of processors as the kernel writes them: "0-3,8,10-11". */
#ifndef POCKETMARK_DEVICES_CPU_LIST_H
#define POCKETMARK_DEVICES_CPU_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Reads numbers below `capacity` and ranges of them, parted by `separator`; white space at the end is allowed. Stores them in
 * numbers[0..*count-1], in the order of the list. False where the text is anything else: empty, a range that falls, a number
 * twice or too large, something behind it. */
bool cpu_list_parse(const char *text, char separator, unsigned *numbers, size_t capacity, size_t *count);

/* Writes rising numbers as such a list; what does not fit is cut at a separator and ends in "…". */
void cpu_list_format(char *text, size_t size, const unsigned *numbers, size_t count);

#endif
