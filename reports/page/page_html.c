#include "reports/page/html.h"

static enum status write_html(const struct page *page, const struct page_style *style, FILE *out, struct error *error)
{
    return html_write(page, style, NULL, out, error);
}

const struct page_writer page_html = {"html", ".html", "one page that needs nothing else, with charts and data",
                                      write_html};
