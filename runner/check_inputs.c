#include "runner/check_inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/pool.h"

/* The interleaving of two results holds for the two alone; launches of several are not sure to stand in the same order. */
static void forget_interleaving(struct record *record)
{
    if (facts_find(&record->environment, "interleaved_with"))
        facts_null(&record->environment, "interleaved_with", NULL, "pooled with other results");
}

static enum status pool_into(struct check_source *source, const struct record *record, struct error *error)
{
    forget_interleaving(&source->record);
    snprintf(source->name + source->path_bytes, sizeof source->name - source->path_bytes, " and %zu more",
             source->files++);
    return pool_add(&source->record, record, error);
}

/* Puts a record where it belongs and empties it. `apart`: sources may differ. */
static enum status side_add(struct check_side *side, struct record *record, const char *path, bool apart,
                            struct error *error)
{
    char obstacle[400];

    for (size_t i = 0; i < side->count; i++) {
        if (!pool_obstacle(&side->sources[i].record, record, obstacle, sizeof obstacle))
            return pool_into(&side->sources[i], record, error);
        if (!apart)
            return error_set(error, STATUS_UNLIKE, "--candidate: %s and %s %s; give one run, or repeats of one", path,
                             side->sources[i].name, obstacle);
    }
    side->sources[side->count] = (struct check_source){.record = *record, .files = 1};
    snprintf(side->sources[side->count].name, sizeof side->sources->name, "%.255s", path);
    side->sources[side->count].path_bytes = strlen(side->sources[side->count].name);
    side->count++;
    *record = (struct record){0};
    return STATUS_OK;
}

/* Ids of the results so far; a launch that is counted twice makes any difference look sure. */
struct seen {
    char ids[2 * CHECK_FILES_MAX][37];
    size_t count;
};

static enum status see(struct seen *seen, const struct record *record, const char *path, struct error *error)
{
    for (size_t i = 0; i < seen->count; i++)
        if (strcmp(seen->ids[i], record->result_id) == 0)
            return error_set(error, STATUS_UNLIKE, "%s: the same result (%s) is there twice; leave one out", path,
                             record->result_id);
    memcpy(seen->ids[seen->count++], record->result_id, sizeof seen->ids[0]);
    return STATUS_OK;
}

static enum status side_read(struct check_side *side, const struct options *options, enum option_id id,
                             struct seen *seen, struct error *error)
{
    enum status status = STATUS_OK;

    if (!options_count(options, id))
        return error_set(error, STATUS_MISUSE, "--%s is missing: a result document, RESULT.json[,…]", options_name(id));
    if (options_count(options, id) > CHECK_FILES_MAX)
        return error_set(error, STATUS_MISUSE, "--%s: more than %d files", options_name(id), CHECK_FILES_MAX);
    side->sources = calloc(options_count(options, id), sizeof *side->sources);
    if (!side->sources)
        return error_set(error, STATUS_MEMORY, "out of memory for the results");
    for (size_t i = 0; i < options_count(options, id) && !status; i++) {
        const char *path = options_text(options, id, i);
        struct record record;
        status = document_read_measured(path, &record, error);
        if (!status)
            status = see(seen, &record, path, error);
        if (!status)
            status = side_add(side, &record, path, id == OPTION_BASELINE, error);
        record_close(&record);
    }
    return status;
}

enum status check_inputs_read(struct check_inputs *inputs, const struct options *options, struct error *error)
{
    struct seen seen = {.count = 0};
    enum status status;

    *inputs = (struct check_inputs){0};
    status = side_read(&inputs->baselines, options, OPTION_BASELINE, &seen, error);
    return status ? status : side_read(&inputs->candidates, options, OPTION_CANDIDATE, &seen, error);
}

static void side_close(struct check_side *side)
{
    for (size_t i = 0; i < side->count; i++)
        record_close(&side->sources[i].record);
    free(side->sources);
}

void check_inputs_close(struct check_inputs *inputs)
{
    side_close(&inputs->baselines);
    side_close(&inputs->candidates);
}
