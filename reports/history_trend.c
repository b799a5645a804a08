#include "reports/history_trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/changepoint.h"
#include "reports/emit.h"
#include "reports/table.h"
#include "reports/text.h"
#include "reports/units.h"

enum { CHART_MARGIN = 2, CHART_LEAST = 20, LEVELS = 8, TITLE_MAX = 600 };

struct point {
    char created[32], result_id[37], commit[64];
    double value;
};

/* One series while it is gathered, and where to. */
struct trend {
    char device_id[64], device_name[128], cell[CELL_ID_MAX], title[CELL_ID_MAX], parameters[512], engine[64],
        origin[16], metric[64];
    struct point *points;
    size_t count, capacity;
    struct changepoint *changes;
    size_t change_count;
    FILE *out;
    const struct writer_style *style; /* NULL: JSON */
    size_t *series;
};

/* ---- as text ----------------------------------------------------------------------------------------------------------------- */

/* The mean of the values that fall into a column. */
static double column_mean(const struct trend *trend, size_t column, size_t columns)
{
    size_t from = column * trend->count / columns, to = (column + 1) * trend->count / columns;
    double sum = 0;

    for (size_t i = from; i < to; i++)
        sum += trend->points[i].value;
    return sum / (double)(to - from);
}

static void put_level(const struct trend *trend, double share)
{
    static const char *const blocks[LEVELS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const signs[LEVELS] = {"_", ".", ",", "-", "~", "=", "*", "#"};
    int level = (int)(share * LEVELS);

    level = level < 0 ? 0 : level >= LEVELS ? LEVELS - 1 : level;
    fputs(trend->style->utf8 ? blocks[level] : signs[level], trend->out);
}

static void put_chart(const struct trend *trend)
{
    size_t room = trend->style->width > CHART_LEAST + CHART_MARGIN ? trend->style->width - CHART_MARGIN : CHART_LEAST;
    size_t columns = trend->count < room ? trend->count : room;
    double low = INFINITY, high = -INFINITY;
    char lowest[64], highest[64];

    for (size_t i = 0; i < columns; i++) {
        low = fmin(low, column_mean(trend, i, columns));
        high = fmax(high, column_mean(trend, i, columns));
    }
    fprintf(trend->out, "%*s", CHART_MARGIN, "");
    for (size_t i = 0; i < columns; i++)
        put_level(trend, high > low ? (column_mean(trend, i, columns) - low) / (high - low) : 0.5);
    fprintf(trend->out, "\n%*s", CHART_MARGIN, "");
    for (size_t i = 0, next = 0; i < columns && next < trend->change_count; i++) {
        bool marked = false;
        for (; next < trend->change_count && trend->changes[next].index < (i + 1) * trend->count / columns; next++)
            marked = true;
        putc(marked ? '^' : ' ', trend->out);
    }
    fprintf(trend->out, "%sfrom %s to %s\n", trend->change_count ? "  " : "",
            units_format(lowest, sizeof lowest, units_of_name(trend->metric), low),
            units_format(highest, sizeof highest, units_of_name(trend->metric), high));
}

/* A row per level: since when, from which commit, how many results, their mean, and the step to it. */
static void put_levels(const struct trend *trend, struct table *table)
{
    char text[128], commit[HISTORY_COMMIT_MAX];

    for (size_t i = 0; i <= trend->change_count; i++) {
        size_t from = i ? trend->changes[i - 1].index : 0;
        size_t to = i < trend->change_count ? trend->changes[i].index : trend->count;
        double mean = 0;
        for (size_t j = from; j < to; j++)
            mean += trend->points[j].value / (double)(to - from);
        table_add(table, trend->points[from].created, NAN);
        history_short_commit(commit, trend->points[from].commit);
        table_add(table, commit, NAN);
        snprintf(text, sizeof text, "%zu", to - from);
        table_add(table, text, NAN);
        table_add(table, units_format(text, sizeof text, units_of_name(trend->metric), mean), NAN);
        if (i)
            snprintf(text, sizeof text, "%+.1f %%",
                     100 * (trend->changes[i - 1].after / trend->changes[i - 1].before - 1));
        table_add(table, i ? text : "", NAN);
    }
}

static enum status put_text(const struct trend *trend, struct error *error)
{
    static const struct table_column columns[] = {{"since", "", false, false, 0},
                                                  {"commit", "", false, false, 0},
                                                  {"results", "", true, false, 0},
                                                  {"mean", "", true, false, 0},
                                                  {"change", "", true, false, 0}};
    bool native = strcmp(trend->origin, origin_name(ORIGIN_NATIVE)) == 0, printed;
    char title[TITLE_MAX];
    struct table table;

    snprintf(title, sizeof title, "%s · %s · %s%s%s · %zu result%s%s%s", trend->metric, trend->cell,
             *trend->device_id ? trend->device_id : trend->device_name, *trend->engine ? " · " : "", trend->engine,
             trend->count, trend->count == 1 ? "" : "s", native ? "" : " · ", native ? "" : trend->origin);
    table_wrap(trend->out, trend->style, 0, CHART_MARGIN, title);
    put_chart(trend);
    table_open(&table, columns, sizeof columns / sizeof *columns, trend->style);
    put_levels(trend, &table);
    printed = table_print(&table, trend->out);
    table_close(&table);
    putc('\n', trend->out);
    return printed ? STATUS_OK : error_set(error, STATUS_MEMORY, "no memory to print %zu levels", trend->change_count);
}

/* ---- as JSON ----------------------------------------------------------------------------------------------------------------- */

static void put_member(FILE *out, const char *name, const char *text, const char *behind)
{
    fprintf(out, "\"%s\": ", name);
    if (*text)
        emit_json_text(out, text);
    else
        fputs("null", out);
    fputs(behind, out);
}

static void put_json(const struct trend *trend)
{
    FILE *out = trend->out;

    fputs(*trend->series ? ",\n  {" : "\n  {", out);
    put_member(out, "device_id", trend->device_id, ", ");
    put_member(out, "device", trend->device_name, ", ");
    put_member(out, "cell_id", trend->cell, ", ");
    put_member(out, "title", trend->title, ", ");
    put_member(out, "engine", trend->engine, ", ");
    put_member(out, "origin", trend->origin, ", ");
    put_member(out, "metric", trend->metric, ",\n   \"points\": [");
    for (size_t i = 0; i < trend->count; i++) {
        fputs(i ? ",\n    {" : "\n    {", out);
        put_member(out, "created", trend->points[i].created, ", ");
        put_member(out, "result_id", trend->points[i].result_id, ", ");
        put_member(out, "commit", trend->points[i].commit, ", \"value\": ");
        emit_json_number(out, trend->points[i].value);
        putc('}', out);
    }
    fputs("],\n   \"changes\": [", out);
    for (size_t i = 0; i < trend->change_count; i++) {
        const struct changepoint *change = &trend->changes[i];
        fprintf(out, "%s\n    {\"index\": %zu, ", i ? "," : "", change->index);
        put_member(out, "created", trend->points[change->index].created, ", \"before\": ");
        emit_json_number(out, change->before);
        fputs(", \"after\": ", out);
        emit_json_number(out, change->after);
        fputs(", \"p\": ", out);
        emit_json_number(out, change->p);
        putc('}', out);
    }
    fputs("]}", out);
}

/* ---- gathering ---------------------------------------------------------------------------------------------------------------- */

/* Prints what was gathered and makes room for the next series. */
static enum status flush_series(struct trend *trend, struct error *error)
{
    enum status status = STATUS_OK;
    double *values;

    if (!trend->count)
        return STATUS_OK;
    values = malloc(trend->count * sizeof *values);
    if (!values)
        return error_set(error, STATUS_MEMORY, "no memory for %zu results", trend->count);
    for (size_t i = 0; i < trend->count; i++)
        values[i] = trend->points[i].value;
    if (!changepoint_find(values, trend->count, &changepoint_defaults, &trend->changes, &trend->change_count))
        status = error_set(error, STATUS_MEMORY, "no memory for %zu results", trend->count);
    else if (trend->style)
        status = put_text(trend, error);
    else
        put_json(trend);
    ++*trend->series;
    free(trend->changes);
    free(values);
    trend->changes = NULL;
    trend->count = 0;
    return status;
}

/* Does the entry belong to the series that is being gathered? If not, its names are taken over. */
static bool continues(struct trend *trend, const struct history_entry *entry)
{
    const struct {
        char *own;
        size_t size;
        const char *told;
    } names[] = {{trend->device_id, sizeof trend->device_id, entry->device_id},
                 {trend->device_name, sizeof trend->device_name, entry->device_name},
                 {trend->cell, sizeof trend->cell, entry->cell},
                 {trend->parameters, sizeof trend->parameters, entry->parameters},
                 {trend->engine, sizeof trend->engine, entry->engine},
                 {trend->origin, sizeof trend->origin, entry->origin},
                 {trend->metric, sizeof trend->metric, entry->metric}};
    bool same = trend->count > 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        same = same && strcmp(names[i].own, names[i].told) == 0;
    return same;
}

static void take_names(struct trend *trend, const struct history_entry *entry)
{
    snprintf(trend->device_id, sizeof trend->device_id, "%s", entry->device_id);
    snprintf(trend->device_name, sizeof trend->device_name, "%s", entry->device_name);
    snprintf(trend->cell, sizeof trend->cell, "%s", entry->cell);
    snprintf(trend->title, sizeof trend->title, "%s", entry->title);
    snprintf(trend->parameters, sizeof trend->parameters, "%s", entry->parameters);
    snprintf(trend->engine, sizeof trend->engine, "%s", entry->engine);
    snprintf(trend->origin, sizeof trend->origin, "%s", entry->origin);
    snprintf(trend->metric, sizeof trend->metric, "%s", entry->metric);
}

static enum status take_entry(const struct history_entry *entry, void *context, struct error *error)
{
    struct trend *trend = context;
    struct point *point;
    enum status status;

    if (!continues(trend, entry)) {
        status = flush_series(trend, error);
        if (status)
            return status;
        take_names(trend, entry);
    }
    if (trend->count == trend->capacity) {
        size_t capacity = trend->capacity ? 2 * trend->capacity : 64;
        struct point *points = realloc(trend->points, capacity * sizeof *points);
        if (!points)
            return error_set(error, STATUS_MEMORY, "no memory for %zu results", trend->count);
        trend->points = points;
        trend->capacity = capacity;
    }
    point = &trend->points[trend->count++];
    snprintf(point->created, sizeof point->created, "%s", entry->created);
    snprintf(point->result_id, sizeof point->result_id, "%s", entry->result_id);
    snprintf(point->commit, sizeof point->commit, "%s", entry->commit);
    point->value = entry->value;
    return STATUS_OK;
}

static enum status gather(struct history *history, const struct history_filter *filter, struct trend *trend,
                          struct error *error)
{
    enum status status;

    *trend->series = 0;
    status = history_figures(history, filter, take_entry, trend, error);
    if (!status)
        status = flush_series(trend, error);
    free(trend->points);
    return status;
}

enum status history_trend_print(struct history *history, const struct history_filter *filter, FILE *out,
                                const struct writer_style *style, size_t *series, struct error *error)
{
    struct trend trend = {.out = out, .style = style, .series = series};

    return gather(history, filter, &trend, error);
}

enum status history_trend_json(struct history *history, const struct history_filter *filter, FILE *out, size_t *series,
                               struct error *error)
{
    struct trend trend = {.out = out, .series = series};
    enum status status;

    fputs("{\"series\": [", out);
    status = gather(history, filter, &trend, error);
    fputs("\n]}\n", out);
    return status;
}
