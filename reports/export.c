#include "reports/export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/writer.h"

const struct exporter *exporter_find(const char *name)
{
    for (size_t i = 0; exporters[i]; i++)
        if (strcmp(exporters[i]->name, name) == 0)
            return exporters[i];
    return NULL;
}

const char *export_device(const struct record *record)
{
    return facts_get_text(&record->device, "device_id", facts_get_text(&record->device, "cpu.name", "unknown-device"));
}

bool export_has(const struct cell *cell, enum field field)
{
    return cell->figures[field].present && isfinite(cell->figures[field].value);
}

/* A cell of a result, in an order that brings those of one place together. */
struct place {
    const struct record *record;
    const struct cell *cell;
};

static int place_compare(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = strcmp(x->cell->id, y->cell->id);

    return order ? order : strcmp(export_device(x->record), export_device(y->record));
}

static enum status check_distinct(const struct exporter *exporter, const struct record *records, size_t count,
                                  struct error *error)
{
    enum status status = STATUS_OK;
    struct place *places;
    size_t cells = 0, used = 0;

    for (size_t i = 0; i < count; i++)
        cells += records[i].cell_count;
    places = malloc((cells ? cells : 1) * sizeof *places);
    if (!places)
        return error_set(error, STATUS_MEMORY, "no memory to export %zu cells", cells);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < records[i].cell_count; j++)
            places[used++] = (struct place){&records[i], &records[i].cells[j]};
    qsort(places, used, sizeof *places, place_compare);
    for (size_t i = 1; i < used && !status; i++)
        if (place_compare(&places[i - 1], &places[i]) == 0)
            status =
                error_set(error, STATUS_MISUSE,
                          "results %s and %s both have cell %s of device %s, for which %s has one place; export them "
                          "one by one",
                          places[i - 1].record->result_id, places[i].record->result_id, places[i].cell->id,
                          export_device(places[i].record), exporter->name);
    free(places);
    return status;
}

static enum status check_device(const struct exporter *exporter, const struct record *records, size_t count,
                                struct error *error)
{
    for (size_t i = 1; i < count; i++)
        if (strcmp(export_device(&records[0]), export_device(&records[i])) != 0)
            return error_set(
                error, STATUS_MISUSE,
                "results of devices %s and %s: %s has no word for the device; export each device by itself",
                export_device(&records[0]), export_device(&records[i]), exporter->name);
    return STATUS_OK;
}

enum status export_save(const struct exporter *exporter, const struct record *records, size_t count, const char *path,
                        struct error *error)
{
    enum status status = STATUS_OK;
    struct printed printed;

    if (exporter->distinct)
        status = check_distinct(exporter, records, count, error);
    if (!status && exporter->one_device)
        status = check_device(exporter, records, count, error);
    if (status)
        return status;
    status = printed_open(&printed, path, error);
    return status ? status : writer_save_printed(&printed, exporter->write(records, count, printed.out, error), error);
}
