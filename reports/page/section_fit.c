#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/fit_chart.h"
#include "reports/page/reading.h"
#include "reports/page/sections.h"
#include "reports/statistics.h"
#include "reports/units.h"

enum { FOLDED_ROWS = 60, LEFT_OUT_SHOWN = 12, TEXT_MAX = 512 };

/* "1.24", in units of 10⁹. */
static void parameters_cell(struct grid *grid, double parameters)
{
    if (parameters > 0)
        grid_value(grid, parameters, "%.*f", parameters < 99.5e8 ? 2 : 1, parameters / 1e9);
    else
        grid_value(grid, NAN, "%s", blocks_unknown);
}

static void title_of(char *out, size_t size, const struct fit_part *part, const char *what)
{
    if (part->report->device_count > 1)
        snprintf(out, size, "%s: %.250s", part->report->devices[part->device].name, what);
    else
        snprintf(out, size, "%s", what);
}

/* ---- the matrix ------------------------------------------------------------------------------------------------------------- */

/* "✔ 727 MB, 47.4 tok/s", "✖ 29.0 GB". */
static void matrix_cell(struct grid *grid, const struct fit_case *item)
{
    enum mark fits = item ? fit_case_fits(item) : MARK_NONE, mark;
    const struct figure *decode = item ? fit_case_figure(item, FIELD_decode_tokens_per_second, &mark) : NULL;
    double bytes = item ? fit_case_bytes(item) : NAN;
    char need[64] = "", speed[64] = "";

    if (!isnan(bytes))
        units_format(need, sizeof need, "bytes", bytes);
    if (decode && fits != MARK_NO)
        units_format(speed, sizeof speed, "tokens_per_second", decode->value);
    if (!item)
        grid_text(grid, "%s", blocks_unknown);
    else if (fits == MARK_NONE && item->left_out.cell)
        grid_text(grid, "%s", item->left_out.cell->status == CELL_FAILED ? "failed" : "not run");
    else if (!*need && !*speed)
        grid_text(grid, "%s", fits == MARK_NO ? "too large" : blocks_unknown);
    else
        grid_value(grid, bytes, "%s%s%s", need, *need && *speed ? ", " : "", speed);
    grid_mark(grid, fits);
}

static void build_matrix(struct page *page, const struct fit_part *part)
{
    double usable = fit_usable_bytes(&part->report->devices[part->device]);
    char id[BLOCKS_ID_MAX], caption[TEXT_MAX], title[TEXT_MAX], bytes[64] = "";
    struct grid *grid;

    if (usable > 0)
        units_format(bytes, sizeof bytes, "bytes", usable);
    snprintf(title, sizeof title, "Memory needed%s%s, and speed of decode", *bytes ? " of " : "", bytes);
    title_of(caption, sizeof caption, part, title);
    blocks_id(id, "fit-matrix", part->device);
    grid = page_grid(page, id, caption);
    grid_column(grid, "model", "", false);
    grid_column(grid, "parameters", "10⁹", true);
    for (size_t k = 0; k < part->format_count; k++)
        grid_column(grid, part->format_names[k], "", true);
    for (size_t i = 0, end; i < part->count; i = end) {
        char model[TEXT_MAX];
        end = fit_part_model_end(part, i);
        report_model(model, sizeof model, fit_case_cell(&part->items[i]));
        grid_text(grid, "%s", model);
        parameters_cell(grid, part->items[i].parameters);
        for (size_t k = 0; k < part->format_count; k++)
            matrix_cell(grid, fit_part_in_format(part, i, end, k));
    }
    if (grid) {
        grid->sortable = true;
        grid->folded = grid_rows(grid) > FOLDED_ROWS;
    }
}

/* A single case that was measured needs no matrix. */
static bool has_matrix(const struct fit_part *part)
{
    bool left_out = false;

    for (size_t i = 0; i < part->count; i++)
        left_out |= part->items[i].left_out.cell != NULL;
    return part->predicted || left_out || fit_part_model_end(part, 0) < part->count;
}

