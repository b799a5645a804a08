/* `pocketmark detect` and `pocketmark roof`: the machine, what it is and what it can do. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "devices/dimms.h"
#include "devices/memory.h"
#include "devices/roof.h"
#include "devices/tree.h"
#include "devices/tree_record.h"
#include "runner/detect.h"
#include "runner/detect_show.h"
#include "runner/lock.h"
#include "runner/options.h"
#include "runner/roofs.h"
#include "runner/show.h"
#include "runner/terminal.h"

static enum status show(const struct options *options, const struct facts *facts, struct error *error)
{
    if (options_flag(options, OPTION_JSON))
        return show_json(facts, stdout, error);
    show_facts(facts, stdout);
    return STATUS_OK;
}

/* A file that takes down which files are read, until log_end. −1: it could not be made. */
static int log_begin(void)
{
    int file = memfd_create("pocketmark-log", MFD_CLOEXEC);
    char number[16];

    snprintf(number, sizeof number, "%d", file);
    if (file >= 0)
        setenv(TREE_LOG_VARIABLE, number, 1);
    return file;
}

/* What it holds; free() it. NULL: out of memory. */
static char *log_end(int file)
{
    off_t length = lseek(file, 0, SEEK_END);
    char *text = length >= 0 ? calloc(1, (size_t)length + 1) : NULL;

    unsetenv(TREE_LOG_VARIABLE);
    if (text && pread(file, text, (size_t)length, 0) != length) {
        free(text);
        text = NULL;
    }
    close(file);
    return text;
}

static enum status store(const struct options *options, const char *root, const struct host *host,
                         const struct facts *facts, const char *log, struct error *error)
{
    const char *folder = options_text(options, OPTION_RECORD, 0);
    const struct fact *id = facts_find(facts, "device_id");
    size_t files;
    enum status status =
        tree_record(folder, root, host, id && id->type == FACT_TEXT ? id->text : NULL, log, &files, error);

    if (!status)
        fprintf(stderr, "%zu files in %s; look them through before you send them: 'pocketmark detect --root %s'\n",
                files, folder, folder);
    return status;
}

static enum status show_machine(const struct options *options, struct facts *facts, const struct host *host,
                                struct error *error)
{
    struct writer_style style = terminal_style();

    if (options_flag(options, OPTION_JSON)) {
        detect_sources(facts, host);
        return show_json(facts, stdout, error);
    }
    detect_show(facts, host, &style, stdout);
    return STATUS_OK;
}

int command_detect(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    const char *root = options_count(options, OPTION_ROOT) ? options_text(options, OPTION_ROOT, 0) : NULL;
    bool recorded = options_count(options, OPTION_RECORD) > 0, known;
    struct host host;
    struct memory memory;
    struct facts facts = {0};
    struct error unreadable = {0};
    char *log = NULL;
    int file = -1;
    enum status status = recorded ? tree_record_prepare(options_text(options, OPTION_RECORD, 0), error) : STATUS_OK;

    if (!status && recorded && (file = log_begin()) < 0)
        status = error_set(error, STATUS_IO, "--record: no place to take notes: %s", strerror(errno));
    if (!status)
        status = host_read(&host, root, error);
    if (status)
        goto out;
    known = memory_read(&memory, root, &unreadable) == STATUS_OK;
    detect_device(&facts, &host, known ? &memory : NULL, root);
    if (recorded) {
        log = log_end(file);
        file = -1;
        status =
            log ? store(options, root, &host, &facts, log, error) : error_set(error, STATUS_MEMORY, "out of memory");
    }
    if (!status)
        status = show_machine(options, &facts, &host, error);
out:
    if (file >= 0)
        free(log_end(file));
    free(log);
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

/* What the modules could do at best, beside what was measured; nothing where they are not known. */
static void tell_nominal(struct facts *facts)
{
    struct dimms dimms;

    dimms_read(&dimms, NULL);
    if (!dimms.nominal_bytes_per_second)
        return;
    facts_integer(facts, "nominal_bytes_per_second", "memory, nominal", (int64_t)dimms.nominal_bytes_per_second);
    facts_text(facts, "nominal_basis", NULL, dimms.basis);
}

int command_roof(const struct invocation *invocation, struct error *error)
{
    const struct options *options = invocation->options;
    struct roof_options asked = {.threads = options_size(options, OPTION_THREADS, 0),
                                 .choice = options_choice(options, 0),
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
        tell_nominal(&facts);
        status = show(options, &facts, error);
    }
    lock_release(&lock);
    facts_free(&facts);
    return exit_code_of(status);
}
