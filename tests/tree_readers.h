/* Every reader of the system, run on a recorded tree; for tests that ask only whether they survive it. */
#ifndef POCKETMARK_TESTS_TREE_READERS_H
#define POCKETMARK_TESTS_TREE_READERS_H

#include <stdlib.h>
#include <string.h>

#include "devices/energy.h"
#include "devices/sensors.h"
#include "devices/tree_mask.h"
#include "runner/detect.h"
#include "runner/detect_show.h"
#include "runner/preflight.h"

/* Ends the program where what they tell is not well formed: out of memory, a null without a reason, text that does not end. */
static inline void tree_readers_run(const char *root)
{
    struct host *host = malloc(sizeof *host);
    struct facts facts = {0};
    struct energy *energy = NULL;
    struct energy_mark mark;
    struct memory memory;
    struct sensor_set set;
    struct sensors sensors;
    struct preflight preflight;
    struct tree_mask *mask = malloc(sizeof *mask);
    struct error error = {.text = ""};
    const struct writer_style style = {.width = 80};
    FILE *nowhere = fopen("/dev/null", "w");
    bool readable;

    if (!host || !mask || !nowhere || host_read(host, root, &error) != STATUS_OK)
        abort();
    readable = memory_read(&memory, root, &error) == STATUS_OK;
    sensors_find(&set, host, root);
    energy = energy_open(&(struct energy_setting){.root = root, .recorded = true});
    if (!energy)
        abort();
    detect_device(&facts, host, readable ? &memory : NULL, root);
    detect_sources(&facts, host);
    detect_show(&facts, host, &style, nowhere);
    if (facts.failed)
        abort();
    for (size_t i = 0; i < facts.count; i++)
        if (facts.items[i].type == FACT_NULL && !(facts.items[i].text && *facts.items[i].text))
            abort();
    sensors_read(&sensors, &set);
    energy_read(energy, &mark);
    energy_close(energy);
    if (readable)
        preflight_look(&preflight, host, &memory, root);
    tree_mask_open(mask, root);
    facts_free(&facts);
    fclose(nowhere);
    free(mask);
    free(host);
}

#endif
