#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page/site_list.h"
#include "reports/page/site_pages.h"

/* A pair that is being found, and the last key that counted as common. */
struct meeting {
    struct site_pair pair;
    const char *key;
};

/* Groups of devices that were measured themselves, by key. */
struct matching {
    const struct site_board *board;
    size_t *by_key; /* groups, sorted */
    size_t count;
    struct meeting *found; /* of the device in hand, one place per device */
};

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_MEMORY, "no memory for the pairs of devices");
}

static int keys_compare(const void *a, const void *b, void *context)
{
    const struct site_board *board = context;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int order = strcmp(board->groups[x].key, board->groups[y].key);

    return order ? order : (x > y) - (x < y);
}

/* The older one of both newest results tells how new a case is. */
static double case_time(const struct site_board *board, const struct board_group *a, const struct board_group *b)
{
    return fmin(board->results[board->rows[a->first_row].result].time,
                board->results[board->rows[b->first_row].result].time);
}

static bool groups_alike(const struct board_group *a, const struct board_group *b)
{
    return a->engine_trait == b->engine_trait && a->build_trait == b->build_trait;
}

/* One case more of a pair, or the same case by other results. */
static void pair_meet(const struct site_board *board, struct meeting *meeting, const struct board_group *a,
                      const struct board_group *b)
{
    struct site_pair *pair = &meeting->pair;
    double time = case_time(board, a, b);

    if (!meeting->key)
        *pair = (struct site_pair){.a = a->device, .b = b->device, .time = time};
    pair->common += !meeting->key || strcmp(meeting->key, a->key) != 0;
    pair->alike |= groups_alike(a, b);
    pair->time = fmax(pair->time, time);
    meeting->key = a->key;
}

/* A device comes before another one by name. */
static bool device_before(const struct site_board *board, size_t a, size_t b)
{
    int order = strcmp(board->devices[a].name, board->devices[b].name);

    return order ? order < 0 : strcmp(board->devices[a].key, board->devices[b].key) < 0;
}

/* Groups of one key stand together, so that each device meets each other one by one key after the other. */
static void device_match(struct matching *matching, size_t device)
{
    const struct site_board *board = matching->board;
    size_t first = 0;

    memset(matching->found, 0, board->device_count * sizeof *matching->found);
    for (size_t i = 0; i < matching->count; i++) {
        const struct board_group *group = &board->groups[matching->by_key[i]];
        if (strcmp(group->key, board->groups[matching->by_key[first]].key) != 0)
            first = i;
        if (group->device != device)
            continue;
        for (size_t k = first; k < matching->count; k++) {
            const struct board_group *other = &board->groups[matching->by_key[k]];
            if (strcmp(other->key, group->key) != 0)
                break;
            if (other->device != device && device_before(board, device, other->device))
                pair_meet(board, &matching->found[other->device], group, other);
        }
    }
}

static int pairs_compare(const void *a, const void *b, void *context)
{
    const struct site_board *board = context;
    const struct site_pair *x = a, *y = b;
    int order;

    if (x->alike != y->alike)
        return x->alike ? -1 : 1;
    if (x->common != y->common)
        return x->common > y->common ? -1 : 1;
    if (x->time != y->time)
        return x->time > y->time ? -1 : 1;
    order = strcmp(board->devices[x->a].slug, board->devices[y->a].slug);
    return order ? order : strcmp(board->devices[x->b].slug, board->devices[y->b].slug);
}

static bool pairs_take(struct site *site, const struct matching *matching)
{
    for (size_t i = 0; i < site->board.device_count; i++) {
        struct site_pair *pair;
        if (!matching->found[i].key)
            continue;
        if (!(pair = list_add(&site->pairs, &site->pair_count, sizeof *pair)))
            return false;
        *pair = matching->found[i].pair;
    }
    return true;
}

enum status site_pairs_find(struct site *site, size_t most, struct error *error)
{
    struct site_board *board = &site->board;
    struct matching matching = {.board = board,
                                .by_key = calloc(board->group_count + 1, sizeof *matching.by_key),
                                .found = calloc(board->device_count + 1, sizeof *matching.found)};
    bool good = matching.by_key && matching.found;

    for (size_t i = 0; good && i < board->group_count; i++)
        if (board->devices[board->groups[i].device].origin == ORIGIN_NATIVE)
            matching.by_key[matching.count++] = i;
    if (good)
        qsort_r(matching.by_key, matching.count, sizeof *matching.by_key, keys_compare, board);
    for (size_t i = 0; good && i < board->device_count; i++) {
        if (board->devices[i].origin != ORIGIN_NATIVE)
            continue;
        device_match(&matching, i);
        good = pairs_take(site, &matching);
    }
    free(matching.by_key);
    free(matching.found);
    if (!good)
        return no_memory(error);
    if (site->pair_count)
        qsort_r(site->pairs, site->pair_count, sizeof *site->pairs, pairs_compare, board);
    site->pairs_left = site->pair_count > most ? site->pair_count - most : 0;
    site->pair_count -= site->pairs_left;
    return STATUS_OK;
}

/* ---- cases of a pair ---------------------------------------------------------------------------------------------------- */

static int cases_compare(const void *a, const void *b)
{
    const struct site_case *x = a, *y = b;

    if (x->alike != y->alike)
        return x->alike ? -1 : 1;
    if (x->time != y->time)
        return x->time > y->time ? -1 : 1;
    return strcmp(x->key, y->key);
}

static bool case_better(const struct site_case *a, const struct site_case *b)
{
    return a->alike != b->alike ? a->alike : a->time > b->time;
}

/* The case of that key that the list has; NULL: none. */
static struct site_case *case_known(struct site_case *cases, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(cases[i].key, key) == 0)
            return &cases[i];
    return NULL;
}

struct site_case *site_pair_cases(const struct site *site, const struct site_pair *pair, size_t *count)
{
    const struct site_board *board = &site->board;
    struct site_case *cases = calloc(pair->common + 1, sizeof *cases);

    *count = 0;
    for (size_t i = board->devices[pair->a].first_group; cases && i != SIZE_MAX; i = board->groups[i].next)
        for (size_t k = board->devices[pair->b].first_group; k != SIZE_MAX; k = board->groups[k].next) {
            const struct board_group *a = &board->groups[i], *b = &board->groups[k];
            struct site_case found, *known;
            if (strcmp(a->key, b->key) != 0)
                continue;
            found = (struct site_case){.key = a->key,
                                       .result_a = board->rows[a->first_row].result,
                                       .result_b = board->rows[b->first_row].result,
                                       .time = case_time(board, a, b),
                                       .alike = groups_alike(a, b)};
            known = case_known(cases, *count, a->key);
            if (!known)
                cases[(*count)++] = found;
            else if (case_better(&found, known))
                *known = found;
        }
    if (cases)
        qsort(cases, *count, sizeof *cases, cases_compare);
    return cases;
}
