#include "reports/page/html.h"

#include <stdlib.h>
#include <string.h>

#include "reports/digest.h"
#include "reports/emit.h"
#include "reports/page/template.h"
#include "reports/text.h"

/* ---- blocks ----------------------------------------------------------------------------------------------------------- */

static void write_list(FILE *out, const struct block *block)
{
    bool signs = false;

    for (size_t i = 0; i < block->pair_count; i++)
        signs |= block->pairs[i].mark != MARK_NONE;
    fputs(signs ? "<ul class=\"signs\">\n" : "<ul>\n", out);
    for (size_t i = 0; i < block->pair_count; i++) {
        fputs("<li>", out);
        html_mark(out, block->pairs[i].mark, block->pairs[i].text);
        TEMPLATE(out, "{{text}}</li>\n", {"text", block->pairs[i].text, HTML_TEXT_MAX});
    }
    fputs("</ul>\n", out);
}

static void write_pairs(FILE *out, const struct block *block)
{
    fputs("<dl>\n", out);
    for (size_t i = 0; i < block->pair_count; i++) {
        const struct pair *pair = &block->pairs[i];

        TEMPLATE(out, "<div><dt>{{label}}</dt><dd>", {"label", pair->label, HTML_TITLE_MAX});
        html_mark(out, pair->mark, pair->text);
        TEMPLATE(out, "{{text}}</dd></div>\n", {"text", pair->text, HTML_TEXT_MAX});
    }
    fputs("</dl>\n", out);
}

static void write_block(struct html *html, const struct block *block)
{
    static const char *const texts[] = {
        [BLOCK_TEXT] = "<p>{{text}}</p>\n",
        [BLOCK_LEAD] = "<p class=\"lead\">{{text}}</p>\n",
        [BLOCK_NOTE] = "<p class=\"note\">{{text}}</p>\n",
        [BLOCK_WARNING] = "<p class=\"warning\">{{text}}</p>\n",
        [BLOCK_LINK] = "<p><a href=\"{{href}}\">{{text}}</a></p>\n",
    };
    enum block_kind kind = block->kind;

    switch (kind) {
    case BLOCK_LIST:
        write_list(html->out, block);
        break;
    case BLOCK_PAIRS:
        write_pairs(html->out, block);
        break;
    case BLOCK_GRID:
        html_grid(html, block->grid);
        break;
    case BLOCK_CHART:
        html_chart(html, block->chart);
        break;
    case BLOCK_LINK:
        kind = html_href_allowed(block->href) ? BLOCK_LINK : BLOCK_TEXT;
        /* fall through */
    default:
        TEMPLATE(html->out, texts[kind], {"text", block->text, HTML_TEXT_MAX}, {"href", block->href, 0});
    }
}

void html_blocks(struct html *html, const struct section *section)
{
    for (size_t i = 0; i < section->block_count; i++)
        write_block(html, &section->blocks[i]);
}

/* ---- parts of the frame ----------------------------------------------------------------------------------------------- */

static bool any_sorts(const struct html *html, const struct page *page)
{
    for (size_t i = 0; i < page->section_count && html->style->sorts; i++) {
        for (size_t k = 0; k < page->sections[i].block_count; k++) {
            const struct grid *grid = page->sections[i].blocks[k].grid;
            if (grid && grid->sortable && grid_rows(grid))
                return true;
        }
    }
    return false;
}

static void write_hash(struct html *html, const char *directive, const char *text)
{
    unsigned char digest[DIGEST_BYTES];

    html->failed |= !digest_raw(text, strlen(text), digest);
    fprintf(html->out, "; %s 'sha256-", directive);
    emit_base64(html->out, digest, sizeof digest);
    putc('\'', html->out);
}

/* Nothing is loaded; of styles and scripts only ours are taken, known by their hashes. */
static void write_policy(struct html *html, const struct page *page)
{
    fputs("default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'", html->out);
    write_hash(html, "style-src", template_style);
    if (any_sorts(html, page))
        write_hash(html, "script-src", template_sort);
}

static void write_links(struct html *html, const struct page *page)
{
    if (html->folder && html_file_links(html, page, &html->error))
        html->failed = true;
}

static void write_header(struct html *html, const struct page *page)
{
    if (html->style->home && html_href_allowed(html->style->home))
        TEMPLATE(html->out, "<p class=\"home\"><a href=\"{{home}}\">All results</a></p>\n",
                 {"home", html->style->home, 0});
    TEMPLATE(html->out, "<h1>{{title}}</h1>\n", {"title", page->title, HTML_TITLE_MAX});
    if (*page->subtitle)
        TEMPLATE(html->out, "<p class=\"subtitle\">{{text}}</p>\n", {"text", page->subtitle, HTML_TEXT_MAX});
    if (!page->badge_count)
        return;
    fputs("<ul class=\"badges\">\n", html->out);
    for (size_t i = 0; i < page->badge_count; i++)
        TEMPLATE(html->out, "<li>{{text}}</li>\n", {"text", page->badges[i], HTML_TITLE_MAX});
    fputs("</ul>\n", html->out);
}

