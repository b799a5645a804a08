#include "reports/page/fit_chart.h"

#include <stdio.h>

#include "reports/page/reading.h"

enum { ROWS_MAX = 16, TEXT_MAX = 512 };

struct bars {
    struct chart *chart;
    struct chart_panel *panel;
    size_t series[FIT_FORMATS_MAX][2]; /* measured, predicted; SIZE_MAX: not yet */
};

static size_t bars_series(struct bars *bars, const struct fit_part *part, size_t format, bool predicted)
{
    size_t *series = &bars->series[format][predicted], other;
    char name[96];

    if (*series != SIZE_MAX || !bars->panel)
        return *series;
    snprintf(name, sizeof name, "%s, %s", part->format_names[format], predicted ? "predicted" : "measured");
    *series = chart_series(bars->chart, bars->panel, name);
    other = bars->series[format][!predicted];
    if (*series >= bars->panel->series_count)
        return *series;
    bars->panel->series[*series].hollow = predicted;
    if (other != SIZE_MAX)
        bars->panel->series[*series].like = other;
    return *series;
}

/* Has the model a speed of decode in any format? */
static bool model_drawn(const struct fit_part *part, size_t first, size_t end)
{
    enum mark mark;

    for (size_t i = first; i < end; i++)
        if (fit_case_fits(&part->items[i]) != MARK_NO &&
            fit_case_figure(&part->items[i], FIELD_decode_tokens_per_second, &mark))
            return true;
    return false;
}

static void model_draw(struct bars *bars, const struct fit_part *part, size_t first, size_t end)
{
    char model[TEXT_MAX];
    size_t row;

    report_model(model, sizeof model, fit_case_cell(&part->items[first]));
    row = chart_row(bars->chart, bars->panel, "%s", model);
    for (size_t k = 0; k < part->format_count && row != SIZE_MAX; k++) {
        const struct fit_case *item = fit_part_in_format(part, first, end, k);
        enum mark mark;
        const struct figure *decode = item ? fit_case_figure(item, FIELD_decode_tokens_per_second, &mark) : NULL;
        if (decode && fit_case_fits(item) != MARK_NO)
            chart_add(bars->chart, bars->panel, bars_series(bars, part, k, mark == MARK_PREDICTED), decode->value,
                      (double)row, decode->ci_low, decode->ci_high, NULL);
    }
}

size_t fit_chart_draw(struct chart *chart, const struct fit_part *part)
{
    struct bars bars = {.chart = chart};
    size_t models = 0, drawn = 0, rows, index = 0;

    for (size_t k = 0; k < FIT_FORMATS_MAX; k++)
        bars.series[k][0] = bars.series[k][1] = SIZE_MAX;
    for (size_t i = 0, end; i < part->count; i = end) {
        end = fit_part_model_end(part, i);
        models += model_drawn(part, i, end);
    }
    if (models < (part->predicted ? 1 : 2) ||
        !(bars.panel = chart_panel(chart, CHART_BARS,
                                   part->report->device_count > 1 ? part->report->devices[part->device].name : "",
                                   "decode, tokens per second", "")))
        return 0;
    rows = models < ROWS_MAX ? models : ROWS_MAX;
    for (size_t i = 0, end; i < part->count; i = end) {
        end = fit_part_model_end(part, i);
        if (!model_drawn(part, i, end))
            continue;
        if (drawn < rows && index == (rows > 1 ? drawn * (models - 1) / (rows - 1) : 0)) {
            model_draw(&bars, part, i, end);
            drawn++;
        }
        index++;
    }
    chart_rule(chart, bars.panel, true, READING_TOKENS_PER_SECOND, "silent reading");
    return models - drawn;
}
