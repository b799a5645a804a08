/* Writers: one file per format. Output depends on the record alone: no clock, host or locale is asked. */
#ifndef POCKETMARK_REPORTS_WRITER_H
#define POCKETMARK_REPORTS_WRITER_H

#include <stdbool.h>
#include <stdio.h>

#include "kernels/base.h"
#include "reports/printed.h"
#include "reports/record.h"

struct writer_style {
    bool colour;  /* terminal colours */
    bool utf8;    /* bars and marks beyond ASCII */
    size_t width; /* columns */
};

struct writer {
    const char *name;   /* "text" */
    const char *suffix; /* ".txt" */
    const char *summary;
    enum status (*write)(const struct record *record, const struct writer_style *style, FILE *out, struct error *error);
};

/* All writers of this build, NULL-terminated. */
extern const struct writer *const writers[];

/* By file name suffix; NULL where none fits. */
const struct writer *writer_for_path(const char *path);

/* Writes to path in one step: a temporary file beside it, synced, renamed, folder synced; a reader never sees half. STATUS_IO
 * names the path and the cause (full disk, missing folder, no permission). */
enum status writer_save(const struct writer *writer, const struct record *record, const char *path,
                        struct error *error);

/* The same for bytes that are ready. */
enum status writer_save_bytes(const char *path, const char *bytes, size_t count, struct error *error);

/* Ends the printing of a file, printed->what its path, whose printing ended with `status`, and writes it likewise. */
enum status writer_save_printed(struct printed *printed, enum status status, struct error *error);

/* True if a file could be created at path now; used before hours of measuring. STATUS_IO names path and cause. */
enum status writer_probe(const char *path, struct error *error);

#endif
