/* Energy. Each source is one file that ends in one ops struct; a source has one or several channels: counters of joules, or
 * readings of watts that are integrated here, ten times a second, on a thread of their own. */
#ifndef POCKETMARK_DEVICES_ENERGY_H
#define POCKETMARK_DEVICES_ENERGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/base.h"

/* What a channel covers; channels of different scope are never added or compared. Core: the processor's cores alone. Device: one
 * device beside the processor, a GPU or an NPU, or the memory. */
enum energy_scope { SCOPE_WALL, SCOPE_BATTERY, SCOPE_BOARD, SCOPE_PACKAGE, SCOPE_CORE, SCOPE_DEVICE };
const char *energy_scope_name(enum energy_scope scope);

enum { ENERGY_NAME_MAX = 48, ENERGY_CHANNELS_MAX = 24 };

struct energy_channel {
    char name[ENERGY_NAME_MAX]; /* unique, [A-Za-z0-9_-]+: "rapl", "rapl-psys" */
    enum energy_scope scope;
    bool whole;             /* covers the processor, and so its work; false: a part of it, or something beside it */
    bool power;             /* a reading is watts now, always positive; false: joules since open, never falling */
    double step_joules;     /* per count of a counter */
    double refresh_seconds; /* longest time between two updates */
    double gain_ratio;      /* error of calibration where it is known, else 0 */
};

/* What a source found. */
struct energy_found {
    struct energy_channel channels[ENERGY_CHANNELS_MAX];
    size_t count;
    bool forbidden; /* something is there that we have no permission to read */
};

struct energy_setting {
    const char *root;  /* folder with /proc and /sys, NULL: "/" */
    bool recorded;     /* root is another machine's tree: nothing but its files may be asked */
    const char *meter; /* command of an external meter, NULL: none */
};

struct energy_ops {
    const char *name;        /* "rapl" */
    const char *summary;     /* one line: what it reads, where */
    unsigned rank;           /* order of preference, least first: by scope, then by quality */
    bool on_request;         /* opened only where setting->meter names a command */
    enum energy_scope scope; /* of the best channel that it may have */
    /* Fills *found, best channel first. STATUS_UNSUPPORTED: not there, the text says what was looked for; STATUS_IO: there, but
     * unreadable, with the remedy. On success *state is the source's own, and each channel has been read once. */
    enum status (*open)(void **state, const struct energy_setting *setting, struct energy_found *found,
                        struct error *error);
    /* Watts or joules of a channel. STATUS_IO: the stretch since the last reading is lost, the next one counts again. */
    enum status (*read)(void *state, size_t channel, double *value, struct error *error);
    /* Where the source learns of its own refresh and step while it is read: brings *known up to date. Or NULL. */
    void (*learn)(void *state, size_t channel, struct energy_channel *known);
    void (*close)(void *state);
};

/* All sources of this build, alphabetical, NULL-terminated. */
extern const struct energy_ops *const energy_sources[];

/* The source at that place in the order of preference; NULL beyond the last. */
const struct energy_ops *energy_by_rank(size_t index);

/* ---- what there is ---- */

struct energy_state {
    const struct energy_ops *ops;
    const char *word; /* "ready", "absent", "no permission", "unreadable", "on request" */
    char reason[320]; /* why it is not ready, with the remedy; empty where it is */
    struct energy_found found;
};

/* Opens one source, sees that it works, closes it. Up to a third of a second where a counter stands still. */
void energy_look(struct energy_state *state, const struct energy_ops *ops, const struct energy_setting *setting);

/* ---- measuring ---- */

struct energy;

enum { ENERGY_REASON_MAX = 400 };

/* Opens all sources that answer. NULL: out of memory. */
struct energy *energy_open(const struct energy_setting *setting);

/* Channels, in order of preference. */
size_t energy_count(const struct energy *energy);

/* What is known of a channel by now: its refresh may have been learnt. */
struct energy_channel energy_channel(struct energy *energy, size_t index);

/* The channel that stands for the machine: the external meter where one was asked for, else the first that is whole. ==
 * energy_count: none, and energy_reason says what was looked for. */
size_t energy_preferred(const struct energy *energy);
const char *energy_reason(const struct energy *energy);

/* All channels at one moment. */
struct energy_mark {
    uint64_t at_ns[ENERGY_CHANNELS_MAX];
    double joules[ENERGY_CHANNELS_MAX];
    size_t losses[ENERGY_CHANNELS_MAX];
};

void energy_read(struct energy *energy, struct energy_mark *mark);

/* What a channel counted between two marks. STATUS_IO where a stretch was lost, or the power is none that a device could have. */
enum status energy_between(struct energy *energy, size_t channel, const struct energy_mark *from,
                           const struct energy_mark *to, double *joules, double *seconds, struct error *error);

/* Half-width ÷ value of what a channel counts in one window: 2 × refresh ÷ time + 2 × step ÷ energy + calibration. */
double energy_error_ratio(const struct energy_channel *channel, double joules, double seconds);

void energy_close(struct energy *energy); /* NULL is fine */

#endif