static void write_nav(struct html *html, const struct page *page)
{
    for (size_t i = 0; i < page->section_count; i++)
        if (section_used(&page->sections[i]))
            TEMPLATE(html->out, "<li><a href=\"#{{id}}\">{{title}}</a></li>\n", {"id", page->sections[i].id, 0},
                     {"title", page->sections[i].title, HTML_TITLE_MAX});
    if (page->attachment_count)
        fputs("<li><a href=\"#files\">Files</a></li>\n", html->out);
}

static void write_main(struct html *html, const struct page *page)
{
    for (size_t i = 0; i < page->section_count; i++) {
        if (!section_used(&page->sections[i]))
            continue;
        TEMPLATE(html->out, "<section id=\"{{id}}\">\n<h2>{{title}}</h2>\n", {"id", page->sections[i].id, 0},
                 {"title", page->sections[i].title, HTML_TITLE_MAX});
        html_blocks(html, &page->sections[i]);
        fputs("</section>\n", html->out);
    }
    if (page->attachment_count)
        html_files(html, page);
}

static void write_script(struct html *html, const struct page *page)
{
    if (any_sorts(html, page))
        TEMPLATE(html->out, "<script>{{{script}}}</script>\n", {"script", template_sort, 0});
}

/* ---- the page --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*write)(struct html *html, const struct page *page);
} parts[] = {
    {"policy", write_policy}, {"links", write_links}, {"header", write_header},
    {"nav", write_nav},       {"main", write_main},   {"script", write_script},
};

enum { PARTS = sizeof parts / sizeof *parts };

/* NULL without memory. */
static char *part_text(struct html *html, const struct page *page, size_t index)
{
    char *text = NULL;
    size_t length;

    if (!(html->out = open_memstream(&text, &length)))
        return NULL;
    parts[index].write(html, page);
    html->failed |= ferror(html->out) != 0;
    html->failed |= fclose(html->out) != 0;
    if (!html->failed)
        return text;
    free(text);
    return NULL;
}

/* How much of the title the window's gets: validators take 70 characters, and count what is escaped by its escape. */
static size_t window_columns(const char *title)
{
    enum { MOST = 70, ESCAPE = 5 };
    size_t columns = 0, room = MOST;

    for (const char *at = title, *end = title + strlen(title); at < end; columns++) {
        uint32_t code = text_next(&at, end, NULL);
        size_t needs = code < 128 && strchr("&<>\"'", (int)code) ? ESCAPE : 1;
        if (needs >= room)
            break;
        room -= needs;
    }
    return columns + 1;
}

static enum status write_page(struct html *html, const struct page *page, FILE *out, struct error *error)
{
    struct template_value values[PARTS + 3] = {{"title", page->title, window_columns(page->title)},
                                               {"style", template_style, 0}};
    char *texts[PARTS] = {NULL};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < PARTS; i++) {
        if (!(texts[i] = part_text(html, page, i))) {
            status = html->error.status
                         ? error_set(error, html->error.status, "%s", html->error.text)
                         : error_set(error, STATUS_MEMORY, "no memory for the page '%.80s'", page->title);
            goto out;
        }
        values[2 + i] = (struct template_value){parts[i].name, texts[i], 0};
    }
    template_write(out, template_page, values);
out:
    for (size_t i = 0; i < PARTS; i++)
        free(texts[i]);
    return status;
}

/* Pictures of all charts of the page, to be freed each; where they could not be drawn they have no bytes, and `error` says why. */
static struct picture *draw(const struct page *page, size_t count, enum chart_form form, struct error *error)
{
    const struct chart **charts = calloc(count, sizeof(const struct chart *));
    struct picture *pictures = calloc(count, sizeof *pictures);

    if (charts && pictures) {
        page_charts(page, charts);
        chart_draw(charts, count, form, pictures, error);
    } else {
        free(pictures);
        pictures = NULL;
        error_set(error, STATUS_MEMORY, "no memory for the charts of the page '%.80s'", page->title);
    }
    free(charts);
    return pictures;
}

enum status html_write(const struct page *page, const struct page_style *style, const char *folder, FILE *out,
                       struct error *error)
{
    struct html html = {.style = style, .folder = folder, .undrawn = style->undrawn};
    size_t count = page_charts(page, NULL);
    struct picture *own = NULL;
    struct error missing = {0};
    enum status status;

    if (page->failed)
        return error_set(error, STATUS_MEMORY, "no memory for the page's content");
    html.pictures = folder ? NULL : style->pictures;
    if (count && !html.pictures) {
        if (!(own = draw(page, count, folder ? CHART_PNG : CHART_SVG, &missing)))
            return error_set(error, STATUS_MEMORY, "%s", missing.text);
        html.pictures = own;
        html.undrawn = missing.text;
    }
    status = write_page(&html, page, out, error);
    if (status == STATUS_OK && missing.status != STATUS_OK && error)
        *error = missing;
    for (size_t i = 0; own && i < count; i++)
        free(own[i].bytes);
    free(own);
    return status;
}
