#include "runner/lines.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RATIO_SECONDS_LEAST 0.25

static const char *const phase_names[] = {
    [PHASE_FIRST] = "first", [PHASE_WARMUP] = "warmup", [PHASE_MEASURED] = "measured"};
static const char *const fact_names[] = {[FACT_TEXT] = "text",
                                         [FACT_NUMBER] = "number",
                                         [FACT_INTEGER] = "integer",
                                         [FACT_BOOLEAN] = "boolean",
                                         [FACT_NULL] = "null"};
enum { PHASES = sizeof phase_names / sizeof *phase_names, FACT_TYPES = sizeof fact_names / sizeof *fact_names };

/* A free text as the last or a middle field: no tabs or line ends in it. */
static void print_clean(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc(*text == '\t' || *text == '\n' || *text == '\r' ? ' ' : *text, out);
}

void lines_repetition(FILE *out, enum phase phase, uint64_t start_ns)
{
    fprintf(out, "repetition\t%s\t%" PRIu64 "\n", phase_names[phase], start_ns);
}

void lines_value(FILE *out, enum field field, double value)
{
    if (isfinite(value))
        fprintf(out, "value\t%s\t%.17g\n", field_info(field)->name, value);
}

void lines_noise(FILE *out, const struct sensors *before, const struct sensors *after)
{
    struct noise noise = sensors_noise(before, after);
    bool told = after->wall_seconds - before->wall_seconds >= RATIO_SECONDS_LEAST;

    if (!told)
        noise.steal_ratio = noise.foreign_load_ratio = NAN;
#define NOISE(name, limit, meaning)                                                                                    \
    if (isfinite(noise.name))                                                                                          \
        fprintf(out, "noise\t%s\t%.17g\n", #name, noise.name);
#include "reports/noise.inc"
#undef NOISE
}

void lines_sample(FILE *out, const char *name, uint64_t at_ns, double value)
{
    if (isfinite(value))
        fprintf(out, "sample\t%s\t%" PRIu64 "\t%.7g\n", name, at_ns, value);
}

void lines_whole(FILE *out, enum field field, double value)
{
    if (isfinite(value))
        fprintf(out, "whole\t%s\t%.17g\n", field_info(field)->name, value);
}

void lines_null(FILE *out, enum field field, const char *reason)
{
    fprintf(out, "null\t%s\t", field_info(field)->name);
    print_clean(out, reason);
    fputc('\n', out);
}

void lines_source(FILE *out, enum field field, const char *name, const char *scope, double error_ratio)
{
    fprintf(out, "source\t%s\t", field_info(field)->name);
    print_clean(out, name);
    fprintf(out, "\t%s\t%.17g\n", scope, error_ratio);
}

void lines_facts(FILE *out, const struct facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];

        fprintf(out, "fact\t%s\t%s\t", fact_names[fact->type], fact->path);
        print_clean(out, fact->label ? fact->label : "");
        fputc('\t', out);
        if (fact->type == FACT_NUMBER)
            fprintf(out, "%.17g", fact->number);
        else if (fact->type == FACT_INTEGER)
            fprintf(out, "%" PRId64, fact->integer);
        else if (fact->type == FACT_BOOLEAN)
            fputs(fact->boolean ? "true" : "false", out);
        else
            print_clean(out, fact->text ? fact->text : "");
        fputc('\n', out);
    }
}

void lines_engine(FILE *out, const char *key, const char *value)
{
    fprintf(out, "engine\t%s\t", key);
    print_clean(out, value);
    fputc('\n', out);
}

void lines_skip(FILE *out, const char *reason)
{
    fputs("skip\t", out);
    print_clean(out, reason);
    fputc('\n', out);
}

void lines_error(FILE *out, const struct error *error)
{
    fprintf(out, "error\t%d\t", (int)error->status);
    print_clean(out, error->text);
    fputc('\n', out);
}

void lines_done(FILE *out)
{
    fputs("done\n", out);
    fflush(out);
}

enum status outcome_open(struct outcome *outcome, struct error *error)
{
    *outcome = (struct outcome){0};
    record_open(&outcome->record);
    for (int i = 0; i < FIELD_COUNT; i++)
        outcome->whole[i] = NAN;
    if (!record_add_cell(&outcome->record, "launch")) {
        outcome_close(outcome);
        return error_set(error, STATUS_MEMORY, "out of memory for a launch");
    }
    return STATUS_OK;
}

struct cell *outcome_cell(struct outcome *outcome)
{
    return &outcome->record.cells[0];
}

static bool parse_number(const char *text, double *value)
{
    char *end;

    *value = strtod(text, &end);
    return *text && !*end;
}

static bool parse_name(const char *text, const char *const *names, size_t count, int *found)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0) {
            *found = (int)i;
            return true;
        }
    return false;
}

static bool parse_offset(const char *text, uint64_t run_start_ns, double *offset_seconds)
{
    char *end;
    uint64_t at_ns = strtoull(text, &end, 10);

    /* signed: a launch may tell of what was before the run, and a run that goes on may have begun before the clock did */
    *offset_seconds = (double)(int64_t)(at_ns - run_start_ns) * 1e-9;
    return *text && !*end;
}

static bool take_repetition(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    struct repetition *repetition;
    double offset_seconds;
    int phase;

    if (!parse_name(fields[1], phase_names, PHASES, &phase) || !parse_offset(fields[2], run_start_ns, &offset_seconds))
        return false;
    repetition = cell_add_repetition(outcome_cell(outcome), 0, (enum phase)phase);
    if (!repetition)
        return false;
    repetition->start_offset_seconds = offset_seconds;
    return true;
}