/* ---- the figures ------------------------------------------------------------------------------------------------------------ */

static void figure_cell(struct grid *grid, const struct fit_case *item, enum field field)
{
    enum mark mark;
    const struct figure *figure = fit_case_figure(item, field, &mark);
    char text[128];

    fit_figure_text(text, sizeof text, figure, mark);
    grid_value(grid, figure ? figure->value : NAN, "%s", text);
    grid_mark(grid, mark);
}

/* Seconds to the first token of a chat: measured in that scenario, or predicted for it. NaN: neither. */
static double chat_seconds(const struct fit_case *item, enum mark *mark)
{
    static const char path[] = "scenarios.chat.time_to_first_token_seconds";
    double seconds = NAN;

    *mark = MARK_MEASURED;
    if (item->measured && strcmp(facts_get_text(&item->measured->cell->parameters, "scenario", ""), "chat") == 0)
        seconds = report_value(item->measured, FIELD_time_to_first_token_seconds);
    if (isnan(seconds) && item->prediction) {
        *mark = MARK_PREDICTED;
        seconds = facts_get_number(&item->prediction->cell->observations, path);
    }
    return seconds;
}

static void figures_row(struct grid *grid, const struct fit_case *item, bool chats)
{
    enum mark mark;
    const struct figure *decode = fit_case_figure(item, FIELD_decode_tokens_per_second, &mark);
    char text[TEXT_MAX];

    report_model(text, sizeof text, fit_case_cell(item));
    grid_text(grid, "%s", text);
    report_format(text, sizeof text, fit_case_cell(item));
    grid_text(grid, "%s", text);
    blocks_quantity(grid, "bytes", fit_case_bytes(item));
    figure_cell(grid, item, FIELD_decode_tokens_per_second);
    if (decode)
        grid_value(grid, decode->value, "%.1f", decode->value / READING_TOKENS_PER_SECOND);
    else
        grid_value(grid, NAN, "%s", blocks_unknown);
    figure_cell(grid, item, FIELD_prefill_tokens_per_second);
    if (chats) {
        double seconds = chat_seconds(item, &mark);
        blocks_quantity(grid, "seconds", seconds);
        grid_mark(grid, isnan(seconds) ? MARK_NONE : mark);
    }
}

static void build_figures(struct page *page, const struct fit_part *part)
{
    char id[BLOCKS_ID_MAX], caption[TEXT_MAX];
    struct grid *grid;
    bool chats = false;
    enum mark mark;

    for (size_t i = 0; i < part->count; i++)
        chats |= !isnan(chat_seconds(&part->items[i], &mark));
    title_of(caption, sizeof caption, part, "Speed of each model, measured or predicted");
    blocks_id(id, "fit-figures", part->device);
    grid = page_grid(page, id, caption);
    grid_column(grid, "model", "", false);
    grid_column(grid, "format", "", false);
    grid_column(grid, "memory", "", true);
    grid_column(grid, "decode", "tok/s", true);
    grid_column(grid, "of reading", "times", true);
    grid_column(grid, "prefill", "tok/s", true);
    if (chats)
        grid_column(grid, "first token of a chat", "", true);
    for (size_t i = 0; i < part->count; i++)
        if (fit_case_fits(&part->items[i]) != MARK_NONE && fit_case_fits(&part->items[i]) != MARK_NO)
            figures_row(grid, &part->items[i], chats);
    if (grid) {
        grid->sortable = true;
        grid->folded = grid_rows(grid) > FOLDED_ROWS;
    }
}

/* ---- words ------------------------------------------------------------------------------------------------------------------ */

/* "40 fit in q4_0, 36 in q8_0". */
static void counts_text(char *out, size_t size, const struct fit_part *part)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t k = 0; k < part->format_count && used < size; k++) {
        size_t fits = 0;
        for (size_t i = 0; i < part->count; i++) {
            enum mark mark = part->items[i].format == part->formats[k] ? fit_case_fits(&part->items[i]) : MARK_NONE;
            fits += mark == MARK_YES || mark == MARK_PART;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%zu%s in %s", used ? ", " : "", fits, used ? "" : " fit",
                                 part->format_names[k]);
    }
}

