#include "reports/compare_match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEAREST_CELLS = 300 };

/* All traits that count as one text. */
struct key {
    char *text;
    size_t cell;
};

struct keys {
    struct key *items;
    size_t count;
};

static int keys_compare(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int order = strcmp(x->text, y->text);

    return order ? order : (x->cell > y->cell) - (x->cell < y->cell);
}

static void keys_close(struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        free(keys->items[i].text);
    free(keys->items);
}

static char *key_text(const struct facts *cell, const struct drops *drops)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (size_t i = 0; out && i < cell->count; i++)
        if (!drops_has(drops, cell->items[i].path))
            fprintf(out, "%s=%s\n", cell->items[i].path, cell->items[i].text);
    if (out && fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* Sorted; cells out of scope are left out. */
static bool keys_make(struct keys *keys, const struct traits *traits, const struct drops *drops)
{
    *keys = (struct keys){calloc(traits->count ? traits->count : 1, sizeof *keys->items), 0};
    for (size_t i = 0; keys->items && i < traits->count; i++) {
        if (!traits->cells[i].count)
            continue;
        keys->items[keys->count] = (struct key){key_text(&traits->cells[i], drops), i};
        if (!keys->items[keys->count].text)
            return false;
        keys->count++;
    }
    if (keys->count)
        qsort(keys->items, keys->count, sizeof *keys->items, keys_compare);
    return keys->items != NULL;
}

static bool matches_add(struct matches *matches, size_t base, size_t candidate)
{
    if (matches->count == matches->capacity) {
        size_t capacity = matches->capacity ? 2 * matches->capacity : 16;
        struct match *items = realloc(matches->items, capacity * sizeof *items);
        if (!items)
            return false;
        matches->items = items;
        matches->capacity = capacity;
    }
    matches->items[matches->count++] = (struct match){base, candidate};
    return true;
}

static int matches_compare(const void *a, const void *b)
{
    const struct match *x = a, *y = b;

    if (x->base != y->base)
        return (x->base > y->base) - (x->base < y->base);
    return (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

/* Both sides' cells of one key: base [a, a_end), candidate [b, b_end). */
static bool match_group(struct matches *matches, const struct match_request *request, const struct keys *base,
                        const size_t a[2], const struct keys *candidate, const size_t b[2])
{
    size_t bases = request->all_bases ? a[1] : a[0] + 1;
    bool self = request->base == request->candidate;

    for (size_t i = a[0]; i < bases; i++)
        for (size_t k = b[0]; k < b[1]; k++) {
            if (self && base->items[i].cell == candidate->items[k].cell)
                continue;
            if (!matches_add(matches, base->items[i].cell, candidate->items[k].cell))
                return false;
        }
    return true;
}

static size_t group_end(const struct keys *keys, size_t first)
{
    size_t end = first;

    while (end < keys->count && strcmp(keys->items[end].text, keys->items[first].text) == 0)
        end++;
    return end;
}

static bool match_with(struct matches *matches, const struct match_request *request, const struct drops *drops)
{
    struct keys base = {0}, candidate = {0};
    bool good = keys_make(&base, request->base, drops) && keys_make(&candidate, request->candidate, drops);
    size_t a[2] = {0}, b[2] = {0};

    matches->count = 0;
    while (good && a[0] < base.count && b[0] < candidate.count) {
        int order = strcmp(base.items[a[0]].text, candidate.items[b[0]].text);
        a[1] = group_end(&base, a[0]);
        b[1] = group_end(&candidate, b[0]);
        if (order == 0)
            good = match_group(matches, request, &base, a, &candidate, b);
        if (order <= 0)
            a[0] = a[1];
        if (order >= 0)
            b[0] = b[1];
    }
    keys_close(&base);
    keys_close(&candidate);
    if (matches->count)
        qsort(matches->items, matches->count, sizeof *matches->items, matches_compare);
    return good;
}

/* Cells about different things are far apart. */
static size_t distance_of(const struct drops *differ)
{
    size_t distance = differ->count;

    for (size_t i = 0; i < differ->count; i++)
        distance += trait_is_fixed(differ->names[i]) ? DROPS_MAX : 0;
    return distance;
}

static void differ_find(struct drops *differ, const struct facts *a, const struct facts *b, const char *const *names,
                        size_t count, const struct drops *ignored)
{
    differ->count = 0;
    for (size_t i = 0; i < count; i++)
        if (!drops_has(ignored, names[i]) && !drops_has(differ, names[i]) &&
            strcmp(trait_text(a, names[i]), trait_text(b, names[i])) != 0)
            drops_add(differ, names[i]);
}

bool matches_nearest(const struct match_request *request, struct match *nearest, struct drops *differ)
{
    const char *names[DROPS_MAX];
    size_t count = traits_names(request->base, request->candidate, names), least = SIZE_MAX;
    struct drops drops;

    for (size_t i = 0; i < request->base->count && i < NEAREST_CELLS; i++)
        for (size_t k = 0; k < request->candidate->count && k < NEAREST_CELLS; k++) {
            const struct facts *a = &request->base->cells[i], *b = &request->candidate->cells[k];
            if (!a->count || !b->count || a == b)
                continue;
            differ_find(&drops, a, b, names, count, &request->ignored);
            if (distance_of(&drops) >= least)
                continue;
            least = distance_of(&drops);
            *nearest = (struct match){i, k};
            *differ = drops;
        }
    return least != SIZE_MAX;
}

/* One trait after the other is left out. In one result the first that leads to partners counts, else the one that leads to
 * most. */
static bool match_one(struct matches *matches, const struct match_request *request)
{
    const char *names[DROPS_MAX];
    size_t count = traits_names(request->base, request->candidate, names), most = 0;
    struct drops best = request->ignored, only = {0};

    for (size_t i = 0; i < count && !(most && request->base == request->candidate); i++) {
        struct drops drops = request->ignored;
        if (drops_has(&drops, names[i]) || trait_is_fixed(names[i]))
            continue;
        drops_add(&drops, names[i]);
        if (!match_with(matches, request, &drops))
            return false;
        if (matches->count <= most)
            continue;
        most = matches->count;
        best = drops;
        only.names[0] = names[i];
        only.count = 1;
    }
    matches->differ = only;
    return match_with(matches, request, &best);
}

enum status matches_find(struct matches *matches, const struct match_request *request, struct error *error)
{
    struct match nearest;
    struct drops differ = {0}, all = request->ignored;
    bool good = true;

    *matches = (struct matches){0};
    if (request->base != request->candidate)
        good = match_with(matches, request, &request->ignored);
    if (good && !matches->count)
        good = match_one(matches, request);
    if (good && !matches->count && matches_nearest(request, &nearest, &differ)) {
        matches->differ = differ;
        for (size_t i = 0; i < differ.count; i++)
            drops_add(&all, differ.names[i]);
        if (request->mixed && distance_of(&differ) <= DROPS_MAX)
            good = match_with(matches, request, &all);
    }
    return good ? STATUS_OK : error_set(error, STATUS_MEMORY, "no memory to match %zu cells", request->base->count);
}

void matches_close(struct matches *matches)
{
    free(matches->items);
    *matches = (struct matches){0};
}
