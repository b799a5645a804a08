/* `pocketmark detect` and `pocketmark roof`: the machine, what it is and what it can do. */
#include <stdio.h>

#include "devices/memory.h"
#include "devices/roof.h"
#include "runner/detect.h"
#include "runner/lock.h"
#include "runner/options.h"
#include "runner/roofs.h"
#include "runner/show.h"

static enum status show(const struct options *options, const struct facts *facts, struct error *error)
{
    if (options_flag(options, OPTION_JSON))
        return show_json(facts, stdout, error);
    show_facts(facts, stdout);
    return STATUS_OK;
}

int command_detect(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    const char *root = options_count(options, OPTION_ROOT) ? options_text(options, OPTION_ROOT, 0) : NULL;
    struct host host;
    struct memory memory;
    struct facts facts = {0};
    struct error unreadable = {0};
    bool known;
    enum status status = host_read(&host, root, error);

    if (status)
        return exit_code_of(status);
    known = memory_read(&memory, root, &unreadable) == STATUS_OK;
    detect_device(&facts, &host, known ? &memory : NULL, root);
    status = show(options, &facts, error);
    facts_free(&facts);
    return exit_code_of(status);
}

/* From what the nearest caches hold to what only memory holds. */
static void choose_footprints(struct roof_options *options, const struct memory *memory)
{
    static const uint64_t mebibytes[] = {1, 16, 64, 256, 1024, 4096};

    for (size_t i = 0; i < sizeof mebibytes / sizeof *mebibytes; i++)
        if (mebibytes[i] << 20 <= memory->usable_bytes / 2 || i == 0)
            options->footprints[options->footprint_count++] = mebibytes[i] << 20;
}

int command_roof(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    struct roof_options asked = {.threads = options_size(options, OPTION_THREADS, 0),
                                 .seconds = options_number(options, OPTION_PROBE_SECONDS, 0)};
    struct host host;
    struct memory memory;
    struct roofs roofs;
    struct facts facts = {0};
    struct progress progress;
    struct lock lock = {.fd = -1};
    enum status status = host_read(&host, NULL, error);

    progress_open(&progress, stderr, false, 0);
    if (options_count(options, OPTION_THREADS) > 1)
        return exit_code_of(error_set(error, STATUS_MISUSE, "--threads: one value only here"));
    if (!status)
        status = host_usable_isa(&host, &asked.isa, error);
    if (!status)
        status = lock_take(&lock, options_flag(options, OPTION_WAIT), invocation->signal, &progress, error);
    if (!status)
        status = memory_read(&memory, NULL, error);
    if (!status) {
        choose_footprints(&asked, &memory);
        status = roof_measure(&roofs, &host, &asked, error);
    }
    if (!status) {
        roofs_tell(&facts, &roofs);
        status = show(options, &facts, error);
    }
    lock_release(&lock);
    facts_free(&facts);
    return exit_code_of(status);
}
