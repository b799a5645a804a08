/* The axes of charts: how far they reach, and where a few round ticks stand. */
#ifndef POCKETMARK_REPORTS_CHART_SCALE_H
#define POCKETMARK_REPORTS_CHART_SCALE_H

#include <stdbool.h>
#include <stddef.h>

/* Values beyond SCALE_LARGEST, or nearer to zero than SCALE_SMALLEST where the axis is logarithmic, are not drawn. */
#define SCALE_LARGEST  1e30
#define SCALE_SMALLEST 1e-30

struct scale {
    double low, high;
    bool log;
    bool used; /* has anything been included yet? */
};

/* Can such a value be drawn on the axis? */
bool scale_takes(const struct scale *scale, double value);

/* Begin with an empty scale (zeroed, `log` set), include what it must show, end. Values that it does not take are left out. */
void scale_include(struct scale *scale, double value);

/* Gives it a width where all values are one, brings in zero where asked for (never on a logarithmic axis), and leaves `room`
 * (a share of the width) beyond the outermost values, except beyond a zero that was asked for. */
void scale_end(struct scale *scale, bool zero, double room);

/* 0 at `low`, 1 at `high`; values outside give the nearest end, and so do those that it does not take. */
double scale_place(const struct scale *scale, double value);

enum { SCALE_TICKS_MAX = 16, SCALE_TEXT_MAX = 32 };

struct scale_tick {
    double at;
    char text[SCALE_TEXT_MAX]; /* "0", "50", "2.5M", "10⁻⁶" */
};

/* About `wanted` of them, at most SCALE_TICKS_MAX; returns their number. */
size_t scale_ticks(const struct scale *scale, size_t wanted, struct scale_tick ticks[SCALE_TICKS_MAX]);

/* Three significant digits, and whole numbers below 100 000 in full: "48.1", "1234", "12.3M", "4.50e-07". */
void scale_number(char out[SCALE_TEXT_MAX], double value);

#endif
