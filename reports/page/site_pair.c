/* The page of two devices side by side, in the cases that both have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/page/sections.h"
#include "reports/page/site_pages.h"
#include "reports/page/site_table.h"

/* Results of a device that a page is made from at most; site_records keeps more than those of both. */
enum { RESULTS_MAX = 3 };

/* The results of one of the two. */
struct side {
    size_t device;
    size_t results[RESULTS_MAX];
    struct record
        records[RESULTS_MAX]; /* of the shown cells alone, which are owned; all else is that of the whole record */
    char addresses[RESULTS_MAX][SITE_ADDRESS_MAX];
    size_t count;
};

struct encounter {
    struct site *site;
    const struct site_pair *pair;
    struct site_case *cases;
    size_t case_count, shown; /* shown: the first ones, as far as the results go */
    struct side sides[2];
};

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_MEMORY, "no memory to compare two devices");
}

/* ---- which results ------------------------------------------------------------------------------------------------------ */

static bool side_takes(struct side *side, size_t result)
{
    for (size_t i = 0; i < side->count; i++)
        if (side->results[i] == result)
            return true;
    if (side->count == RESULTS_MAX)
        return false;
    side->results[side->count++] = result;
    return true;
}

/* As many of the cases as three results on each side have, the first ones first. */
static void results_choose(struct encounter *encounter)
{
    for (size_t i = 0; i < encounter->case_count; i++) {
        struct side kept[2];
        struct site_case taken = encounter->cases[i];
        memcpy(kept, encounter->sides, sizeof kept);
        if (!side_takes(&encounter->sides[0], taken.result_a) || !side_takes(&encounter->sides[1], taken.result_b)) {
            memcpy(encounter->sides, kept, sizeof kept);
            continue;
        }
        encounter->cases[i] = encounter->cases[encounter->shown];
        encounter->cases[encounter->shown++] = taken;
    }
}

/* Is that cell of that result one of the cases shown? */
static bool cell_shown(const struct encounter *encounter, size_t side, size_t result, const struct cell *cell)
{
    char key[65];

    if (cell->status != CELL_OK || !cell_key(cell, key))
        return false;
    for (size_t i = 0; i < encounter->shown; i++) {
        const struct site_case *own = &encounter->cases[i];
        if ((side ? own->result_b : own->result_a) == result && strcmp(own->key, key) == 0)
            return true;
    }
    return false;
}

/* The record with the shown cells alone. */
static bool cells_keep(struct encounter *encounter, size_t side, size_t index, const struct record *whole)
{
    struct record *record = &encounter->sides[side].records[index];

    *record = *whole;
    record->cell_count = 0;
    record->cells = calloc(whole->cell_count + 1, sizeof *record->cells);
    for (size_t i = 0; record->cells && i < whole->cell_count; i++)
        if (cell_shown(encounter, side, encounter->sides[side].results[index], &whole->cells[i]))
            record->cells[record->cell_count++] = whole->cells[i];
    return record->cells;
}

static enum status side_read(struct encounter *encounter, size_t index, struct error *error)
{
    struct side *side = &encounter->sides[index];
    const struct record *whole;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < side->count && !status; i++) {
        site_result_address(side->addresses[i], "../", &encounter->site->board.results[side->results[i]]);
        status = site_records_get(&encounter->site->records, side->results[i], &whole, error);
        if (!status && !cells_keep(encounter, index, i, whole))
            status = no_memory(error);
    }
    return status;
}

static void encounter_close(struct encounter *encounter)
{
    for (size_t side = 0; side < 2; side++)
        for (size_t i = 0; i < encounter->sides[side].count; i++)
            free(encounter->sides[side].records[i].cells);
    free(encounter->cases);
    free(encounter);
}

/* ---- the page ----------------------------------------------------------------------------------------------------------- */

static void build_links(const struct encounter *encounter, struct page *page)
{
    const struct site_board *board = &encounter->site->board;
    char address[SITE_ADDRESS_MAX];

    page_section(page, "data", "Where the figures come from");
    page_text(page, BLOCK_TEXT,
              "Each case by the newest results of one engine and build, where both devices have such:");
    for (size_t k = 0; k < 2; k++) {
        const struct side *side = &encounter->sides[k];
        const struct board_device *device = &board->devices[side->device];
        for (size_t i = 0; i < side->count; i++)
            page_link(page, side->addresses[i], "%s: result of %s", device->name,
                      board->results[side->results[i]].created);
        site_device_address(address, "../", device);
        page_link(page, address, "%s: full report and all results", device->name);
    }
}

static void build_comparison(const struct encounter *encounter, const struct report *report, struct page *page)
{
    const struct site_pair *pair = encounter->pair;
    const struct board_device *devices = encounter->site->board.devices;
    char title[2 * SITE_TEXT_MAX], subtitle[128];

    snprintf(title, sizeof title, "%.200s against %.200s", devices[pair->b].name, devices[pair->a].name);
    snprintf(subtitle, sizeof subtitle, "%zu case%s in common%s", pair->common, pair->common == 1 ? "" : "s",
             pair->alike ? "" : "; engine or build differ too");
    page_open(page, title, subtitle);
    page_section(page, "devices", "Side by side");
    section_devices(report, page);
    if (encounter->shown < encounter->case_count)
        page_text(page, BLOCK_NOTE,
                  "%zu more cases in common are in older results; the pages of the devices have them.",
                  encounter->case_count - encounter->shown);
}

static enum status encounter_build(struct encounter *encounter, struct page *page, struct error *error)
{
    struct report_source sources[2 * RESULTS_MAX] = {0};
    struct report report = {0};
    size_t count = 0;
    enum status status = side_read(encounter, 0, error);

    if (!status)
        status = side_read(encounter, 1, error);
    if (status)
        return status;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < encounter->sides[k].count; i++) {
            const char *address = encounter->sides[k].addresses[i];
            sources[count++] = (struct report_source){
                .record = &encounter->sides[k].records[i], .name = strrchr(address, '/') + 1, .href = address};
        }
    status = report_open(&report, sources, count, error);
    if (!status) {
        build_comparison(encounter, &report, page);
        build_links(encounter, page);
    }
    report_close(&report);
    return status;
}

enum status site_pair_build(struct site *site, const struct site_pair *pair, struct page *page, struct error *error)
{
    struct encounter *encounter = calloc(1, sizeof *encounter);
    enum status status;

    *page = (struct page){0};
    if (!encounter)
        return no_memory(error);
    encounter->site = site;
    encounter->pair = pair;
    encounter->sides[0].device = pair->a;
    encounter->sides[1].device = pair->b;
    encounter->cases = site_pair_cases(site, pair, &encounter->case_count);
    if (encounter->cases) {
        results_choose(encounter);
        status = encounter_build(encounter, page, error);
    } else {
        status = no_memory(error);
    }
    encounter_close(encounter);
    return status;
}
