/* What a launch tells the run that started it: one line each, fields split by tabs.
 *
 *   repetition  PHASE  START_NS           a repetition begins (CLOCK_MONOTONIC); values that follow belong to it
 *   value       FIELD  NUMBER             of the current repetition
 *   noise       NAME   NUMBER             of the current repetition, see reports/noise.inc
 *   sample      NAME   AT_NS  NUMBER      of a series of the cell (CLOCK_MONOTONIC), see runner/sampler.h
 *   whole       FIELD  NUMBER             of the launch as a whole
 *   null        FIELD  REASON             why there is no such figure
 *   source      FIELD  NAME  SCOPE  ERROR where an energy figure comes from, and half-width ÷ value
 *   fact        TYPE   PATH  LABEL  VALUE roofs, observations
 *   engine      KEY    VALUE              what the engine chose
 *   skip        REASON                    does not fit; nothing was allocated
 *   error       STATUS TEXT               the launch failed
 *   done                                  all was told
 */
#ifndef POCKETMARK_RUNNER_LINES_H
#define POCKETMARK_RUNNER_LINES_H

#include <stdio.h>

#include "devices/sensors.h"
#include "reports/record.h"

/* ---- telling ---- */

void lines_repetition(FILE *out, enum phase phase, uint64_t start_ns);
void lines_value(FILE *out, enum field field, double value); /* NaN is not told */
/* Ratios over less than a quarter of a second are not told: the kernel counts time in steps of 10 ms. */
void lines_noise(FILE *out, const struct sensors *before, const struct sensors *after);
void lines_sample(FILE *out, const char *name, uint64_t at_ns, double value); /* NaN is not told */
void lines_whole(FILE *out, enum field field, double value);
void lines_null(FILE *out, enum field field, const char *reason);
void lines_source(FILE *out, enum field field, const char *name, const char *scope,
                  double error_ratio); /* NaN: unknown */
void lines_facts(FILE *out, const struct facts *facts);
void lines_engine(FILE *out, const char *key, const char *value);
void lines_skip(FILE *out, const char *reason);
void lines_error(FILE *out, const struct error *error);
void lines_done(FILE *out);

/* ---- hearing ---- */

/* All that a launch told. */
struct outcome {
    struct record record;      /* one cell, outcome_cell(): repetitions, reasons and sources as they came */
    double whole[FIELD_COUNT]; /* NaN: not told */
    struct facts facts, engine;
    char skip[400];
    struct error error; /* as the launch told it, or a line that could not be understood */
    bool done;
};

enum status outcome_open(struct outcome *outcome, struct error *error);
struct cell *outcome_cell(struct outcome *outcome);

/* Takes one line without its end; the text is cut to pieces. A line that breaks the rules sets outcome->error. */
void outcome_take(struct outcome *outcome, char *line, uint64_t run_start_ns);

void outcome_close(struct outcome *outcome);

#endif
