/* GitHub's Markdown: for a README or a pull request. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart_print.h"
#include "reports/emit.h"
#include "reports/page/writers.h"
#include "reports/printed.h"

enum { CHART_WIDTH = 96 };

/* An address between angle brackets may hold no bracket, blank or control; "%" is one that is encoded already. */
static void put_address(FILE *out, const char *address)
{
    static const char safe[] = "-._~/#?=&%:,+@!$;";

    putc('<', out);
    for (const char *at = address; *at; at++)
        if (isalnum((unsigned char)*at) || strchr(safe, *at))
            putc(*at, out);
        else
            fprintf(out, "%%%02X", (unsigned)(unsigned char)*at);
    putc('>', out);
}

/* Where a block begins, a first sign that would make it a heading, a list or a quotation is escaped. */
static void put_words(FILE *out, const char *text)
{
    size_t digits;

    text += strspn(text, " \t\n\r\v\f");
    digits = strspn(text, "0123456789");
    if (*text && strchr("#+->=", *text))
        putc('\\', out);
    if (digits && (text[digits] == '.' || text[digits] == ')') && strchr(" \t\n", text[digits + 1])) {
        fprintf(out, "%.*s\\", (int)digits, text);
        text += digits;
    }
    emit_markdown_text(out, text);
}

/* A paragraph between two signs of Markdown. */
static void put_text(FILE *out, const char *before, const char *text, const char *after)
{
    fputs(before, out);
    put_words(out, text);
    fprintf(out, "%s\n", after);
}

static void put_link(FILE *out, const char *text, const char *href)
{
    putc('[', out);
    emit_markdown_text(out, text);
    fputs("](", out);
    put_address(out, href);
    putc(')', out);
}

/* Within a tag's line Markdown's escapes do not count, but an @ would still call somebody. */
static void put_summary(FILE *out, const char *text)
{
    char *copy = strdup(text), *rest = copy, *part;

    for (bool first = true; (part = strsep(&rest, "@")); first = false) {
        if (!first)
            fputs("@&#8203;", out);
        emit_html_text(out, part);
    }
    free(copy);
}

static void put_sign(FILE *out, enum mark mark)
{
    const char *sign = mark_sign(mark, true);

    fprintf(out, "%s%s", sign, *sign ? " " : "");
}

static void put_lines(FILE *out, const struct block *block)
{
    for (size_t i = 0; i < block->pair_count; i++) {
        const struct pair *pair = &block->pairs[i];
        fputs("- ", out);
        if (block->kind == BLOCK_PAIRS) {
            put_words(out, pair->label);
            fputs(": ", out);
            put_sign(out, pair->mark);
            emit_markdown_text(out, pair->text);
        } else {
            put_sign(out, pair->mark);
            put_words(out, pair->text);
        }
        putc('\n', out);
    }
}

static void put_grid(FILE *out, const struct grid *grid)
{
    size_t rows = grid_rows(grid);

    if (grid->folded) {
        fputs("<details><summary>", out);
        put_summary(out, grid->caption);
        fputs("</summary>\n\n", out);
    } else if (*grid->caption) {
        fputs("**", out);
        emit_markdown_text(out, grid->caption);
        fputs("**\n\n", out);
    }
    for (size_t i = 0; i < grid->column_count; i++) {
        fputs(i ? " | " : "| ", out);
        emit_markdown_text(out, grid->columns[i].title);
        if (*grid->columns[i].unit)
            fputs(*grid->columns[i].title ? ", " : "", out);
        emit_markdown_text(out, grid->columns[i].unit);
    }
    fputs(" |\n", out);
    for (size_t i = 0; i < grid->column_count; i++)
        fputs(grid->columns[i].numeric ? "|---:" : "|---", out);
    fputs("|\n", out);
    for (size_t i = 0; i < rows * grid->column_count; i++) {
        const struct grid_cell *cell = &grid->cells[i];
        bool last = (i + 1) % grid->column_count == 0;
        fputs(i % grid->column_count ? " | " : "| ", out);
        put_sign(out, cell->mark);
        if (cell->href)
            put_link(out, cell->text, cell->href);
        else
            emit_markdown_text(out, cell->text);
        fputs(last ? " |\n" : "", out);
    }
    if (grid->folded)
        fputs("\n</details>\n", out);
}

