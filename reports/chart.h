/* Charts as data, and what gnuplot makes of them: SVG, PNG, PDF. One chart says one thing; its finding says it in words. */
#ifndef POCKETMARK_REPORTS_CHART_H
#define POCKETMARK_REPORTS_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"

enum chart_kind {
    CHART_BARS,     /* horizontal bars from zero, one row per label: x value, low to high its interval, mark a limit */
    CHART_STACK,    /* horizontal bars of one row per label; series lie end to end */
    CHART_INTERVAL, /* one row per label: a point with its interval around a rule, such as ratios around 1 (forest) */
    CHART_LINES,    /* points joined in the order of x, with a band where they have intervals */
    CHART_POINTS,   /* points alone, with whiskers where they have intervals */
};

struct chart_point {
    double x, y;      /* rows: y is the index of the label, counted from 0 at the top, x the value */
    double low, high; /* interval of the value; NaN: none */
    char *label;      /* beside the point, or NULL */
};

struct chart_series {
    char *name;                 /* in the key; "" for none */
    struct chart_point *points; /* owned */
    size_t count, capacity;
    bool raw;    /* single measurements behind the figure: small, pale, jittered */
    bool hollow; /* predicted, not measured: outlined */
    bool limit;  /* bars: short strokes across the row, such as the roof */
    bool slope;  /* curves: a line without marks; a bound unless another series is like it */
    size_t like; /* index of the series whose colour this one shares; its own index: a colour of its own */
};

/* A straight line right across the panel at that x or y, with words beside it. */
struct chart_rule {
    bool vertical;
    double at;
    char *label;
};

struct chart_panel {
    enum chart_kind kind;
    char *title, *x_title, *y_title; /* with units; "" for none */
    bool x_log, y_log;   /* linear all the same where a value is not above zero; bars and stacks always are */
    bool x_zero, y_zero; /* the axis begins at zero */
    char **labels;       /* of rows */
    size_t label_count, label_capacity;
    struct chart_series *series; /* owned */
    size_t series_count;
    struct chart_rule *rules; /* owned */
    size_t rule_count;
};

enum { CHART_PANELS_MAX = 4, CHART_ROWS_MAX = 24 };

/* Panels stand below each other; those of rows share the labels' margin, those over time share x. */
struct chart {
    char id[64]; /* unique on a page, [a-z0-9-]; the name of its file */
    char *title;
    char *finding; /* one sentence: what is to be seen, with figures */
    char *foot;    /* what bars and whiskers are; "" for none */
    struct chart_panel panels[CHART_PANELS_MAX];
    size_t panel_count;
    bool failed; /* out of memory: not drawn */
};

/* All copy what they are given; without memory they set chart->failed. chart_new: NULL without memory; every other function takes
 * a NULL chart or panel and does nothing. */
struct chart *chart_new(const char *id, const char *title);
void chart_free(struct chart *chart);
void chart_finding(struct chart *chart, const char *format, ...) __attribute__((format(printf, 2, 3)));
void chart_foot(struct chart *chart, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* NULL where there is no room for another. Good until the next call for this chart. */
struct chart_panel *chart_panel(struct chart *chart, enum chart_kind kind, const char *title, const char *x_title,
                                const char *y_title);

/* Index of the new row; at most CHART_ROWS_MAX: then SIZE_MAX, and the foot tells how many are left out (chart_rows_left_out). */
size_t chart_row(struct chart *chart, struct chart_panel *panel, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void chart_rows_left_out(struct chart *chart, size_t count);

/* Index of the new series. */
size_t chart_series(struct chart *chart, struct chart_panel *panel, const char *name);

/* Points that are not finite are left out; so are those in row SIZE_MAX. Values beyond 1e30 are kept, but not drawn. label may be
 * NULL: rows then show the value with three digits. */
void chart_add(struct chart *chart, struct chart_panel *panel, size_t series, double x, double y, double low,
               double high, const char *label);
void chart_rule(struct chart *chart, struct chart_panel *panel, bool vertical, double at, const char *label);

/* Is there any point to draw? */
bool chart_used(const struct chart *chart);

enum chart_form {
    CHART_SVG,      /* to stand inside a page, which sets title, finding and foot as text around it */
    CHART_SVG_FILE, /* a file of its own; like PNG and PDF it carries title and foot in the picture */
    CHART_PNG,
    CHART_PDF,
};

struct picture {
    char *bytes; /* owned; NULL where it could not be drawn */
    size_t length;
};

/* Draws `count` charts in one process of gnuplot, which gets 30 s and no shell. pictures[i] is that of charts[i]; free each
 * bytes. SVG comes without XML declaration, all ids begin with the chart's id, title and finding in <title> and <desc>, role and
 * labels set, white ground, scaled by its viewBox. The same charts give the same bytes. STATUS_UNSUPPORTED where gnuplot is not
 * installed (the text tells the package), STATUS_FAILED where it fails or takes too long; then no picture is set. */
enum status chart_draw(const struct chart *const *charts, size_t count, enum chart_form form, struct picture *pictures,
                       struct error *error);

/* Draws one chart to BASE.svg and BASE.png in one step each. STATUS_IO besides. */
enum status chart_save(const struct chart *chart, const char *base, struct error *error);

#endif
