/* What an index keeps of a result document, read without building a tree. The document is not checked against schema and hashes,
 * as document_read does: only its form, and that the members read here make sense. */
#ifndef POCKETMARK_REPORTS_BRIEF_H
#define POCKETMARK_REPORTS_BRIEF_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"
#include "reports/record.h"

struct brief_figure {
    char metric[64];
    double value, ci_low, ci_high; /* interval NaN: none */
};

struct brief_cell {
    char id[CELL_ID_MAX], title[CELL_ID_MAX];
    char status[16];
    char model[128], quantization[32];
    char engine[64], engine_version[64];
    char parameters[512]; /* the document's block, without blanks */
    size_t first_figure, figure_count;
};

struct brief {
    char result_id[37], created[32], origin[16], status[16];
    char tool_version[64], commit[64];
    char workload[64], device_id[64], device_name[128];
    char payload[65];
    bool predicted;           /* holds predictions, which no index keeps */
    struct brief_cell *cells; /* owned */
    size_t cell_count, cell_capacity;
    struct brief_figure *figures; /* owned; of all cells, in their order */
    size_t figure_count, figure_capacity;
};

/* Reads a document. Memory of an earlier call is used again: zero the brief before the first one. STATUS_FORMAT: cut, damaged,
 * no result, or of another major version. */
enum status brief_read(struct brief *brief, const char *text, size_t length, struct error *error);

void brief_close(struct brief *brief);

#endif
