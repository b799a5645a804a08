/* Writers of a gate's verdict: one file per format. Output depends on the gate alone. */
#ifndef POCKETMARK_REPORTS_GATE_WRITER_H
#define POCKETMARK_REPORTS_GATE_WRITER_H

#include <stddef.h>
#include <stdio.h>

#include "reports/gate.h"
#include "reports/writer.h"

struct gate_writer {
    const char *name;   /* "markdown" */
    const char *suffix; /* ".md"; NULL: not for files */
    const char *summary;
    enum status (*write)(const struct gate *gate, const struct writer_style *style, FILE *out, struct error *error);
};

/* All of this build, NULL-terminated. */
extern const struct gate_writer *const gate_writers[];

/* By name, and by file name suffix; NULL where none fits. */
const struct gate_writer *gate_writer_find(const char *name);
const struct gate_writer *gate_writer_for_path(const char *path);

/* The verdict as Markdown: rows end at about `most` bytes, best ones are left out, which it says; up to 8 KiB follow. `out` is a
 * memory stream with nothing in it. */
void gate_markdown(const struct gate *gate, size_t most, FILE *out);

/* The bytes of it as a string, to be freed. STATUS_MEMORY. */
enum status gate_writer_text(const struct gate_writer *writer, const struct gate *gate,
                             const struct writer_style *style, char **text, size_t *length, struct error *error);

#endif
