#include "reports/brief.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/json_scan.h"
#include "reports/text.h"

enum { NAME_SIZE = 64, CELLS_MAX = 100000, FIGURES_MAX = 1000000 };

struct reading {
    struct brief *brief;
    struct json_scan scan;
    char schema[32], version[16];
    bool no_memory;
};

/* A text member and where it goes. */
struct slot {
    const char *name;
    char *text;
    size_t size;
};

#define SLOT(name, array)                                                                                              \
    {                                                                                                                  \
        name, array, sizeof(array)                                                                                     \
    }

static bool slot_take(struct json_scan *scan, const struct slot *slots, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(slots[i].name, name) == 0) {
            json_scan_text(scan, slots[i].text, slots[i].size);
            return true;
        }
    return false;
}

/* An object of which only texts are wanted. */
static void take_texts(struct json_scan *scan, const struct slot *slots, size_t count)
{
    char name[NAME_SIZE];

    if (!json_scan_is(scan, '{')) {
        json_scan_skip(scan, NULL);
        return;
    }
    json_scan_enter(scan, '{');
    while (json_scan_member(scan, name, sizeof name))
        if (!slot_take(scan, slots, count, name))
            json_scan_skip(scan, NULL);
}

/* Room for one more; the items are then at *items. */
static bool grow(void **items, size_t size, size_t count, size_t *capacity, size_t most)
{
    size_t larger = *capacity ? 2 * *capacity : 16;
    void *grown;

    if (count < *capacity)
        return true;
    if (count >= most || !(grown = realloc(*items, larger * size)))
        return false;
    *items = grown;
    *capacity = larger;
    return true;
}

static void take_figure(struct reading *reading, const char *metric)
{
    struct brief *brief = reading->brief;
    struct json_scan *scan = &reading->scan;
    struct brief_figure figure = {.value = NAN, .ci_low = NAN, .ci_high = NAN};
    char name[NAME_SIZE];

    if (!json_scan_enter(scan, '{'))
        return;
    while (json_scan_member(scan, name, sizeof name)) {
        if (strcmp(name, "value") == 0)
            figure.value = json_scan_number(scan);
        else if (strcmp(name, "ci_low") == 0)
            figure.ci_low = json_scan_number(scan);
        else if (strcmp(name, "ci_high") == 0)
            figure.ci_high = json_scan_number(scan);
        else
            json_scan_skip(scan, NULL);
    }
    if (scan->failed || isnan(figure.value))
        return;
    if (!grow((void **)&brief->figures, sizeof figure, brief->figure_count, &brief->figure_capacity, FIGURES_MAX)) {
        reading->no_memory = true;
        return;
    }
    snprintf(figure.metric, sizeof figure.metric, "%s", metric);
    brief->figures[brief->figure_count++] = figure;
}

static void take_parameters(struct json_scan *scan, struct brief_cell *cell)
{
    size_t used = 0;
    bool quoted = false;
    const char *from;

    json_scan_skip(scan, &from);
    for (; from < scan->at && used + 1 < sizeof cell->parameters; from++) {
        if (*from == '"' && from[-1] != '\\')
            quoted = !quoted;
        if (quoted || !isspace((unsigned char)*from))
            cell->parameters[used++] = *from;
    }
    cell->parameters[used] = '\0';
}

static void take_summary(struct reading *reading)
{
    char metric[NAME_SIZE];

    if (json_scan_enter(&reading->scan, '{'))
        while (json_scan_member(&reading->scan, metric, sizeof metric))
            take_figure(reading, metric);
}

static void take_cell(struct reading *reading)
{
    struct brief *brief = reading->brief;
    struct json_scan *scan = &reading->scan;
    struct brief_cell cell = {.first_figure = brief->figure_count};
    const struct slot own[] = {SLOT("cell_id", cell.id), SLOT("title", cell.title), SLOT("status", cell.status)};
    const struct slot model[] = {SLOT("name", cell.model), SLOT("quantization", cell.quantization)};
    const struct slot engine[] = {SLOT("name", cell.engine), SLOT("version", cell.engine_version)};
    char name[NAME_SIZE];

    if (!json_scan_enter(scan, '{'))
        return;
    while (json_scan_member(scan, name, sizeof name)) {
        if (slot_take(scan, own, sizeof own / sizeof *own, name))
            continue;
        if (strcmp(name, "model") == 0)
            take_texts(scan, model, sizeof model / sizeof *model);
        else if (strcmp(name, "engine") == 0)
            take_texts(scan, engine, sizeof engine / sizeof *engine);
        else if (strcmp(name, "parameters") == 0)
            take_parameters(scan, &cell);
        else if (strcmp(name, "summary") == 0)
            take_summary(reading);
        else
            json_scan_skip(scan, NULL);
    }
    if (scan->failed)
        return;
    if (!grow((void **)&brief->cells, sizeof cell, brief->cell_count, &brief->cell_capacity, CELLS_MAX)) {
        reading->no_memory = true;
        return;
    }
    cell.figure_count = brief->figure_count - cell.first_figure;
    brief->cells[brief->cell_count++] = cell;
}

