#include "reports/chart_script.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PNG_SCALE 2
/* Boxes times height: for each hatched box cairo goes over all the pixels of a PNG, and this many take seconds. */
#define HATCHED_MAX 250e3
/* as CSS has it */
#define UNITS_PER_INCH  96.0
#define POINTS_PER_UNIT 0.75
#define PDF_FONTS       0.75 /* and its fonts in PDF that much larger than asked for */
#define CAIRO_POINTS    1.4  /* gnuplot's marks are that much smaller there than in SVG */

/* ---- how series look -------------------------------------------------------------------------------------------------- */

static unsigned darker(unsigned colour)
{
    unsigned dark = 0;

    for (int shift = 0; shift < 24; shift += 8)
        dark |= (unsigned)(0.62 * (colour >> shift & 0xff)) << shift;
    return dark;
}

/* The series whose colour it has in the end. */
static size_t colour_root(const struct chart_panel *panel, size_t series)
{
    for (size_t steps = 0; steps < panel->series_count; steps++) {
        size_t like = panel->series[series].like;
        if (like >= panel->series_count || like == series)
            break;
        series = like;
    }
    return series;
}

bool script_bound(const struct chart_panel *panel, size_t series)
{
    bool followed = false;

    for (size_t i = 0; i < panel->series_count; i++)
        followed |= i != series && panel->series[i].like == series;
    return panel->series[series].limit || (panel->series[series].slope && !followed);
}

struct script_look script_look(const struct chart_panel *panel, size_t series)
{
    /* Okabe and Ito's colours, which the colour-blind can tell apart; yellow is too pale for white ground, vermilion is kept for
     * bounds. */
    static const unsigned colours[] = {0x0072b2, 0xe69f00, 0x009e73, 0xcc79a7, 0x56b4e9, 0x444444};
    static const int points[] = {7, 5, 9, 13, 11, 15}, patterns[] = {0, 4, 5, 1, 6, 2};
    enum { COLOURS = sizeof colours / sizeof *colours };
    size_t root = colour_root(panel, series), before = 0, own;
    struct script_look look;

    for (size_t i = 0; i < root; i++)
        before += colour_root(panel, i) == i && !script_bound(panel, i);
    own = before % COLOURS;
    look.colour = script_bound(panel, series) ? SCRIPT_BOUND : colours[own];
    look.edge = darker(look.colour);
    /* the second time round, colours come with other marks */
    look.point = points[(own + 2 * (before / COLOURS)) % COLOURS];
    look.hollow = look.point - 1;
    look.pattern = patterns[(own + before / COLOURS) % COLOURS];
    return look;
}

/* ---- words of gnuplot ------------------------------------------------------------------------------------------------- */

/* A string. Within single quotes nothing is expanded, but a quote at its start would end it, doubled or not: a typographic one
 * takes its place. */
static void put_text(FILE *out, const char *text)
{
    putc('\'', out);
    for (; *text; text++)
        fputs(*text == '\'' ? "’" : (const char[]){*text, '\0'}, out);
    putc('\'', out);
}

static void put_place(const struct script *script, double x, double y)
{
    fprintf(script->out, "screen %.6f,%.6f", x / LAYOUT_WIDTH, 1 - y / script->layout->height);
}

void script_label(struct script *script, const char *text, double x, double y, enum script_align align, int font,
                  unsigned colour)
{
    static const char *const aligns[] = {"left", "center", "right"};

    if (!text || !*text)
        return;
    fputs("set label ", script->out);
    put_text(script->out, text);
    fputs(" at ", script->out);
    put_place(script, x, y);
    fprintf(script->out, " %s font ',%d' textcolor rgb '#%06x' front\n", aligns[align], font, colour);
}

void script_heading(struct script *script, const char *text, double x, double y, int font)
{
    if (!text || !*text)
        return;
    fputs("set label ", script->out);
    put_text(script->out, text);
    fputs(" at ", script->out);
    put_place(script, x, y);
    fprintf(script->out, " left font 'sans-serif:Bold,%d' textcolor rgb '#%06x' front\n", font, SCRIPT_INK);
}

