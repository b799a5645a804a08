#include "reports/page/method_tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/text.h"
#include "reports/units.h"
#include "reports/view.h"

enum { FOLDED_ROWS = 12, NAME_COLUMNS = 60, HASH_COLUMNS = 16, MODELS_MAX = 256, TEXT_MAX = 512 };

/* ---- models --------------------------------------------------------------------------------------------------------------- */

/* "shape 0dbfcb52…, index 12ab34cd…": all hashes of the model's description, whatever they are called. */
static void hashes_text(char *out, size_t size, const struct facts *model)
{
    static const char end[] = "_sha256";
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < model->count && used + 1 < size; i++) {
        const struct fact *fact = &model->items[i];
        size_t length = strlen(fact->path);
        if (fact->type != FACT_TEXT || length < sizeof end || strcmp(fact->path + length - (sizeof end - 1), end) != 0)
            continue;
        used += (size_t)snprintf(out + used, size - used, "%s%.*s %s", used ? ", " : "",
                                 (int)(length - (sizeof end - 1)), fact->path, fact->text);
    }
}

/* The list's cell of the same model, format and hashes before that one. */
static bool told_before(const struct report *report, size_t index)
{
    const struct report_cell *cell = &report->cells[index];

    for (size_t i = 0; i < index; i++)
        if (report->cells[i].traits[TRAIT_MODEL] == cell->traits[TRAIT_MODEL] &&
            report->cells[i].traits[TRAIT_FORMAT] == cell->traits[TRAIT_FORMAT] &&
            report->cells[i].traits[TRAIT_FILE] == cell->traits[TRAIT_FILE])
            return true;
    return false;
}

static void add_model(struct grid *grid, const struct report_cell *cell)
{
    static const char *const licences[] = {"license", NULL};
    const struct facts *model = &cell->cell->model;
    double parameters = facts_get_number(model, "parameter_count");
    char text[TEXT_MAX];

    report_model(text, sizeof text, cell);
    grid_text(grid, "%s", text);
    report_format(text, sizeof text, cell);
    grid_text(grid, "%s", text);
    grid_text(grid, "%.40s",
              *facts_get_text(model, "weights", "") ? facts_get_text(model, "weights", "") : blocks_unknown);
    if (isfinite(parameters))
        grid_value(grid, parameters, "%.2f billion", parameters / 1e9);
    else
        grid_text(grid, "%s", blocks_unknown);
    blocks_quantity(grid, "bytes", facts_get_number(model, "stored_bytes"));
    view_fact(text, sizeof text, model, licences);
    grid_text(grid, "%s", *text ? text : blocks_unknown);
    hashes_text(text, sizeof text, model);
    grid_text(grid, "%s", *text ? text : blocks_unknown);
}

void method_models(const struct report *report, struct page *page)
{
    struct grid *grid = NULL;

    for (size_t i = 0; i < report->cell_count && grid_rows(grid) < MODELS_MAX; i++) {
        if (told_before(report, i))
            continue;
        if (!grid) {
            if (!(grid = page_grid(page, "method-models", "Models, as they were measured")))
                return;
            grid->folded = true;
            grid_column(grid, "model", "", false);
            grid_column(grid, "format", "", false);
            grid_column(grid, "weights", "", false);
            grid_column(grid, "parameters", "", true);
            grid_column(grid, "stored", "", true);
            grid_column(grid, "licence of real weights", "", false);
            grid_column(grid, "SHA-256", "", false);
        }
        add_model(grid, &report->cells[i]);
    }
}

/* ---- what it cost --------------------------------------------------------------------------------------------------------- */

/* A parameter in tokens over a speed; 0 where either is unknown. */
static double seconds_of(const struct cell *cell, const char *tokens, double per_second)
{
    double seconds = facts_get_number(&cell->parameters, tokens) / per_second;

    return isfinite(seconds) ? seconds : 0;
}

/* From the start of the run to the end of its last repetition; NaN: it has none, or its program does not tell when they were. */
static double run_seconds(const struct record *record)
{
    double end = NAN;

    for (size_t i = 0; i < record->cell_count && record->origin != ORIGIN_IMPORTED; i++) {
        const struct cell *cell = &record->cells[i];
        for (size_t k = 0; k < cell->repetition_count; k++) {
            const struct repetition *repetition = &cell->repetitions[k];
            double own = repetition->start_offset_seconds +
                         seconds_of(cell, "prompt_tokens", repetition->values[FIELD_prefill_tokens_per_second]) +
                         seconds_of(cell, "generated_tokens", repetition->values[FIELD_decode_tokens_per_second]);
            if (isfinite(own))
                end = isfinite(end) ? fmax(end, own) : own;
        }
    }
    return end;
}

