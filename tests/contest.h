/* Results as runs on two devices or of two builds would make them, from a seeded generator, for the tests of comparisons. */
#ifndef POCKETMARK_TESTS_CONTEST_H
#define POCKETMARK_TESTS_CONTEST_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/record.h"

/* splitmix64, and from it a normal deviate (Box and Muller). */
static inline uint64_t contest_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline double contest_normal(uint64_t *state)
{
    double u = ((double)(contest_random(state) >> 11) + 0.5) * 0x1p-53;
    double v = ((double)(contest_random(state) >> 11) + 0.5) * 0x1p-53;

    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979 * v);
}

static const char contest_base_commit[] = "00112233445566778899aabbccddeeff00112233";
static const char contest_next_commit[] = "ffeeddccbbaa99887766554433221100ffeeddcc";

/* Open record of that device and commit; the same commit is the same program. */
static inline void contest_record(struct record *record, const char *device, const char *commit)
{
    char cpu[64], program[65];

    record_open(record);
    snprintf(cpu, sizeof cpu, "Processor of %s", device);
    snprintf(program, sizeof program, "%s%.24s", commit, commit);
    facts_text(&record->tool, "name", NULL, "pocketmark");
    facts_text(&record->tool, "version", NULL, "0.1.0");
    facts_text(&record->tool, "git_commit", NULL, commit);
    facts_text(&record->tool, "flags", NULL, "-O2");
    facts_text(&record->tool, "build_id_sha256", NULL, program);
    facts_text(&record->workload, "mode", NULL, "standard");
    facts_integer(&record->workload, "seed", NULL, 42);
    facts_text(&record->device, "device_id", NULL, device);
    facts_text(&record->device, "cpu.name", NULL, cpu);
    facts_text(&record->device, "os.kernel", NULL, "6.1.0");
    facts_text(&record->environment, "governor", NULL, "performance");
}

/* A cell of 128 + 32 tokens without launches. */
static inline struct cell *contest_cell(struct record *record, const char *model, const char *format)
{
    char id[128];
    struct cell *cell;

    snprintf(id, sizeof id, "%s.%s.%zu", model, format, record->cell_count);
    cell = record_add_cell(record, id);
    snprintf(cell->title, sizeof cell->title, "%s %s", model, format);
    facts_text(&cell->model, "name", NULL, model);
    facts_text(&cell->model, "quantization", NULL, format);
    facts_text(&cell->model, "weights", NULL, "synthetic");
    facts_integer(&cell->model, "parameter_count", NULL, 1235814400);
    facts_text(&cell->engine, "name", NULL, "cpu");
    facts_text(&cell->parameters, "workload", NULL, "llm");
    facts_integer(&cell->parameters, "prompt_tokens", NULL, 128);
    facts_integer(&cell->parameters, "generated_tokens", NULL, 32);
    facts_integer(&cell->parameters, "depth_tokens", NULL, 0);
    facts_integer(&cell->parameters, "context_tokens", NULL, 160);
    facts_text(&cell->parameters, "kv_type", NULL, "f16");
    facts_text(&cell->parameters, "threads", NULL, "auto");
    return cell;
}

/* Launches around these speeds with that relative deviation; call cell_summarise after the last change. */
static inline void contest_launches(struct cell *cell, unsigned launches, double decode, double deviation,
                                    uint64_t *state)
{
    for (unsigned i = 0; i < launches; i++) {
        struct repetition *repetition = cell_add_repetition(cell, i, PHASE_MEASURED);
        repetition->start_offset_seconds = i;
        repetition->values[FIELD_decode_tokens_per_second] = decode * exp(deviation * contest_normal(state));
        repetition->values[FIELD_prefill_tokens_per_second] = 400 * exp(deviation * contest_normal(state));
        repetition->values[FIELD_peak_private_bytes] = 7e8;
    }
    cell_explain(cell, FIELD_energy_joules_per_token, "no counter can be read");
    cell_summarise(cell);
}

/* All of it: one cell, ten launches, one percent. */
static inline struct cell *contest_whole(struct record *record, const char *device, const char *commit, double decode,
                                         uint64_t seed)
{
    struct cell *cell;

    contest_record(record, device, commit);
    cell = contest_cell(record, "llama-3.2-1b", "q4_0");
    contest_launches(cell, 10, decode, 0.01, &seed);
    return cell;
}

#endif