static void take_device(struct reading *reading)
{
    struct brief *brief = reading->brief;
    const struct slot own[] = {SLOT("device_id", brief->device_id)}, cpu[] = {SLOT("name", brief->device_name)};
    char name[NAME_SIZE];

    if (!json_scan_enter(&reading->scan, '{'))
        return;
    while (json_scan_member(&reading->scan, name, sizeof name))
        if (strcmp(name, "cpu") == 0)
            take_texts(&reading->scan, cpu, 1);
        else if (!slot_take(&reading->scan, own, 1, name))
            json_scan_skip(&reading->scan, NULL);
}

static void take_cells(struct reading *reading)
{
    if (json_scan_enter(&reading->scan, '['))
        while (!reading->no_memory && json_scan_element(&reading->scan))
            take_cell(reading);
}

static void take_document(struct reading *reading)
{
    struct brief *brief = reading->brief;
    struct json_scan *scan = &reading->scan;
    const struct slot own[] = {SLOT("result_id", brief->result_id), SLOT("created", brief->created),
                               SLOT("kind", brief->origin), SLOT("status", brief->status)};
    const struct slot schema[] = {SLOT("name", reading->schema), SLOT("version", reading->version)};
    const struct slot tool[] = {SLOT("version", brief->tool_version), SLOT("git_commit", brief->commit)};
    const struct slot workload[] = {SLOT("name", brief->workload)},
                      integrity[] = {SLOT("payload_sha256", brief->payload)};
    char name[NAME_SIZE];

    if (!json_scan_enter(scan, '{'))
        return;
    while (!reading->no_memory && json_scan_member(scan, name, sizeof name)) {
        if (slot_take(scan, own, sizeof own / sizeof *own, name))
            continue;
        brief->predicted |= strcmp(name, "predictions") == 0;
        if (strcmp(name, "schema") == 0)
            take_texts(scan, schema, 2);
        else if (strcmp(name, "tool") == 0)
            take_texts(scan, tool, 2);
        else if (strcmp(name, "workload") == 0)
            take_texts(scan, workload, 1);
        else if (strcmp(name, "device") == 0)
            take_device(reading);
        else if (strcmp(name, "cells") == 0)
            take_cells(reading);
        else if (strcmp(name, "integrity") == 0)
            take_texts(scan, integrity, 1);
        else
            json_scan_skip(scan, NULL);
    }
}

static enum status check(const struct reading *reading, bool done, struct error *error)
{
    const struct brief *brief = reading->brief;

    if (reading->no_memory)
        return error_set(error, STATUS_MEMORY, "no memory for a result of %zu cells and more", brief->cell_count);
    if (strcmp(reading->schema, "pocketmark.result") != 0)
        return error_set(error, STATUS_FORMAT, "this is no result document of pocketmark");
    if (strncmp(reading->version, "1.", 2) != 0)
        return error_set(error, STATUS_FORMAT, "schema version '%s': this program reads 1.x; a newer one is needed",
                         reading->version);
    if (!done)
        return error_set(error, STATUS_FORMAT, "the document is cut or damaged; 'pocketmark validate' tells where");
    if (strlen(brief->result_id) != 36 || !text_is_date_time(brief->created) || strlen(brief->payload) != 64 ||
        !*brief->origin || !*brief->status)
        return error_set(error, STATUS_FORMAT,
                         "result_id, created, kind, status or integrity are missing or no good; "
                         "'pocketmark validate' tells which");
    for (size_t i = 0; i < brief->cell_count; i++)
        if (!*brief->cells[i].id)
            return error_set(error, STATUS_FORMAT, "cell %zu has no cell_id", i);
    return STATUS_OK;
}

enum status brief_read(struct brief *brief, const char *text, size_t length, struct error *error)
{
    struct brief kept = *brief;
    struct reading reading = {.brief = brief, .scan = {.at = text, .end = text + length}};

    *brief = (struct brief){.cells = kept.cells,
                            .cell_capacity = kept.cell_capacity,
                            .figures = kept.figures,
                            .figure_capacity = kept.figure_capacity};
    take_document(&reading);
    return check(&reading, json_scan_done(&reading.scan), error);
}

void brief_close(struct brief *brief)
{
    free(brief->cells);
    free(brief->figures);
    *brief = (struct brief){0};
}
