#include "runner/options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "devices/engine.h"
#include "devices/host.h"
#include "reports/gate_writer.h"
#include "reports/history.h"
#include "reports/units.h"
#include "workloads/nearest.h"

enum option_type {
    TYPE_FLAG,
    TYPE_TEXT,
    TYPE_LIST,
    TYPE_COUNT,
    TYPE_COUNTS,
    TYPE_NUMBER,
    TYPE_THREADS,
    TYPE_SECONDS,
    TYPE_PERCENT,
    TYPE_BYTES,
    TYPE_FILES
};

enum {
    DETECT = 1 << COMMAND_DETECT,
    LISTS = 1 << COMMAND_LIST,
    RUN = 1 << COMMAND_RUN,
    ROOF = 1 << COMMAND_ROOF,
    FIT = 1 << COMMAND_FIT,
    VERIFY = 1 << COMMAND_VERIFY,
    LOGITS = 1 << COMMAND_LOGITS,
    EXPORT_GGUF = 1 << COMMAND_EXPORT_GGUF,
    COMPARE = 1 << COMMAND_COMPARE,
    CHECK = 1 << COMMAND_CHECK,
    HISTORY = 1 << COMMAND_HISTORY,
    REPORT = 1 << COMMAND_REPORT,
    EXPORT = 1 << COMMAND_EXPORT,
    IMPORT = 1 << COMMAND_IMPORT,
    CHILD = 1 << COMMAND_CHILD,
};

enum { WORDS_MAX = 32, HELP_COLUMN = 36, HELP_WIDTH = 110 };

struct option_row {
    const char *name;
    char letter;
    const char *value;
    enum option_type type;
    const char *fallback;
    double least, most;
    size_t (*words)(const char **words); /* fills at most WORDS_MAX known values; returns how many */
    unsigned commands;
    const char *help;
};

static size_t words_types(const char **words)
{
    for (int i = 0; i < DTYPE_MODELS; i++)
        words[i] = dtype_info((enum dtype)i)->name;
    return DTYPE_MODELS;
}

static size_t words_engines(const char **words)
{
    size_t count = 0;

    for (; engines[count] && count < WORDS_MAX; count++)
        words[count] = engines[count]->name;
    return count;
}

static size_t words_kv_types(const char **words)
{
    words[0] = "f16";
    words[1] = "q8_0";
    return 2;
}

static size_t words_gate_formats(const char **words)
{
    size_t count = 0;

    for (; gate_writers[count] && count < WORDS_MAX; count++)
        words[count] = gate_writers[count]->name;
    return count;
}

static const struct option_row rows[OPTION_COUNT] = {
#define OPTION(id, name, letter, value, type, fallback, least, most, words, commands, help)                            \
    [OPTION_##id] = {name, letter, value, TYPE_##type, fallback, least, most, words, commands, help},
#include "runner/options.inc"
#undef OPTION
};

static bool row_splits(const struct option_row *row)
{
    return row->type == TYPE_LIST || row->type == TYPE_COUNTS || row->type == TYPE_THREADS || row->type == TYPE_BYTES;
}

static bool row_applies(const struct option_row *row, enum command command)
{
    return row->commands >> command & 1;
}

static enum status check_word(const struct option_row *row, const char *text, struct error *error)
{
    const char *words[WORDS_MAX], *nearest;
    size_t count = row->words(words), used = 0;
    char known[256] = "";

    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], text) == 0)
            return STATUS_OK;
        used += (size_t)snprintf(known + used, used < sizeof known ? sizeof known - used : 0, "%s%s", i ? ", " : "",
                                 words[i]);
        used = used < sizeof known ? used : sizeof known - 1;
    }
    nearest = nearest_word(text, words, count);
    if (nearest)
        return error_set(error, STATUS_MISUSE, "--%s: there is no '%s'; did you mean '%s'? (known: %s)", row->name,
                         text, nearest, known);
    return error_set(error, STATUS_MISUSE, "--%s: there is no '%s' (known: %s)", row->name, text, known);
}

static enum status check_number(const struct option_row *row, const char *text, double *number, struct error *error)
{
    const char *unit = row->type == TYPE_SECONDS   ? "seconds"
                       : row->type == TYPE_PERCENT ? "percent"
                       : row->type == TYPE_BYTES   ? "bytes"
                       : row->type == TYPE_NUMBER  ? "number"
                                                   : "count";
    bool whole = row->type == TYPE_COUNT || row->type == TYPE_COUNTS || row->type == TYPE_THREADS;

