/* One energy source over a scratch tree, for tests. */
#ifndef POCKETMARK_TESTS_ENERGY_SOURCE_H
#define POCKETMARK_TESTS_ENERGY_SOURCE_H

#include <math.h>
#include <string.h>

#include "devices/energy.h"
#include "tests/scratch_tree.h"

struct source {
    const struct energy_ops *ops;
    void *state;
    struct energy_found found;
};

/* How opening ends; the text is left in *error. An open source is closed again. */
static inline enum status source_refusal(const struct energy_ops *ops, const char *root, struct energy_found *found,
                                         struct error *error)
{
    const struct energy_setting setting = {.root = root, .recorded = true};
    void *state = NULL;
    enum status status;

    memset(found, 0, sizeof *found);
    *error = (struct error){.text = ""};
    status = ops->open(&state, &setting, found, error);
    if (status == STATUS_OK)
        ops->close(state);
    return status;
}

/* `setting` may be NULL: the tree as a recorded one. Ends the test where it cannot be opened. */
static inline struct source source_open(const struct energy_ops *ops, const struct scratch_tree *tree,
                                        const struct energy_setting *setting)
{
    const struct energy_setting recorded = {.root = tree ? tree->root : NULL, .recorded = true};
    struct source source = {.ops = ops};
    struct error error = {.text = ""};

    if (ops->open(&source.state, setting ? setting : &recorded, &source.found, &error) != STATUS_OK)
        fail_msg("%s: %s", ops->name, error.text);
    return source;
}

static inline size_t source_channel(const struct source *source, const char *name)
{
    for (size_t i = 0; i < source->found.count; i++)
        if (strcmp(source->found.channels[i].name, name) == 0)
            return i;
    fail_msg("%s has no channel %s", source->ops->name, name);
    return 0;
}

static inline double source_read(const struct source *source, const char *channel)
{
    struct error error = {.text = ""};
    double value = -1;

    if (source->ops->read(source->state, source_channel(source, channel), &value, &error) != STATUS_OK)
        fail_msg("%s: %s", channel, error.text);
    return value;
}

/* Reading must fail, and the text hold `words`. */
static inline void source_fails(const struct source *source, const char *channel, const char *words)
{
    struct error error = {.text = ""};
    double value = -1;

    if (source->ops->read(source->state, source_channel(source, channel), &value, &error) != STATUS_IO)
        fail_msg("%s: was read (%g)", channel, value);
    if (!strstr(error.text, words))
        fail_msg("'%s' does not say '%s'", error.text, words);
}

static inline void source_close(struct source *source)
{
    source->ops->close(source->state);
}

static inline void write_in(const struct scratch_tree *tree, const char *folder, const char *file, const char *text)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, file);
    scratch_write(tree, path, text);
}

static inline void expect_refusal(const struct energy_ops *ops, const struct scratch_tree *tree, enum status status,
                                  const char *words)
{
    struct energy_found found;
    struct error error;

    if (source_refusal(ops, tree->root, &found, &error) != status)
        fail_msg("%s: '%s'", ops->name, error.text);
    if (!strstr(error.text, words))
        fail_msg("'%s' does not say '%s'", error.text, words);
}

static inline void expect_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.12g is not %.12g ± %g", value, expected, tolerance);
}

#endif
