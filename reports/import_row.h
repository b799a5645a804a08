/* One row of llama-bench, read and checked. For import.c alone. */
#ifndef POCKETMARK_REPORTS_IMPORT_ROW_H
#define POCKETMARK_REPORTS_IMPORT_ROW_H

#include <stddef.h>

#include "kernels/base.h"
#include "reports/digest.h"

struct cJSON;

enum { IMPORT_NAME_MAX = 128, IMPORT_FORMAT_MAX = 24 };

/* Texts are "" where they are not told, and live as long as the tree. */
struct import_row {
    const struct cJSON *tree;
    size_t number; /* from 1, for texts of errors */
    double prompt, generated, depth;
    const struct cJSON *rates, *times; /* samples in tokens per second and in nanoseconds; one of the two may be NULL */
    size_t samples;                    /* of each */
    const char *build_commit, *cpu_info, *gpu_info, *backends, *model_filename, *model_type, *test_time;
    char format[IMPORT_FORMAT_MAX]; /* "q4_k_m", or "unknown" */
    char name[IMPORT_NAME_MAX];     /* "llama-3.2-1b" */
    char key[DIGEST_HEX];           /* of all that was asked for: rows of one key are launches of one test */
};

/* STATUS_FORMAT names row, key and rule. */
enum status import_row_read(struct import_row *row, const struct cJSON *tree, size_t number, struct error *error);

/* A member; NULL where it is missing or null. */
const struct cJSON *import_row_member(const struct import_row *row, const char *key);

/* Is the member of that name what came out, and not what was asked for? */
bool import_row_outcome(const char *name);

#endif
