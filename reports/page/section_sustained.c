/* Does the speed hold? Speed, temperature, clocks and power over shared minutes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/sections.h"
#include "reports/page/stretch.h"
#include "reports/text.h"
#include "reports/thermal_verdict.h"
#include "reports/units.h"

enum { CHARTS_MAX = 6, POINTS_MAX = 1500, ROWS_MAX = 60, SHARES = 5 };

static const char speed_unit[] = "tokens_per_second";

/* A cell and its stretch. */
struct subject {
    const struct report *report;
    const struct report_cell *cell;
    struct stretch stretch;
    char label[BLOCKS_LABEL_MAX];
    char verdict[64], evidence[400];
    double event_minutes; /* when it began to be throttled; NaN: not, or not known */
};

static bool is_sustained(const struct report_cell *cell)
{
    return strcmp(facts_get_text(&cell->source->record->workload, "name", ""), "sustained") == 0 ||
           strcmp(facts_get_text(&cell->cell->parameters, "workload", ""), "sustained") == 0;
}

static double minutes_of(const struct stretch *stretch)
{
    return (stretch->end_seconds - stretch->begin_seconds) / 60;
}

/* ---- in words ------------------------------------------------------------------------------------------------------------- */

/* What the run concluded; where it told nothing, what its series say. */
static void judge(struct subject *subject)
{
    const struct facts *seen = &subject->cell->cell->observations;
    struct thermal_verdict verdict;

    thermal_judge(subject->cell->cell, &verdict);
    text_cut(subject->verdict, sizeof subject->verdict,
             *facts_get_text(seen, "thermal.verdict", "") ? facts_get_text(seen, "thermal.verdict", "") : verdict.text,
             40);
    text_cut(subject->evidence, sizeof subject->evidence,
             *facts_get_text(seen, "thermal.verdict", "") ? facts_get_text(seen, "thermal.evidence", "")
                                                          : verdict.evidence,
             300);
    subject->event_minutes = (verdict.at_seconds - subject->stretch.begin_seconds) / 60;
    if (subject->event_minutes < 0 || subject->event_minutes > minutes_of(&subject->stretch))
        subject->event_minutes = NAN;
}

static enum mark mark_of(const char *verdict)
{
    static const struct {
        const char *word;
        enum mark mark;
    } marks[] = {{"steady", MARK_YES}, {"throttled", MARK_NO}, {"power-limited", MARK_PART}};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strncmp(verdict, marks[i].word, strlen(marks[i].word)) == 0)
            return marks[i].mark;
    return MARK_NONE;
}

/* "48.1 tok/s in the first fifth of 10.2 minutes, 39.8 tok/s in the last (82.6 %)": medians of what was drawn. */
static void say_course(char *out, size_t size, const struct subject *subject)
{
    const struct course *speed = &subject->stretch.courses[0];
    double minutes = minutes_of(&subject->stretch), fifth = minutes / SHARES;
    double first = stretch_median(speed, 0, fifth), last = stretch_median(speed, minutes - fifth, INFINITY);
    char first_text[32], last_text[32], time[32];

    snprintf(time, sizeof time, minutes < 2 ? "%.0f seconds" : "%.3g minutes", minutes < 2 ? 60 * minutes : minutes);
    snprintf(out, size, "%s in the first fifth of %s, %s in the last",
             units_format(first_text, sizeof first_text, speed_unit, first), time,
             units_format(last_text, sizeof last_text, speed_unit, last));
    if (isfinite(last / first))
        snprintf(out + strlen(out), size - strlen(out), ": %.1f %% of it", 100 * last / first);
}

static void tell(const struct subject *subject, struct page *page)
{
    char course[200];

    say_course(course, sizeof course, subject);
    page_text(page, BLOCK_LEAD, "%s: %s.", subject->label, course);
    page_pair(page, mark_of(subject->verdict), "Heat", "%s%s%s", subject->verdict, *subject->evidence ? ": " : "",
              subject->evidence);
}

