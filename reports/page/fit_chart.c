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

/* Models that are drawn for what was measured of them, and for what was predicted alone. */
struct counts {
    size_t measured, predicted;
};

static bool model_measured(const struct fit_part *part, size_t first, size_t end)
{
    enum mark mark;

    for (size_t i = first; i < end; i++)
        if (fit_case_figure(&part->items[i], FIELD_decode_tokens_per_second, &mark) && mark == MARK_MEASURED)
            return true;
    return false;
}

static struct counts models_count(const struct fit_part *part)
{
    struct counts counts = {0};

    for (size_t i = 0, end; i < part->count; i = end) {
        end = fit_part_model_end(part, i);
        if (!model_drawn(part, i, end))
            continue;
        if (model_measured(part, i, end))
            counts.measured++;
        else
            counts.predicted++;
    }
    return counts;
}

/* Is the model of that number among `count` one of `rows` in equal steps, the first and the last with them? */
static bool in_steps(size_t number, size_t count, size_t rows)
{
    if (rows >= count)
        return true;
    for (size_t i = 0; i < rows; i++)
        if (number == (rows > 1 ? i * (count - 1) / (rows - 1) : 0))
            return true;
    return false;
}

size_t fit_chart_draw(struct chart *chart, const struct fit_part *part)
{
    struct counts counts = models_count(part), seen = {0}, rows;
    struct bars bars = {.chart = chart};
    size_t models = counts.measured + counts.predicted;
    bool several = part->report->device_count > 1;

    for (size_t k = 0; k < FIT_FORMATS_MAX; k++)
        bars.series[k][0] = bars.series[k][1] = SIZE_MAX;
    if (models < (part->predicted ? 1 : 2) ||
        !(bars.panel = chart_panel(chart, CHART_BARS, several ? part->report->devices[part->device].name : "Decode",
                                   several ? "decode, tokens per second" : "tokens per second", "")))
        return 0;
    rows.measured = counts.measured < ROWS_MAX ? counts.measured : ROWS_MAX;
    rows.predicted = counts.predicted < ROWS_MAX - rows.measured ? counts.predicted : ROWS_MAX - rows.measured;
    for (size_t i = 0, end; i < part->count; i = end) {
        bool drawn;
        end = fit_part_model_end(part, i);
        if (!model_drawn(part, i, end))
            continue;
        drawn = model_measured(part, i, end) ? in_steps(seen.measured++, counts.measured, rows.measured)
                                             : in_steps(seen.predicted++, counts.predicted, rows.predicted);
        if (drawn)
            model_draw(&bars, part, i, end);
    }
    chart_rule(chart, bars.panel, true, READING_TOKENS_PER_SECOND, "silent reading");
    return models - rows.measured - rows.predicted;
}
