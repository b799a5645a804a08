#include "runner/detect_show.h"

#include <string.h>

#include "reports/table.h"
#include "reports/text.h"
#include "runner/detect_topology.h"
#include "runner/show.h"

enum { INDENT = 2, GAP = 2, GROUPS = 7, PROCESSOR = 1 };

static const char *const titles[GROUPS] = {"Device", "Processor", "Memory",  "Accelerators",
                                           "Energy", "Sensors",   "Software"};

/* The group of a path by its first word; what is not listed belongs to the software. */
static size_t group_of(const char *path)
{
    static const struct {
        const char *word;
        size_t group;
    } words[] = {{"device_id", 0},    {"kind", 0},           {"board", 0},  {"hypervisor", 0},
                 {"cpu", PROCESSOR},  {"governor", 1},       {"memory", 2}, {"transparent_hugepage", 2},
                 {"accelerators", 3}, {"energy_sources", 4}, {"sensors", 5}};
    size_t length = strcspn(path, ".[");

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == length && strncmp(words[i].word, path, length) == 0)
            return words[i].group;
    return GROUPS - 1;
}

static bool ends_in(const char *path, const char *end)
{
    size_t length = strlen(path), end_length = strlen(end);

    return length > end_length && strcmp(path + length - end_length, end) == 0;
}

/* The reason beside a state: "a[0].state" has "a[0].reason". NULL: none. */
static const char *reason_of(const struct facts *facts, const struct fact *fact)
{
    char path[256];
    const struct fact *reason;

    if (!ends_in(fact->path, ".state"))
        return NULL;
    snprintf(path, sizeof path, "%.*s.reason", (int)(strlen(fact->path) - strlen(".state")), fact->path);
    reason = facts_find(facts, path);
    return reason && reason->type == FACT_TEXT ? reason->text : NULL;
}

static bool is_shown(const struct fact *fact)
{
    return fact->label && !ends_in(fact->path, ".reason");
}

static void show_fact(const struct facts *facts, const struct fact *fact, size_t width,
                      const struct writer_style *style, FILE *out)
{
    char value[1400];
    const char *reason = reason_of(facts, fact);
    bool unknown = fact->type == FACT_NULL;

    show_value(fact, value, sizeof value);
    if (reason)
        snprintf(value + strlen(value), sizeof value - strlen(value), ": %s", reason);
    fprintf(out, "%*s%s%*s", INDENT, "", fact->label, (int)(width - text_columns(fact->label) + GAP), "");
    if (unknown)
        table_paint(out, style, PAINT_DIM);
    table_wrap(out, style, INDENT + width + GAP, INDENT + width + GAP, value);
    if (unknown)
        table_paint(out, style, PAINT_NONE);
}

static void show_group(const struct facts *facts, size_t group, size_t width, const struct writer_style *style,
                       FILE *out)
{
    for (size_t i = 0; i < facts->count; i++)
        if (is_shown(&facts->items[i]) && group_of(facts->items[i].path) == group)
            show_fact(facts, &facts->items[i], width, style, out);
}

void detect_show(const struct facts *facts, const struct host *host, const struct writer_style *style, FILE *out)
{
    bool present[GROUPS] = {false};
    size_t width = 0;
    const char *gap = "";

    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        if (!is_shown(fact))
            continue;
        present[group_of(fact->path)] = true;
        width = text_columns(fact->label) > width ? text_columns(fact->label) : width;
    }
    for (size_t group = 0; group < GROUPS; group++) {
        if (!present[group])
            continue;
        fputs(gap, out);
        gap = "\n";
        table_paint(out, style, PAINT_BOLD);
        fputs(titles[group], out);
        table_paint(out, style, PAINT_NONE);
        fputc('\n', out);
        if (group == PROCESSOR)
            detect_topology_print(host, style, out);
        show_group(facts, group, width, style, out);
    }
}
