#include "reports/view.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/statistics.h"
#include "reports/units.h"

static const char UNKNOWN[] = "–";

/* ---- facts ------------------------------------------------------------------------------------------------------------ */

static void fact_format(char *out, size_t size, const struct fact *fact)
{
    switch (fact->type) {
    case FACT_TEXT:
        snprintf(out, size, "%s", fact->text);
        break;
    case FACT_NUMBER:
        units_format(out, size, units_of_name(fact->path), fact->number);
        break;
    case FACT_INTEGER:
        if (*units_of_name(fact->path))
            units_format(out, size, units_of_name(fact->path), (double)fact->integer);
        else
            snprintf(out, size, "%" PRId64, fact->integer);
        break;
    case FACT_BOOLEAN:
        snprintf(out, size, "%s", fact->boolean ? "yes" : "no");
        break;
    case FACT_NULL:
        snprintf(out, size, "%s (%s)", UNKNOWN, fact->text);
        break;
    }
}

void view_fact(char *out, size_t size, const struct facts *facts, const char *const *paths)
{
    out[0] = '\0';
    for (; *paths && !*out; paths++) {
        const struct fact *fact = facts_find(facts, *paths);
        if (fact && fact->type != FACT_NULL)
            fact_format(out, size, fact);
    }
}

bool view_is_matmul(const struct cell *cell)
{
    const struct fact *fact = facts_find(&cell->parameters, "workload");

    return fact && fact->type == FACT_TEXT && strcmp(fact->text, "matmul") == 0;
}

/* ---- figures ---------------------------------------------------------------------------------------------------------- */

static bool figure_known(const struct figure *figure)
{
    return figure->present && isfinite(figure->value);
}

void view_figure(char *out, size_t size, const struct figure *figure)
{
    double magnitude = fabs(figure->value), half = (figure->ci_high - figure->ci_low) / 2;
    int decimals, finer;

    if (!figure_known(figure)) {
        snprintf(out, size, "%s", UNKNOWN);
        return;
    }
    decimals = magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : magnitude >= 1 || magnitude == 0 ? 2 : 3;
    if (!isfinite(half)) {
        snprintf(out, size, "%.*f", decimals, figure->value);
        return;
    }
    /* An interval finer than the last digit shows that more digits are known. */
    for (finer = decimals; finer < decimals + 2 && half > 0 && half < 0.5 * pow(10, -finer);)
        finer++;
    snprintf(out, size, "%.*f ±%.*f", finer, figure->value, finer, half);
}

static void figure_scaled(char *out, size_t size, const struct cell *cell, enum field field)
{
    const struct figure *figure = &cell->figures[field];

    units_format(out, size, field_unit(field), figure_known(figure) ? figure->value : NAN);
}

static double figure_value(const struct cell *cell, enum field field)
{
    return figure_known(&cell->figures[field]) ? cell->figures[field].value : NAN;
}

/* ---- columns ---------------------------------------------------------------------------------------------------------- */

#define FIGURE_COLUMN(name, format)                                                                                    \
    static void name##_text(char *out, size_t size, const struct cell *cell)                                           \
    {                                                                                                                  \
        format;                                                                                                        \
    }