/* The largest model that writes as fast as people read, in its fastest format. */
static const struct fit_case *largest_readable(const struct fit_part *part, const struct figure **decode,
                                               enum mark *mark)
{
    const struct fit_case *largest = NULL;

    for (size_t i = 0; i < part->count; i++) {
        const struct fit_case *item = &part->items[i];
        enum mark own;
        const struct figure *figure = fit_case_figure(item, FIELD_decode_tokens_per_second, &own);
        if (!(item->parameters > 0) || fit_case_fits(item) == MARK_NO || !figure ||
            figure->value < READING_TOKENS_PER_SECOND)
            continue;
        if (largest && (item->parameters < largest->parameters ||
                        (item->parameters == largest->parameters && figure->value <= (*decode)->value)))
            continue;
        largest = item;
        *decode = figure;
        *mark = own;
    }
    return largest;
}

/* Models of the part, and how many of them were measured. */
static size_t models_count(const struct fit_part *part, size_t *measured)
{
    size_t models = 0;

    *measured = 0;
    for (size_t i = 0, end; i < part->count; i = end, models++) {
        bool any = false;
        end = fit_part_model_end(part, i);
        for (size_t k = i; k < end; k++)
            any |= part->items[k].measured != NULL;
        *measured += any;
    }
    return models;
}

static void tell_lead(struct page *page, const struct fit_part *part)
{
    size_t measured, models = models_count(part, &measured);
    char counts[TEXT_MAX], model[TEXT_MAX], format[TEXT_MAX], speed[128], text[2 * TEXT_MAX] = "",
                                                                                   largest[TEXT_MAX] = "";
    bool several = part->report->device_count > 1;
    const struct fit_case *item;
    const struct figure *decode;
    enum mark mark;

    if (part->predicted) {
        counts_text(counts, sizeof counts, part);
        snprintf(text, sizeof text, "of %zu model%s %s", models, models == 1 ? "" : "s", counts);
    } else {
        snprintf(text, sizeof text, "%zu model%s measured", measured, measured == 1 ? " was" : "s were");
    }
    if ((item = largest_readable(part, &decode, &mark))) {
        report_model(model, sizeof model, fit_case_cell(item));
        report_format(format, sizeof format, fit_case_cell(item));
        fit_figure_text(speed, sizeof speed, decode, mark);
        snprintf(largest, sizeof largest,
                 "; the largest that writes no slower than people read silently is %.150s in %.100s: %s tok/s, %s",
                 model, format, speed, mark_word(mark));
    }
    if (!several && text[0] == 'o')
        text[0] = 'O';
    page_text(page, BLOCK_LEAD, "%s%s%s%s.", several ? part->report->devices[part->device].name : "",
              several ? ": " : "", text, largest);
}

/* How far predictions were from what was measured of the same: "decode by 3.1 % in the median and 7.0 % at most". */
static size_t error_text(char *out, size_t size, const struct fit_part *part, enum field field, const char *name)
{
    double *errors = calloc(part->count + 1, sizeof *errors), most = 0;
    size_t count = 0;

    out[0] = '\0';
    for (size_t i = 0; i < part->count && errors; i++) {
        const struct fit_case *item = &part->items[i];
        double ratio = item->prediction && item->comparable
                           ? report_value(item->prediction, field) / report_value(item->measured, field)
                           : NAN;
        if (!isfinite(ratio))
            continue;
        errors[count++] = fabs(ratio - 1);
        most = fmax(most, fabs(ratio - 1));
    }
    if (count)
        snprintf(out, size, "%s by %.1f %% in the median and %.1f %% at most", name,
                 100 * statistics_quantile(errors, count, 0.5), 100 * most);
    free(errors);
    return count;
}