    if (!units_parse(text, unit, number) || !isfinite(*number))
        return error_set(error, STATUS_MISUSE, "--%s: '%s' is not %s", row->name, text,
                         row->type == TYPE_SECONDS   ? "a time, such as 90, 90s or 20min"
                         : row->type == TYPE_PERCENT ? "a percentage, such as 2 or 0.5%"
                         : whole                     ? "a whole number, such as 512 or 4k"
                         : row->type == TYPE_NUMBER  ? "a number, such as 0.3"
                                                     : "a number of bytes, such as 64M or 2Gi");
    if (whole && *number != floor(*number))
        return error_set(error, STATUS_MISUSE, "--%s: '%s' is not a whole number", row->name, text);
    if (*number < row->least || *number > row->most)
        return error_set(error, STATUS_MISUSE, "--%s: %s is out of range; it takes %.16g to %.16g", row->name, text,
                         row->least, row->most);
    return STATUS_OK;
}

/* A number of threads, or a choice of processors, whose number is 0. */
static enum status check_threads(const struct option_row *row, const char *text, double *number, struct error *error)
{
    *number = 0;
    if (text[strspn(text, "0123456789")] == '\0')
        return check_number(row, text, number, error);
    return host_check_choice(text, error) ? error_prefix(error, "--%s", row->name) : STATUS_OK;
}

static bool has_number(const struct option_row *row)
{
    return row->type == TYPE_COUNTS || row->type == TYPE_THREADS;
}

/* Checks one value and appends it. */
static enum status value_add(struct option_value *value, const struct option_row *row, const char *text,
                             struct error *error)
{
    double number = 0;
    enum status status = STATUS_OK;

    if (!*text)
        return error_set(error, STATUS_MISUSE, "--%s: a value is empty; it takes %s%s", row->name, row->value,
                         row_splits(row) ? "[,…]" : "");
    for (size_t i = 0; i < value->count; i++)
        if (strcmp(value->texts[i], text) == 0)
            return error_set(error, STATUS_MISUSE, "--%s: '%s' is there twice; leave one out", row->name, text);
    if (value->count == OPTION_VALUES_MAX)
        return error_set(error, STATUS_MISUSE, "--%s: more than %d values", row->name, OPTION_VALUES_MAX);
    if (row->words)
        status = check_word(row, text, error);
    else if (row->type == TYPE_THREADS)
        status = check_threads(row, text, &number, error);
    else if (row->type != TYPE_TEXT && row->type != TYPE_LIST && row->type != TYPE_FILES)
        status = check_number(row, text, &number, error);
    if (status)
        return status;
    for (size_t i = 0; i < value->count && has_number(row); i++)
        if (value->numbers[i] == number && (number > 0 || row->type == TYPE_COUNTS))
            return error_set(error, STATUS_MISUSE, "--%s: '%s' and '%s' are the same number; leave one out", row->name,
                             value->texts[i], text);
    value->texts[value->count] = strdup(text);
    if (!value->texts[value->count])
        return error_set(error, STATUS_MEMORY, "out of memory for the command line");
    value->numbers[value->count++] = number;
    return STATUS_OK;
}

static enum status value_add_list(struct option_value *value, const struct option_row *row, const char *text,
                                  struct error *error)
{
    char *copy, *cursor;
    enum status status = STATUS_OK;

    if (!row_splits(row))
        return value_add(value, row, text, error);
    copy = cursor = strdup(text);
    if (!copy)
        return error_set(error, STATUS_MEMORY, "out of memory for the command line");
    while (cursor && !status)
        status = value_add(value, row, strsep(&cursor, ","), error);
    free(copy);
    return status;
}

static void value_clear(struct option_value *value)
{
    for (size_t i = 0; i < value->count; i++)
        free(value->texts[i]);
    *value = (struct option_value){0};
}

static enum status unknown_option(enum command command, const char *name, struct error *error)
{
    const char *words[OPTION_COUNT + 1], *nearest;
    size_t count = 0;

