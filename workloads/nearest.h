/* "Did you mean …": the known word that looks most like a mistyped one. */
#ifndef POCKETMARK_WORKLOADS_NEAREST_H
#define POCKETMARK_WORKLOADS_NEAREST_H

#include <stddef.h>

/* The word of `words` that takes the fewest edits (insert, delete, replace, swap neighbours; upper and lower case are
 * equal) from `word`, the earlier one of two equals. NULL where even the best takes more than 1 + length/4 edits and none
 * begins with `word`. Pure; the result is one of `words`. */
const char *nearest_word(const char *word, const char *const *words, size_t count);

#endif
