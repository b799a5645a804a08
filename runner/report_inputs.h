/* The results that a report is made from: files and folders, each read and checked once. */
#ifndef POCKETMARK_RUNNER_REPORT_INPUTS_H
#define POCKETMARK_RUNNER_REPORT_INPUTS_H

#include <stddef.h>

#include "reports/page/report.h"

struct report_inputs {
    struct report_source *sources; /* owned, as all they point to; in the order given, folders by name */
    struct record *records;        /* owned; that of sources[i] is records[i] */
    char **paths, **texts;         /* owned */
    size_t count;
};

/* Paths of all files that `arguments` stand for: a folder for the files *.json right in it, by name. To be freed each and the
 * list. STATUS_IO names a folder that cannot be read or holds none. */
enum status report_paths(const char *const *arguments, size_t count, char ***paths, size_t *path_count,
                         struct error *error);

/* The newest result in a folder that is no import, and the newest prediction (a document without cells) of the same device, as far
 * as they are there. STATUS_IO where neither is. */
enum status report_paths_newest(const char *folder, char ***paths, size_t *path_count, struct error *error);

void report_paths_free(char **paths, size_t count);

/* Reads all of them and takes over the paths. Of files of one result the last counts; `warn` tells of the others, and of each file
 * that is no result. STATUS_FORMAT or STATUS_IO where there is one such. report_inputs_close() in every case. */
enum status report_inputs_open(struct report_inputs *inputs, char **paths, size_t count, void (*warn)(const char *text),
                               struct error *error);
void report_inputs_close(struct report_inputs *inputs);

#endif
