/* Results in the forms that other programs read: one file reports/export_<format>.c each. They lose what that form has no room
 * for; the result document stays the truth. */
#ifndef POCKETMARK_REPORTS_EXPORT_H
#define POCKETMARK_REPORTS_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "kernels/base.h"
#include "reports/record.h"

struct exporter {
    const char *name;    /* as in --to: "llama-bench" */
    const char *summary; /* what it is and who reads it */
    bool distinct;       /* the form has one place for each cell of a device, so that two results of it clash */
    bool one_device;     /* the form has no word for the device */
    enum status (*write)(const struct record *records, size_t count, FILE *out, struct error *error);
};

/* All exporters of this build, NULL-terminated. */
extern const struct exporter *const exporters[];

/* By name; NULL where there is none. */
const struct exporter *exporter_find(const char *name);

/* Writes the records (count > 0) to path in one step, "-" is standard output. STATUS_MISUSE where the format cannot hold these
 * results together; STATUS_IO names path and cause. */
enum status export_save(const struct exporter *exporter, const struct record *records, size_t count, const char *path,
                        struct error *error);

/* ---- for exporters ---------------------------------------------------------------------------------------------------------- */

/* "d-0123456789abcdef", else the processor's name, else "unknown-device". */
const char *export_device(const struct record *record);

/* Does the cell have a value of that figure? */
bool export_has(const struct cell *cell, enum field field);

#endif
