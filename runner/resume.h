/* `run --resume DIR`: from a journal back to the run that wrote it, and whether it may go on. */
#ifndef POCKETMARK_RUNNER_RESUME_H
#define POCKETMARK_RUNNER_RESUME_H

#include "devices/memory.h"
#include "reports/record.h"
#include "runner/journal.h"
#include "runner/options.h"

/* What the folder of a run is named after its result. */
#define RESUME_FOLDER_SUFFIX ".run"

enum { RESUME_RESULT_MAX = JOURNAL_FOLDER_MAX + 8 };

/* The result that belongs to a run's folder: "results/x.run" has "results/x.json". STATUS_MISUSE for a folder of another name. */
enum status resume_result_path(const char *folder, char path[RESUME_RESULT_MAX], struct error *error);

/* Was the run of that folder finished, and its result is there? Then there is nothing to go on with. Tells false where there is
 * a journal that was not finished, or nothing at all. */
bool resume_is_finished(const char *folder, char path[RESUME_RESULT_MAX]);

/* The options that the run was begun with, out of its journal, which must outlive them. `given` came with --resume: STATUS_MISUSE
 * where it would change what is run. STATUS_FORMAT for a journal without good arguments. Free with options_close in every case. */
enum status resume_options(struct options *options, const struct options *given, const struct journal *journal,
                           struct error *error);

/* Tells what a run is: format, program, plan, device, and the files of models and engines of all records (that of this program
 * first); the record's id and time; the memory that decided what is skipped; and what should not change but may: boot, governor,
 * power source, huge pages. After the preflight has told the environment. */
void resume_describe(struct event *plan, const struct record *const *records, size_t count,
                     const struct memory *memory);

/* Is the run in the journal the one that `now` describes? STATUS_UNLIKE names all that differs and must not. */
enum status resume_check(const struct journal *journal, const struct event *now, struct error *error);

/* Makes the run the one of the journal: ids, times and memory as they were; what changed since becomes facts of each record's
 * environment: resumed_count, resumed_after_reboot, resumed_changes. Figures of the machine from before a reboot are forgotten. */
void resume_adopt(struct journal *journal, const struct event *now, struct record *const *records, size_t count,
                  struct memory *memory);

#endif
