#include "workloads/nearest.h"

#include <string.h>
#include <strings.h>

enum { WORD_MAX = 96 };

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance: three rows of the table suffice, because a swap looks two rows back. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3], *older = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            int x = lower(a[i - 1]), y = lower(b[j - 1]);
            now[j] = least(least(before[j], now[j - 1]) + 1, before[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]))
                now[j] = least(now[j], older[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *nearest_word(const char *word, const char *const *words, size_t count)
{
    size_t length = strlen(word), best_distance = length / 4 + 2;
    const char *best = NULL;

    if (length == 0 || length > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t candidate_length = strlen(words[i]);
        if (candidate_length > WORD_MAX)
            continue;
        size_t distance = edit_distance(word, length, words[i], candidate_length);
        if (distance < best_distance) {
            best_distance = distance;
            best = words[i];
        }
    }
    for (size_t i = 0; i < count && !best; i++)
        if (strncasecmp(words[i], word, length) == 0)
            best = words[i];
    return best;
}
