#include "runner/rerun.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices/host.h"
#include "devices/memory.h"
#include "reports/document.h"
#include "reports/pool.h"
#include "runner/detect.h"
#include "runner/provenance.h"
#include "runner/repeat.h"

enum { LAUNCHES_LEAST = 10, HASH_SHOWN = 12 };

#define PROBE_SECONDS 0.05 /* the roofs of the second sample are not looked at */
#define RUN_SECONDS   1e7  /* a run ends its own launches */
#define RESULT_NAME   "second.json"
#define AGAINST_NAME  "second-against.json" /* the name that `run --against` gives to the other result */

/* ---- permission ----------------------------------------------------------------------------------------------------------- */

static enum status check_program(const struct record *candidate, struct error *error)
{
    const char *made_by = facts_get_text(&candidate->tool, "build_id_sha256", "");
    char own[DIGEST_HEX];
    enum status status = provenance_binary(own, error);

    if (status || strcmp(own, made_by) == 0)
        return status;
    return error_set(
        error, STATUS_UNLIKE,
        "--rerun: this program (%.*s…) did not measure the candidate, another build did (%.*s…); run `check` "
        "with that one",
        HASH_SHOWN, own, HASH_SHOWN, made_by);
}

static enum status check_device(const struct record *candidate, struct error *error)
{
    const char *there = facts_get_text(&candidate->device, "device_id", ""), *here;
    struct facts device = {0};
    struct host host;
    struct memory memory;
    enum status status = host_read(&host, NULL, error);

    if (!status)
        status = memory_read(&memory, NULL, error);
    if (status)
        return status;
    detect_device(&device, &host, &memory, NULL);
    here = facts_get_text(&device, "device_id", "");
    if (strcmp(here, there) != 0)
        status = error_set(error, STATUS_UNLIKE,
                           "--rerun: the candidate was measured on another device (%s, this is %s); run `check` there",
                           there, here);
    facts_free(&device);
    return status;
}

static enum status check_against(struct rerun *rerun, const struct gate_source *baselines, size_t count,
                                 struct error *error)
{
    enum status status = digest_file(rerun->against, rerun->against_hash, error);

    for (size_t i = 0; i < count && !status; i++)
        if (strcmp(rerun->against_hash, facts_get_text(&baselines[i].record->tool, "build_id_sha256", "")) == 0)
            return STATUS_OK;
    return status ? status
                  : error_set(error, STATUS_UNLIKE,
                              "--against-baseline-binary %s: this program (%.*s…) measured none of the baselines; give "
                              "the one that did",
                              rerun->against, HASH_SHOWN, rerun->against_hash);
}

enum status rerun_check(struct rerun *rerun, const struct gate_source *baselines, size_t count,
                        const struct record *candidate, struct error *error)
{
    enum status status = check_program(candidate, error);

    if (!status)
        status = check_device(candidate, error);
    if (!status && rerun->against)
        status = check_against(rerun, baselines, count, error);
    for (size_t i = 0; i < candidate->cell_count && !status && !rerun->model; i++)
        if (strcmp(facts_get_text(&candidate->cells[i].model, "weights", ""), "file") == 0)
            status = error_set(error, STATUS_MISUSE,
                               "--rerun: %s is about a file, and results know no paths; give it with --model FILE.gguf",
                               candidate->cells[i].title);
    return status;
}

/* ---- measuring ------------------------------------------------------------------------------------------------------------ */

struct folder {
    char path[4096], result[4096 + 32], against[4096 + 32];
};

static enum status folder_open(struct folder *folder, struct error *error)
{
    const char *base = getenv("TMPDIR");

    snprintf(folder->path, sizeof folder->path, "%s/pocketmark-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder->path)) {
        enum status status =
            error_set(error, STATUS_IO, "%.200s: no folder for the second sample: %s", folder->path, strerror(errno));
        folder->path[0] = '\0';
        return status;
    }
    snprintf(folder->result, sizeof folder->result, "%s/" RESULT_NAME, folder->path);
    snprintf(folder->against, sizeof folder->against, "%s/" AGAINST_NAME, folder->path);
    return STATUS_OK;
}

