/* What a panel of a chart is printed with; between chart_print.c and chart_print_rows.c. */
#ifndef POCKETMARK_REPORTS_CHART_PENCIL_H
#define POCKETMARK_REPORTS_CHART_PENCIL_H

#include <stdio.h>

#include "reports/chart.h"
#include "reports/writer.h"

enum { PENCIL_INDENT = 2, PENCIL_GAP = 2, PENCIL_PLOT_LEAST = 6, PENCIL_PLOT_MOST = 44, PENCIL_VALUE_MAX = 64 };

struct pencil {
    FILE *out;
    const struct writer_style *style;
    const struct chart_panel *panel;
    bool raw;           /* nothing but single measurements is there, so these are shown */
    bool layered;       /* a row has several figures: each gets a line of its own below the row's name */
    size_t name, value; /* columns of what stands before and behind the plot */
    size_t plot;        /* its columns */
    double from, to;    /* its scale */
    bool failed;        /* out of memory */
};

struct glyph {
    const char *utf8, *ascii;
};

const char *pencil_sign(const struct pencil *pencil, const struct glyph *glyph);

/* Is the series among those that get lines of their own? */
bool pencil_shows(const struct pencil *pencil, const struct chart_series *series);

/* In the style's signs, at most `columns` wide, to be freed; NULL sets failed. */
char *pencil_fit(struct pencil *pencil, const char *text, size_t columns);

/* Indent, a text of `columns` columns, gap. */
void pencil_name(struct pencil *pencil, size_t indent, const char *text, size_t columns);

/* A line below or above what it explains; nothing for "". */
void pencil_remark(struct pencil *pencil, const char *text);

/* "48.1 ±0.4"; three digits whatever the size. */
void pencil_value(const struct pencil *pencil, char out[PENCIL_VALUE_MAX], double value, double low, double high);

/* Bars, stacks, intervals. */
void pencil_rows(struct pencil *pencil);

#endif
