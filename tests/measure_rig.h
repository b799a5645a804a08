/* The measuring loop with a script in place of the program, which says what becomes of each kind of launch. */
#ifndef POCKETMARK_TESTS_MEASURE_RIG_H
#define POCKETMARK_TESTS_MEASURE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runner/cells.h"
#include "runner/measure.h"
#include "tests/scratch_tree.h"

enum { WORDS = 24 };

#define GOOD_ROOF                                                                                                      \
    "printf 'fact\\tnumber\\troofs.read.700000kib.bytes_per_second\\tread\\t32e9\\n' >&3\n"                            \
    "printf 'fact\\tnumber\\troofs.int8.avx2.macs_per_second\\tINT8\\t1e11\\ndone\\n' >&3\n"
#define GOOD_GATE "printf 'whole\\tnmse_ratio\\t1e-4\\ndone\\n' >&3\n"
#define GOOD_LAUNCH                                                                                                    \
    "printf 'engine\\tisa\\tavx2\\nwhole\\tweights_bytes\\t700\\n' >&3\n"                                              \
    "printf 'null\\tenergy_joules_per_token\\tno source\\n' >&3\n"                                                     \
    "printf 'repetition\\tfirst\\t1\\nvalue\\tdecode_tokens_per_second\\t1\\n' >&3\n"                                  \
    "printf "                                                                                                          \
    "'repetition\\tmeasured\\t1\\nvalue\\tdecode_tokens_per_second\\t40\\nvalue\\tprefill_tokens_per_second\\t80\\n' " \
    ">&3\n"                                                                                                            \
    "printf "                                                                                                          \
    "'repetition\\tmeasured\\t1\\nvalue\\tdecode_tokens_per_second\\t42\\nvalue\\tprefill_tokens_per_second\\t80\\n' " \
    ">&3\n"                                                                                                            \
    "printf 'done\\n' >&3\n"

/* A run of `line` where each kind of launch does what its script says. */
struct rig {
    struct scratch_tree tree;
    char program[256];
    struct host host;
    struct memory memory;
    struct options options;
    struct plan plan;
    struct record record;
    struct contender contenders[2];
    size_t contender_count;
    struct record other; /* of the second contender, where there is one */
    struct progress progress;
    FILE *null;
    volatile sig_atomic_t signal;
    char store[512];
};

static inline struct rig *rig_open(const char *line, const char *roof, const char *gate, const char *launch)
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct error error = {0};
    char script[4096], *argv[WORDS], *cursor = rig->store;
    char hash[DIGEST_HEX] = "0000000000000000000000000000000000000000000000000000000000000000";
    int argc = 0;

    scratch_open(&rig->tree);
    snprintf(script, sizeof script, "#!/bin/sh\ncase $2 in\nroof)\n%s;;\ngate)\n%s;;\nlaunch|matmul)\n%s;;\nesac\n",
             roof, gate, launch);
    scratch_write(&rig->tree, "program", script);
    scratch_path(&rig->tree, "program", rig->program, sizeof rig->program);
    chmod(rig->program, 0755);
    rig->host.cpu_count = 1;
    rig->host.cpus[0] = (struct host_cpu){.first_of_core = true, .kind = -1, .allowed = true};
    rig->memory = (struct memory){.usable_bytes = UINT64_MAX, .binding = "MemAvailable"};
    strcpy(rig->store, line);
    for (char *word; (word = strsep(&cursor, " "));)
        argv[argc++] = word;
    assert_int_equal(options_parse(&rig->options, COMMAND_RUN, argc, argv, &error), STATUS_OK);
    assert_int_equal(plan_build(&rig->plan, &rig->options, &rig->host, &error), STATUS_OK);
    record_open(&rig->record);
    assert_int_equal(cells_add(&rig->record, &rig->plan, hash, &error), STATUS_OK);
    rig->contenders[0] = (struct contender){.program = rig->program, .label = "", .record = &rig->record};
    rig->contender_count = 1;
    rig->null = fopen("/dev/null", "w");
    progress_open(&rig->progress, rig->null, false, 0);
    return rig;
}

static inline void rig_run(struct rig *rig)
{
    struct error error = {0};
    struct measure measure = {.plan = &rig->plan,
                              .host = &rig->host,
                              .memory = &rig->memory,
                              .isa = 1u << ISA_SCALAR,
                              .contenders = rig->contenders,
                              .contender_count = rig->contender_count,
                              .signal = &rig->signal,
                              .progress = &rig->progress};

    assert_int_equal(measure_run(&measure, &error), STATUS_OK);
}

static inline void rig_close(struct rig *rig)
{
    record_close(&rig->record);
    record_close(&rig->other);
    plan_close(&rig->plan);
    options_close(&rig->options);
    fclose(rig->null);
    scratch_close(&rig->tree);
    free(rig);
}

#define ONE_CASE "-m llama-3.2-1b -p 8 -n 4"

#endif
