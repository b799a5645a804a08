/* Results for the tests of the gate: as an engine of known speed gives them, with launch noise from a seeded generator. */
#ifndef POCKETMARK_TESTS_GATE_RECORDS_H
#define POCKETMARK_TESTS_GATE_RECORDS_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/record.h"

struct gate_world {
    uint64_t state; /* of the generator */
    unsigned cells, launches;
    double noise;           /* standard deviation of a launch, relative */
    unsigned slowed;        /* so many cells, the first ones, decode slower … */
    double slowdown;        /* … by that ratio */
    double weather;         /* standard deviation of what the launches of a round share */
    uint64_t weather_state; /* equal for results whose launches took turns */
};

/* splitmix64 */
static inline uint64_t gate_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline double gate_normal(uint64_t *state)
{
    double u = ((double)(gate_random(state) >> 11) + 1) * 0x1p-53, v = (double)(gate_random(state) >> 11) * 0x1p-53;

    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

static inline double gate_noisy(struct gate_world *world, double value)
{
    return value * exp(world->noise * gate_normal(&world->state));
}

/* A hash that differs from build to build. */
static inline void gate_blocks(struct record *record, unsigned build)
{
    char text[80];

    facts_text(&record->tool, "name", NULL, "pocketmark");
    facts_text(&record->tool, "version", NULL, "0.1.0");
    snprintf(text, sizeof text, "%064x", build);
    facts_text(&record->tool, "build_id_sha256", NULL, text);
    snprintf(text, sizeof text, "%040x", build);
    facts_text(&record->tool, "git_commit", NULL, text);
    facts_text(&record->workload, "name", NULL, "custom");
    facts_text(&record->workload, "mode", NULL, "custom");
    facts_integer(&record->workload, "seed", NULL, 42);
    facts_text(&record->device, "device_id", NULL, "d-0123456789abcdef");
    facts_text(&record->device, "kind", NULL, "laptop");
    snprintf(record->comparability_key, sizeof record->comparability_key, "%064x", 7);
}

static inline void gate_cell(struct gate_world *world, struct record *record, unsigned index)
{
    char text[64];
    struct cell *cell;
    double slow = index < world->slowed ? 1 - world->slowdown : 1;

    snprintf(text, sizeof text, "model-%u.q4_0.p128.n32", index);
    cell = record_add_cell(record, text);
    snprintf(cell->title, sizeof cell->title, "model-%u q4_0", index);
    snprintf(text, sizeof text, "model-%u", index);
    facts_text(&cell->model, "name", NULL, text);
    facts_text(&cell->model, "quantization", NULL, "q4_0");
    facts_text(&cell->model, "weights", NULL, "synthetic");
    facts_text(&cell->engine, "name", NULL, "null");
    facts_text(&cell->parameters, "workload", NULL, "llm");
    facts_integer(&cell->parameters, "prompt_tokens", NULL, 128);
    facts_integer(&cell->parameters, "generated_tokens", NULL, 32);
    facts_integer(&cell->parameters, "depth_tokens", NULL, 0);
    facts_text(&cell->parameters, "threads", NULL, "auto");
    for (unsigned i = 0; i < world->launches; i++) {
        struct repetition *repetition = cell_add_repetition(cell, i, PHASE_MEASURED);
        uint64_t weather = world->weather_state + i * 1000003u + index;
        double round = exp(world->weather * gate_normal(&weather)), prefill = gate_noisy(world, 400 * round);
        repetition->start_offset_seconds = i;
        repetition->values[FIELD_decode_tokens_per_second] = gate_noisy(world, 50 * slow * round);
        repetition->values[FIELD_prefill_tokens_per_second] = prefill;
        repetition->values[FIELD_time_to_first_token_seconds] = 128 / prefill;
        repetition->values[FIELD_peak_private_bytes] = 7e8;
    }
    cell_summarise(cell);
}

static inline void gate_record(struct gate_world *world, struct record *record, unsigned build)
{
    record_open(record);
    gate_blocks(record, build);
    for (unsigned i = 0; i < world->cells; i++)
        gate_cell(world, record, i);
}

/* Two results of a run against another build, launches in turn. The slowdown is the candidate's alone. */
static inline void gate_pair(struct gate_world *world, struct record *base, struct record *candidate, bool interleaved)
{
    struct gate_world plain = *world;

    plain.slowed = 0;
    plain.weather_state = gate_random(&plain.state);
    gate_record(&plain, base, 1);
    world->state = plain.state;
    world->weather_state = interleaved ? plain.weather_state : gate_random(&world->state);
    gate_record(world, candidate, 2);
    if (interleaved) {
        facts_text(&base->environment, "interleaved_with", NULL, candidate->result_id);
        facts_text(&candidate->environment, "interleaved_with", NULL, base->result_id);
    }
}

#endif
