#include <stdlib.h>

#include "reports/emit.h"
#include "reports/page/chart_data.h"
#include "reports/page/html.h"
#include "reports/page/template.h"

/* Rows of a table of data: beyond these all stand in the file alone; more than PRINTED_MAX are not printed. */
enum { ROWS_MAX = 400, PRINTED_MAX = 60 };

/* To be printed, charts come as pixels, which carry title, finding and foot themselves: weasyprint fails on gnuplot's point marks,
 * which take the colour of where they are used. */
static void write_pixels(FILE *out, const struct chart *chart, const struct picture *picture)
{
    fputs("<p class=\"picture\"><img src=\"data:image/png;base64,", out);
    emit_base64(out, picture->bytes, picture->length);
    TEMPLATE(out, "\" alt=\"Chart: {{title}}. {{finding}}\"></p>\n", {"title", chart->title, HTML_TITLE_MAX},
             {"finding", chart->finding, HTML_TEXT_MAX});
}

static void write_drawing(FILE *out, const struct chart *chart, const struct picture *picture)
{
    TEMPLATE(out, "<div class=\"picture\" role=\"group\" tabindex=\"0\" aria-label=\"Chart: {{title}}\">\n",
             {"title", chart->title, HTML_TITLE_MAX});
    fwrite(picture->bytes, 1, picture->length, out);
    fputs("\n</div>\n", out);
}

static void write_tables(struct html *html, const struct chart *chart)
{
    struct page own;

    page_open(&own, "", "");
    page_section(&own, chart->id, chart->title);
    chart_data_grids(chart, &own, ROWS_MAX);
    if (own.failed)
        html->failed = true;
    else
        html_blocks(html, &own.sections[0]);
    page_close(&own);
}

static void write_file(struct html *html, const struct chart *chart)
{
    char *bytes, name[CHART_DATA_NAME];
    size_t length;

    if (!chart_data_file(chart, name, &bytes, &length)) {
        html->failed = true;
        return;
    }
    fputs("<p class=\"note\">", html->out);
    html_file(html, name, CHART_DATA_TYPE, bytes, length);
    fputs("</p>\n", html->out);
    free(bytes);
}

static void write_data(struct html *html, const struct chart *chart, bool open)
{
    size_t count = chart_data_count(chart);
    char points[32];

    snprintf(points, sizeof points, "%zu", count);
    TEMPLATE(html->out, "<details{{{open}}}>\n<summary>The figures of this chart ({{count}})</summary>\n",
             {"open", open ? " open" : "", 0}, {"count", points, 0});
    if (!html->folder || count <= PRINTED_MAX) {
        fputs(count > PRINTED_MAX ? "<div class=\"screen\">\n" : "", html->out);
        write_tables(html, chart);
        fputs(count > PRINTED_MAX ? "</div>\n" : "", html->out);
    }
    if (count > PRINTED_MAX)
        TEMPLATE(html->out, "<p class=\"note\">The chart shows {{count}} values; all of them are in this file:</p>\n",
                 {"count", points, 0});
    write_file(html, chart);
    fputs("</details>\n", html->out);
}

/* Title and finding above the drawing, the foot below it. */
static void write_figure(struct html *html, const struct chart *chart, const struct picture *picture)
{
    TEMPLATE(html->out, "<figcaption><strong>{{title}}</strong> {{finding}}</figcaption>\n",
             {"title", chart->title, HTML_TITLE_MAX}, {"finding", chart->finding, HTML_TEXT_MAX});
    if (picture)
        write_drawing(html->out, chart, picture);
    else
        TEMPLATE(html->out, "<p class=\"note\">This chart is not drawn: {{why}}. Its figures follow.</p>\n",
                 {"why", html->undrawn && *html->undrawn ? html->undrawn : "the reason is unknown", HTML_TEXT_MAX});
    if (*chart->foot)
        TEMPLATE(html->out, "<p class=\"note\">{{foot}}</p>\n", {"foot", chart->foot, HTML_TEXT_MAX});
}

void html_chart(struct html *html, const struct chart *chart)
{
    const struct picture *picture = html->pictures ? &html->pictures[html->picture_next++] : NULL;

    if (picture && !picture->bytes)
        picture = NULL;
    TEMPLATE(html->out, "<figure id=\"f-{{id}}\">\n", {"id", chart->id, 0});
    if (picture && html->folder)
        write_pixels(html->out, chart, picture);
    else
        write_figure(html, chart, picture);
    write_data(html, chart, !picture && chart_data_count(chart) <= PRINTED_MAX);
    fputs("</figure>\n", html->out);
}
