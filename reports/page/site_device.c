/* The page of a device: its full report from its newest results, and all its results. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/site_pages.h"
#include "reports/page/site_table.h"
#include "reports/text.h"

/* Results that a report is made from at most; site_records keeps twice as many. */
enum { REPORTED_MAX = 8, PAIRS_OPEN = 10, NAME_COLUMNS = 40 };

/* ---- which results ------------------------------------------------------------------------------------------------------ */

/* Does the result have a case that none of those chosen has? */
static bool brings_case(const struct site_board *board, size_t result, const size_t *chosen, size_t count)
{
    for (size_t i = board->devices[board->results[result].device].first_group; i != SIZE_MAX;
         i = board->groups[i].next) {
        const struct board_group *group = &board->groups[i];
        bool own = false, known = false;
        for (size_t k = 0; k < group->row_count; k++) {
            size_t of = board->rows[group->first_row + k].result;
            own |= of == result;
            for (size_t n = 0; n < count; n++)
                known |= of == chosen[n];
        }
        if (own && !known)
            return true;
    }
    return false;
}

/* From the newest on, each that brings a case or the first predictions; where none does, the newest. */
static size_t results_choose(const struct site_board *board, size_t device, size_t chosen[REPORTED_MAX])
{
    size_t count = 0, newest = SIZE_MAX;
    bool predicted = false;

    for (size_t i = 0; i < board->result_count && count < REPORTED_MAX; i++) {
        const struct board_result *result = &board->results[board->newest[i]];
        if (result->device != device)
            continue;
        newest = newest == SIZE_MAX ? board->newest[i] : newest;
        if ((!predicted && result->prediction_count) || brings_case(board, board->newest[i], chosen, count)) {
            predicted |= result->prediction_count > 0;
            chosen[count++] = board->newest[i];
        }
    }
    if (!count)
        chosen[count++] = newest;
    return count;
}

/* ---- all results -------------------------------------------------------------------------------------------------------- */

static void put_head(struct grid *grid)
{
    static const char *const names[] = {"date", "workload", "model", "format", "case"};

    grid->sortable = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        grid_column(grid, names[i], "", i == 0);
    for (int i = 0; i < BOARD_FIGURES; i++)
        grid_column(grid, site_figure_title(i), i == BOARD_DECODE || i == BOARD_PREFILL ? "tok/s" : "", true);
    grid_column(grid, "launches", "", true);
    grid_column(grid, "engine", "", false);
}

static void put_date(struct grid *grid, const struct board_result *result)
{
    char address[SITE_ADDRESS_MAX];

    grid_value(grid, isfinite(result->time) ? result->time : NAN, "%.16s", result->created);
    site_result_address(address, "../", result);
    grid_href(grid, address);
    grid_mark(grid, result->partial ? MARK_PART : MARK_NONE);
    grid_text(grid, "%s", *result->workload ? result->workload : blocks_unknown);
}

static void put_row(struct grid *grid, const struct site_board *board, const struct board_group *group,
                    const struct board_row *row)
{
    const struct board_result *result = &board->results[row->result];
    char address[SITE_ADDRESS_MAX], text[SITE_TEXT_MAX];
    struct board_group alone = *group; /* the row as if it were the only one */

    put_date(grid, result);
    text_cut(text, sizeof text, board->models[group->model].name, NAME_COLUMNS);
    grid_text(grid, "%s", text);
    site_model_address(address, "../", &board->models[group->model]);
    grid_href(grid, address);
    grid_text(grid, "%s", group->format);
    text_cut(text, sizeof text, group->parameters, NAME_COLUMNS);
    grid_text(grid, "%s", text);
    alone.row_count = 1;
    memcpy(alone.figures, row->figures, sizeof alone.figures);
    memcpy(alone.scope, row->scope, sizeof alone.scope);
    site_result_address(address, "../", result);
    for (int i = 0; i < BOARD_FIGURES; i++)
        site_put_figure(grid, &alone, i, address);
    grid_value(grid, (double)row->launches, "%zu", row->launches);
    site_engine_text(text, sizeof text, group);
    grid_text(grid, "%s", text);
}

