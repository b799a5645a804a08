/* A record as a run makes it, with figures of a plausible machine, for the tests of reports/. */
#ifndef POCKETMARK_TESTS_SAMPLE_RECORD_H
#define POCKETMARK_TESTS_SAMPLE_RECORD_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/record.h"

static const char sample_hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static inline void sample_blocks(struct record *record)
{
    facts_text(&record->tool, "name", NULL, "pocketmark");
    facts_text(&record->tool, "version", NULL, "0.1.0");
    facts_text(&record->tool, "build_id_sha256", NULL, sample_hash);
    facts_null(&record->tool, "git_commit", NULL, "built outside a repository");
    facts_text(&record->workload, "name", NULL, "quick");
    facts_text(&record->workload, "version", NULL, "1");
    facts_text(&record->workload, "definition_sha256", NULL, sample_hash);
    facts_text(&record->workload, "mode", NULL, "standard");
    facts_integer(&record->workload, "seed", NULL, 42);
    facts_text(&record->device, "device_id", NULL, "d-0123456789abcdef");
    facts_text(&record->device, "kind", NULL, "laptop");
    facts_text(&record->device, "cpu.name", "processor", "Example Core 7 1234U");
    facts_integer(&record->device, "cpu.cores_physical", NULL, 10);
    facts_integer(&record->device, "cpu.caches[0].size_bytes", NULL, 49152);
    facts_integer(&record->device, "cpu.caches[1].size_bytes", NULL, 1310720);
    facts_integer(&record->device, "memory_bytes", NULL, 16777216000);
    facts_text(&record->device, "os.name", NULL, "Debian GNU/Linux 12");
    facts_null(&record->device, "os.hypervisor", NULL, "none seen");
    facts_null(&record->environment, "governor", NULL, "cpufreq is not there");
    facts_number(&record->environment, "roofs.read_bytes_per_second", NULL, 4.13e10);
    facts_number(&record->environment, "roofs.read.524288kib.bytes_per_second", "read, 537 MB", 4.13e10);
    facts_number(&record->environment, "roofs.int8.avx2.macs_per_second", "INT8, avx2", 5.2e11);
    facts_number(&record->environment, "roofs.int8.avxvnni.macs_per_second", "INT8, avxvnni", 1.04e12);
    facts_number(&record->environment, "roofs.fp32.macs_per_second", "FP32", 2.6e11);
    facts_number(&record->environment, "roofs.latency.seconds", "latency of dependent loads", 9.3e-8);
}

static inline void sample_cell_blocks(struct cell *cell, const char *model, const char *format)
{
    facts_text(&cell->model, "name", NULL, model);
    facts_text(&cell->model, "quantization", NULL, format);
    facts_text(&cell->model, "weights", NULL, "synthetic");
    facts_text(&cell->engine, "name", NULL, "cpu");
    facts_text(&cell->engine, "version", NULL, "0.1.0");
    facts_text(&cell->engine, "backend", NULL, "cpu");
    facts_text(&cell->engine, "options.threads", NULL, "2");
    facts_text(&cell->parameters, "threads", NULL, "auto");
}