/* ---- the chart ------------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *unit, *title, *y_title;
    double scale;
} panels[] = {{"tokens_per_second", "decode", "tok/s", 1},
              {"celsius", "temperature", "°C", 1},
              {"hertz", "clocks", "GHz", 1e-9},
              {"watts", "power", "W", 1}};

enum { PANEL_COUNT = sizeof panels / sizeof *panels };

static void add_course(struct chart *chart, struct chart_panel *panel, size_t series, const struct course *course,
                       double scale)
{
    size_t stride = course->count / POINTS_MAX + 1;

    for (size_t i = 0; i < course->count; i += stride)
        chart_add(chart, panel, series, course->minutes[i], scale * course->values[i], NAN, NAN, NULL);
}

static void add_speed(struct chart *chart, struct chart_panel *panel, const struct stretch *stretch)
{
    size_t median, raw;

    if (!stretch->median.count) {
        add_course(chart, panel, chart_series(chart, panel, "each"), &stretch->courses[0], 1);
        return;
    }
    median = chart_series(chart, panel, "running median");
    raw = chart_series(chart, panel, "each");
    if (panel && raw < panel->series_count) {
        panel->series[median].slope = true;
        panel->series[raw].raw = true;
        panel->series[raw].like = median;
    }
    add_course(chart, panel, median, &stretch->median, 1);
    add_course(chart, panel, raw, &stretch->courses[0], 1);
}

static void add_panel(struct chart *chart, const struct subject *subject, size_t kind)
{
    const struct stretch *stretch = &subject->stretch;
    struct chart_panel *panel = NULL;

    for (size_t i = 0; i < stretch->count; i++) {
        const struct course *course = &stretch->courses[i];
        if (strcmp(course->unit, panels[kind].unit) != 0)
            continue;
        if (!panel) {
            panel = chart_panel(chart, CHART_LINES, panels[kind].title, "minutes", panels[kind].y_title);
            if (isfinite(subject->event_minutes))
                chart_rule(chart, panel, true, subject->event_minutes, kind ? "" : "throttled");
        }
        if (i == 0)
            add_speed(chart, panel, stretch);
        else
            add_course(chart, panel, chart_series(chart, panel, course->name), course, panels[kind].scale);
    }
    if (panel)
        panel->y_zero = kind == 0;
}

static void draw(const struct subject *subject, size_t index, struct page *page)
{
    const struct course *speed = &subject->stretch.courses[0];
    char id[BLOCKS_ID_MAX], course[200], title[BLOCKS_LABEL_MAX + 16];
    struct chart *chart;

    blocks_id(id, "sustained-course", index);
    snprintf(title, sizeof title, "Over time: %s", subject->label);
    chart = chart_new(id, title);
    for (size_t i = 0; i < PANEL_COUNT; i++)
        add_panel(chart, subject, i);
    say_course(course, sizeof course, subject);
    chart_finding(chart, "%s; heat: %s.", course, subject->verdict);
    chart_foot(chart, "Dots: each repetition or sample%s; line: running median over a twentieth of them%s%s",
               speed->count > POINTS_MAX ? ", thinned" : "",
               subject->stretch.part ? "; the longest of several launches" : "",
               isfinite(subject->event_minutes) ? "; upright line: first sign of throttling" : "");
    page_chart(page, chart);
}

/* ---- the table ------------------------------------------------------------------------------------------------------------ */

static void tabulate(const struct subject *subject, size_t index, struct page *page)
{
    const struct stretch *stretch = &subject->stretch;
    double minutes = minutes_of(stretch), step = ceil(minutes / ROWS_MAX);
    char id[BLOCKS_ID_MAX], caption[BLOCKS_LABEL_MAX + 64];
    struct grid *grid;

    blocks_id(id, "sustained-table", index);
    snprintf(caption, sizeof caption, "By the minute: %s", subject->label);
    if (!(grid = page_grid(page, id, caption)))
        return;
    grid->folded = true;
    grid_column(grid, "minute", "", true);
    grid_column(grid, "decode, median", "", true);
    for (size_t i = 1; i < stretch->count; i++)
        grid_column(grid, stretch->courses[i].name, "", true);
    for (size_t row = 0; row < ROWS_MAX && (double)row * step < minutes; row++) {
        double from = (double)row * step;
        grid_value(grid, from, "%.0f", from + 1);
        blocks_quantity(grid, speed_unit, stretch_median(&stretch->courses[0], from, from + step));
        for (size_t i = 1; i < stretch->count; i++)
            blocks_quantity(grid, stretch->courses[i].unit, stretch_mean(&stretch->courses[i], from, from + step));
    }
}

void section_sustained(const struct report *report, struct page *page)
{
    static const enum field fields[] = {FIELD_sustained_ratio};
    size_t shown = 0, left_out = 0;

    for (size_t i = 0; i < report->cell_count; i++) {
        struct subject subject = {.report = report, .cell = &report->cells[i]};
        bool used = stretch_open(&subject.stretch, subject.cell->cell, is_sustained(subject.cell), &page->failed);
        left_out += used && shown == CHARTS_MAX;
        if (used && shown < CHARTS_MAX) {
            report_label(subject.label, sizeof subject.label, report, report->cells, report->cell_count, subject.cell);
            judge(&subject);
            tell(&subject, page);
            draw(&subject, shown, page);
            tabulate(&subject, shown, page);
            blocks_missing(page, subject.cell, 1, fields, 1);
            shown++;
        }
        stretch_close(&subject.stretch);
    }
    if (left_out)
        page_text(page, BLOCK_NOTE, "%zu more case%s lasted over a minute; what they saw stands in the results.",
                  left_out, left_out == 1 ? "" : "s");
}
