/* Options of the command line: one row each in options.inc, from which parsing, checks and help follow. */
#ifndef POCKETMARK_RUNNER_OPTIONS_H
#define POCKETMARK_RUNNER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "kernels/base.h"
#include "runner/commands.h"

enum option_id {
#define OPTION(id, ...) OPTION_##id,
#include "runner/options.inc"
#undef OPTION
    OPTION_COUNT
};

enum { OPTION_VALUES_MAX = 128, ARGUMENTS_MAX = 256 };

struct option_value {
    bool given; /* by the user; false for a fallback */
    size_t count;
    char *texts[OPTION_VALUES_MAX]; /* owned */
    double numbers[OPTION_VALUES_MAX];
};

struct options {
    enum command command;
    bool help;                            /* -h was among the arguments: nothing else was checked */
    const char *arguments[ARGUMENTS_MAX]; /* positional ones, in argv */
    size_t argument_count;
    struct option_value values[OPTION_COUNT];
};

/* Reads the arguments after the command's name (argv[0..argc-1]) and sets fallbacks for the rest. STATUS_MISUSE names the
 * option, the value and the remedy. Free with options_close in every case. */
enum status options_parse(struct options *options, enum command command, int argc, char *const argv[],
                          struct error *error);

/* Replaces the fallback of an option that the user has not given; the text is checked like the user's. */
enum status options_set_fallback(struct options *options, enum option_id id, const char *text, struct error *error);

bool options_given(const struct options *options, enum option_id id);

/* Number of values: 0 where there is neither a value nor a fallback. */
size_t options_count(const struct options *options, enum option_id id);

/* Value `index`, below options_count. */
const char *options_text(const struct options *options, enum option_id id, size_t index);
double options_number(const struct options *options, enum option_id id, size_t index);

/* First value, or `otherwise` where there is none. */
size_t options_size(const struct options *options, enum option_id id, size_t otherwise);

/* Value `index` of --threads where it is a choice of processors in place of a number, else NULL. */
const char *options_choice(const struct options *options, size_t index);

bool options_flag(const struct options *options, enum option_id id);

/* "--threads". Static storage. */
const char *options_name(enum option_id id);

void options_close(struct options *options);

/* The help of the whole program, and of one command with all its options. */
void options_help(FILE *out);
void options_help_command(FILE *out, enum command command);

/* One line: how to call the command. */
void options_usage(FILE *out, enum command command);

#endif
