#include <math.h>
#include <string.h>
#include <strings.h>

#include "reports/page/html.h"
#include "reports/page/template.h"
#include "reports/text.h"

bool html_href_allowed(const char *href)
{
    size_t before = strcspn(href, "/\\?#");

    for (const char *at = href; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f)
            return false;
    if (strncmp(href, "https://", 8) == 0)
        return true;
    if ((href[0] == '/' || href[0] == '\\') && (href[1] == '/' || href[1] == '\\'))
        return false;
    return *href && !memchr(href, ':', before);
}

void html_mark(FILE *out, enum mark mark, const char *text)
{
    static const char *const classes[] = {
        [MARK_YES] = "yes",        [MARK_PART] = "part", [MARK_NO] = "no",
        [MARK_WARNING] = "warned", [MARK_MEASURED] = "", [MARK_PREDICTED] = "",
    };

    if (mark == MARK_NONE)
        return;
    TEMPLATE(out, "<span class=\"sign {{class}}\" aria-hidden=\"true\">{{sign}}</span> ", {"class", classes[mark], 0},
             {"sign", mark_sign(mark, true), 0});
    if (strcasecmp(text, mark_word(mark)) != 0)
        TEMPLATE(out, "<span class=\"hidden\">{{word}} </span>", {"word", mark_word(mark), 0});
}

static void write_bar(FILE *out, double share)
{
    char width[TEXT_NUMBER_MAX];

    if (isnan(share))
        return;
    snprintf(width, sizeof width, "%.1f", 100 * fmin(fmax(share, 0), 1));
    /* colours stand in the style sheet, and here for readers that keep it out of drawings */
    TEMPLATE(out,
             "<svg class=\"bar\" viewBox=\"0 0 100 3\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
             "<rect class=\"whole\" width=\"100\" height=\"3\" fill=\"#e3e8ed\"/>"
             "<rect class=\"share\" width=\"{{width}}\" height=\"3\" fill=\"#4a8fc0\"/></svg>",
             {"width", width, 0});
}

static void write_content(FILE *out, const struct grid_cell *cell)
{
    html_mark(out, cell->mark, cell->text);
    TEMPLATE(out, cell->href && html_href_allowed(cell->href) ? "<a href=\"{{href}}\">{{text}}</a>" : "{{text}}",
             {"href", cell->href, 0}, {"text", cell->text, HTML_CELL_MAX});
    write_bar(out, cell->share);
}

static void write_cell(FILE *out, const struct grid *grid, size_t index, bool sorts)
{
    const struct grid_cell *cell = &grid->cells[index];
    size_t column = index % grid->column_count;
    bool numeric = grid->columns[column].numeric;
    char value[TEXT_NUMBER_MAX];

    fputs(column ? "<td" : "<th scope=\"row\"", out);
    if (numeric)
        fputs(" class=\"number\"", out);
    if (numeric && sorts && isfinite(cell->value)) {
        text_number(value, cell->value);
        TEMPLATE(out, " data-value=\"{{value}}\"", {"value", value, 0});
    }
    putc('>', out);
    write_content(out, cell);
    fputs(column ? "</td>" : "</th>", out);
}

static void write_head(FILE *out, const struct grid *grid)
{
    bool units = false;

    for (size_t i = 0; i < grid->column_count; i++)
        units |= *grid->columns[i].unit != '\0';
    fputs("<thead>\n<tr>", out);
    for (size_t i = 0; i < grid->column_count; i++) {
        const struct grid_column *column = &grid->columns[i];

        fputs(column->numeric ? "<th scope=\"col\" class=\"number\">" : "<th scope=\"col\">", out);
        TEMPLATE(out, units && *column->unit ? "{{title}} <span class=\"unit\">{{unit}}</span></th>" : "{{title}}</th>",
                 {"title", column->title, HTML_CELL_MAX}, {"unit", column->unit, HTML_CELL_MAX});
    }
    fputs("</tr>\n</thead>\n", out);
}

static void write_table(FILE *out, const struct grid *grid, bool sorts)
{
    TEMPLATE(out,
             "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-labelledby=\"t-{{id}}-caption\">\n"
             "<table id=\"t-{{id}}\"{{{sorts}}}>\n"
             "<caption id=\"t-{{id}}-caption\"><span class=\"stay\">{{caption}}</span></caption>\n",
             {"id", grid->id, 0}, {"sorts", sorts ? " data-sorts" : "", 0}, {"caption", grid->caption, HTML_CELL_MAX});
    write_head(out, grid);
    fputs("<tbody>\n", out);
    for (size_t i = 0; i < grid_rows(grid) * grid->column_count; i++) {
        fputs(i % grid->column_count ? "" : "<tr>", out);
        write_cell(out, grid, i, sorts);
        fputs((i + 1) % grid->column_count ? "" : "</tr>\n", out);
    }
    fputs("</tbody>\n</table>\n</div>\n", out);
}

void html_grid(struct html *html, const struct grid *grid)
{
    char rows[32];

    if (!grid_rows(grid))
        return;
    snprintf(rows, sizeof rows, "%zu %s", grid_rows(grid), grid_rows(grid) == 1 ? "row" : "rows");
    if (grid->folded)
        TEMPLATE(html->out, "<details class=\"table\">\n<summary>{{caption}} ({{rows}})</summary>\n",
                 {"caption", grid->caption, HTML_CELL_MAX}, {"rows", rows, 0});
    write_table(html->out, grid, html->style->sorts && grid->sortable);
    fputs(grid->folded ? "</details>\n" : "", html->out);
}
