#include "reports/page/site_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/compare_view.h"
#include "reports/page/blocks.h"
#include "reports/page/site_settle.h"
#include "reports/text.h"
#include "reports/units.h"
#include "reports/view.h"

enum { MODEL_COLUMNS = 40, CASE_COLUMNS = 60, ENGINE_COLUMNS = 40 };

static const struct {
    const char *title, *unit;
    bool plain; /* a number whose unit stands above the column */
} columns[BOARD_FIGURES] = {
    [BOARD_DECODE] = {"decode", "tok/s", true},  [BOARD_PREFILL] = {"prefill", "tok/s", true},
    [BOARD_FIRST] = {"first token", "", false},  [BOARD_ENERGY] = {"energy per token", "", false},
    [BOARD_MEMORY] = {"peak memory", "", false},
};

const char *site_figure_title(int figure)
{
    return columns[figure].title;
}

/* ---- addresses ---------------------------------------------------------------------------------------------------------- */

void site_device_address(char out[SITE_ADDRESS_MAX], const char *up, const struct board_device *device)
{
    snprintf(out, SITE_ADDRESS_MAX, "%sdevice/%s.html", up, device->slug);
}

void site_model_address(char out[SITE_ADDRESS_MAX], const char *up, const struct board_model *model)
{
    snprintf(out, SITE_ADDRESS_MAX, "%smodel/%s.html", up, model->slug);
}

/* No slug has two dashes side by side: no two pairs share a name. */
void site_pair_address(char out[SITE_ADDRESS_MAX], const char *up, const struct board_device *a,
                       const struct board_device *b)
{
    snprintf(out, SITE_ADDRESS_MAX, "%spair/%s--vs--%s.html", up, a->slug, b->slug);
}

void site_result_address(char out[SITE_ADDRESS_MAX], const char *up, const struct board_result *result)
{
    snprintf(out, SITE_ADDRESS_MAX, "%sresults/%s.json", up, result->id);
}

void site_group_address(char out[SITE_ADDRESS_MAX], const char *up, const struct site_board *board,
                        const struct board_group *group)
{
    if (group->row_count == 1)
        site_result_address(out, up, &board->results[board->rows[group->first_row].result]);
    else
        snprintf(out, SITE_ADDRESS_MAX, "%sdevice/%s.html#t-" SITE_ALL_RESULTS, up, board->devices[group->device].slug);
}

void site_date(char out[16], const struct board_result *result)
{
    snprintf(out, 16, "%.10s", result->created);
}

/* ---- choosing ----------------------------------------------------------------------------------------------------------- */

/* Unknown last, the better one first. */
static int figures_compare(const struct board_group *a, const struct board_group *b, int figure)
{
    double x = a->figures[figure].value, y = b->figures[figure].value;
    bool higher = field_info(site_board_fields[figure])->better == BETTER_HIGHER;

    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    if (figure == BOARD_ENERGY && strcmp(a->scope, b->scope) != 0)
        return strcmp(a->scope, b->scope);
    return x == y ? 0 : (x > y) == higher ? -1 : 1;
}

/* A whole order, whatever the order of the inputs was. */
static int groups_compare(const void *a, const void *b, void *context)
{
    const struct site_groups *groups = context;
    const struct site_board *board = groups->board;
    const struct board_group *x = &board->groups[*(const size_t *)a], *y = &board->groups[*(const size_t *)b];
    int order = figures_compare(x, y, groups->figure);

    if (!order)
        order = strcmp(board->devices[x->device].name, board->devices[y->device].name);
    if (!order)
        order = strcmp(board->models[x->model].name, board->models[y->model].name);
    if (!order)
        order = strcmp(x->format, y->format);
    if (!order)
        order = strcmp(x->parameters, y->parameters);
    if (!order)
        order = site_board_newer(&board->results[board->rows[x->first_row].result],
                                 &board->results[board->rows[y->first_row].result]);
    return order ? order : strcmp(x->key, y->key);
}

static bool chosen(const struct site_board *board, const struct board_group *group, const struct site_choice *choice)
{
    return board->devices[group->device].origin == choice->origin &&
           (choice->device == SIZE_MAX || choice->device == group->device) &&
           (choice->model == SIZE_MAX || choice->model == group->model) &&
           (!choice->key || strcmp(choice->key, group->key) == 0);
}

void site_choose(struct site_groups *groups, const struct site_board *board, const struct site_choice *choice,
                 int figure, struct page *page)
{
    size_t *smaller;

    *groups = (struct site_groups){
        .board = board, .items = calloc(board->group_count + 1, sizeof *groups->items), .figure = figure};
    if (!groups->items) {
        page->failed = true;
        return;
    }
    for (size_t i = 0; i < board->group_count; i++)
        if (chosen(board, &board->groups[i], choice))
            groups->items[groups->count++] = i;
    qsort_r(groups->items, groups->count, sizeof *groups->items, groups_compare, groups);
    /* thousands of cases would else keep room for all groups each */
    smaller = reallocarray(groups->items, groups->count + 1, sizeof *groups->items);
    groups->items = smaller ? smaller : groups->items;
}

void site_groups_close(struct site_groups *groups)
{
    free(groups->items);
    *groups = (struct site_groups){0};
}

/* ---- cells -------------------------------------------------------------------------------------------------------------- */

/* The title of the column says that it is per token. */
static void per_token_drop(char *text)
{
    char *unit = strstr(text, "/tok");

    if (unit)
        memmove(unit, unit + 4, strlen(unit + 4) + 1);
}

static void value_text(char *out, size_t size, double value, int figure)
{
    struct figure plain = {.present = true, .value = value, .ci_low = NAN, .ci_high = NAN};

    if (columns[figure].plain)
        view_figure(out, size, &plain);
    else
        per_token_drop(units_format(out, size, field_unit(site_board_fields[figure]), value));
}

