/* Where a result goes: standard output, the files asked for, and always the results folder. */
#ifndef POCKETMARK_RUNNER_OUTPUTS_H
#define POCKETMARK_RUNNER_OUTPUTS_H

#include "reports/compare.h"
#include "reports/record.h"
#include "reports/writer.h"
#include "runner/journal.h"
#include "runner/options.h"
#include "runner/progress.h"

struct outputs {
    const struct options *options;
    char base[JOURNAL_FOLDER_MAX]; /* results/<time>-<device>, without a suffix */
};

/* Goes before the suffix of the names of a second result, that of `run --against`. */
#define OUTPUTS_AGAINST "-against"

/* Chooses the name of a result in results/ that no other has, "results/<time>-<device><mark>" without a suffix, makes that folder and
 * sees to it that the file can be created. STATUS_IO. */
enum status outputs_name(char base[JOURNAL_FOLDER_MAX], const struct record *record, const char *mark,
                         struct error *error);

/* Chooses the name in results/, or for a run that goes on takes that of `result` ("results/x.json"), else NULL. Sees to it that
 * every file can be created, before any measuring; `against`: those of a second result too. STATUS_MISUSE for a file of unknown
 * suffix, STATUS_IO names the path. */
enum status outputs_open(struct outputs *outputs, const struct options *options, const struct record *record,
                         bool against, const char *result, struct error *error);

/* Writes the table, every file and the chart, and says where they are. Goes on where one fails; then the JSON document goes to
 * standard error and STATUS_IO is returned. */
enum status outputs_write(const struct outputs *outputs, const struct record *record, struct progress *progress,
                          struct error *error);

/* Writes the second result: the same files under marked names, no table and no chart. Errors as above. */
enum status outputs_write_against(const struct outputs *outputs, const struct record *record, struct progress *progress,
                                  struct error *error);

/* Prints the table of a comparison. STATUS_IO. */
enum status outputs_print_comparison(const struct comparison *comparison, struct error *error);

#endif
