/* The pages of a site that hold everything: one table, ordered by a figure, and what the board is made of. */
#include <stdio.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/site_pages.h"
#include "reports/page/site_table.h"
#include "reports/text.h"

enum { LEFT_OPEN = 20, PAIRS_OPEN = 20, NAME_COLUMNS = 60, REASON_COLUMNS = 200 };

static const struct {
    const char *page, *words;
} forms[BOARD_FIGURES] = {
    [BOARD_DECODE] = {"index.html", "decode, the fastest first"},
    [BOARD_PREFILL] = {"index-prefill.html", "prefill, the fastest first"},
    [BOARD_FIRST] = {"index-first-token.html", "time to first token, the shortest first"},
    [BOARD_ENERGY] = {"index-energy.html", "energy per token, the least first"},
    [BOARD_MEMORY] = {"index-memory.html", "peak memory, the least first"},
};

const char *site_index_name(int figure)
{
    return forms[figure].page;
}

/* "3 devices", "1 device". */
static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* ---- in short ----------------------------------------------------------------------------------------------------------- */

static size_t results_of(const struct site_board *board, enum origin origin)
{
    size_t count = 0;

    for (size_t i = 0; i < board->result_count; i++)
        count += board->devices[board->results[i].device].origin == origin;
    return count;
}

static void put_dates(const struct site_board *board, struct page *page)
{
    char first[16], last[16];

    site_date(first, &board->results[board->newest[board->result_count - 1]]);
    site_date(last, &board->results[board->newest[0]]);
    if (strcmp(first, last) == 0)
        page_pair(page, MARK_NONE, "date", "%s", first);
    else
        page_pair(page, MARK_NONE, "dates", "%s to %s", first, last);
}

static void put_results(const struct site_board *board, struct page *page)
{
    static const enum origin foreign[] = {ORIGIN_EMULATED, ORIGIN_IMPORTED};
    size_t partial = 0, virtual_machines = 0;

    page_pair(page, MARK_NONE, "results", "%zu, %zu of them measured by this program on the device itself",
              board->result_count, results_of(board, ORIGIN_NATIVE));
    for (size_t i = 0; i < 2; i++)
        if (results_of(board, foreign[i]))
            page_pair(page, MARK_WARNING, origin_name(foreign[i]), "%zu, in tables of their own",
                      results_of(board, foreign[i]));
    for (size_t i = 0; i < board->result_count; i++) {
        partial += board->results[i].partial;
        virtual_machines += board->results[i].virtual_machine;
    }
    if (virtual_machines)
        page_pair(page, MARK_WARNING, "virtual machines", "%zu result%s", virtual_machines, plural(virtual_machines));
    if (partial)
        page_pair(page, MARK_WARNING, "partial", "%zu result%s of runs that were ended early", partial,
                  plural(partial));
}

static void build_short(const struct site *site, int figure, struct page *page)
{
    const struct site_board *board = &site->board;

    page_section(page, "board", "In short");
    page_text(page, BLOCK_LEAD, "%zu result%s of %zu device%s and %zu model%s, case by case.", board->result_count,
              plural(board->result_count), board->device_count, plural(board->device_count), board->model_count,
              plural(board->model_count));
    put_dates(board, page);
    put_results(board, page);
    if (board->left_count)
        page_pair(page, MARK_WARNING, "left out", "%zu file%s; the reasons stand %s", board->left_count,
                  plural(board->left_count), figure == BOARD_DECODE ? "below" : "on the main page");
    page_pair(page, MARK_NONE, "order", "this page: by %s", forms[figure].words);
    for (int i = 0; i < BOARD_FIGURES; i++)
        if (i != figure)
            page_link(page, forms[i].page, "The same by %s", forms[i].words);
    page_text(page, BLOCK_NOTE,
              "There is no single score: which device is best depends on the figure and on the case.");
}

/* ---- figures ------------------------------------------------------------------------------------------------------------ */

void site_foreign_tables(const struct site *site, const struct site_choice *choice, int figure, const char *up,
                         struct page *page)
{
    static const struct {
        enum origin origin;
        const char *id, *title, *caption, *warning;
    } kinds[] = {
        {ORIGIN_EMULATED, "emulated", "Emulated results", "Emulated: sensors and energy of a recorded machine",
         "Sensors and energy of these come from a recorded machine, not from the one that did the work."},
        {ORIGIN_IMPORTED, "imported", "Imported results", "Imported: figures of other programs, unverified",
         "These are figures of other programs. Nothing of them was verified, and they may time other things."},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct site_choice own = *choice;
        struct site_groups groups;
        own.origin = kinds[i].origin;
        site_choose(&groups, &site->board, &own, figure, page);
        if (groups.count) {
            page_section(page, kinds[i].id, kinds[i].title);
            page_text(page, BLOCK_WARNING, "%s", kinds[i].warning);
            site_table(page, kinds[i].id, kinds[i].caption, &groups, up);
        }
        site_groups_close(&groups);
    }
}