/* How good this device's predictions are. */
static void tell_error(struct page *page, const struct fit_part *part)
{
    char decode[TEXT_MAX], prefill[TEXT_MAX], note[TEXT_MAX];
    size_t count = error_text(decode, sizeof decode, part, FIELD_decode_tokens_per_second, "decode");
    size_t more = error_text(prefill, sizeof prefill, part, FIELD_prefill_tokens_per_second, "prefill");

    count = count > more ? count : more;
    snprintf(note, sizeof note, "Predictions against %zu measured case%s: off in ", count, count == 1 ? "" : "s");
    if (count)
        page_text(page, BLOCK_NOTE, "%s%s%s%s.", note, decode, *decode && *prefill ? ", in " : "", prefill);
}

static void tell_legend(struct page *page, bool predicted)
{
    if (predicted)
        page_text(
            page, BLOCK_NOTE,
            "✔ fits, ◐ fits, but not beside what else runs now, ✖ does not fit. ● measured, with its 95 %% "
            "interval; ○ predicted by the command fit from probes of the engine on this device, with the range it is "
            "expected in. Measured figures replace predictions where the case is the same: an empty cache and a "
            "prompt of 128 tokens or more.");
    else
        page_text(page, BLOCK_NOTE,
                  "✔ fits: it was measured. The command fit predicts from a probe of half a minute what the other "
                  "described models would do on this device.");
    page_text(page, BLOCK_NOTE,
              "Silent reading: %.0f words a minute (Brysbaert 2019), at %.2f words a token %.1f tokens per second.",
              READING_WORDS_PER_MINUTE, READING_WORDS_PER_TOKEN, READING_TOKENS_PER_SECOND);
}

/* Why cases were not run, or what became of them. */
static void tell_left_out(struct page *page, const struct fit_part *part)
{
    char model[TEXT_MAX], format[TEXT_MAX];
    size_t count = 0;

    for (size_t i = 0; i < part->count; i++) {
        const struct cell *cell = part->items[i].left_out.cell;
        if (!cell || part->items[i].measured || count++ >= LEFT_OUT_SHOWN)
            continue;
        report_model(model, sizeof model, &part->items[i].left_out);
        report_format(format, sizeof format, &part->items[i].left_out);
        page_item(page, cell->status == CELL_FAILED ? MARK_WARNING : MARK_NONE, "%s %s %s: %s", model, format,
                  cell->status == CELL_FAILED ? "failed" : "was not run", cell->reason);
    }
    if (count > LEFT_OUT_SHOWN)
        page_item(page, MARK_NONE, "%zu more cases were not run or failed.", count - LEFT_OUT_SHOWN);
}

/* ---- the section ------------------------------------------------------------------------------------------------------------ */

void section_fit(const struct report *report, struct page *page)
{
    struct chart *chart = chart_new("fit", "Decode by model");
    bool predicted = false, any = false;
    size_t left_out = 0;
    struct fit_list list;
    struct fit_part part;

    if (!fit_list_open(&list, report))
        page->failed = true;
    for (size_t d = 0; d < report->device_count; d++) {
        fit_part_open(&part, report, &list, d);
        if (!part.predicted && !part.measured)
            continue;
        tell_lead(page, &part);
        left_out += fit_chart_draw(chart, &part);
        predicted |= part.predicted;
        any = true;
    }
    chart_finding(chart,
                  "Bars that reach the rule write at least as fast as people read silently, %.1f tokens per second.",
                  READING_TOKENS_PER_SECOND);
    chart_foot(chart, "Whiskers: %s",
               predicted ? "95 % interval of what was measured, expected range of what was predicted"
                         : "95 % intervals");
    chart_rows_left_out(chart, left_out);
    page_chart(page, chart);
    for (size_t d = 0; d < report->device_count; d++) {
        fit_part_open(&part, report, &list, d);
        if (!part.count)
            continue;
        if (has_matrix(&part))
            build_matrix(page, &part);
        if (part.predicted || part.measured)
            build_figures(page, &part);
        tell_error(page, &part);
        tell_left_out(page, &part);
    }
    if (any)
        tell_legend(page, predicted);
    fit_list_close(&list);
}
