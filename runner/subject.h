/* The model a case is about: a described one with synthetic weights, or a GGUF file. */
#ifndef POCKETMARK_RUNNER_SUBJECT_H
#define POCKETMARK_RUNNER_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/weights.h"

struct subject {
    const char *request; /* the name or path as asked for; the caller's */
    bool file;
    struct model model;
    struct weights *weights;
    char format
        [32]; /* "q4_0", "q4_k_m"; "mixed" where the matrices of a file differ; the output matrix does not count */
    char output[16];     /* type of the matrix that makes the logits */
    bool output_differs; /* it is not the type that the format alone would give it; false for files */
};

/* A name that holds a '/' or ends in ".gguf" is a file. */
bool subject_is_file(const char *request);

/* STATUS_MISUSE where --no-repack is asked for a model that lies in no file. */
enum status subject_check_repack(const char *request, bool no_repack, struct error *error);

/* Opens what `request` names; it must outlive the subject. Types are for described models only: NULL or empty `quant` (a name
 * of model_quantise) gives q4_0, NULL or empty `output` what the quantisation says. The weights point into the subject: it must
 * not move. Errors are those of model_load and gguf_open, and STATUS_MISUSE for types that the model cannot have. Close with
 * subject_close in every case. */
enum status subject_open(struct subject *subject, const char *request, const char *quant, const char *output,
                         uint64_t seed, struct error *error);

/* The same with the first `layers` of a described model alone (0: all), for probes: an output matrix and so many layers. */
enum status subject_open_cut(struct subject *subject, const char *request, size_t layers, const char *quant,
                             const char *output, uint64_t seed, struct error *error);

void subject_close(struct subject *subject);

#endif
