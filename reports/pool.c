#include "reports/pool.h"

#include <stdio.h>
#include <string.h>

enum { HASH_SHOWN = 12 }; /* digits of a hash that tell it from others */

static const char *known_text(const struct facts *facts, const char *path)
{
    const struct fact *fact = facts_find(facts, path);

    return fact && fact->type == FACT_TEXT ? fact->text : "";
}

static bool texts_differ(const char *what, const char *a, const char *b, char *text, size_t size)
{
    if (strcmp(a, b) == 0)
        return false;
    snprintf(text, size, "differ in their %s (%.*s, %.*s)", what, HASH_SHOWN, *a ? a : "unknown", HASH_SHOWN,
             *b ? b : "unknown");
    return true;
}

bool pool_obstacle(const struct record *a, const struct record *b, char *text, size_t size)
{
    return texts_differ("cases (comparability key)", a->comparability_key, b->comparability_key, text, size) ||
           texts_differ("build (hash of the program)", known_text(&a->tool, "build_id_sha256"),
                        known_text(&b->tool, "build_id_sha256"), text, size) ||
           texts_differ("device", known_text(&a->device, "device_id"), known_text(&b->device, "device_id"), text, size);
}

bool pool_same_build(const struct record *a, const struct record *b)
{
    const char *hash = known_text(&a->tool, "build_id_sha256");

    return *hash && strcmp(hash, known_text(&b->tool, "build_id_sha256")) == 0;
}

/* Results of one plan hold the same cells in the same order; `hint` is where the one sought should be. */
static const struct cell *find_cell(const struct record *record, size_t hint, const char *id)
{
    if (hint < record->cell_count && strcmp(record->cells[hint].id, id) == 0)
        return &record->cells[hint];
    for (size_t i = 0; i < record->cell_count; i++)
        if (strcmp(record->cells[i].id, id) == 0)
            return &record->cells[i];
    return NULL;
}

static enum status add_launches(struct cell *into, const struct cell *from, struct error *error)
{
    unsigned first = 0;

    for (size_t i = 0; i < into->repetition_count; i++)
        if (into->repetitions[i].launch >= first)
            first = into->repetitions[i].launch + 1;
    for (size_t i = 0; i < from->repetition_count; i++) {
        const struct repetition *source = &from->repetitions[i];
        struct repetition *copy = cell_add_repetition(into, first + source->launch, source->phase);
        unsigned index;
        if (!copy)
            return error_set(error, STATUS_MEMORY, "out of memory for the launches of cell %s", into->id);
        index = copy->index;
        *copy = *source;
        copy->index = index;
        copy->launch = first + source->launch;
    }
    return STATUS_OK;
}

enum status pool_add(struct record *into, const struct record *from, struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < into->cell_count && !status; i++) {
        struct cell *cell = &into->cells[i];
        const struct cell *more = find_cell(from, i, cell->id);
        if (!more || cell->status != CELL_OK)
            continue;
        if (more->status != CELL_OK) {
            cell->status = more->status;
            memcpy(cell->reason, more->reason, sizeof cell->reason);
            continue;
        }
        status = add_launches(cell, more, error);
        if (!status)
            cell_summarise(cell);
    }
    return status;
}

enum status pool_join(struct record *into, struct record *from, struct error *error)
{
    for (size_t i = 0; i < from->cell_count; i++) {
        struct cell *cell = record_add_cell(into, from->cells[i].id);
        if (!cell) {
            memmove(from->cells, from->cells + i, (from->cell_count - i) * sizeof *from->cells);
            from->cell_count -= i;
            return error_set(error, STATUS_MEMORY, "out of memory for %zu cells", from->cell_count);
        }
        *cell = from->cells[i];
    }
    from->cell_count = 0;
    return STATUS_OK;
}
