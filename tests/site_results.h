/* Result files to make a site from, for the tests of site*.c. */
#ifndef POCKETMARK_TESTS_SITE_RESULTS_H
#define POCKETMARK_TESTS_SITE_RESULTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "reports/document.h"
#include "tests/sample_record.h"
#include "tests/scratch_tree.h"

/* What is not told is as in all others. */
struct site_result {
    unsigned number; /* its day, and its id */
    double decode;
    const char *device, *processor, *model, *commit, *file;
    enum origin origin;
};

/* Writes a result of one case into the tree. */
static inline void put_result(const struct scratch_tree *tree, const struct site_result *told)
{
    const char *model = told->model ? told->model : "llama-3.2-1b";
    struct error error = {0};
    struct record record;
    char file[64], *text = NULL;

    record_open(&record);
    snprintf(record.result_id, sizeof record.result_id, "019a6f2c-0001-7c4d-8e5f-%012x", told->number);
    snprintf(record.created, sizeof record.created, "2026-01-%02uT00:00:00Z", told->number);
    record.origin = told->origin;
    sample_blocks(&record);
    if (told->device)
        facts_text(&record.device, "device_id", NULL, told->device);
    if (told->processor)
        facts_text(&record.device, "cpu.name", NULL, told->processor);
    if (told->commit)
        facts_text(&record.tool, "git_commit", NULL, told->commit);
    sample_model(&record, "llm.case.q4_0", model, "q4_0", 10 * told->decode, told->decode, 6.95e8);
    assert_int_equal(document_text(&record, &text, &error), STATUS_OK);
    snprintf(file, sizeof file, "%u.json", told->number);
    scratch_write(tree, told->file ? told->file : file, text);
    free(text);
    record_close(&record);
}

#endif
