/* Writers of comparisons: one file per format. Output depends on the comparison alone. */
#ifndef POCKETMARK_REPORTS_COMPARE_WRITER_H
#define POCKETMARK_REPORTS_COMPARE_WRITER_H

#include <stdio.h>

#include "reports/compare.h"
#include "reports/writer.h"

struct compare_writer {
    const char *name;   /* "markdown" */
    const char *suffix; /* ".md" */
    const char *summary;
    enum status (*write)(const struct comparison *comparison, const struct writer_style *style, FILE *out,
                         struct error *error);
};

/* All of this build, NULL-terminated. */
extern const struct compare_writer *const compare_writers[];

/* By file name suffix; NULL where none fits. */
const struct compare_writer *compare_writer_for_path(const char *path);

/* Writes the file in one step, as writer_save does. STATUS_IO, STATUS_MEMORY. */
enum status compare_writer_save(const struct compare_writer *writer, const struct comparison *comparison,
                                const char *path, struct error *error);

#endif