#define SCALED_COLUMN(field) FIGURE_COLUMN(field, figure_scaled(out, size, cell, FIELD_##field))
#define SHARE_COLUMN(field)                                                                                            \
    SCALED_COLUMN(field)                                                                                               \
    static double field##_share(const struct cell *cell)                                                               \
    {                                                                                                                  \
        return figure_value(cell, FIELD_##field);                                                                      \
    }
#define FACT_COLUMN(name, block, ...)                                                                                  \
    static void name##_text(char *out, size_t size, const struct cell *cell)                                           \
    {                                                                                                                  \
        static const char *const paths[] = {__VA_ARGS__, NULL};                                                        \
        view_fact(out, size, &cell->block, paths);                                                                     \
    }

FIGURE_COLUMN(prefill, view_figure(out, size, &cell->figures[FIELD_prefill_tokens_per_second]))
FIGURE_COLUMN(decode, view_figure(out, size, &cell->figures[FIELD_decode_tokens_per_second]))
SHARE_COLUMN(prefill_utilization_ratio)
SHARE_COLUMN(decode_utilization_ratio)
SHARE_COLUMN(matmul_utilization_ratio)
SCALED_COLUMN(time_to_first_token_seconds)
SCALED_COLUMN(energy_joules_per_token)
SCALED_COLUMN(matmul_macs_per_second)
SCALED_COLUMN(matmul_read_bytes_per_second)
SCALED_COLUMN(weights_bytes)
SCALED_COLUMN(embedding_weights_bytes)
SCALED_COLUMN(kv_cache_bytes)
SCALED_COLUMN(scratch_bytes)
SCALED_COLUMN(runtime_bytes)
SCALED_COLUMN(predicted_peak_bytes)
SCALED_COLUMN(peak_private_bytes)
FACT_COLUMN(engine, engine, "name")
FACT_COLUMN(prompt, parameters, "prompt_tokens")
FACT_COLUMN(generated, parameters, "generated_tokens")
FACT_COLUMN(depth, parameters, "depth_tokens")
FACT_COLUMN(context, parameters, "context_tokens")
FACT_COLUMN(kv_type, parameters, "kv_type")
FACT_COLUMN(scenario, parameters, "scenario")
FACT_COLUMN(tokens, parameters, "tokens")

static void model_text(char *out, size_t size, const struct cell *cell)
{
    static const char *const paths[] = {"name", NULL};
    const struct fact *weights = facts_find(&cell->model, "weights");
    size_t length;

    view_fact(out, size, &cell->model, paths);
    if (!*out)
        snprintf(out, size, "%s", cell->title);
    length = strlen(out);
    if (weights && weights->type == FACT_TEXT && strcmp(weights->text, "file") == 0)
        snprintf(out + length, size - length, " (file)");
}

/* "q4_0", and "q4_0/q6_k" where the output matrix has another type than all others. */
static void format_text(char *out, size_t size, const struct cell *cell)
{
    static const char *const formats[] = {"quantization", NULL}, *const outputs[] = {"output_tensor_type", NULL};
    enum dtype format, output;
    char text[64];
    size_t length;

    view_fact(out, size, &cell->model, formats);
    view_fact(text, sizeof text, &cell->model, outputs);
    length = strlen(out);
    if (!view_is_matmul(cell) && dtype_from_name(out, &format) && dtype_from_name(text, &output) && format != output)
        snprintf(out + length, size - length, "/%s", text);
}

static void matrix_text(char *out, size_t size, const struct cell *cell)
{
    static const char *const paths[] = {"matrix", NULL};

    view_fact(out, size, &cell->parameters, paths);
    if (!*out)
        snprintf(out, size, "%s", cell->title);
}

static void threads_text(char *out, size_t size, const struct cell *cell)
{
    static const char *const made[] = {"options.threads", NULL}, *const asked[] = {"threads", NULL};

    view_fact(out, size, &cell->engine, made);
    if (!*out)
        view_fact(out, size, &cell->parameters, asked);
}

static void peak_text(char *out, size_t size, const struct cell *cell)
{
    bool private_known = figure_known(&cell->figures[FIELD_peak_private_bytes]);

    figure_scaled(out, size, cell, private_known ? FIELD_peak_private_bytes : FIELD_peak_rss_bytes);
}

static void difference_text(char *out, size_t size, const struct cell *cell)
{
    double predicted = figure_value(cell, FIELD_predicted_peak_bytes);
    double percent = 100 * (figure_value(cell, FIELD_peak_private_bytes) / predicted - 1);

    if (isfinite(percent))
        snprintf(out, size, "%+.1f %%", percent);
    else
        snprintf(out, size, "%s", UNKNOWN);
}

static const struct view_column model_columns[] = {
    {"model", "", false, false, 0, model_text, NULL},
    {"format", "", false, false, 0, format_text, NULL},
    {"engine", "", false, true, 4, engine_text, NULL},
    {"threads", "", true, true, 3, threads_text, NULL},
    {"scenario", "", false, true, 2, scenario_text, NULL},
    {"cache type", "", false, true, 3, kv_type_text, NULL},
    {"prompt", "tokens", true, true, 3, prompt_text, NULL},
    {"generated", "tokens", true, true, 3, generated_text, NULL},
    {"depth", "tokens", true, true, 3, depth_text, NULL},
    {"prefill", "tok/s", true, false, 1, prefill_text, NULL},
    {"of roof", "", true, false, 6, prefill_utilization_ratio_text, prefill_utilization_ratio_share},
    {"decode", "tok/s", true, false, 0, decode_text, NULL},
    {"of roof", "", true, false, 5, decode_utilization_ratio_text, decode_utilization_ratio_share},
    {"first", "token", true, false, 7, time_to_first_token_seconds_text, NULL},
    {"peak", "memory", true, false, 2, peak_text, NULL},
    {"energy", "per token", true, false, 8, energy_joules_per_token_text, NULL},
};

static const struct view_column matmul_columns[] = {
    {"matrix", "", false, false, 0, matrix_text, NULL},
    {"format", "", false, false, 0, format_text, NULL},
    {"engine", "", false, true, 4, engine_text, NULL},
    {"threads", "", true, true, 3, threads_text, NULL},
    {"tokens", "", true, false, 0, tokens_text, NULL},
    {"arithmetic", "", true, false, 0, matmul_macs_per_second_text, NULL},
    {"weights read", "", true, false, 2, matmul_read_bytes_per_second_text, NULL},
    {"of roof", "", true, false, 1, matmul_utilization_ratio_text, matmul_utilization_ratio_share},
};

static const struct view_column memory_columns[] = {
    {"model", "", false, false, 0, model_text, NULL},
    {"format", "", false, false, 0, format_text, NULL},
    {"engine", "", false, true, 9, engine_text, NULL},
    {"depth", "tokens", true, true, 8, depth_text, NULL},
    {"context", "tokens", true, true, 7, context_text, NULL},
    {"weights", "", true, false, 1, weights_bytes_text, NULL},
    {"of these", "embed.", true, false, 3, embedding_weights_bytes_text, NULL},
    {"cache type", "", false, true, 8, kv_type_text, NULL},
    {"cache", "", true, false, 1, kv_cache_bytes_text, NULL},
    {"scratch", "", true, false, 5, scratch_bytes_text, NULL},
    {"runtime", "", true, false, 7, runtime_bytes_text, NULL},
    {"predicted", "peak", true, false, 2, predicted_peak_bytes_text, NULL},
    {"measured", "peak", true, false, 0, peak_private_bytes_text, NULL},
    {"off by", "", true, false, 6, difference_text, NULL},
};

static bool speed_shown(const struct cell *cell)
{
    return cell->status == CELL_OK && !view_is_matmul(cell);
}

static bool matmul_shown(const struct cell *cell)
{
    return cell->status == CELL_OK && view_is_matmul(cell);
}

#define COLUMNS(list) list, sizeof list / sizeof *list

const struct view_table view_tables[] = {
    {"Models", "of roof: prefill against arithmetic, decode against reading memory; both measured in this run",
     speed_shown, COLUMNS(model_columns)},
    {"Matrix products", "of roof: against whichever binds, arithmetic or reading the weights", matmul_shown,
     COLUMNS(matmul_columns)},
    {"Memory",
     "embed.: token embedding and output matrix, as stored; measured peak: anonymous pages of the process at their "
     "largest",
     speed_shown, COLUMNS(memory_columns)},
    {0},
};

bool view_table_used(const struct view_table *table, const struct record *record)
{
    for (size_t i = 0; i < record->cell_count; i++)
        if (table->shows(&record->cells[i]))
            return true;
    return false;
}

bool view_column_common(const struct view_table *table, const struct view_column *column, const struct record *record,
                        char text[VIEW_TEXT_MAX])
{
    char other[VIEW_TEXT_MAX];
    bool first = true;

    text[0] = '\0';
    for (size_t i = 0; column->common && i < record->cell_count; i++) {
        if (!table->shows(&record->cells[i]))
            continue;
        column->text(first ? text : other, VIEW_TEXT_MAX, &record->cells[i]);
        if (!first && strcmp(text, other) != 0)
            return false;
        first = false;
    }
    return column->common;
}