void script_stroke(struct script *script, double x0, double y0, double x1, double y1, double width, unsigned colour,
                   enum script_line line)
{
    fputs("set arrow from ", script->out);
    put_place(script, x0, y0);
    fputs(" to ", script->out);
    put_place(script, x1, y1);
    fprintf(script->out, " nohead linewidth %.3g linecolor rgb '#%06x'%s %s\n", width, colour,
            line == SCRIPT_SOLID ? "" : " dashtype (4,3)", line == SCRIPT_DASHED_BACK ? "back" : "front");
}

void script_mark(struct script *script, double x, double y, int type, double size, unsigned colour)
{
    fputs("set label '' at ", script->out);
    put_place(script, x, y);
    fprintf(script->out, " point pointtype %d pointsize %.3g linecolor rgb '#%06x' front\n", type, size, colour);
}

void script_box(struct script *script, double x0, double y0, double x1, double y1, const struct script_look *look,
                bool hollow)
{
    for (int hatching = 0; hatching < (look->pattern && !hollow && script->hatched ? 2 : 1); hatching++) {
        fputs("set object rectangle from ", script->out);
        put_place(script, x0, y1);
        fputs(" to ", script->out);
        put_place(script, x1, y0);
        fprintf(script->out, " front fillcolor rgb '#%06x' linewidth 1 fillstyle ",
                hatching ? look->edge : look->colour);
        if (hatching)
            fprintf(script->out, "transparent pattern %d", look->pattern);
        else
            fputs(hollow ? "empty" : "solid 1.0", script->out);
        fprintf(script->out, " border rgb '#%06x'\n", look->edge);
    }
}

void script_sample_line(struct script *script, const struct layout_key *key, double width, unsigned colour, bool hollow)
{
    double end = key->x + LAYOUT_SAMPLE, part = hollow ? LAYOUT_SAMPLE * 0.27 : LAYOUT_SAMPLE;

    script_stroke(script, key->x, key->y, key->x + part, key->y, width, colour, SCRIPT_SOLID);
    if (hollow)
        script_stroke(script, end - part, key->y, end, key->y, width, colour, SCRIPT_SOLID);
}

size_t script_block(struct script *script)
{
    fprintf(script->out, "$data%zu_%zu << EOD\n", script->number, script->blocks);
    return script->blocks++;
}

void script_block_end(struct script *script)
{
    fputs("EOD\n", script->out);
}

void script_item(struct script *script, size_t block, const char *format, ...)
{
    va_list arguments;

    fprintf(script->plot, "%s$data%zu_%zu ", script->items++ ? ", \\\n  " : "plot ", script->number, block);
    va_start(arguments, format);
    vfprintf(script->plot, format, arguments);
    va_end(arguments);
    fputs(" notitle", script->plot);
}

/* ---- what panels have in common --------------------------------------------------------------------------------------- */

static void put_axis(struct script *script, char axis, const struct scale *scale, const struct scale_tick *ticks,
                     size_t count)
{
    fprintf(script->out, "%s logscale %c\nset %crange [%.12g:%.12g]\nset %ctics scale 0 (",
            scale->log ? "set" : "unset", axis, axis, scale->low, scale->high, axis);
    for (size_t i = 0; i < count; i++)
        fprintf(script->out, "%s'' %.12g", i ? ", " : "", ticks[i].at);
    fputs(")\n", script->out);
}

static void panel_x_axis(struct script *script, const struct layout_panel *place)
{
    double left = script->layout->left, width = script->layout->right - left;
    struct scale_tick ticks[SCALE_TICKS_MAX];
    size_t count = scale_ticks(&place->x, (size_t)(width / 80), ticks);

    put_axis(script, 'x', &place->x, ticks, count);
    for (size_t i = 0; i < count && place->ticks; i++)
        script_label(script, ticks[i].text, left + width * scale_place(&place->x, ticks[i].at), place->ticks_y,
                     SCRIPT_CENTRE, LAYOUT_SMALL, SCRIPT_SOFT);
}