/* Takes the unit away that the other text has as well: "331 ms" beside "333 ms". */
static void unit_drop(char *text, const char *other)
{
    char *unit = strchr(text, ' ');
    const char *same = strchr(other, ' ');

    if (unit && same && strcmp(unit, same) == 0)
        *unit = '\0';
}

void site_figure_text(char *out, size_t size, const struct board_figure *figure, int which, bool quartiles)
{
    struct figure whole = {
        .present = isfinite(figure->value), .value = figure->value, .ci_low = figure->low, .ci_high = figure->high};
    char value[64], low[64], high[64];

    if (!quartiles) {
        if (columns[which].plain)
            view_figure(out, size, &whole);
        else
            compare_view_figure(out, size, &whole, site_board_fields[which]);
        per_token_drop(out);
        return;
    }
    value_text(value, sizeof value, figure->value, which);
    value_text(low, sizeof low, figure->low, which);
    value_text(high, sizeof high, figure->high, which);
    unit_drop(low, value);
    unit_drop(high, value);
    if (isfinite(figure->low) && (which != BOARD_MEMORY || strcmp(low, high) != 0))
        snprintf(out, size, "%s [%s %s]", value, low, high);
    else
        snprintf(out, size, "%s", value);
}

void site_put_figure(struct grid *grid, const struct board_group *group, int figure, const char *address)
{
    const struct board_figure *found = &group->figures[figure];
    bool scope = figure == BOARD_ENERGY && isfinite(found->value) && *group->scope;
    char text[SITE_TEXT_MAX];

    if (!isfinite(found->value)) {
        grid_value(grid, NAN, "%s", blocks_unknown);
        return;
    }
    site_figure_text(text, sizeof text, found, figure, group->row_count > 1);
    grid_value(grid, found->value, "%s%s%s", text, scope ? " " : "", scope ? group->scope : "");
    grid_href(grid, address);
}

static void put_names(struct grid *grid, const struct site_board *board, const struct board_group *group,
                      const char *up)
{
    const struct board_device *device = &board->devices[group->device];
    const struct board_model *model = &board->models[group->model];
    char text[SITE_TEXT_MAX], address[SITE_ADDRESS_MAX];

    grid_text(grid, "%s", device->name);
    site_device_address(address, up, device);
    grid_href(grid, address);
    text_cut(text, sizeof text, model->name, MODEL_COLUMNS);
    grid_text(grid, "%s", text);
    site_model_address(address, up, model);
    grid_href(grid, address);
    grid_text(grid, "%s", group->format);
    text_cut(text, sizeof text, group->parameters, CASE_COLUMNS);
    grid_text(grid, "%s", text);
}

void site_engine_text(char *out, size_t size, const struct board_group *group)
{
    char engine[SITE_TEXT_MAX];

    text_cut(engine, sizeof engine, group->engine, ENGINE_COLUMNS);
    snprintf(out, size, "%.120s%s%.80s", engine, *group->commit ? " " : "", group->commit);
}

static void put_row(struct grid *grid, const struct site_groups *groups, const struct board_group *group, double most,
                    const char *up)
{
    const struct site_board *board = groups->board;
    const struct board_result *newest = &board->results[board->rows[group->first_row].result];
    char address[SITE_ADDRESS_MAX], text[SITE_TEXT_MAX];

    put_names(grid, board, group, up);
    site_group_address(address, up, board, group);
    for (int i = 0; i < BOARD_FIGURES; i++) {
        site_put_figure(grid, group, i, address);
        if (i == groups->figure && most > 0 && group->figures[i].value >= 0)
            grid_share(grid, group->figures[i].value / most);
    }
    grid_value(grid, (double)group->row_count, "%zu · %zu", group->row_count, group->launches);
    grid_href(grid, address);
    site_engine_text(text, sizeof text, group);
    grid_text(grid, "%s", text);
    site_date(text, newest);
    grid_value(grid, isfinite(newest->time) ? newest->time : NAN, "%s", text);
    site_result_address(address, up, newest);
    grid_href(grid, address);
}

void site_table(struct page *page, const char *id, const char *caption, const struct site_groups *groups,
                const char *up)
{
    static const char *const names[] = {"device", "model", "format", "case"};
    double most = 0;
    struct grid *grid;

    if (!groups->count)
        return;
    grid = page_grid(page, id, caption);
    if (grid)
        grid->sortable = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        grid_column(grid, names[i], "", false);
    for (int i = 0; i < BOARD_FIGURES; i++)
        grid_column(grid, columns[i].title, columns[i].unit, true);
    grid_column(grid, "results", "· launches", true);
    grid_column(grid, "engine", "", false);
    grid_column(grid, "newest", "", true);
    for (size_t i = 0; i < groups->count; i++)
        most = fmax(most, groups->board->groups[groups->items[i]].figures[groups->figure].value);
    for (size_t i = 0; i < groups->count; i++)
        put_row(grid, groups, &groups->board->groups[groups->items[i]], most, up);
}

void site_table_notes(struct page *page)
{
    page_text(page, BLOCK_NOTE,
              "A row holds the results of one device, case, engine and build: the median over results with its "
              "quartiles in brackets where there are two or more, else the value of the one result with its 95 %% "
              "interval over launches (±). – is unknown; the result tells why. Figures lead to their results.");
    page_text(page, BLOCK_NOTE,
              "Cases: p prompt tokens, n generated tokens, d tokens in the cache before, c tokens allocated for, kv "
              "type of the cache, t threads; nothing is told of what is usual. Energy is told with what it covers; "
              "figures of different scope are not comparable, so they are ordered by scope first.");
}