static bool take_sample(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    double offset_seconds, value;

    return *fields[1] && parse_offset(fields[2], run_start_ns, &offset_seconds) && parse_number(fields[3], &value) &&
           isfinite(value) && cell_add_sample(outcome_cell(outcome), fields[1], offset_seconds, value);
}

static struct repetition *current_repetition(struct outcome *outcome)
{
    struct cell *cell = outcome_cell(outcome);

    return cell->repetition_count ? &cell->repetitions[cell->repetition_count - 1] : NULL;
}

static bool take_value(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    struct repetition *repetition = current_repetition(outcome);
    enum field field;
    double value;

    (void)run_start_ns;
    if (!repetition || !field_from_name(fields[1], &field) || !parse_number(fields[2], &value))
        return false;
    repetition->values[field] = value;
    return true;
}

static bool take_whole(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    enum field field;

    (void)run_start_ns;
    return field_from_name(fields[1], &field) && parse_number(fields[2], &outcome->whole[field]);
}

static bool take_noise(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    struct repetition *repetition = current_repetition(outcome);
    enum noise_kind kind;

    (void)run_start_ns;
    return repetition && noise_from_name(fields[1], &kind) && parse_number(fields[2], &repetition->noise[kind]);
}

static bool take_null(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    enum field field;

    (void)run_start_ns;
    if (!field_from_name(fields[1], &field) || !*fields[2])
        return false;
    cell_explain(outcome_cell(outcome), field, "%s", fields[2]);
    return true;
}

static bool take_source(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    enum field field;
    struct figure *figure;

    (void)run_start_ns;
    if (!field_from_name(fields[1], &field))
        return false;
    figure = &outcome_cell(outcome)->figures[field];
    if (!parse_number(fields[4], &figure->error_ratio))
        return false;
    snprintf(figure->source, sizeof figure->source, "%s", fields[2]);
    snprintf(figure->scope, sizeof figure->scope, "%s", fields[3]);
    return true;
}

static bool take_fact(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    const char *path = fields[2], *label = *fields[3] ? fields[3] : NULL, *text = fields[4];
    double number;
    char *end;
    int type;

    (void)run_start_ns;
    if (!*path || !parse_name(fields[1], fact_names, FACT_TYPES, &type))
        return false;
    switch ((enum fact_type)type) {
    case FACT_NUMBER:
        if (!parse_number(text, &number))
            return false;
        facts_number(&outcome->facts, path, label, number);
        return true;
    case FACT_INTEGER:
        facts_integer(&outcome->facts, path, label, strtoll(text, &end, 10));
        return *text && !*end;
    case FACT_BOOLEAN:
        facts_boolean(&outcome->facts, path, label, strcmp(text, "true") == 0);
        return true;
    case FACT_NULL:
        facts_null(&outcome->facts, path, label, text);
        return true;
    case FACT_TEXT:
        break;
    }
    facts_text(&outcome->facts, path, label, text);
    return true;
}

static bool take_engine(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    (void)run_start_ns;
    if (!*fields[1])
        return false;
    facts_text(&outcome->engine, fields[1], NULL, fields[2]);
    return true;
}

static bool take_skip(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    (void)run_start_ns;
    snprintf(outcome->skip, sizeof outcome->skip, "%s", fields[1]);
    return *fields[1];
}

static bool take_error(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    double status;

    (void)run_start_ns;
    if (!parse_number(fields[1], &status) || status <= STATUS_OK || status > STATUS_UNLIKE)
        return false;
    error_set(&outcome->error, (enum status)status, "%s", fields[2]);
    return true;
}

static bool take_done(struct outcome *outcome, char **fields, uint64_t run_start_ns)
{
    (void)fields;
    (void)run_start_ns;
    outcome->done = true;
    return true;
}

void outcome_take(struct outcome *outcome, char *line, uint64_t run_start_ns)
{
    static const struct {
        const char *word;
        size_t fields;
        bool (*take)(struct outcome *outcome, char **fields, uint64_t run_start_ns);
    } kinds[] = {{"repetition", 3, take_repetition}, {"value", 3, take_value},
                 {"noise", 3, take_noise},           {"sample", 4, take_sample},
                 {"whole", 3, take_whole},           {"null", 3, take_null},
                 {"source", 5, take_source},         {"fact", 5, take_fact},
                 {"engine", 3, take_engine},         {"skip", 2, take_skip},
                 {"error", 3, take_error},           {"done", 1, take_done}};
    enum { FIELDS_MAX = 6 };
    char *fields[FIELDS_MAX] = {0}, *cursor = line;
    char shown[80];
    size_t count = 0;

    snprintf(shown, sizeof shown, "%s", line);
    while (cursor && count < FIELDS_MAX)
        fields[count++] = strsep(&cursor, "\t");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(fields[0], kinds[i].word) == 0 && count == kinds[i].fields &&
            kinds[i].take(outcome, fields, run_start_ns))
            return;
    if (!outcome->error.status)
        error_set(&outcome->error, STATUS_FAILED, "the launch told something that makes no sense: '%s'", shown);
}

void outcome_close(struct outcome *outcome)
{
    record_close(&outcome->record);
    facts_free(&outcome->facts);
    facts_free(&outcome->engine);
}
