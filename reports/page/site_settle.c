#include "reports/page/site_settle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/statistics.h"

enum { TAG_SHOWN = 5 };

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_MEMORY, "no memory for the tables of the site");
}

/* ---- orders ------------------------------------------------------------------------------------------------------------- */

int site_board_newer(const struct board_result *a, const struct board_result *b)
{
    return a->time != b->time ? (a->time < b->time ? 1 : -1) : strcmp(a->id, b->id);
}

static int results_compare(const void *a, const void *b, void *context)
{
    const struct site_board *board = context;

    return site_board_newer(&board->results[*(const size_t *)a], &board->results[*(const size_t *)b]);
}

static int rows_compare(const void *a, const void *b, void *context)
{
    const struct site_board *board = context;
    const struct board_row *x = a, *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return site_board_newer(&board->results[x->result], &board->results[y->result]);
}

static int devices_compare(const void *a, const void *b, void *context)
{
    const struct site_board *board = context;
    const struct board_device *x = &board->devices[*(const size_t *)a], *y = &board->devices[*(const size_t *)b];
    int order = strcmp(x->name, y->name);

    return order ? order : strcmp(x->key, y->key);
}

static int models_compare(const void *a, const void *b, void *context)
{
    const struct site_board *board = context;

    return strcmp(board->models[*(const size_t *)a].name, board->models[*(const size_t *)b].name);
}

/* 0 to count − 1, sorted; NULL: no memory. */
static size_t *order_make(struct site_board *board, size_t count, int (*compare)(const void *, const void *, void *))
{
    size_t *order = calloc(count + 1, sizeof *order);

    for (size_t i = 0; order && i < count; i++)
        order[i] = i;
    if (order)
        qsort_r(order, count, sizeof *order, compare, board);
    return order;
}

/* ---- names -------------------------------------------------------------------------------------------------------------- */

/* Devices of one name are told apart by the beginning of the tag that their addresses end in. */
static bool devices_name(struct site_board *board)
{
    const size_t *order = board->device_order;
    bool before = false;

    for (size_t i = 0; i < board->device_count; i++) {
        struct board_device *device = &board->devices[order[i]];
        slug_of_name(device->slug, device->name);
        slug_tag(device->slug, device->key);
    }
    for (size_t i = 0; i < board->device_count; i++) {
        struct board_device *device = &board->devices[order[i]];
        bool after = i + 1 < board->device_count && strcmp(device->name, board->devices[order[i + 1]].name) == 0;
        char *name = NULL;
        if ((before || after) &&
            asprintf(&name, "%s · %.*s", device->name, TAG_SHOWN, strrchr(device->slug, '-') + 1) < 0)
            return false;
        before = after;
        if (!name)
            continue;
        free(device->name);
        device->name = name;
    }
    return true;
}

/* A tag where the name alone would not do, so that adding a model seldom gives another one a new address. */
static bool models_name(struct site_board *board)
{
    bool *tagged = calloc(board->model_count + 1, sizeof *tagged);

    if (!tagged)
        return false;
    for (size_t i = 0; i < board->model_count; i++)
        tagged[i] = !slug_of_name(board->models[i].slug, board->models[i].name);
    for (size_t i = 0; i < board->model_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(board->models[i].slug, board->models[k].slug) == 0)
                tagged[i] = tagged[k] = true;
    for (size_t i = 0; i < board->model_count; i++)
        if (tagged[i])
            slug_tag(board->models[i].slug, board->models[i].name);
    free(tagged);
    return true;
}

/* ---- figures ------------------------------------------------------------------------------------------------------------ */

/* The median of rows and its quartiles; of a single row the value as it is. values has room for all rows. */
static struct board_figure group_figure(const struct site_board *board, const struct board_group *group, int figure,
                                        double *values)
{
    const struct board_row *rows = &board->rows[group->first_row];
    struct board_figure found = {NAN, NAN, NAN};
    size_t count = 0;

    for (size_t i = 0; i < group->row_count; i++) {
        if (!isfinite(rows[i].figures[figure].value) ||
            (figure == BOARD_ENERGY && strcmp(rows[i].scope, group->scope) != 0))
            continue;
        found = rows[i].figures[figure];
        values[count++] = found.value;
    }
    if (count > 1)
        found = (struct board_figure){statistics_quantile(values, count, 0.5), statistics_quantile(values, count, 0.25),
                                      statistics_quantile(values, count, 0.75)};
    return found;
}

static void group_settle(const struct site_board *board, struct board_group *group, double *values)
{
    const struct board_row *rows = &board->rows[group->first_row];

    for (size_t i = 0; i < group->row_count; i++) {
        group->launches += rows[i].launches;
        if (!*group->scope)
            memcpy(group->scope, rows[i].scope, sizeof group->scope);
    }
    for (int i = 0; i < BOARD_FIGURES; i++)
        group->figures[i] = group_figure(board, group, i, values);
}

static bool groups_settle(struct site_board *board)
{
    double *values = calloc(board->row_count + 1, sizeof *values);

    if (!values)
        return false;
    if (board->row_count)
        qsort_r(board->rows, board->row_count, sizeof *board->rows, rows_compare, board);
    for (size_t i = 0; i < board->row_count; i++) {
        struct board_group *group = &board->groups[board->rows[i].group];
        if (!group->row_count++)
            group->first_row = i;
    }
    for (size_t i = 0; i < board->group_count; i++)
        group_settle(board, &board->groups[i], values);
    free(values);
    return true;
}

enum status site_board_settle(struct site_board *board, struct error *error)
{
    board->newest = order_make(board, board->result_count, results_compare);
    board->device_order = order_make(board, board->device_count, devices_compare);
    board->model_order = order_make(board, board->model_count, models_compare);
    if (!board->newest || !board->device_order || !board->model_order || !devices_name(board) || !models_name(board) ||
        !groups_settle(board))
        return no_memory(error);
    return STATUS_OK;
}
