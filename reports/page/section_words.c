/* What the words of the page mean. */
#include "reports/glossary.h"
#include "reports/page/sections.h"

void section_words(const struct report *report, struct page *page)
{
    (void)report;
    for (size_t i = 0; i < glossary_count; i++)
        page_pair(page, MARK_NONE, glossary[i].term, "%s", glossary[i].meaning);
}
