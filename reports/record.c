#include "reports/record.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "reports/statistics.h"
#include "reports/units.h"

static const struct field_info field_table[FIELD_COUNT] = {
#define FIELD(name, better, kind, estimator, delta, meaning)                                                           \
    {#name, meaning, BETTER_##better, KIND_##kind, ESTIMATOR_##estimator, delta},
#include "reports/fields.inc"
#undef FIELD
};

const struct field_info *field_info(enum field field)
{
    return &field_table[field];
}

bool field_from_name(const char *name, enum field *field)
{
    for (int i = 0; i < FIELD_COUNT; i++)
        if (strcmp(field_table[i].name, name) == 0) {
            *field = (enum field)i;
            return true;
        }
    return false;
}

static const char *const origin_names[] = {
    [ORIGIN_NATIVE] = "native", [ORIGIN_EMULATED] = "emulated", [ORIGIN_IMPORTED] = "imported"};

const char *origin_name(enum origin origin)
{
    return origin_names[origin];
}

bool origin_from_name(const char *name, enum origin *origin)
{
    for (int i = 0; i <= ORIGIN_IMPORTED; i++)
        if (strcmp(origin_names[i], name) == 0) {
            *origin = (enum origin)i;
            return true;
        }
    return false;
}

static const struct noise_info noise_table[NOISE_COUNT] = {
#define NOISE(name, limit, meaning) [NOISE_##name] = {#name, meaning, limit},
#include "reports/noise.inc"
#undef NOISE
};

const struct noise_info *noise_info(enum noise_kind kind)
{
    return &noise_table[kind];
}

bool noise_from_name(const char *name, enum noise_kind *kind)
{
    for (int i = 0; i < NOISE_COUNT; i++)
        if (strcmp(noise_table[i].name, name) == 0) {
            *kind = (enum noise_kind)i;
            return true;
        }
    return false;
}

const char *flag_name(unsigned flag)
{
    return flag == FLAG_CANARY ? "canary" : noise_table[flag].name;
}

const char *field_unit(enum field field)
{
    return units_of_name(field_table[field].name);
}

static void random_fill(unsigned char *bytes, size_t count)
{
    size_t got = 0;

    while (got < count) {
        ssize_t more = getrandom(bytes + got, count - got, 0);
        if (more > 0)
            got += (size_t)more;
        else if (more < 0 && errno != EINTR)
            break;
    }
    /* A kernel without getrandom: the id must be unlike others, not secret. */
    for (struct timespec now; got < count; got++) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        bytes[got] =
            (unsigned char)((uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u >> 56 ^ (uint64_t)getpid() >> got % 16);
    }
}

/* RFC 9562, version 7: 48 bits of milliseconds, version, 12 random bits, variant, 62 random bits. */
static void uuid_make(char text[37], const struct timespec *now)
{
    uint64_t milliseconds = (uint64_t)now->tv_sec * 1000 + (uint64_t)now->tv_nsec / 1000000;
    unsigned char b[16];

    random_fill(b, sizeof b);
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)(milliseconds >> (40 - 8 * i));
    b[6] = 0x70 | (b[6] & 0x0f);
    b[8] = 0x80 | (b[8] & 0x3f);
    snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
             b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

void record_open(struct record *record)
{
    struct timespec now;
    struct tm utc;

    *record = (struct record){.status = RUN_COMPLETE};
    clock_gettime(CLOCK_REALTIME, &now);
    uuid_make(record->result_id, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(record->created, sizeof record->created, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* The alphabet of ids is the schema's; a name from outside must not make the document invalid after hours of measuring. */
static void cell_id_copy(char out[CELL_ID_MAX], const char *id)
{
    size_t n = 0;

    for (; *id && n < CELL_ID_MAX - 1; id++) {
        bool upper = *id >= 'A' && *id <= 'Z';
        bool fine = (*id >= 'a' && *id <= 'z') || (*id >= '0' && *id <= '9') || strchr("._+-", *id);
        out[n++] = (char)(upper ? *id - 'A' + 'a' : fine ? *id : '-');
    }
    if (n == 0)
        out[n++] = '-';
    out[n] = '\0';
}

static struct cell *list_add_cell(struct cell **list, size_t *count, size_t *room, const char *id)
{
    struct cell *cell;

    if (*count == *room) {
        size_t capacity = *room ? 2 * *room : 8;
        struct cell *cells = realloc(*list, capacity * sizeof *cells);
        if (!cells)
            return NULL;
        *list = cells;
        *room = capacity;
    }
    cell = &(*list)[(*count)++];
    memset(cell, 0, sizeof *cell);
    cell_id_copy(cell->id, id);
    snprintf(cell->title, sizeof cell->title, "%s", cell->id);
    for (int i = 0; i < FIELD_COUNT; i++)
        cell->figures[i].value = cell->figures[i].ci_low = cell->figures[i].ci_high = cell->figures[i].error_ratio =
            NAN;
    return cell;
}

struct cell *record_add_cell(struct record *record, const char *id)
{
    return list_add_cell(&record->cells, &record->cell_count, &record->cell_capacity, id);
}

struct cell *record_add_prediction(struct record *record, const char *id)
{
    return list_add_cell(&record->predictions, &record->prediction_count, &record->prediction_capacity, id);
}

struct repetition *cell_add_repetition(struct cell *cell, unsigned launch, enum phase phase)
{
    struct repetition *repetition;

    if (cell->repetition_count == cell->repetition_capacity) {
        size_t capacity = cell->repetition_capacity ? 2 * cell->repetition_capacity : 8;
        struct repetition *repetitions = realloc(cell->repetitions, capacity * sizeof *repetitions);
        if (!repetitions)
            return NULL;
        cell->repetitions = repetitions;
        cell->repetition_capacity = capacity;
    }
    repetition = &cell->repetitions[cell->repetition_count];
    *repetition = (struct repetition){
        .index = (unsigned)cell->repetition_count++,
        .launch = launch,
        .phase = phase,
        .start_offset_seconds = NAN,
    };
    for (int i = 0; i < NOISE_COUNT; i++)
        repetition->noise[i] = NAN;
    for (int i = 0; i < FIELD_COUNT; i++)
        repetition->values[i] = NAN;
    return repetition;
}

static struct series *series_of(struct cell *cell, const char *name)
{
    struct series *series;

    for (size_t i = 0; i < cell->series_count; i++)
        if (strcmp(cell->series[i].name, name) == 0)
            return &cell->series[i];
    series = realloc(cell->series, (cell->series_count + 1) * sizeof *series);
    if (!series)
        return NULL;
    cell->series = series;
    series = &cell->series[cell->series_count++];
    *series = (struct series){0};
    snprintf(series->name, sizeof series->name, "%s", name);
    return series;
}

bool cell_add_sample(struct cell *cell, const char *name, double offset_seconds, double value)
{
    struct series *series = series_of(cell, name);

    if (!series)
        return false;
    if (series->count == series->capacity) {
        size_t capacity = series->capacity ? 2 * series->capacity : 64;
        double *offsets = realloc(series->offsets_seconds, capacity * sizeof *offsets), *values;
        if (!offsets)
            return false;
        series->offsets_seconds = offsets;
        values = realloc(series->values, capacity * sizeof *values);
        if (!values)
            return false;
        series->values = values;
        series->capacity = capacity;
    }
    series->offsets_seconds[series->count] = offset_seconds;
    series->values[series->count++] = value;
    return true;
}

void cell_explain(struct cell *cell, enum field field, const char *format, ...)
{
    struct figure *figure = &cell->figures[field];
    va_list arguments;

    figure->present = false;
    va_start(arguments, format);
    vsnprintf(figure->reason, sizeof figure->reason, format, arguments);
    va_end(arguments);
}

struct sample {
    unsigned launch;
    double value;
};

static int samples_compare(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;

    return (x->launch > y->launch) - (x->launch < y->launch);
}

/* The field's measured values, launch by launch; returns how many. */
static size_t samples_collect(const struct cell *cell, enum field field, struct sample *samples)
{
    size_t count = 0;

    for (size_t i = 0; i < cell->repetition_count; i++) {
        const struct repetition *repetition = &cell->repetitions[i];
        if (repetition->phase == PHASE_MEASURED && isfinite(repetition->values[field]))
            samples[count++] = (struct sample){repetition->launch, repetition->values[field]};
    }
    qsort(samples, count, sizeof *samples, samples_compare);
    return count;
}

/* One value per launch into `launches`; `scratch` has room for one launch. Returns how many launches. */
static size_t samples_reduce(const struct sample *samples, size_t count, enum estimator estimator, double *scratch,
                             double *launches)
{
    size_t launch_count = 0;

    for (size_t first = 0, next; first < count; first = next) {
        size_t own = 0;
        for (next = first; next < count && samples[next].launch == samples[first].launch; next++)
            scratch[own++] = samples[next].value;
        launches[launch_count++] =
            estimator == ESTIMATOR_MAX ? statistics_max(scratch, own) : statistics_quantile(scratch, own, 0.5);
    }
    return launch_count;
}

size_t cell_launch_rounds(const struct cell *cell, enum field field, double *values, unsigned *launches,
                          size_t capacity)
{
    size_t room = cell->repetition_count ? cell->repetition_count : 1, count, launch_count = 0;
    struct sample *samples = malloc(room * sizeof *samples);
    double *reduced = malloc(2 * room * sizeof *reduced);

    if (samples && reduced) {
        count = samples_collect(cell, field, samples);
        launch_count = samples_reduce(samples, count, field_table[field].estimator, reduced + room, reduced);
        launch_count = launch_count < capacity ? launch_count : capacity;
        memcpy(values, reduced, launch_count * sizeof *values);
        for (size_t i = 0, launch = 0; launches && i < count && launch < launch_count; i++)
            if (i == 0 || samples[i].launch != samples[i - 1].launch)
                launches[launch++] = samples[i].launch;
    }
    free(samples);
    free(reduced);
    return launch_count;
}

size_t cell_launch_values(const struct cell *cell, enum field field, double *values, size_t capacity)
{
    return cell_launch_rounds(cell, field, values, NULL, capacity);
}

static void figure_fill(struct figure *figure, enum estimator estimator, const double *launches, size_t launch_count,
                        size_t count)
{
    struct interval interval = {NAN, NAN, NAN};

    if (estimator == ESTIMATOR_MAX)
        interval.value = statistics_max(launches, launch_count);
    else
        interval = statistics_median(launches, launch_count);
    if (!isfinite(interval.value))
        return;
    figure->present = true;
    figure->reason[0] = '\0';
    figure->value = interval.value;
    figure->ci_low = interval.low;
    figure->ci_high = interval.high;
    figure->n = count;
    figure->launches = launch_count;
}

void cell_summarise(struct cell *cell)
{
    size_t room = cell->repetition_count ? cell->repetition_count : 1;
    struct sample *samples = malloc(room * sizeof *samples);
    double *scratch = malloc(2 * room * sizeof *scratch);

    for (int i = 0; i < FIELD_COUNT; i++) {
        enum estimator estimator = field_table[i].estimator;
        size_t count, launch_count;
        if (!samples || !scratch) {
            cell_explain(cell, (enum field)i, "no memory to summarise the repetitions");
            continue;
        }
        count = samples_collect(cell, (enum field)i, samples);
        if (!count)
            continue;
        launch_count = samples_reduce(samples, count, estimator, scratch, scratch + room);
        figure_fill(&cell->figures[i], estimator, scratch + room, launch_count, count);
    }
    free(samples);
    free(scratch);
}

static void cell_free(struct cell *cell)
{
    facts_free(&cell->model);
    facts_free(&cell->engine);
    facts_free(&cell->parameters);
    facts_free(&cell->observations);
    for (size_t i = 0; i < cell->series_count; i++) {
        free(cell->series[i].offsets_seconds);
        free(cell->series[i].values);
    }
    free(cell->series);
    free(cell->repetitions);
}

void record_close(struct record *record)
{
    for (size_t i = 0; i < record->cell_count; i++)
        cell_free(&record->cells[i]);
    for (size_t i = 0; i < record->prediction_count; i++)
        cell_free(&record->predictions[i]);
    free(record->cells);
    free(record->predictions);
    facts_free(&record->tool);
    facts_free(&record->workload);
    facts_free(&record->device);
    facts_free(&record->environment);
    *record = (struct record){0};
}
