#include "reports/page/site_records.h"

#include <stdio.h>
#include <stdlib.h>

#include "reports/document.h"
#include "reports/page/site_list.h"
#include "reports/page/site_table.h"

enum { BYTES_MOST = 128 << 20 };

static size_t bytes_of(const struct record *record)
{
    size_t bytes = sizeof(struct site_kept) + record->cell_capacity * sizeof *record->cells +
                   record->prediction_capacity * sizeof *record->predictions;

    for (size_t i = 0; i < record->cell_count; i++) {
        bytes += record->cells[i].repetition_capacity * sizeof *record->cells[i].repetitions;
        for (size_t k = 0; k < record->cells[i].series_count; k++)
            bytes += record->cells[i].series[k].capacity * 2 * sizeof(double);
    }
    return bytes;
}

static void kept_free(struct site_kept *kept)
{
    if (kept)
        record_close(&kept->record);
    free(kept);
}

/* Gives up those that were asked for longest ago, as far as may be. */
static void make_room(struct site_records *records)
{
    while (records->count > SITE_RECORDS_LEAST && records->bytes > BYTES_MOST) {
        size_t oldest = 0;
        for (size_t i = 1; i < records->count; i++)
            if (records->items[i]->asked < records->items[oldest]->asked)
                oldest = i;
        records->bytes -= records->items[oldest]->bytes;
        kept_free(records->items[oldest]);
        /* the last place stays: the room of the list follows from its count */
        records->items[oldest] = records->items[--records->count];
    }
}

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_MEMORY, "no memory to read a result again");
}

static enum status kept_read(const struct site_records *records, size_t result, struct site_kept *kept,
                             struct error *error)
{
    char address[SITE_ADDRESS_MAX], *path = NULL;
    enum status status;

    site_result_address(address, "", &records->board->results[result]);
    if (asprintf(&path, "%s/%s", records->folder, address) < 0)
        return no_memory(error);
    status = document_read_file(path, &kept->record, error);
    kept->result = result;
    kept->bytes = bytes_of(&kept->record);
    free(path);
    return status;
}

enum status site_records_get(struct site_records *records, size_t result, const struct record **record,
                             struct error *error)
{
    struct site_kept *kept, **place;
    enum status status;

    *record = NULL;
    records->calls++;
    for (size_t i = 0; i < records->count; i++)
        if (records->items[i]->result == result) {
            records->items[i]->asked = records->calls;
            *record = &records->items[i]->record;
            return STATUS_OK;
        }
    make_room(records);
    if (!(kept = calloc(1, sizeof *kept)))
        return no_memory(error);
    status = kept_read(records, result, kept, error);
    place = status ? NULL : list_add(&records->items, &records->count, sizeof *place);
    if (!place) {
        kept_free(kept);
        return status ? status : no_memory(error);
    }
    *place = kept;
    kept->asked = records->calls;
    records->bytes += kept->bytes;
    *record = &kept->record;
    return STATUS_OK;
}

void site_records_close(struct site_records *records)
{
    for (size_t i = 0; i < records->count; i++)
        kept_free(records->items[i]);
    free(records->items);
    records->items = NULL;
    records->count = records->bytes = 0;
}