static void panel_y_axis(struct script *script, const struct layout_panel *place)
{
    double height = place->bottom - place->top;
    struct scale_tick ticks[SCALE_TICKS_MAX];
    size_t count;

    if (place->rows) {
        /* rows stand where the layout has put them: y is that of the picture */
        fprintf(script->out, "unset logscale y\nset yrange [%.12g:%.12g]\nunset ytics\nunset border\n", place->bottom,
                place->top);
        return;
    }
    count = scale_ticks(&place->y, (size_t)(height / 32), ticks);
    put_axis(script, 'y', &place->y, ticks, count);
    fprintf(script->out, "set border 3 linecolor rgb '#%06x'\n", SCRIPT_AXIS);
    for (size_t i = 0; i < count; i++)
        script_label(script, ticks[i].text, script->layout->left - LAYOUT_GAP,
                     place->bottom - height * scale_place(&place->y, ticks[i].at), SCRIPT_RIGHT, LAYOUT_SMALL,
                     SCRIPT_SOFT);
}

static void panel_rules(struct script *script, const struct chart_panel *panel, const struct layout_panel *place)
{
    double left = script->layout->left, width = script->layout->right - left, height = place->bottom - place->top;
    /* bars would hide it */
    enum script_line layer =
        panel->kind == CHART_BARS || panel->kind == CHART_STACK ? SCRIPT_DASHED : SCRIPT_DASHED_BACK;

    for (size_t i = 0; i < panel->rule_count; i++) {
        const struct chart_rule *rule = &panel->rules[i];
        if (rule->vertical && scale_takes(&place->x, rule->at)) {
            double x = left + width * scale_place(&place->x, rule->at);
            script_stroke(script, x, place->top - 4, x, place->bottom, 1.2, SCRIPT_SOFT, layer);
            if (i < place->rule_count)
                script_label(script, place->rule[i].text, place->rule[i].x, place->top + place->rule[i].y - 4,
                             SCRIPT_CENTRE, LAYOUT_SMALL, SCRIPT_SOFT);
        } else if (!rule->vertical && !place->rows && scale_takes(&place->y, rule->at)) {
            double y = place->bottom - height * scale_place(&place->y, rule->at);
            script_stroke(script, left, y, left + width, y, 1.2, SCRIPT_SOFT, SCRIPT_DASHED_BACK);
        }
    }
}

static void panel_x_title(struct script *script, const struct chart_panel *panel, const struct layout_panel *place)
{
    char *text = layout_text(panel->x_title, script->layout->right - script->layout->left, LAYOUT_SMALL);

    script->failed |= !text;
    script_label(script, text, (script->layout->left + script->layout->right) / 2, place->x_title_y, SCRIPT_CENTRE,
                 LAYOUT_SMALL, SCRIPT_SOFT);
    free(text);
}

static void panel_write(struct script *script, size_t index)
{
    const struct chart_panel *panel = &script->chart->panels[index];
    const struct layout *layout = script->layout;
    const struct layout_panel *place = &layout->panel[index];

    fprintf(script->out,
            "set lmargin at screen %.6f\nset rmargin at screen %.6f\nset tmargin at screen %.6f\n"
            "set bmargin at screen %.6f\n",
            layout->left / LAYOUT_WIDTH, layout->right / LAYOUT_WIDTH, 1 - place->top / layout->height,
            1 - place->bottom / layout->height);
    panel_x_axis(script, place);
    panel_y_axis(script, place);
    script_heading(script, place->heading, LAYOUT_EDGE, place->heading_y, LAYOUT_FONT);
    if (!place->rows && place->ticks)
        panel_x_title(script, panel, place);
    for (size_t i = 0; i < place->key_count; i++) {
        const struct layout_key *key = &place->key[i];
        (place->rows ? script_rows_sample : script_curves_sample)(script, panel, key);
        script_label(script, key->text, key->x + LAYOUT_SAMPLE + LAYOUT_GAP, key->y, SCRIPT_LEFT, LAYOUT_SMALL,
                     SCRIPT_SOFT);
    }
    panel_rules(script, panel, place);
    (place->rows ? script_rows : script_curves)(script, panel, place);
}

