#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/sections.h"

enum { TITLE_DEVICES = 3, TEXT_MAX = 512 };

static bool is_virtual(const struct record *record)
{
    const struct fact *flag = facts_find(&record->environment, "virtualized");

    return strcmp(facts_get_text(&record->device, "kind", ""), "vm") == 0 ||
           (flag && flag->type == FACT_BOOLEAN && flag->boolean);
}

static bool is_emulated(const struct record *record)
{
    return record->origin == ORIGIN_EMULATED;
}

static bool is_imported(const struct record *record)
{
    return record->origin == ORIGIN_IMPORTED;
}

static bool is_partial(const struct record *record)
{
    return record->status == RUN_PARTIAL;
}

static bool is_failed(const struct record *record)
{
    return record->status == RUN_FAILED;
}

/* What a reader must know before any figure: of all results, or of how many of them. */
static void build_badges(const struct report *report, struct page *page)
{
    static const struct {
        const char *word;
        bool (*holds)(const struct record *record);
    } badges[] = {{"virtual machine", is_virtual},
                  {"emulated", is_emulated},
                  {"imported", is_imported},
                  {"partial", is_partial},
                  {"failed", is_failed}};

    if (report->device_count > 1)
        page_badge(page, "%zu devices", report->device_count);
    for (size_t b = 0; b < sizeof badges / sizeof *badges; b++) {
        size_t count = 0;
        for (size_t i = 0; i < report->source_count; i++)
            count += badges[b].holds(report->sources[i].record);
        if (count && count == report->source_count)
            page_badge(page, "%s", badges[b].word);
        else if (count)
            page_badge(page, "%s: %zu of %zu results", badges[b].word, count, report->source_count);
    }
}

static void title_text(char out[TEXT_MAX], const struct report *report)
{
    size_t length = 0;

    if (report->device_count > TITLE_DEVICES) {
        snprintf(out, TEXT_MAX, "%zu devices", report->device_count);
        return;
    }
    snprintf(out, TEXT_MAX, "No results");
    for (size_t i = 0; i < report->device_count && length < TEXT_MAX; i++)
        length += (size_t)snprintf(out + length, TEXT_MAX - length, "%s%s",
                                   i == 0                         ? ""
                                   : i + 1 < report->device_count ? ", "
                                                                  : " and ",
                                   report->devices[i].name);
}

/* The days from the first to the last result, and the program's version. */
static void subtitle_text(char out[TEXT_MAX], const struct report *report)
{
    enum { DAY = 10 };
    const char *first = NULL, *last = NULL;
    size_t length;

    for (size_t i = 0; i < report->source_count; i++) {
        const char *created = report->sources[i].record->created;
        if (!first || strncmp(created, first, DAY) < 0)
            first = created;
        if (!last || strncmp(created, last, DAY) > 0)
            last = created;
    }
    snprintf(out, TEXT_MAX, "%zu result%s", report->source_count, report->source_count == 1 ? "" : "s");
    length = strlen(out);
    if (first && strncmp(first, last, DAY) == 0)
        snprintf(out + length, TEXT_MAX - length, " of %.*s", DAY, first);
    else if (first)
        snprintf(out + length, TEXT_MAX - length, ", %.*s to %.*s", DAY, first, DAY, last);
    length = strlen(out);
    snprintf(out + length, TEXT_MAX - length, " · language models on the device itself, measured by pocketmark");
}

/* The file's name without its folder, told apart by a number from those before it. */
static void attach_all(const struct report *report, struct page *page)
{
    for (size_t i = 0; i < report->source_count; i++) {
        const struct report_source *source = &report->sources[i];
        const char *slash = strrchr(source->name, '/');
        char name[TEXT_MAX];
        size_t number = 2;
        if (!source->bytes)
            continue;
        snprintf(name, sizeof name, "%.200s", slash ? slash + 1 : source->name);
        for (size_t k = 0; k < page->attachment_count; k++) {
            if (!page->attachments[k].name || strcmp(page->attachments[k].name, name) != 0)
                continue;
            snprintf(name, sizeof name, "%zu-%.200s", number++, slash ? slash + 1 : source->name);
            k = SIZE_MAX; /* from the first one on */
        }
        page_attach(page, name, "application/json", source->bytes, source->length);
    }
}

void report_build(const struct report *report, struct page *page)
{
    static const struct {
        const char *id, *title;
        void (*build)(const struct report *report, struct page *page);
    } sections[] = {
#define SECTION(id, title) {#id, title, section_##id},
#include "reports/page/sections.inc"
#undef SECTION
    };
    char title[TEXT_MAX], subtitle[TEXT_MAX];

    title_text(title, report);
    subtitle_text(subtitle, report);
    page_open(page, title, subtitle);
    build_badges(report, page);
    attach_all(report, page);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        page_section(page, sections[i].id, sections[i].title);
        sections[i].build(report, page);
    }
}
