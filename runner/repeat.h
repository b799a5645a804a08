/* A case of a stored result as arguments of `run`, to measure it again: for a person, and for `check --rerun`. */
#ifndef POCKETMARK_RUNNER_REPEAT_H
#define POCKETMARK_RUNNER_REPEAT_H

#include "reports/record.h"
#include "runner/child.h"

struct repeat {
    const char *program;  /* file to start */
    const char *model;    /* path of the model file; NULL: as in the record, which knows no paths */
    const char *against;  /* program that takes turns with it, NULL: none */
    const char *output;   /* file for the result, NULL: only results/ */
    size_t launches;      /* 0: as many as the cell had */
    size_t repetitions;   /* per launch; 0: as many as `run` would take */
    double probe_seconds; /* for the roofs, 0: as long as usual */
};

/* Spells `run` for this cell of the record. STATUS_MISUSE where the record does not tell enough: a model file without
 * repeat->model; the text names what is missing. */
enum status repeat_spell(struct child_command *command, const struct repeat *repeat, const struct record *record,
                         const struct cell *cell, struct error *error);

/* The same as one line for a shell, taking turns with the program of the baseline; fits gate_options.repeat. Results know no
 * paths: MODEL.gguf and OLD_BINARY stand for them. "" where the record does not tell enough. */
void repeat_line(char *out, size_t size, const struct record *record, const struct cell *cell);

#endif
