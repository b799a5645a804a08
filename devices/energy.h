/* Energy. Each source is one file that ends in one ops struct. */
#ifndef POCKETMARK_DEVICES_ENERGY_H
#define POCKETMARK_DEVICES_ENERGY_H

#include <stddef.h>

#include "kernels/base.h"

/* What a source covers; sources of different scope are never added or compared. */
enum energy_scope { SCOPE_WALL, SCOPE_BATTERY, SCOPE_BOARD, SCOPE_PACKAGE, SCOPE_CORE, SCOPE_DEVICE };
const char *energy_scope_name(enum energy_scope scope);

struct energy;

struct energy_ops {
    const char *name;    /* "rapl" */
    const char *summary; /* one line: what it reads, where */
    enum energy_scope scope;
    /* Looks under root (NULL: "/"). STATUS_UNSUPPORTED: not there, the text says what was looked for; STATUS_IO:
     * there, but unreadable, with the remedy. On success *state is the source's own. */
    enum status (*open)(void **state, const char *root, struct error *error);
    /* Joules since open, monotonic, counter wraps handled. STATUS_IO. */
    enum status (*read)(void *state, double *joules, struct error *error);
    /* Joules per count of the counter and seconds between two updates, for the error estimate. */
    void (*resolution)(const void *state, double *joules, double *seconds);
    void (*close)(void *state);
};

/* All sources of this build in order of preference, NULL-terminated. */
extern const struct energy_ops *const energy_sources[];

/* An open meter: the first source that answers. */
struct energy {
    const struct energy_ops *ops; /* NULL: none; `reason` says what was looked for */
    void *state;
    char reason[400];
};

/* Never fails: without a source energy->ops is NULL and the reason is set. */
void energy_open(struct energy *energy, const char *root);
enum status energy_read(struct energy *energy, double *joules, struct error *error);
void energy_close(struct energy *energy);

#endif
