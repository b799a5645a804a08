/* The result record: what one run found out. Plain data; the runner fills it, the writers read it. */
#ifndef POCKETMARK_REPORTS_RECORD_H
#define POCKETMARK_REPORTS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"
#include "reports/facts.h"

enum field {
#define FIELD(name, better, kind, estimator, delta, meaning) FIELD_##name,
#include "reports/fields.inc"
#undef FIELD
    FIELD_COUNT
};

enum noise_kind {
#define NOISE(name, limit, meaning) NOISE_##name,
#include "reports/noise.inc"
#undef NOISE
    NOISE_COUNT
};

enum better { BETTER_HIGHER, BETTER_LOWER, BETTER_NEITHER };
enum kind { KIND_MEASURED, KIND_DERIVED, KIND_ESTIMATED };
enum estimator { ESTIMATOR_MEDIAN, ESTIMATOR_MAX };
enum phase { PHASE_FIRST, PHASE_WARMUP, PHASE_MEASURED };
enum cell_status { CELL_OK, CELL_SKIPPED, CELL_FAILED };
/* Why a cell got no more launches: its interval is narrow enough, more launches make it no narrower, all that were asked for are
 * done, the time is spent, a signal came, something failed. */
enum stop_reason {
    STOP_PRECISION,
    STOP_NOISE_STABLE,
    STOP_REPETITIONS,
    STOP_TIME_BUDGET,
    STOP_INTERRUPTED,
    STOP_ERROR
};

/* The document's "kind": measured here, with sensors of a recorded tree, or taken over from another program's file. */
enum origin { ORIGIN_NATIVE, ORIGIN_EMULATED, ORIGIN_IMPORTED };

struct field_info {
    const char *name, *meaning;
    enum better better;
    enum kind kind;
    enum estimator estimator;
    double delta_ratio; /* the smallest change that matters */
};

const struct field_info *field_info(enum field field);
bool field_from_name(const char *name, enum field *field);

/* "native", "emulated", "imported". */
const char *origin_name(enum origin origin);
bool origin_from_name(const char *name, enum origin *origin);

struct noise_info {
    const char *name, *meaning;
    double limit; /* NaN: none */
};

const struct noise_info *noise_info(enum noise_kind kind);
bool noise_from_name(const char *name, enum noise_kind *kind);

/* What a repetition can be flagged for: a kind of noise, or a canary (a short probe of reading beside the launch) that was off
 * the run's median. */
enum { FLAG_CANARY = NOISE_COUNT, FLAG_COUNT };

/* Name of the noise of that number, or "canary". */
const char *flag_name(unsigned flag);

/* The unit a field's name ends in: "tokens_per_second", "seconds", "bytes", "ratio", … Static storage. */
const char *field_unit(enum field field);

/* One repetition in one launch. NaN: not had in this repetition. */
struct repetition {
    unsigned index, launch; /* index within the cell, launch = process */
    enum phase phase;
    double start_offset_seconds; /* since the start of the run */
    double values[FIELD_COUNT];
    double noise[NOISE_COUNT]; /* NaN: unknown */
    unsigned flags;            /* bit 1 << enum noise_kind: beyond its limit; bit 1 << FLAG_CANARY */
};

/* A cell's figure over its measured repetitions. */
struct figure {
    bool present; /* has a value; false with an empty reason: the field does not apply to this cell at all */
    double value, ci_low, ci_high; /* interval NaN where there are too few launches (under 6 for a median) */
    size_t n, launches;
    char reason[400];           /* why there is no value */
    char source[64], scope[16]; /* energy only, with the source's own error: half-width ÷ value, NaN unknown */
    double error_ratio;
};

/* Something seen again and again along the launches of a cell: a temperature, a frequency, tokens per second. */
struct series {
    char name[64];                    /* ends in its unit: "decode_tokens_per_second", "cpu_temperature_celsius" */
    double *offsets_seconds, *values; /* owned; offsets since the start of the run */
    size_t count, capacity;
};

enum { CELL_ID_MAX = 160 };

struct cell {
    char id[CELL_ID_MAX];    /* [a-z0-9._+-]+ , unique in the run */
    char title[CELL_ID_MAX]; /* for people: "llama-3.2-1b q4_0" */
    enum cell_status status;
    char reason[400]; /* why skipped or failed */
    enum stop_reason stop_reason;
    /* The blocks of the document of these names. observations: what was seen along the run, such as
     * "thermal.verdict" and "thermal.evidence". */
    struct facts model, engine, parameters, observations;
    struct series *series; /* owned */
    size_t series_count;
    struct repetition *repetitions; /* owned */
    size_t repetition_count, repetition_capacity;
    struct figure figures[FIELD_COUNT];
};

struct record {
    char result_id[37]; /* UUID version 7 */
    char created[32];   /* RFC 3339, UTC */
    enum { RUN_COMPLETE, RUN_PARTIAL, RUN_FAILED } status;
    char status_reason[400];
    enum origin origin;
    struct facts tool, workload, device, environment; /* blocks of the document; environment holds roofs and noise */
    struct cell *cells;
    size_t cell_count, cell_capacity;
    /* What cases that were not run would give, by `fit`: cells without repetitions, of estimated figures whose interval is the range
     * they are expected in. status CELL_OK: it fits; CELL_SKIPPED: it does not, with the reason. observations: "fit" ("fits",
     * "tight": not beside what now runs, "too large"), and "scenarios.NAME.FIGURE" with _low and _high of each scenario. */
    struct cell *predictions;
    size_t prediction_count, prediction_capacity;
    char comparability_key[65], payload[65]; /* the document's hashes, filled by document_read; "" in a fresh record */
};

/* Empty record with a fresh id and the time now. */
void record_open(struct record *record);

/* New cell with that id, nothing in it. The address is good until the next call. NULL: out of memory. */
struct cell *record_add_cell(struct record *record, const char *id);

/* The same among the predictions. */
struct cell *record_add_prediction(struct record *record, const char *id);

/* New repetition of all NaN, numbered; good until the next call. NULL: out of memory. */
struct repetition *cell_add_repetition(struct cell *cell, unsigned launch, enum phase phase);

/* One more sample of the series of that name, which it begins where there is none yet. False: out of memory. */
bool cell_add_sample(struct cell *cell, const char *name, double offset_seconds, double value);

/* Marks a figure as missing, with the reason. */
void cell_explain(struct cell *cell, enum field field, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Computes every figure from the measured repetitions: one value per launch (the median of its repetitions; for a maximum the
 * largest), then the field's estimator and interval over launches. Fields that already carry a reason and have no value keep
 * it. Figures without any value in the repetitions are left as they are. */
void cell_summarise(struct cell *cell);

/* One value per launch of the measured repetitions, in the order of launches, formed as cell_summarise forms them. launches (may
 * be NULL) gets their numbers. Returns how many; at most capacity, and repetition_count is always room enough. Values that a cell
 * has as a whole, without repetitions, are not among them. */
size_t cell_launch_values(const struct cell *cell, enum field field, double *values, size_t capacity);
size_t cell_launch_rounds(const struct cell *cell, enum field field, double *values, unsigned *launches,
                          size_t capacity);

void record_close(struct record *record);

#endif