/* A model cell with six launches around these speeds. */
static inline struct cell *sample_model(struct record *record, const char *id, const char *model, const char *format,
                                        double prefill, double decode, double weights_bytes)
{
    static const double wobble[] = {1, 0.993, 1.004, 0.999, 1.006, 0.997};
    struct cell *cell = record_add_cell(record, id);

    snprintf(cell->title, sizeof cell->title, "%s %s", model, format);
    sample_cell_blocks(cell, model, format);
    facts_text(&cell->parameters, "workload", NULL, "llm");
    facts_integer(&cell->parameters, "prompt_tokens", NULL, 128);
    facts_integer(&cell->parameters, "generated_tokens", NULL, 32);
    facts_integer(&cell->parameters, "depth_tokens", NULL, 0);
    for (unsigned i = 0; i < 7; i++) {
        struct repetition *repetition = cell_add_repetition(cell, i ? i - 1 : 0, i ? PHASE_MEASURED : PHASE_FIRST);
        double factor = i ? wobble[i - 1] : 0.5;
        repetition->start_offset_seconds = 1.5 * i;
        repetition->noise[NOISE_steal_ratio] = 0.001 * i;
        repetition->noise[NOISE_foreign_load_ratio] = 0.02;
        repetition->noise[NOISE_involuntary_switches_count] = i;
        repetition->noise[NOISE_major_faults_count] = 0;
        repetition->values[FIELD_prefill_tokens_per_second] = prefill * factor;
        repetition->values[FIELD_decode_tokens_per_second] = decode * factor;
        repetition->values[FIELD_time_to_first_token_seconds] = 128 / (prefill * factor);
        repetition->values[FIELD_prefill_utilization_ratio] = prefill * factor * 1.24e9 / 1.04e12;
        repetition->values[FIELD_decode_utilization_ratio] = decode * factor * weights_bytes / 4.13e10;
        repetition->values[FIELD_weights_bytes] = weights_bytes;
        repetition->values[FIELD_kv_cache_bytes] = 5242880;
        repetition->values[FIELD_scratch_bytes] = 11534336;
        repetition->values[FIELD_runtime_bytes] = 2097152;
        repetition->values[FIELD_predicted_peak_bytes] = weights_bytes + 18874368;
        repetition->values[FIELD_peak_private_bytes] = weights_bytes * 1.004 + 18874368;
        repetition->values[FIELD_nmse_ratio] = 3.1e-5;
        if (i == 3)
            repetition->flags = 1u << NOISE_steal_ratio | 1u << FLAG_CANARY;
        cell_add_sample(cell, "cpu_frequency_hertz", 1.5 * i, i == 4 ? NAN : 3.1e9 - 1e7 * i);
        cell_add_sample(cell, "cpu_temperature_celsius", 1.5 * i, 51.25 + i);
    }
    facts_text(&cell->observations, "thermal.verdict", NULL, "steady");
    facts_null(&cell->observations, "thermal.throttle_count", NULL, "the processor does not tell");
    cell_explain(cell, FIELD_energy_joules_per_token, "no energy source: no powercap zone, no battery");
    cell_explain(cell, FIELD_average_power_watts, "no energy source: no powercap zone, no battery");
    cell_summarise(cell);
    return cell;
}

static inline struct cell *sample_matmul(struct record *record, const char *id, const char *name, const char *format,
                                         int tokens, double macs_per_second, double share)
{
    struct cell *cell = record_add_cell(record, id);

    snprintf(cell->title, sizeof cell->title, "%.100s %.20s × %d", name, format, tokens);
    sample_cell_blocks(cell, "llama-3.2-1b", format);
    facts_text(&cell->parameters, "workload", NULL, "matmul");
    facts_text(&cell->parameters, "matrix", NULL, name);
    facts_integer(&cell->parameters, "tokens", NULL, tokens);
    for (unsigned i = 0; i < 6; i++) {
        struct repetition *repetition = cell_add_repetition(cell, i, PHASE_MEASURED);
        repetition->start_offset_seconds = 60 + i;
        repetition->values[FIELD_matmul_macs_per_second] = macs_per_second * (1 + 0.002 * i);
        repetition->values[FIELD_matmul_read_bytes_per_second] = macs_per_second / tokens * 0.5625;
        repetition->values[FIELD_matmul_utilization_ratio] = share;
    }
    cell_summarise(cell);
    return cell;
}

/* Open record of everything a run can hold: models, matmuls, a skipped and a failed cell. */
static inline void sample_record(struct record *record)
{
    struct cell *cell;

    record_open(record);
    sample_blocks(record);
    sample_model(record, "llm.llama-3.2-1b.q4_0", "llama-3.2-1b", "q4_0", 412.5, 48.1, 6.95e8);
    sample_model(record, "llm.llama-3.2-1b.q8_0", "llama-3.2-1b", "q8_0", 388.2, 27.4, 1.313e9);
    sample_matmul(record, "matmul.ffn_up.q4_0.m1", "llama-3.2-1b.ffn_up", "q4_0", 1, 6.4e10, 0.871);
    sample_matmul(record, "matmul.ffn_up.q4_0.m512", "llama-3.2-1b.ffn_up", "q4_0", 512, 6.1e11, 0.587);
    cell = record_add_cell(record, "llm.llama-3.1-8b.q8_0");
    snprintf(cell->title, sizeof cell->title, "llama-3.1-8b q8_0");
    sample_cell_blocks(cell, "llama-3.1-8b", "q8_0");
    facts_text(&cell->parameters, "workload", NULL, "llm");
    cell->status = CELL_SKIPPED;
    snprintf(cell->reason, sizeof cell->reason, "needs 8.73 GB, 6.10 GB are usable (MemAvailable); q4_0 would fit");
    cell = record_add_cell(record, "llm.llama-3.2-3b.q4_0");
    snprintf(cell->title, sizeof cell->title, "llama-3.2-3b q4_0");
    sample_cell_blocks(cell, "llama-3.2-3b", "q4_0");
    facts_text(&cell->parameters, "workload", NULL, "llm");
    cell->status = CELL_FAILED;
    cell->stop_reason = STOP_ERROR;
    snprintf(cell->reason, sizeof cell->reason, "launch 2 was ended by SIGKILL: killed, probably out of memory");
}

#endif