/* Energy of a cell's repetitions by its figures; NaN: unknown. */
static double cell_joules(const struct cell *cell)
{
    const struct figure *decode = &cell->figures[FIELD_energy_joules_per_token],
                        *prefill = &cell->figures[FIELD_prefill_energy_joules_per_token];
    double generated = facts_get_number(&cell->parameters, "generated_tokens"),
           prompt = facts_get_number(&cell->parameters, "prompt_tokens"), joules = NAN;

    if (decode->present && isfinite(decode->value * generated))
        joules = decode->value * generated;
    if (prefill->present && isfinite(prefill->value * prompt))
        joules = (isfinite(joules) ? joules : 0) + prefill->value * prompt;
    return joules * (double)cell->repetition_count;
}

/* Sums what was metered at the scope of the first cell that was. */
static double run_joules(const struct record *record, const char **scope)
{
    double sum = NAN;

    *scope = "";
    for (size_t i = 0; i < record->cell_count; i++) {
        double joules = cell_joules(&record->cells[i]);
        const struct figure *figure = &record->cells[i].figures[FIELD_energy_joules_per_token];
        if (!isfinite(joules) || (isfinite(sum) && strcmp(*scope, figure->scope) != 0))
            continue;
        *scope = figure->scope;
        sum = (isfinite(sum) ? sum : 0) + joules;
    }
    return sum;
}

/* ---- results -------------------------------------------------------------------------------------------------------------- */

static void add_cut(struct grid *grid, const char *text, size_t columns)
{
    char cut[TEXT_MAX];

    text_cut(cut, sizeof cut, *text ? text : blocks_unknown, columns);
    grid_text(grid, "%s", cut);
}

static void add_cost(struct grid *grid, const struct record *record)
{
    double minutes = run_seconds(record) / 60, joules;
    const char *scope;

    if (isfinite(minutes))
        grid_value(grid, minutes, "%.1f", minutes);
    else
        grid_text(grid, "%s", blocks_unknown);
    joules = run_joules(record, &scope);
    if (isfinite(joules))
        grid_value(grid, joules, "%.3g%s%s%s", joules / 3600, *scope ? " (" : "", scope, *scope ? ")" : "");
    else
        grid_text(grid, "%s", blocks_unknown);
}

static void add_result(struct grid *grid, const struct report *report, const struct report_source *source,
                       size_t device)
{
    static const char *const states[] = {
        [RUN_COMPLETE] = "complete", [RUN_PARTIAL] = "partial", [RUN_FAILED] = "failed"};
    static const enum mark marks[] = {[RUN_COMPLETE] = MARK_YES, [RUN_PARTIAL] = MARK_PART, [RUN_FAILED] = MARK_NO};
    const struct record *record = source->record;

    add_cut(grid, source->name, NAME_COLUMNS);
    if (source->href)
        grid_href(grid, source->href);
    if (report->device_count > 1)
        grid_text(grid, "%s", report->devices[device].name);
    grid_text(grid, "%s", record->created);
    grid_text(grid, "%s", origin_name(record->origin));
    grid_text(grid, "%s%s%.200s", states[record->status], *record->status_reason ? ": " : "", record->status_reason);
    grid_mark(grid, marks[record->status]);
    add_cut(grid, facts_get_text(&record->workload, "name", ""), NAME_COLUMNS);
    add_cut(grid, facts_get_text(&record->tool, "version", ""), NAME_COLUMNS);
    add_cut(grid, facts_get_text(&record->tool, "git_commit", ""), HASH_COLUMNS);
    add_cost(grid, record);
    grid_text(grid, "%s", record->result_id);
    add_cut(grid, record->comparability_key, HASH_COLUMNS);
    add_cut(grid, record->payload, HASH_COLUMNS);
}

void method_results(const struct report *report, struct page *page)
{
    struct grid *grid = page_grid(page, "method-results", "Results behind this page");

    if (!grid)
        return;
    grid->folded = report->source_count > FOLDED_ROWS;
    grid->sortable = true;
    grid_column(grid, "file", "", false);
    if (report->device_count > 1)
        grid_column(grid, "device", "", false);
    grid_column(grid, "begun", "", false);
    grid_column(grid, "kind", "", false);
    grid_column(grid, "state", "", false);
    grid_column(grid, "profile", "", false);
    grid_column(grid, "version", "", false);
    grid_column(grid, "commit", "", false);
    grid_column(grid, "took", "min", true);
    grid_column(grid, "energy, about", "Wh", true);
    grid_column(grid, "id", "", false);
    grid_column(grid, "comparability", "", false);
    grid_column(grid, "payload, SHA-256", "", false);
    for (size_t i = 0; i < report->device_count; i++)
        for (size_t k = 0; k < report->devices[i].source_count; k++)
            add_result(grid, report, report->devices[i].sources[k], i);
}
