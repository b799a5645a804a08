/* Where a result goes: standard output, the files asked for, and always the results folder. */
#ifndef POCKETMARK_RUNNER_OUTPUTS_H
#define POCKETMARK_RUNNER_OUTPUTS_H

#include "reports/record.h"
#include "runner/options.h"
#include "runner/progress.h"

struct outputs {
    const struct options *options;
    char base[256]; /* results/<time>-<device>, without a suffix */
};

/* Chooses the name in results/ and sees to it that every file can be created, before any measuring. STATUS_MISUSE for a file of
 * unknown suffix, STATUS_IO names the path. */
enum status outputs_open(struct outputs *outputs, const struct options *options, const struct record *record,
                         struct error *error);

/* Writes the table, every file and the chart, and says where they are. Goes on where one fails; then the JSON document goes to
 * standard error and STATUS_IO is returned. */
enum status outputs_write(const struct outputs *outputs, const struct record *record, struct progress *progress,
                          struct error *error);

#endif