static void put_nothing(struct grid *grid, const struct board_result *result)
{
    put_date(grid, result);
    grid_text(grid, "none: %s", result->note ? result->note : "the reason is in the result");
    for (size_t i = grid->cell_count % grid->column_count; i < grid->column_count; i++)
        grid_text(grid, "%s", blocks_unknown);
}

static void put_result(struct grid *grid, const struct site_board *board, size_t device, size_t result)
{
    size_t shown = 0;

    for (size_t i = board->devices[device].first_group; i != SIZE_MAX; i = board->groups[i].next)
        for (size_t k = 0; k < board->groups[i].row_count; k++) {
            const struct board_row *row = &board->rows[board->groups[i].first_row + k];
            if (row->result != result)
                continue;
            put_row(grid, board, &board->groups[i], row);
            shown++;
        }
    if (!shown)
        put_nothing(grid, &board->results[result]);
}

static void build_results(const struct site *site, size_t device, struct page *page)
{
    const struct site_board *board = &site->board;
    struct grid *grid;

    page_section(page, "results", "All results of this device");
    if (!(grid = page_grid(page, SITE_ALL_RESULTS, "One row per result and case, the newest first")))
        return;
    put_head(grid);
    for (size_t i = 0; i < board->result_count; i++)
        if (board->results[board->newest[i]].device == device)
            put_result(grid, board, device, board->newest[i]);
    page_text(page, BLOCK_NOTE, "± is half of the 95 %% interval over launches; ◐ marks a run that was ended early.");
}

/* ---- the page ----------------------------------------------------------------------------------------------------------- */

static void build_pairs(const struct site *site, size_t device, struct page *page)
{
    const struct site_board *board = &site->board;
    char address[SITE_ADDRESS_MAX];
    struct grid *grid = NULL;
    size_t count = 0;

    page_section(page, "pairs", "Compared with other devices");
    for (size_t i = 0; i < site->pair_count; i++)
        count += site->pairs[i].a == device || site->pairs[i].b == device;
    if (!count || !(grid = page_grid(page, "pairs", "Pages of two devices side by side")))
        return;
    grid->sortable = true;
    grid->folded = count > PAIRS_OPEN;
    grid_column(grid, "device", "", false);
    grid_column(grid, "cases in common", "", true);
    for (size_t i = 0; i < site->pair_count; i++) {
        const struct site_pair *pair = &site->pairs[i];
        if (pair->a != device && pair->b != device)
            continue;
        grid_text(grid, "%s", board->devices[pair->a == device ? pair->b : pair->a].name);
        site_pair_address(address, "../", &board->devices[pair->a], &board->devices[pair->b]);
        grid_href(grid, address);
        grid_value(grid, (double)pair->common, "%zu", pair->common);
    }
}

static enum status build_report(const struct report_source *sources, size_t count, struct page *page,
                                struct error *error)
{
    struct report report;
    enum status status = report_open(&report, sources, count, error);

    if (!status)
        report_build(&report, page);
    report_close(&report);
    return status;
}

enum status site_device_build(struct site *site, size_t device, struct page *page, struct error *error)
{
    size_t chosen[REPORTED_MAX], count = results_choose(&site->board, device, chosen);
    struct report_source sources[REPORTED_MAX];
    char addresses[REPORTED_MAX][SITE_ADDRESS_MAX];
    enum status status = STATUS_OK;

    *page = (struct page){0};
    for (size_t i = 0; i < count && !status; i++) {
        site_result_address(addresses[i], "../", &site->board.results[chosen[i]]);
        sources[i] = (struct report_source){.name = strrchr(addresses[i], '/') + 1, .href = addresses[i]};
        status = site_records_get(&site->records, chosen[i], &sources[i].record, error);
    }
    if (!status)
        status = build_report(sources, count, page, error);
    if (status)
        return status;
    build_results(site, device, page);
    build_pairs(site, device, page);
    return STATUS_OK;
}