    for (int i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0 && rows[i].help)
            return error_set(error, STATUS_MISUSE, "'%s' takes no --%s; see 'pocketmark %s --help'",
                             command_info(command)->name, name, command_info(command)->name);
        if (row_applies(&rows[i], command) && rows[i].help)
            words[count++] = rows[i].name;
    }
    words[count++] = "help";
    nearest = nearest_word(name, words, count);
    if (nearest)
        return error_set(error, STATUS_MISUSE, "there is no option --%s; did you mean --%s?", name, nearest);
    return error_set(error, STATUS_MISUSE, "there is no option --%s; see 'pocketmark %s --help'", name,
                     command_info(command)->name);
}

/* Finds the row of "--name", "--name=value", "-x" or "-xvalue"; *value points behind the '=' or the letter, or is NULL. */
static enum status find_option(enum command command, const char *text, enum option_id *id, const char **value,
                               struct error *error)
{
    char name[64];
    size_t length = strcspn(text + 2, "=");

    *value = NULL;
    if (text[1] != '-') {
        for (int i = 0; i < OPTION_COUNT; i++)
            if (rows[i].letter == text[1] && row_applies(&rows[i], command)) {
                *id = (enum option_id)i;
                *value = text[2] == '=' ? text + 3 : text[2] ? text + 2 : NULL;
                return STATUS_OK;
            }
        return error_set(error, STATUS_MISUSE, "there is no option %s; see 'pocketmark %s --help'", text,
                         command_info(command)->name);
    }
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), text + 2);
    if (text[2 + length] == '=')
        *value = text + 3 + length;
    for (int i = 0; i < OPTION_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0 && row_applies(&rows[i], command)) {
            *id = (enum option_id)i;
            return STATUS_OK;
        }
    return unknown_option(command, name, error);
}

/* Takes argv[*index], an option, and its value, which may be the next argument. */
static enum status take_option(struct options *options, int argc, char *const argv[], int *index, struct error *error)
{
    enum option_id id = OPTION_COUNT;
    const char *text;
    enum status status = find_option(options->command, argv[*index], &id, &text, error);
    struct option_value *value = status ? NULL : &options->values[id];

    if (status)
        return status;
    if (rows[id].type == TYPE_FLAG) {
        if (text)
            return error_set(error, STATUS_MISUSE, "--%s takes no value", rows[id].name);
        value->given = true;
        return STATUS_OK;
    }
    if (value->given && rows[id].type != TYPE_FILES)
        return error_set(error, STATUS_MISUSE, "--%s is there twice; %s", rows[id].name,
                         row_splits(&rows[id]) ? "give one list with commas" : "leave one out");
    if (!text) {
        if (*index + 1 >= argc)
            return error_set(error, STATUS_MISUSE, "--%s: its value %s is missing", rows[id].name, rows[id].value);
        text = argv[++*index];
    }
    value->given = true;
    return value_add_list(value, &rows[id], text, error);
}

static enum status check_arguments(const struct options *options, struct error *error)
{
    const struct command_info *info = command_info(options->command);

    if (options->argument_count > info->arguments_most)
        return error_set(error, STATUS_MISUSE, "'%s' is one argument too many",
                         options->arguments[info->arguments_most]);
    if (options->argument_count < info->arguments_least)
        return error_set(error, STATUS_MISUSE, "'%s' needs %s", info->name, info->arguments);
    return STATUS_OK;
}

static bool asks_for_help(int argc, char *const argv[])
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

enum status options_parse(struct options *options, enum command command, int argc, char *const argv[],
                          struct error *error)
{
    bool only_arguments = false;
    enum status status = STATUS_OK;

    *options = (struct options){.command = command, .help = asks_for_help(argc, argv)};
    if (options->help)
        return STATUS_OK;
    for (int i = 0; i < argc && !status; i++) {
        if (!only_arguments && strcmp(argv[i], "--") == 0)
            only_arguments = true;
        else if (!only_arguments && argv[i][0] == '-' && argv[i][1])
            status = take_option(options, argc, argv, &i, error);
        else if (options->argument_count == ARGUMENTS_MAX)
            status = error_set(error, STATUS_MISUSE, "'%s' is one argument too many", argv[i]);
        else
            options->arguments[options->argument_count++] = argv[i];
    }
    if (!status)
        status = check_arguments(options, error);
    for (int i = 0; i < OPTION_COUNT && !status; i++)
        if (rows[i].fallback && row_applies(&rows[i], command))
            status = options_set_fallback(options, (enum option_id)i, rows[i].fallback, error);
    return status;
}