static void put_picture(FILE *out, const struct chart *chart, const char *folder)
{
    char *address = NULL;
    size_t length = strlen(folder);

    if (asprintf(&address, "%s%s%s.svg", folder, length && folder[length - 1] != '/' ? "/" : "", chart->id) < 0)
        return;
    fputs("![", out);
    emit_markdown_text(out, chart->title);
    fputs("](", out);
    put_address(out, address);
    fputs(")\n", out);
    free(address);
}

/* An indented block ends where the indent does: no content can end it. */
static bool put_drawing(FILE *out, const struct chart *chart)
{
    const struct writer_style style = {.colour = false, .utf8 = true, .width = CHART_WIDTH};
    struct printed drawing;
    char *rest;
    bool good = printed_open(&drawing, chart->id, NULL) == STATUS_OK;

    if (!good)
        return false;
    good = chart_print(drawing.out, chart, &style);
    good = printed_close(&drawing, STATUS_OK, NULL) == STATUS_OK && good;
    rest = drawing.bytes;
    for (char *line; good && rest && *rest && (line = strsep(&rest, "\n"));)
        fprintf(out, "%s%s\n", *line ? "    " : "", line);
    free(drawing.bytes);
    return good;
}

static bool put_chart(FILE *out, const struct chart *chart, const struct page_style *style)
{
    bool good = true;

    if (style->charts_folder)
        put_picture(out, chart, style->charts_folder);
    else
        good = put_drawing(out, chart);
    if (*chart->finding) {
        put_text(out, "\n", chart->finding, "");
    }
    return good;
}

static bool put_block(FILE *out, const struct block *block, const struct page_style *style)
{
    switch (block->kind) {
    case BLOCK_LEAD:
        put_text(out, "**", block->text, "**");
        break;
    case BLOCK_TEXT:
        put_text(out, "", block->text, "");
        break;
    case BLOCK_NOTE:
        put_text(out, "<sub>", block->text, "</sub>");
        break;
    case BLOCK_WARNING:
        put_text(out, "> [!WARNING]\n> ", block->text, "");
        break;
    case BLOCK_LIST:
    case BLOCK_PAIRS:
        put_lines(out, block);
        break;
    case BLOCK_GRID:
        put_grid(out, block->grid);
        break;
    case BLOCK_CHART:
        return put_chart(out, block->chart, style);
    case BLOCK_LINK:
        put_link(out, block->text, block->href);
        putc('\n', out);
        break;
    }
    return true;
}

static enum status markdown_write(const struct page *page, const struct page_style *style, FILE *out,
                                  struct error *error)
{
    bool good = !page->failed;

    if (good)
        put_text(out, "# ", page->title, "");
    for (size_t i = 0; i < page->badge_count && good; i++) {
        fputs(i ? " · **" : "\n**", out);
        emit_markdown_text(out, page->badges[i]);
        fputs(i + 1 < page->badge_count ? "**" : "**\n", out);
    }
    if (good && *page->subtitle)
        put_text(out, "\n", page->subtitle, "");
    for (size_t i = 0; i < page->section_count && good; i++) {
        const struct section *section = &page->sections[i];
        if (section_used(section))
            put_text(out, "\n## ", section->title, "");
        for (size_t k = 0; k < section->block_count && good; k++) {
            putc('\n', out);
            good = put_block(out, &section->blocks[k], style);
        }
    }
    return good ? STATUS_OK : error_set(error, STATUS_MEMORY, "no memory to write the report");
}

const struct page_writer page_markdown = {"markdown", ".md", "for a README or a pull request", markdown_write};