/* ---- the whole -------------------------------------------------------------------------------------------------------- */

static void put_terminal(FILE *out, enum chart_form form, double height)
{
    fputs("set encoding utf8\n", out);
    if (form == CHART_PNG)
        fprintf(out,
                "set terminal pngcairo noenhanced size %d,%.0f font 'sans-serif,%d' fontscale %.3g linewidth %d "
                "dashlength 2 pointscale %.3g background '#ffffff'\n",
                PNG_SCALE * LAYOUT_WIDTH, PNG_SCALE * height, LAYOUT_FONT, PNG_SCALE * POINTS_PER_UNIT, PNG_SCALE,
                PNG_SCALE * CAIRO_POINTS);
    else if (form == CHART_PDF)
        fprintf(out,
                "set terminal pdfcairo noenhanced size %.4fin,%.4fin font 'sans-serif,%d' fontscale %.4g linewidth 1.5 "
                "dashlength 1.4 pointscale %.3g background '#ffffff'\n",
                LAYOUT_WIDTH / UNITS_PER_INCH, height / UNITS_PER_INCH, LAYOUT_FONT, POINTS_PER_UNIT * PDF_FONTS,
                CAIRO_POINTS);
    else
        fprintf(out, "set terminal svg noenhanced size %d,%.0f dynamic font 'sans-serif,%d' background '#ffffff'\n",
                LAYOUT_WIDTH, height, LAYOUT_FONT);
}

static void put_lines(struct script *script, const struct layout_lines *lines, int font, bool heading)
{
    for (size_t i = 0; i < lines->count; i++) {
        double y = lines->y + (double)i * font * 1.35;
        if (heading)
            script_heading(script, lines->line[i], LAYOUT_EDGE, y, font);
        else
            script_label(script, lines->line[i], LAYOUT_EDGE, y, SCRIPT_LEFT, font, SCRIPT_SOFT);
    }
}

static void panels_write(struct script *script)
{
    bool first = true;

    for (size_t i = 0; i < script->chart->panel_count; i++) {
        char *items = NULL;
        size_t length;
        if (!script->layout->panel[i].drawn)
            continue;
        if (!(script->plot = open_memstream(&items, &length))) {
            script->failed = true;
            return;
        }
        script->items = 0;
        fputs("unset label\nunset arrow\nunset object\n", script->out);
        if (first) {
            put_lines(script, &script->layout->title, LAYOUT_TITLE, true);
            put_lines(script, &script->layout->foot, LAYOUT_SMALL - 1, false);
        }
        first = false;
        panel_write(script, i);
        script->failed |= fclose(script->plot) != 0 || !items;
        fprintf(script->out, "%s\n", script->items && items ? items : "plot NaN notitle");
        free(items);
    }
}

/* Boxes that are to be hatched. */
static size_t hatched_count(const struct chart *chart)
{
    size_t count = 0;

    for (size_t i = 0; i < chart->panel_count; i++)
        for (size_t s = 0; s < chart->panels[i].series_count; s++)
            if (layout_figures(&chart->panels[i].series[s]) && script_look(&chart->panels[i], s).pattern)
                count += chart->panels[i].series[s].count;
    return count;
}

bool script_write(FILE *out, const struct chart *chart, enum chart_form form, size_t number)
{
    struct script script = {.out = out, .chart = chart, .number = number};
    struct layout layout;

    layout_open(&layout, chart, form != CHART_SVG);
    script.layout = &layout;
    script.failed = layout.failed || chart->failed;
    script.hatched = form != CHART_PNG || (double)hatched_count(chart) * layout.height <= HATCHED_MAX;
    if (!script.failed) {
        fputs("reset\n", out);
        put_terminal(out, form, layout.height);
        fprintf(out,
                "set multiplot\nunset key\nset tics back\nset grid xtics ytics linetype 1 linewidth 0.8 linecolor rgb "
                "'#%06x'\nset errorbars 0.6\n",
                SCRIPT_GRID);
        panels_write(&script);
        fputs("unset multiplot\nset terminal unknown\n", out);
    }
    layout_close(&layout);
    return !script.failed && !ferror(out);
}
