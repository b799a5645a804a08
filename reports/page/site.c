#include "reports/page/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/input.h"
#include "reports/page/site_output.h"
#include "reports/page/site_pages.h"
#include "reports/page/site_table.h"
#include "reports/page/site_walk.h"

/* ---- the plan ----------------------------------------------------------------------------------------------------------- */

/* The name of every file, before any is written. */
static enum status plan(const struct site *site, struct site_output *output, struct error *error)
{
    const struct site_board *board = &site->board;
    enum status status = STATUS_OK;
    char name[SITE_ADDRESS_MAX];

    for (int i = 0; i < BOARD_FIGURES && !status; i++)
        status = output_plan(output, site_index_name(i), error);
    for (size_t i = 0; i < board->result_count && !status; i++) {
        site_result_address(name, "", &board->results[i]);
        status = output_plan(output, name, error);
    }
    for (size_t i = 0; i < board->device_count && !status; i++) {
        site_device_address(name, "", &board->devices[i]);
        status = output_plan(output, name, error);
    }
    for (size_t i = 0; i < board->model_count && !status; i++) {
        site_model_address(name, "", &board->models[i]);
        status = output_plan(output, name, error);
    }
    for (size_t i = 0; i < site->pair_count && !status; i++) {
        site_pair_address(name, "", &board->devices[site->pairs[i].a], &board->devices[site->pairs[i].b]);
        status = output_plan(output, name, error);
    }
    return status;
}

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

/* Byte by byte; a file that has changed since it was read would not be what the tables say. */
static enum status copy_results(const struct site_board *board, struct site_output *output, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < board->result_count && !status; i++) {
        const struct board_result *result = &board->results[i];
        char *text = NULL, name[SITE_ADDRESS_MAX], digest[DIGEST_HEX];
        size_t length;
        site_result_address(name, "", result);
        status = input_read(result->path, &text, &length, error);
        if (!status) {
            digest_bytes(text, length, digest);
            status =
                strcmp(digest, result->digest) == 0
                    ? output_file(output, name, text, length, error)
                    : error_set(error, STATUS_IO, "%s: changed while the site was made: run it again", result->path);
        }
        free(text);
    }
    return status;
}

static enum status write_devices(struct site *site, struct site_output *output, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < site->board.device_count && !status; i++) {
        struct page page;
        char name[SITE_ADDRESS_MAX];
        site_device_address(name, "", &site->board.devices[i]);
        status = site_device_build(site, i, &page, error);
        if (!status)
            status = output_page(output, name, &page, error);
    }
    return status;
}

static enum status write_pairs(struct site *site, struct site_output *output, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < site->pair_count && !status; i++) {
        const struct site_pair *pair = &site->pairs[i];
        struct page page;
        char name[SITE_ADDRESS_MAX];
        site_pair_address(name, "", &site->board.devices[pair->a], &site->board.devices[pair->b]);
        status = site_pair_build(site, pair, &page, error);
        if (!status)
            status = output_page(output, name, &page, error);
    }
    return status;
}

/* The index comes last: what it leads to is there. */
static enum status write_pages(struct site *site, struct site_output *output, struct error *error)
{
    enum status status = write_devices(site, output, error);
    char name[SITE_ADDRESS_MAX];
    struct page page;

    for (size_t i = 0; i < site->board.model_count && !status; i++) {
        site_model_address(name, "", &site->board.models[i]);
        site_model_build(site, i, &page);
        status = output_page(output, name, &page, error);
    }
    if (!status)
        status = write_pairs(site, output, error);
    for (int i = BOARD_FIGURES; i-- > 0 && !status;) {
        site_index_build(site, i, &page);
        status = output_page(output, site_index_name(i), &page, error);
    }
    return status;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------------- */

static void tell(struct site_tally *tally, const struct site *site, const struct site_output *output,
                 const struct site_options *options)
{
    const struct site_board *board = &site->board;

    *tally = (struct site_tally){.results = board->result_count,
                                 .left_out = board->left_count,
                                 .devices = board->device_count,
                                 .models = board->model_count,
                                 .pairs = site->pair_count,
                                 .pairs_left = site->pairs_left,
                                 .files = output->written,
                                 .removed = output->removed};
    if (output->undrawn && options->warn)
        options->warn(output->undrawn, options->context);
}

enum status site_build(const char *const *paths, size_t count, const struct site_options *options,
                       struct site_tally *tally, struct error *error)
{
    struct site site = {.records = {.folder = options->folder}};
    struct site_files files = {0};
    struct site_output output;
    enum status status = output_open(&output, options->folder, error);

    site.records.board = &site.board;
    if (!status)
        status = site_files_find(&files, paths, count, error);
    if (!status)
        status = site_board_read(&site.board, &files, options->warn, options->context, error);
    if (!status)
        status = site_pairs_find(&site, options->pairs_most, error);
    if (!status)
        status = plan(&site, &output, error);
    if (!status)
        status = output_begin(&output, error);
    if (!status)
        status = copy_results(&site.board, &output, error);
    if (!status)
        status = write_pages(&site, &output, error);
    if (!status)
        status = output_end(&output, error);
    if (!status)
        tell(tally, &site, &output, options);
    site_records_close(&site.records);
    free(site.pairs);
    site_board_close(&site.board);
    site_files_close(&files);
    output_close(&output);
    return status;
}
