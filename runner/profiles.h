/* Profiles: named lists of cases, as data. */
#ifndef POCKETMARK_RUNNER_PROFILES_H
#define POCKETMARK_RUNNER_PROFILES_H

#include <stddef.h>

#include "runner/options.h"

/* In place of a list of models: every described one. */
#define PROFILE_ALL_MODELS "all"

/* Texts are values of the options of the same names; the user's own take their place. */
struct profile {
    const char *name, *version, *summary;
    const char *models, *quants, *prompt, *generate, *depth;
    const char *launches;       /* exactly so many; NULL: as many as the precision takes */
    size_t launches_least;      /* then; 0: the default */
    const char *time_budget;    /* NULL: none */
    double warmup_seconds;      /* longer repetitions get no further warm-up; 0: the default */
    const char *matmul_tokens;  /* numbers with commas; NULL: no matmuls of the models' own types */
    size_t matmul_shapes;       /* so many shapes of different size of each model, largest first */
    double matmul_seconds;      /* work of one repetition */
    const char *channel_tokens; /* the same shapes in int8, once for each model; NULL: none */
    double roof_seconds;        /* for each probe */
    double sustained_seconds;   /* decode for that long in each launch; 0: as long as half a second of work takes */
};

const struct profile *profile_table(size_t *count);

/* NULL where no profile has that name. */
const struct profile *profile_find(const char *name);

/* The name that looks most like `name`, or NULL. */
const char *profile_suggest(const char *name);

/* Makes what the profile says the fallback of the options; a scenario that was given leaves no lengths open. STATUS_IO where the
 * described models cannot be listed. */
enum status profile_fill_in(const struct profile *profile, struct options *options, struct error *error);

#endif
