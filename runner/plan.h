/* From a profile and options to the list of cases. */
#ifndef POCKETMARK_RUNNER_PLAN_H
#define POCKETMARK_RUNNER_PLAN_H

#include "devices/engine.h"
#include "reports/digest.h"
#include "reports/record.h"
#include "reports/stopping.h"
#include "runner/options.h"
#include "runner/profiles.h"
#include "runner/subject.h"

enum case_kind { CASE_LLM, CASE_SUSTAINED, CASE_MATMUL };

struct plan_case {
    enum case_kind kind;
    const struct subject *subject;
    const struct engine_ops *engine;
    size_t threads;     /* 0: the engine's choice */
    const char *choice; /* of processors in place of a number; NULL: none. The options' own text */
    enum dtype kv_type; /* of the cached keys and values */
    bool no_repack;     /* see struct engine_options */
    char scenario[32];  /* the word that stands for prompt and generated tokens; empty: they were given as numbers */
    size_t prompt_tokens, generated_tokens, depth_tokens, context_tokens;
    struct tensor tensor;      /* matmul: the weights; prompt_tokens is the number of activations */
    struct stopping_rule rule; /* how many launches */
    size_t repetitions;        /* of a launch; 0: as many as fill work_seconds */
    double work_seconds;       /* least measured work of a launch */
    double warmup_seconds;     /* a repetition that takes longer gets no further warm-up */
    size_t sample_hertz;       /* 0: heat and clocks are not looked at */
    double energy_seconds;     /* most that is added, for idle and for each phase, where a source of energy is slow */
    char id[CELL_ID_MAX], title[CELL_ID_MAX];
    char skip[400]; /* why it cannot run whatever the memory; empty: it can */
};

struct plan {
    char name[32], version[16];
    bool standard; /* a profile with nothing of it replaced */
    uint64_t seed;
    bool no_tune;                             /* see struct engine_options */
    double roof_seconds, time_budget_seconds; /* budget: infinity without one */
    size_t threads;                           /* for the roofs: the most of a case */
    const char *choice;                       /* likewise */
    bool hash_model;                          /* model files: all of them, not their heads alone */
    const char *root;                         /* recorded tree for sensors and energy, NULL: live */
    const char *meter;                        /* command of an external meter, NULL: none */
    struct subject **subjects;                /* owned, distinct */
    size_t subject_count;
    struct plan_case *cases; /* owned */
    size_t case_count, case_capacity;
    char definition[DIGEST_HEX]; /* hash of all that makes two runs alike */
};

/* Lays out what the options of `run` ask for; they must outlive the plan. STATUS_MISUSE for what makes no sense, and the
 * errors of subject_open. Free with plan_close in every case. */
enum status plan_build(struct plan *plan, struct options *options, const struct host *host, struct error *error);

/* Leaves only the cases named with --cells, if any are; plan_build does it. STATUS_MISUSE suggests the nearest id. */
enum status plan_keep(struct plan *plan, const struct options *options, struct error *error);

/* What an engine is opened with for this case. */
struct engine_options plan_engine_options(const struct plan_case *item, isa_set isa);

/* Tokens of context that the gate must be laid out for, so that it checks the rotation that the case uses: 0 where any will do,
 * else the least that lies on the same side of longrope's switch. */
size_t plan_gate_context(const struct plan_case *item);

/* Bytes of one cached key or value element, the scales of its block included. */
double plan_kv_element_bytes(const struct plan_case *item);

void plan_close(struct plan *plan);

#endif
