/* The machine: what it is, what it can do at best, and the state of its parts. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/sections.h"
#include "reports/text.h"
#include "reports/view.h"

enum { TEXT_COLUMNS = 400 };

/* A list of things in the facts of a device: "accelerators[2].state". */
struct thing {
    const struct facts *facts;
    const char *list;
    size_t index;
};

static const char *thing_path(const struct thing *thing, const char *name, char path[96])
{
    snprintf(path, 96, "%s[%zu].%s", thing->list, thing->index, name);
    return path;
}

static const char *thing_word(const struct thing *thing, const char *name)
{
    char path[96];

    return facts_get_text(thing->facts, thing_path(thing, name, path), "");
}

static double thing_number(const struct thing *thing, const char *name)
{
    char path[96];

    return facts_get_number(thing->facts, thing_path(thing, name, path));
}

/* A text of a thing as the next cell of the table. */
static void add_word(struct grid *grid, const struct thing *thing, const char *name)
{
    const char *word = thing_word(thing, name);
    char text[VIEW_TEXT_MAX];

    text_cut(text, sizeof text, *word ? word : blocks_unknown, TEXT_COLUMNS);
    grid_text(grid, "%s", text);
}

static enum mark mark_of_state(const char *state)
{
    if (strcmp(state, "ready") == 0)
        return MARK_YES;
    return !*state || strcmp(state, "absent") == 0 ? MARK_NONE : MARK_PART;
}

/* A table with the columns (unit "#" for numbers), unless the list is empty. */
static struct grid *list_grid(struct page *page, const struct thing *first, const char *member, const char *id,
                              size_t device, const char *caption, const char *const *columns)
{
    char own[BLOCKS_ID_MAX], path[96];
    struct grid *grid;

    if (!facts_find(first->facts, thing_path(first, member, path)))
        return NULL;
    blocks_id(own, id, device);
    grid = page_grid(page, own, caption);
    for (; *columns; columns++)
        grid_column(grid, *columns + (**columns == '#'), "", **columns == '#');
    return grid;
}

/* ---- tables --------------------------------------------------------------------------------------------------------------- */

static void list_accelerators(struct page *page, const struct facts *facts, size_t device, const char *of)
{
    static const char *const columns[] = {"part", "name", "state", "what is missing", "driver", "claim", NULL};
    struct thing thing = {facts, "accelerators", 0};
    char caption[256];
    struct grid *grid;

    snprintf(caption, sizeof caption, "Accelerators%s; none of them was measured", of);
    grid = list_grid(page, &thing, "state", "machine-accelerators", device, caption, columns);
    for (; grid && *thing_word(&thing, "state"); thing.index++) {
        const char *kind = thing_word(&thing, "kind");
        grid_text(grid, "%s", strcmp(kind, "npu") == 0 ? "NPU" : strcmp(kind, "gpu") == 0 ? "GPU" : blocks_unknown);
        add_word(grid, &thing, "name");
        add_word(grid, &thing, "state");
        grid_mark(grid, mark_of_state(thing_word(&thing, "state")));
        add_word(grid, &thing, "reason");
        add_word(grid, &thing, "driver");
        add_word(grid, &thing, "claim.summary");
    }
}

static void list_sources(struct page *page, const struct facts *facts, size_t device, const char *of)
{
    static const char *const columns[] = {"source", "scope", "state", "what is missing", "what it reads", NULL};
    struct thing thing = {facts, "energy_sources", 0};
    char caption[256];
    struct grid *grid;

    snprintf(caption, sizeof caption, "Sources of energy%s", of);
    grid = list_grid(page, &thing, "state", "machine-energy", device, caption, columns);
    for (; grid && *thing_word(&thing, "state"); thing.index++) {
        add_word(grid, &thing, "name");
        add_word(grid, &thing, "scope");
        add_word(grid, &thing, "state");
        grid_mark(grid, mark_of_state(thing_word(&thing, "state")));
        add_word(grid, &thing, "reason");
        add_word(grid, &thing, "summary");
    }
}

/* "L2 unified"; where only the size is told, its number. */
static void add_cache_name(struct grid *grid, const struct thing *thing)
{
    double level = thing_number(thing, "level");

    if (isfinite(level))
        grid_text(grid, "L%.0f %.20s", level, thing_word(thing, "kind"));
    else
        grid_text(grid, "cache %zu", thing->index + 1);
}

static void list_caches(struct page *page, const struct facts *facts, size_t device, const char *of)
{
    static const char *const columns[] = {"cache", "cores", "#size", "#instances", "#shared by", "#line", NULL};
    struct thing thing = {facts, "cpu.caches", 0};
    char caption[256], path[96];
    struct grid *grid;

    snprintf(caption, sizeof caption, "Caches%s", of);
    grid = list_grid(page, &thing, "size_bytes", "machine-caches", device, caption, columns);
    for (; grid && facts_find(facts, thing_path(&thing, "size_bytes", path)); thing.index++) {
        add_cache_name(grid, &thing);
        add_word(grid, &thing, "cores");
        blocks_quantity(grid, "bytes", thing_number(&thing, "size_bytes"));
        blocks_count(grid, thing_number(&thing, "instances"));
        blocks_count(grid, thing_number(&thing, "shared_by"));
        blocks_quantity(grid, "bytes", thing_number(&thing, "line_bytes"));
    }
}

/* ---- lines ---------------------------------------------------------------------------------------------------------------- */

typedef bool line_source(const struct record *record, size_t index, struct view_line *line);

static void list_lines(struct page *page, const struct record *record, const char *before, line_source *source)
{
    struct view_line line;

    for (size_t i = 0; source(record, i, &line); i++) {
        char label[sizeof line.label + 16], text[VIEW_TEXT_MAX];
        snprintf(label, sizeof label, "%s%s", before, line.label);
        text_cut(text, sizeof text, line.text, TEXT_COLUMNS);
        page_pair(page, MARK_NONE, label, "%s", text);
    }
}

static void show_device(const struct report *report, size_t index, struct page *page)
{
    const struct report_device *device = &report->devices[index];
    const struct record *record = device->source->record;
    char of[sizeof device->name + 8] = "";

    if (report->device_count > 1) {
        page_text(page, BLOCK_LEAD, "%s", device->name);
        snprintf(of, sizeof of, " of %s", device->name);
    }
    if (record->origin == ORIGIN_EMULATED)
        page_text(page, BLOCK_WARNING,
                  "Emulated: sensors and energy were read from a recorded tree, not from this machine.");
    if (record->origin == ORIGIN_IMPORTED)
        page_text(page, BLOCK_WARNING,
                  "Imported: figures of another program, taken over as they were told and not verified.");
    list_lines(page, record, "", view_device_line);
    list_lines(page, record, "", view_machine_line);
    list_lines(page, record, "", view_environment_line);
    list_lines(page, record, "Roof: ", view_roof_line);
    list_accelerators(page, &record->device, index, of);
    list_sources(page, &record->device, index, of);
    list_caches(page, &record->device, index, of);
}

void section_machine(const struct report *report, struct page *page)
{
    for (size_t i = 0; i < report->device_count; i++)
        show_device(report, i, page);
}
