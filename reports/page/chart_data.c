#include "reports/page/chart_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "reports/emit.h"
#include "reports/text.h"

/* Rows have names, and their values lie along x. */
static bool has_rows(const struct chart_panel *panel)
{
    return panel->kind == CHART_BARS || panel->kind == CHART_STACK || panel->kind == CHART_INTERVAL;
}

static const char *row_name(const struct chart_panel *panel, const struct chart_point *point)
{
    bool known = point->y >= 0 && point->y < (double)panel->label_count;

    return known ? panel->labels[(size_t)point->y] : "";
}

static size_t panel_points(const struct chart_panel *panel)
{
    size_t count = 0;

    for (size_t i = 0; i < panel->series_count; i++)
        count += panel->series[i].count;
    return count;
}

size_t chart_data_count(const struct chart *chart)
{
    size_t count = 0;

    for (size_t i = 0; i < chart->panel_count; i++)
        count += panel_points(&chart->panels[i]);
    return count;
}

/* ---- tables ----------------------------------------------------------------------------------------------------------- */

/* Which columns the points of a panel need. */
struct needs {
    bool series, interval, label;
};

static struct needs panel_needs(const struct chart_panel *panel)
{
    struct needs needs = {.series = panel->series_count > 1};

    for (size_t i = 0; i < panel->series_count; i++) {
        needs.series |= *panel->series[i].name != '\0';
        for (size_t k = 0; k < panel->series[i].count; k++) {
            const struct chart_point *point = &panel->series[i].points[k];
            needs.interval |= isfinite(point->low) || isfinite(point->high);
            needs.label |= point->label != NULL;
        }
    }
    return needs;
}

static void add_number(struct grid *grid, double value)
{
    char digits[TEXT_NUMBER_MAX];

    snprintf(digits, sizeof digits, "%.4g", value);
    text_number(digits, strtod(digits, NULL));
    grid_value(grid, value, "%s", digits);
}

static void add_interval(struct grid *grid, const struct chart_point *point)
{
    if (isfinite(point->low) && isfinite(point->high))
        grid_text(grid, "%.4g – %.4g", point->low, point->high);
    else
        grid_text(grid, "–");
}

static void add_point(struct grid *grid, const struct needs *needs, const struct chart_panel *panel,
                      const struct chart_series *series, const struct chart_point *point)
{
    if (has_rows(panel))
        grid_text(grid, "%s", row_name(panel, point));
    if (needs->series) {
        grid_text(grid, "%s", series->name);
        grid_mark(grid, series->hollow ? MARK_PREDICTED : MARK_NONE);
    }
    add_number(grid, point->x);
    if (!has_rows(panel))
        add_number(grid, point->y);
    if (needs->interval)
        add_interval(grid, point);
    if (needs->label)
        grid_text(grid, "%s", point->label ? point->label : "");
}

static void add_columns(struct grid *grid, const struct needs *needs, const struct chart_panel *panel)
{
    if (has_rows(panel))
        grid_column(grid, "row", "", false);
    if (needs->series)
        grid_column(grid, "series", "", false);
    grid_column(grid, *panel->x_title ? panel->x_title : has_rows(panel) ? "value" : "x", "", true);
    if (!has_rows(panel))
        grid_column(grid, *panel->y_title ? panel->y_title : "y", "", true);
    if (needs->interval)
        grid_column(grid, "interval", "", true);
    if (needs->label)
        grid_column(grid, "label", "", false);
}

static void panel_grid(const struct chart_panel *panel, struct grid *grid, size_t most)
{
    struct needs needs = panel_needs(panel);

    add_columns(grid, &needs, panel);
    for (size_t i = 0; i < panel->series_count; i++)
        for (size_t k = 0; k < panel->series[i].count && most; k++, most--)
            add_point(grid, &needs, panel, &panel->series[i], &panel->series[i].points[k]);
}

void chart_data_grids(const struct chart *chart, struct page *page, size_t most)
{
    char id[96];

    for (size_t i = 0; i < chart->panel_count; i++) {
        const struct chart_panel *panel = &chart->panels[i];

        if (!panel_points(panel))
            continue;
        snprintf(id, sizeof id, "data-%zu-%s", i + 1, chart->id);
        panel_grid(panel, page_grid(page, id, *panel->title ? panel->title : chart->title), most);
    }
}

/* ---- CSV -------------------------------------------------------------------------------------------------------------- */

static void write_point(FILE *out, const struct chart_panel *panel, const struct chart_series *series,
                        const struct chart_point *point)
{
    bool rows = has_rows(panel);
    const char *texts[] = {panel->title, rows ? panel->x_title : panel->y_title, series->name,
                           rows ? row_name(panel, point) : ""};
    const double numbers[] = {rows ? NAN : point->x, rows ? point->x : point->y, point->low, point->high};

    for (size_t i = 0; i < 4; i++) {
        emit_csv_text(out, texts[i]);
        putc(',', out);
    }
    for (size_t i = 0; i < 4; i++) {
        emit_csv_number(out, numbers[i]);
        putc(',', out);
    }
    emit_csv_text(out, point->label ? point->label : "");
    fputs("\r\n", out);
}

static void write_points(const struct chart *chart, FILE *out)
{
    fputs("panel,quantity,series,row,x,value,low,high,label\r\n", out);
    for (size_t i = 0; i < chart->panel_count; i++)
        for (size_t k = 0; k < chart->panels[i].series_count; k++)
            for (size_t n = 0; n < chart->panels[i].series[k].count; n++)
                write_point(out, &chart->panels[i], &chart->panels[i].series[k], &chart->panels[i].series[k].points[n]);
}

bool chart_data_file(const struct chart *chart, char name[CHART_DATA_NAME], char **bytes, size_t *length)
{
    FILE *file = open_memstream(bytes, length);
    bool whole;

    if (!file)
        return false;
    snprintf(name, CHART_DATA_NAME, "%s.csv", chart->id);
    write_points(chart, file);
    whole = !ferror(file);
    if (fclose(file) == 0 && whole)
        return true;
    free(*bytes);
    return false;
}