static void build_figures(const struct site *site, int figure, struct page *page)
{
    const struct site_choice choice = {ORIGIN_NATIVE, SIZE_MAX, SIZE_MAX, NULL};
    struct site_groups groups;
    char caption[128];

    page_section(page, "figures", "Figures");
    site_choose(&groups, &site->board, &choice, figure, page);
    if (groups.count) {
        snprintf(caption, sizeof caption, "Measured on the devices themselves, by %s", forms[figure].words);
        site_table(page, "figures", caption, &groups, "");
        site_table_notes(page);
    } else {
        page_text(page, BLOCK_TEXT, "No case of a model was measured by this program on a device itself.");
    }
    site_groups_close(&groups);
    site_foreign_tables(site, &choice, figure, "", page);
}

/* ---- lists -------------------------------------------------------------------------------------------------------------- */

static size_t models_of(const struct site_board *board, size_t device)
{
    size_t count = 0;

    for (size_t i = board->devices[device].first_group; i != SIZE_MAX; i = board->groups[i].next) {
        size_t k = board->devices[device].first_group;
        while (k != i && board->groups[k].model != board->groups[i].model)
            k = board->groups[k].next;
        count += k == i;
    }
    return count;
}

static void build_devices(const struct site *site, struct page *page)
{
    const struct site_board *board = &site->board;
    char address[SITE_ADDRESS_MAX];
    struct grid *grid;

    page_section(page, "devices", "Devices");
    if (!(grid = page_grid(page, "devices", "Each with its full report and all its results")))
        return;
    grid->sortable = true;
    grid_column(grid, "device", "", false);
    grid_column(grid, "origin", "", false);
    grid_column(grid, "results", "", true);
    grid_column(grid, "models", "", true);
    grid_column(grid, "cases", "", true);
    for (size_t i = 0; i < board->device_count; i++) {
        const struct board_device *device = &board->devices[board->device_order[i]];
        size_t models = models_of(board, board->device_order[i]);
        grid_text(grid, "%s", device->name);
        site_device_address(address, "", device);
        grid_href(grid, address);
        grid_text(grid, "%s", device->origin == ORIGIN_NATIVE ? "measured" : origin_name(device->origin));
        grid_mark(grid, device->origin == ORIGIN_NATIVE ? MARK_NONE : MARK_WARNING);
        grid_value(grid, (double)device->result_count, "%zu", device->result_count);
        grid_value(grid, (double)models, "%zu", models);
        grid_value(grid, (double)device->group_count, "%zu", device->group_count);
    }
}

/* Devices that ran a model; their groups stand in a row in the list of each device. */
static size_t devices_of(const struct site_board *board, size_t model)
{
    size_t count = 0;

    for (size_t i = 0; i < board->device_count; i++) {
        size_t k = board->devices[i].first_group;
        while (k != SIZE_MAX && board->groups[k].model != model)
            k = board->groups[k].next;
        count += k != SIZE_MAX;
    }
    return count;
}

static void build_models(const struct site *site, struct page *page)
{
    const struct site_board *board = &site->board;
    char address[SITE_ADDRESS_MAX], name[SITE_TEXT_MAX];
    struct grid *grid;

    page_section(page, "models", "Models");
    if (!board->model_count || !(grid = page_grid(page, "models", "Each with all devices that ran it")))
        return;
    grid->sortable = true;
    grid_column(grid, "model", "", false);
    grid_column(grid, "devices", "", true);
    grid_column(grid, "rows", "", true);
    for (size_t i = 0; i < board->model_count; i++) {
        const struct board_model *model = &board->models[board->model_order[i]];
        size_t devices = devices_of(board, board->model_order[i]);
        text_cut(name, sizeof name, model->name, NAME_COLUMNS);
        grid_text(grid, "%s", name);
        site_model_address(address, "", model);
        grid_href(grid, address);
        grid_value(grid, (double)devices, "%zu", devices);
        grid_value(grid, (double)model->group_count, "%zu", model->group_count);
    }
}

