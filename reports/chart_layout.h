/* Where everything of a chart stands: units of the picture from its upper left corner, which are pixels at its natural size. */
#ifndef POCKETMARK_REPORTS_CHART_LAYOUT_H
#define POCKETMARK_REPORTS_CHART_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/chart.h"
#include "reports/chart_scale.h"

enum {
    LAYOUT_WIDTH = 560,
    LAYOUT_EDGE = 8,    /* kept free all round */
    LAYOUT_FONT = 14,   /* labels and values */
    LAYOUT_SMALL = 13,  /* ticks, keys, feet */
    LAYOUT_TITLE = 17,  /* of a picture that stands alone */
    LAYOUT_LINE = 19,   /* from one line of text to the next */
    LAYOUT_SAMPLE = 22, /* width of a key's sample */
    LAYOUT_GAP = 8,
    LAYOUT_LINES_MAX = 4,
    LAYOUT_KEY_MAX = 24,
    LAYOUT_RULES_MAX = 6,
    LAYOUT_SLOTS_MAX = 12,
};

struct layout_row {
    double label; /* centre of its label */
    double top, bottom;
    size_t slots; /* figures one below the other, at least 1 */
};

struct layout_key {
    size_t series;
    double x, y;
    char *text; /* owned */
};

/* The label of a vertical rule stands above the plot, that of a horizontal one within it. */
struct layout_rule {
    double x, y;
    char *text; /* owned */
};

struct layout_panel {
    bool drawn; /* has points */
    bool rows;  /* a kind of rows, else curves */
    char *heading;
    double heading_y;
    struct scale x, y; /* y: of curves alone */
    double top, bottom;
    bool ticks; /* along x: shared, they stand below the last panel alone */
    double ticks_y, x_title_y;
    struct layout_row row[CHART_ROWS_MAX];
    struct layout_key key[LAYOUT_KEY_MAX];
    size_t key_count;
    struct layout_rule rule[LAYOUT_RULES_MAX];
    size_t rule_count; /* those of the panel's first rules that have a place */
};

/* Text broken into lines, each owned. */
struct layout_lines {
    char *line[LAYOUT_LINES_MAX];
    size_t count;
    double y; /* centre of the first */
};

struct layout {
    double height;
    bool alone;         /* with title and foot */
    bool labels_above;  /* of rows: too long to stand beside them */
    double left, right; /* of all plots */
    double values;      /* where the values beside rows begin */
    struct layout_lines title, foot;
    struct layout_panel panel[CHART_PANELS_MAX];
    bool failed; /* out of memory */
};

void layout_open(struct layout *layout, const struct chart *chart, bool alone);
void layout_close(struct layout *layout);

/* Vertical centre and half the height of what stands in a slot of a row. */
double layout_slot(const struct layout_row *row, size_t slot, double *half);

/* The slot of a point: figures of one row stand below each other in the order of the series; raw ones and limits in the slot of
 * the first figure of the series they are like. Limits like none take the whole row: SIZE_MAX. */
size_t layout_slot_of(const struct chart_panel *panel, size_t series, size_t point);

/* Does this series hold figures, which take slots and have values beside them, rather than raw points or limits? */
bool layout_figures(const struct chart_series *series);

/* What is written beside a figure: its label, or its value with three digits; a row of a stack has one text, at its last figure. To
 * be freed; NULL: none, or out of memory. */
char *layout_value(const struct chart_panel *panel, size_t series, size_t point);

/* Estimated width of a text in a font of that height. No two systems have the same fonts: it is rather too wide. */
double layout_text_width(const char *text, double font);

/* One line as TEXT_LINE makes it, cut with "…" to that width. To be freed; NULL: out of memory. */
char *layout_text(const char *text, double width, double font);

#endif
