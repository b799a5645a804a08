/* Where a prediction goes: the results folder, and the files asked for. */
#ifndef POCKETMARK_RUNNER_FIT_OUTPUTS_H
#define POCKETMARK_RUNNER_FIT_OUTPUTS_H

#include "runner/fit_measured.h"
#include "runner/options.h"

/* Before any work: can every file of -o be written, and in its form? STATUS_MISUSE for a suffix of no form, STATUS_IO. */
enum status fit_outputs_check(const struct options *options, struct error *error);

/* Keeps the document at `path` and writes every file of -o; reports show what was measured as well. Says where they are, on `out`.
 * Goes on where one fails; STATUS_IO with the first failure. */
enum status fit_outputs_write(const struct record *record, const struct fit_measured *measured,
                              const struct options *options, const char *path, FILE *out, struct progress *progress,
                              struct error *error);

#endif