enum status options_set_fallback(struct options *options, enum option_id id, const char *text, struct error *error)
{
    if (options->values[id].given)
        return STATUS_OK;
    value_clear(&options->values[id]);
    return value_add_list(&options->values[id], &rows[id], text, error);
}

bool options_given(const struct options *options, enum option_id id)
{
    return options->values[id].given;
}

size_t options_count(const struct options *options, enum option_id id)
{
    return options->values[id].count;
}

const char *options_text(const struct options *options, enum option_id id, size_t index)
{
    return options->values[id].texts[index];
}

double options_number(const struct options *options, enum option_id id, size_t index)
{
    return options->values[id].numbers[index];
}

size_t options_size(const struct options *options, enum option_id id, size_t otherwise)
{
    return options->values[id].count ? (size_t)options->values[id].numbers[0] : otherwise;
}

const char *options_choice(const struct options *options, size_t index)
{
    const struct option_value *value = &options->values[OPTION_THREADS];

    return index < value->count && value->numbers[index] == 0 ? value->texts[index] : NULL;
}

bool options_flag(const struct options *options, enum option_id id)
{
    return options->values[id].given;
}

const char *options_name(enum option_id id)
{
    return rows[id].name;
}

void options_close(struct options *options)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        value_clear(&options->values[i]);
}

void options_usage(FILE *out, enum command command)
{
    const struct command_info *info = command_info(command);

    fprintf(out, "usage: pocketmark %s%s%s\n", info->name, *info->arguments ? " " : "", info->arguments);
}

void options_help(FILE *out)
{
    fputs("pocketmark: how fast, how large and how hungry small language models are on this device\n\n"
          "usage: pocketmark COMMAND [arguments and options]\n\n",
          out);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        const struct command_info *info = command_info((enum command)i);
        if (!info->hidden)
            fprintf(out, "  %-9s %s\n", info->name, info->summary);
    }
    fputs(
        "\n'pocketmark COMMAND --help' tells all about one of them. Start with: pocketmark run\n"
        "Exit codes: 0 well, 1 regressed or verification failed, 2 misuse, 3 inconclusive, 4 not comparable, 5 a case\n"
        "failed, 74 a file could not be read or written, 75 nothing could run here, 128+n ended by signal n.\n",
        out);
}

/* Help text wrapped at `width` columns behind `indent` blanks; the first line is already indented. */
static void print_wrapped(FILE *out, const char *text, size_t indent, size_t width)
{
    size_t column = indent;

    while (*text) {
        size_t length = strcspn(text, " ");
        if (column > indent && column + 1 + length > width) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, length, out);
        column += length;
        text += length + strspn(text + length, " ");
    }
    fputc('\n', out);
}

static void print_option(FILE *out, const struct option_row *row)
{
    char left[64], right[400];
    int used = row->letter ? snprintf(left, sizeof left, "  -%c, --%s", row->letter, row->name)
                           : snprintf(left, sizeof left, "      --%s", row->name);
    int room;

    if (row->value)
        snprintf(left + used, sizeof left - (size_t)used, " %s%s", row->value, row_splits(row) ? "[,…]" : "");
    snprintf(right, sizeof right, row->fallback ? "%s [%s]" : "%s", row->help, row->fallback);
    fputs(left, out);
    /* the ellipsis is three bytes and one column wide */
    room = HELP_COLUMN - (int)strlen(left) + (strstr(left, "…") ? 2 : 0);
    if (room > 0)
        fprintf(out, "%*s", room, "");
    else
        fprintf(out, "\n%*s", HELP_COLUMN, "");
    print_wrapped(out, right, HELP_COLUMN, HELP_WIDTH);
}

void options_help_command(FILE *out, enum command command)
{
    const struct command_info *info = command_info(command);

    options_usage(out, command);
    fprintf(out, "\n%s\n\n", info->summary);
    if (info->notes)
        fprintf(out, "%s\n\n", info->notes);
    for (int i = 0; i < OPTION_COUNT; i++)
        if (row_applies(&rows[i], command) && rows[i].help)
            print_option(out, &rows[i]);
    fprintf(out, "  -h, --help%*s%s\n", HELP_COLUMN - 12, "", "this text");
}
