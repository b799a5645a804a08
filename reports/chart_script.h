/* The words gnuplot is given for a chart. */
#ifndef POCKETMARK_REPORTS_CHART_SCRIPT_H
#define POCKETMARK_REPORTS_CHART_SCRIPT_H

#include <stdio.h>

#include "reports/chart_layout.h"

/* Writes all that draws the chart to gnuplot's standard output. `number` tells its data apart from those of other charts of the
 * same process. False: out of memory, or the stream failed. */
bool script_write(FILE *out, const struct chart *chart, enum chart_form form, size_t number);

/* ---- for the files that write parts of it ------------------------------------------------------------------------------ */

#define SCRIPT_INK   0x222222u /* texts */
#define SCRIPT_SOFT  0x555555u /* ticks, keys, notes */
#define SCRIPT_AXIS  0x888888u
#define SCRIPT_GRID  0xe2e2e2u
#define SCRIPT_BOUND 0xd55e00u /* see script_bound */

struct script {
    FILE *out, *plot; /* plot: the items of the plot command that ends the panel */
    const struct chart *chart;
    const struct layout *layout;
    size_t number, blocks, items;
    bool hatched; /* hatching can be had */
    bool failed;
};

/* What tells a series from the others, whether by colour or without. */
struct script_look {
    unsigned colour, edge; /* edge: darker, for outlines and what lies upon the colour */
    int point, hollow;     /* gnuplot's point types, filled and outlined */
    int pattern;           /* of hatching; 0: none */
};

/* Limits, and slopes that no other series is like: a slope with single values behind it, such as a running median, is no bound. */
bool script_bound(const struct chart_panel *panel, size_t series);

struct script_look script_look(const struct chart_panel *panel, size_t series);

/* Opens a block of data; its rows are then written to script->out. Ends with script_block_end. Returns the number by which items
 * of the plot name it. */
size_t script_block(struct script *script);
void script_block_end(struct script *script);

/* One more item of the plot, over that block: "using 1:2 with points". */
void script_item(struct script *script, size_t block, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Texts and strokes anywhere in the picture, in units of the layout. Dashed strokes need a width that no solid one has. */
enum script_align { SCRIPT_LEFT, SCRIPT_CENTRE, SCRIPT_RIGHT };
void script_label(struct script *script, const char *text, double x, double y, enum script_align align, int font,
                  unsigned colour);
void script_heading(struct script *script, const char *text, double x, double y, int font); /* bold, from the left */
enum script_line { SCRIPT_SOLID, SCRIPT_DASHED, SCRIPT_DASHED_BACK /* behind the data */ };
void script_stroke(struct script *script, double x0, double y0, double x1, double y1, double width, unsigned colour,
                   enum script_line line);
void script_mark(struct script *script, double x, double y, int type, double size, unsigned colour);

/* A filled or outlined box; pattern 0: no hatching. */
void script_box(struct script *script, double x0, double y0, double x1, double y1, const struct script_look *look,
                bool hollow);

/* The line of a key's sample; a hollow one leaves room for what stands upon it. */
void script_sample_line(struct script *script, const struct layout_key *key, double width, unsigned colour,
                        bool hollow);

/* What the panel of its kind holds: data, items of the plot and the samples of its key. */
void script_rows(struct script *script, const struct chart_panel *panel, const struct layout_panel *place);
void script_rows_sample(struct script *script, const struct chart_panel *panel, const struct layout_key *key);
void script_curves(struct script *script, const struct chart_panel *panel, const struct layout_panel *place);
void script_curves_sample(struct script *script, const struct chart_panel *panel, const struct layout_key *key);

#endif