static void folder_close(struct folder *folder)
{
    if (!*folder->path)
        return;
    unlink(folder->result);
    unlink(folder->against);
    rmdir(folder->path);
}

static void hear_nothing(void *context, char *line)
{
    (void)context;
    (void)line;
}

static enum status start_run(const struct rerun *rerun, const struct child_command *command, const struct cell *cell,
                             struct error *error)
{
    const struct child_hooks hooks = {.line = hear_nothing};
    struct child_end end;
    char ending[120];
    enum status status = child_run(command, RUN_SECONDS, rerun->signal, &hooks, &end, error);

    if (status)
        return status;
    if (end.interrupted)
        return error_set(error, STATUS_INTERRUPTED, "--rerun: interrupted while %s was measured again", cell->title);
    if (!end.signal && !end.timed_out && end.code == 0)
        return STATUS_OK;
    child_end_describe(&end, ending, sizeof ending);
    return error_set(error, STATUS_FAILED, "--rerun: measuring %s again: the run %s; see above", cell->title, ending);
}

/* The first result gives its blocks to the joined one, later ones only their cells. */
static enum status take_result(struct record *into, const char *path, struct error *error)
{
    struct record record;
    enum status status = document_read_file(path, &record, error);

    if (!status && !*into->result_id) {
        *into = record;
        return STATUS_OK;
    }
    if (!status)
        status = pool_join(into, &record, error);
    record_close(&record);
    return status;
}

static enum status measure_cell(struct rerun *rerun, const struct gate *gate, const struct gate_row *row,
                                const struct folder *folder, struct error *error)
{
    const struct comparison_row *first = row->first;
    size_t usual = first->candidate_launches > LAUNCHES_LEAST ? first->candidate_launches : LAUNCHES_LEAST;
    const struct repeat repeat = {.program = "/proc/self/exe",
                                  .model = rerun->model,
                                  .against = rerun->against,
                                  .output = folder->result,
                                  .launches = rerun->launches ? rerun->launches : usual,
                                  .repetitions = rerun->repetitions,
                                  .probe_seconds = PROBE_SECONDS};
    struct child_command *command = malloc(sizeof *command);
    enum status status = command ? repeat_spell(command, &repeat, gate->candidate.record, first->candidate, error)
                                 : error_set(error, STATUS_MEMORY, "out of memory for a run");

    if (!status)
        status = start_run(rerun, command, row->cell, error);
    if (!status)
        status = take_result(&rerun->candidate, folder->result, error);
    if (!status && rerun->against)
        status = take_result(&rerun->base, folder->against, error);
    free(command);
    return status;
}

static bool seen_before(const struct gate *gate, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (gate_row_suspect(&gate->rows[i]) && gate->rows[i].first->candidate == gate->rows[index].first->candidate)
            return true;
    return false;
}

enum status rerun_confirm(struct rerun *rerun, struct gate *gate, struct error *error)
{
    const struct record *bases[GATE_BASELINES_MAX];
    struct folder folder = {0};
    size_t measured = 0;
    enum status status = folder_open(&folder, error);

    for (size_t i = 0; i < gate->row_count && !status; i++)
        if (gate_row_suspect(&gate->rows[i]) && !seen_before(gate, i)) {
            status = measure_cell(rerun, gate, &gate->rows[i], &folder, error);
            measured++;
        }
    folder_close(&folder);
    if (status || !measured)
        return status;
    for (size_t i = 0; i < gate->baseline_count; i++) {
        const struct record *stored = gate->baselines[i].source.record;
        bool again =
            rerun->against && strcmp(facts_get_text(&stored->tool, "build_id_sha256", ""), rerun->against_hash) == 0;
        bases[i] = again ? &rerun->base : stored;
    }
    return gate_confirm(gate, bases, &rerun->candidate, error);
}

void rerun_close(struct rerun *rerun)
{
    record_close(&rerun->candidate);
    record_close(&rerun->base);
}