static void build_pairs(const struct site *site, struct page *page)
{
    const struct site_board *board = &site->board;
    char address[SITE_ADDRESS_MAX];
    struct grid *grid;

    if (!site->pair_count && !site->pairs_left)
        return;
    page_section(page, "pairs", "Two devices compared");
    if (site->pairs_left)
        page_text(
            page, BLOCK_WARNING,
            "%zu of %zu pairs have no page: --pairs asked for %zu at most. Those that nothing but the device tells "
            "apart and that have most cases in common come first.",
            site->pairs_left, site->pair_count + site->pairs_left, site->pair_count);
    if (!site->pair_count || !(grid = page_grid(page, "pairs", "Pairs of devices that have a case in common")))
        return;
    grid->sortable = true;
    grid->folded = site->pair_count > PAIRS_OPEN;
    grid_column(grid, "pair", "", false);
    grid_column(grid, "cases in common", "", true);
    grid_column(grid, "what differs", "", false);
    for (size_t i = 0; i < site->pair_count; i++) {
        const struct site_pair *pair = &site->pairs[i];
        site_pair_address(address, "", &board->devices[pair->a], &board->devices[pair->b]);
        grid_text(grid, "%s against %s", board->devices[pair->b].name, board->devices[pair->a].name);
        grid_href(grid, address);
        grid_value(grid, (double)pair->common, "%zu", pair->common);
        grid_text(grid, "%s", pair->alike ? "the device alone" : "engine or build too");
        grid_mark(grid, pair->alike ? MARK_NONE : MARK_PART);
    }
}

/* ---- what was taken ----------------------------------------------------------------------------------------------------- */

/* Results of which there is nothing in the tables; they stand on the pages of their devices all the same. */
static void build_notes(const struct site *site, struct page *page)
{
    const struct site_board *board = &site->board;
    char address[SITE_ADDRESS_MAX], text[SITE_TEXT_MAX];
    struct grid *grid = NULL;

    for (size_t i = 0; i < board->result_count; i++) {
        const struct board_result *result = &board->results[board->newest[i]];
        if (!result->note)
            continue;
        if (!grid) {
            grid = page_grid(page, "without-figures", "Results of which nothing is in the tables above");
            if (!grid)
                return;
            grid->folded = true;
            grid_column(grid, "result", "", false);
            grid_column(grid, "device", "", false);
            grid_column(grid, "why", "", false);
        }
        grid_text(grid, "%s", result->created);
        site_result_address(address, "", result);
        grid_href(grid, address);
        grid_text(grid, "%s", board->devices[result->device].name);
        text_cut(text, sizeof text, result->note, REASON_COLUMNS);
        grid_text(grid, "%s", text);
    }
}

static void build_log(const struct site *site, struct page *page)
{
    const struct site_board *board = &site->board;
    char name[SITE_TEXT_MAX], why[4 * REASON_COLUMNS];
    size_t left_cells = 0;
    struct grid *grid;

    page_section(page, "log", "What was taken, and what was not");
    for (size_t i = 0; i < board->result_count; i++)
        left_cells += board->results[i].left_cells;
    page_text(
        page, BLOCK_TEXT,
        "Every file that keeps to the schema and is as it was written was taken, whatever its figures are; none was "
        "weighed or corrected. Of files of one result the last one counts.");
    page_pair(page, MARK_NONE, "files", "%zu taken, %zu left out", board->result_count, board->left_count);
    page_pair(page, MARK_NONE, "cases without figures", "%zu, skipped or failed; the results tell why", left_cells);
    if (board->left_count && (grid = page_grid(page, "left-out", "Files left out"))) {
        grid->folded = board->left_count > LEFT_OPEN;
        grid_column(grid, "file", "", false);
        grid_column(grid, "why", "", false);
        for (size_t i = 0; i < board->left_count; i++) {
            text_cut(name, sizeof name, board->left[i].name, NAME_COLUMNS);
            text_cut(why, sizeof why, board->left[i].why, REASON_COLUMNS);
            text_hide_homes(why);
            grid_text(grid, "%s", name);
            grid_text(grid, "%s", why);
        }
    }
    build_notes(site, page);
}

void site_index_build(const struct site *site, int figure, struct page *page)
{
    char subtitle[128];

    snprintf(subtitle, sizeof subtitle, "by %s", forms[figure].words);
    page_open(page, "What small language models do on people's own devices", subtitle);
    build_short(site, figure, page);
    build_figures(site, figure, page);
    if (figure != BOARD_DECODE)
        return;
    build_devices(site, page);
    build_models(site, page);
    build_pairs(site, page);
    build_log(site, page);
}
