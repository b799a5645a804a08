#include "runner/fit_show.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "reports/page/fit_list.h"
#include "reports/page/price.h"
#include "reports/page/reading.h"
#include "reports/table.h"
#include "reports/units.h"

enum { TEXT_BYTES = 128 };

/* A row: the prediction, what was measured of it (NULL: nothing), and the figures that are shown. */
struct row {
    const struct fit_shown *shown;
    const struct cell *prediction, *measured;
    const struct figure *prefill, *decode; /* NULL: unknown */
    double joules_per_token;               /* NaN: unknown */
    bool prefill_measured, decode_measured, utf8;
};

static const struct figure *choose(const struct row *row, enum field field, bool *measured)
{
    const struct figure *figure = row->measured ? &row->measured->figures[field] : NULL;

    *measured = figure && figure->present;
    figure = *measured ? figure : &row->prediction->figures[field];
    return figure->present ? figure : NULL;
}

/* Measured, or the power that was stated over the speed that is shown, or predicted. */
static double joules_of(const struct row *row)
{
    double stated_watts = facts_get_number(&row->shown->record->environment, "fit.stated_watts");
    bool measured;
    const struct figure *joules = choose(row, FIELD_energy_joules_per_token, &measured);

    if (joules && !measured && strcmp(joules->source, "stated") == 0 && row->decode)
        return stated_watts / row->decode->value;
    return joules ? joules->value : (double)NAN;
}

static struct row row_of(const struct fit_shown *shown, const struct cell *prediction, bool utf8)
{
    struct row row = {.shown = shown, .prediction = prediction, .utf8 = utf8};

    row.measured = fit_measured_find(shown->measured, prediction,
                                     facts_get_text(&shown->record->device, "device_id", ""), shown->threads, NULL);
    row.prefill = choose(&row, FIELD_prefill_tokens_per_second, &row.prefill_measured);
    row.decode = choose(&row, FIELD_decode_tokens_per_second, &row.decode_measured);
    row.joules_per_token = joules_of(&row);
    return row;
}

/* ---- columns -------------------------------------------------------------------------------------------------------------- */

static void put_unknown(char *out)
{
    snprintf(out, TEXT_BYTES, "–");
}

static void put_model(char *out, const struct row *row)
{
    snprintf(out, TEXT_BYTES, "%s", facts_get_text(&row->prediction->model, "name", ""));
}

static void put_parameters(char *out, const struct row *row)
{
    snprintf(out, TEXT_BYTES, "%.2f B", facts_get_number(&row->prediction->model, "parameter_count") / 1e9);
}

static void put_format(char *out, const struct row *row)
{
    snprintf(out, TEXT_BYTES, "%s", facts_get_text(&row->prediction->model, "quantization", ""));
}

static void put_fit(char *out, const struct row *row)
{
    snprintf(out, TEXT_BYTES, "%s", facts_get_text(&row->prediction->observations, "fit", ""));
}

static void put_memory(char *out, const struct row *row)
{
    units_format(out, TEXT_BYTES, "bytes", row->prediction->figures[FIELD_predicted_peak_bytes].value);
}

static void put_speed(char *out, const struct row *row, const struct figure *figure, bool measured)
{
    enum mark mark = measured ? MARK_MEASURED : MARK_PREDICTED;
    char text[TEXT_BYTES - 8];

    fit_figure_text(text, sizeof text, figure, mark);
    if (figure)
        snprintf(out, TEXT_BYTES, "%s %s", mark_sign(mark, row->utf8), text);
    else
        put_unknown(out);
}

static void put_prefill(char *out, const struct row *row)
{
    put_speed(out, row, row->prefill, row->prefill_measured);
}

static void put_decode(char *out, const struct row *row)
{
    put_speed(out, row, row->decode, row->decode_measured);
}

static void put_off(char *out, const struct row *row)
{
    double off = facts_get_number(&row->prediction->observations, "measured.decode_error_ratio");

    if (isnan(off))
        *out = '\0';
    else
        snprintf(out, TEXT_BYTES, "%+.1f %%", 100 * off);
}

static void put_first_token(char *out, const struct row *row)
{
    double seconds = facts_get_number(&row->prediction->observations, "scenarios.chat.time_to_first_token_seconds");
    char text[TEXT_BYTES - 8];

    if (isnan(seconds))
        put_unknown(out);
    else
        snprintf(out, TEXT_BYTES, "%s %s", mark_sign(MARK_PREDICTED, row->utf8),
                 units_format(text, sizeof text, "seconds", seconds));
}

static void put_reading(char *out, const struct row *row)
{
    if (row->decode)
        snprintf(out, TEXT_BYTES, "%.1f", row->decode->value / READING_TOKENS_PER_SECOND);
    else
        put_unknown(out);
}

static void put_hours(char *out, const struct row *row)
{
    if (row->decode)
        snprintf(out, TEXT_BYTES, "%.3g", 1e6 / row->decode->value / 3600);
    else
        put_unknown(out);
}

static void put_joules(char *out, const struct row *row)
{
    units_format(out, TEXT_BYTES, "joules_per_token", row->joules_per_token);
}

static double price_of(const struct row *row)
{
    return price_of_million_tokens(row->joules_per_token, row->shown->price_per_kwh);
}

static void put_price(char *out, const struct row *row)
{
    if (isnan(price_of(row)))
        put_unknown(out);
    else
        snprintf(out, TEXT_BYTES, "%.3g", price_of(row));
}

static void put_of_cloud(char *out, const struct row *row)
{
    units_format(out, TEXT_BYTES, "ratio", price_of(row) / row->shown->cloud_price);
}

static bool has_measured(const struct fit_shown *shown)
{
    return shown->errors.cases > 0;
}

static bool has_price(const struct fit_shown *shown)
{
    return !isnan(shown->price_per_kwh);
}

static bool has_cloud(const struct fit_shown *shown)
{
    return !isnan(shown->cloud_price);
}

static bool has_both(const struct fit_shown *shown)
{
    return has_price(shown) && has_cloud(shown);
}

static bool has_joules(const struct fit_shown *shown)
{
    for (size_t i = 0; i < shown->record->prediction_count; i++)
        if (!isnan(row_of(shown, &shown->record->predictions[i], false).joules_per_token))
            return true;
    return false;
}

static const struct {
    struct table_column column;
    void (*put)(char *out, const struct row *row);
    bool (*shows)(const struct fit_shown *shown); /* NULL: always */
} columns[] = {
    {{"model", "", false, false, 0}, put_model, NULL},
    {{"parameters", "", true, false, 6}, put_parameters, NULL},
    {{"format", "", false, false, 0}, put_format, NULL},
    {{"fits", "", false, false, 0}, put_fit, NULL},
    {{"memory", "", true, false, 3}, put_memory, NULL},
    {{"prefill", "tok/s", true, false, 2}, put_prefill, NULL},
    {{"decode", "tok/s", true, true, 0}, put_decode, NULL},
    {{"decode", "off", true, false, 4}, put_off, has_measured},
    {{"first token", "chat", true, false, 5}, put_first_token, NULL},
    {{"times", "reading", true, false, 1}, put_reading, NULL},
    {{"energy", "per token", true, false, 7}, put_joules, has_joules},
    {{"hours", "per 1 M tok", true, false, 8}, put_hours, has_cloud},
    {{"electricity", "per 1 M tok", true, false, 0}, put_price, has_price},
    {{"of that", "elsewhere", true, false, 0}, put_of_cloud, has_both},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

/* ---- the whole ------------------------------------------------------------------------------------------------------------ */

static bool show_table(const struct fit_shown *shown, const struct writer_style *style, FILE *out)
{
    struct table_column used[COLUMNS];
    bool shows[COLUMNS], good;
    double fastest = 0;
    struct table table;
    size_t count = 0;

    for (size_t c = 0; c < COLUMNS; c++) {
        shows[c] = !columns[c].shows || columns[c].shows(shown);
        if (shows[c])
            used[count++] = columns[c].column;
    }
    for (size_t i = 0; i < shown->record->prediction_count; i++) {
        const struct figure *decode = row_of(shown, &shown->record->predictions[i], false).decode;
        fastest = decode ? fmax(fastest, decode->value) : fastest;
    }
    table_open(&table, used, count, style);
    for (size_t i = 0; i < shown->record->prediction_count; i++) {
        const struct row row = row_of(shown, &shown->record->predictions[i], style->utf8);
        for (size_t c = 0; c < COLUMNS; c++) {
            char text[TEXT_BYTES];
            if (!shows[c])
                continue;
            columns[c].put(text, &row);
            table_add(&table, text, columns[c].column.bar && row.decode ? row.decode->value / fastest : (double)NAN);
        }
    }
    good = table_print(&table, out);
    table_close(&table);
    return good;
}

static void say(FILE *out, const struct writer_style *style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(FILE *out, const struct writer_style *style, const char *format, ...)
{
    char text[768];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fputs("  ", out);
    table_wrap(out, style, 2, 2, text);
}

static void show_errors(const struct fit_shown *shown, const struct writer_style *style, FILE *out)
{
    static const char *const names[] = {[PREDICT_PREFILL] = "prefill", [PREDICT_DECODE] = "decode"};
    char parts[PREDICT_PHASES][TEXT_BYTES] = {"", ""};

    if (!shown->errors.cases)
        return;
    for (int phase = 0; phase < PREDICT_PHASES; phase++)
        if (!isnan(shown->errors.median_ratio[phase]))
            snprintf(parts[phase], sizeof parts[phase], "%s%s off by %.1f %% in the median, %.1f %% at most",
                     phase == PREDICT_PREFILL && !isnan(shown->errors.median_ratio[PREDICT_DECODE]) ? "; " : "",
                     names[phase], 100 * shown->errors.median_ratio[phase], 100 * shown->errors.most_ratio[phase]);
    say(out, style, "%zu measured %s: %s%s", shown->errors.cases, shown->errors.cases == 1 ? "case" : "cases",
        parts[PREDICT_DECODE], parts[PREDICT_PREFILL]);
}

static void show_prices(const struct fit_shown *shown, const struct writer_style *style, FILE *out)
{
    bool stated = false;

    for (size_t i = 0; i < shown->record->prediction_count; i++)
        stated |= strcmp(shown->record->predictions[i].figures[FIELD_energy_joules_per_token].source, "stated") == 0;
    if (stated)
        say(out, style, "energy: the power that was stated over the speed");
    if (!has_joules(shown))
        say(out, style,
            "no energy: no source could be read ('pocketmark detect' tells where it was looked for); --watts W states "
            "the "
            "power");
    if (has_both(shown))
        say(out, style,
            "at %g per kWh, electricity alone costs as much as the %g per million tokens elsewhere where a token takes "
            "%.3g J",
            shown->price_per_kwh, shown->cloud_price,
            price_even_joules_per_token(shown->cloud_price, shown->price_per_kwh));
}

enum status fit_show(const struct fit_shown *shown, const struct writer_style *style, FILE *out, struct error *error)
{
    const struct cell *first = &shown->record->predictions[0];

    fprintf(out, "Fit  %s, %zu threads, cache type %s, prompt %.0f tokens, generated %.0f tokens\n",
            facts_get_text(&first->engine, "name", ""), shown->threads,
            facts_get_text(&first->parameters, "kv_type", ""), facts_get_number(&first->parameters, "prompt_tokens"),
            facts_get_number(&first->parameters, "generated_tokens"));
    if (!show_table(shown, style, out))
        return error_set(error, STATUS_MEMORY, "no memory for the table");
    say(out, style,
        "%s measured before on this device, %s predicted from %zu probes, with the range it is expected in; times "
        "reading: "
        "speed over "
        "silent reading, %.1f tokens/s",
        mark_sign(MARK_MEASURED, style->utf8), mark_sign(MARK_PREDICTED, style->utf8), shown->probe_count,
        READING_TOKENS_PER_SECOND);
    show_errors(shown, style, out);
    show_prices(shown, style, out);
    if (fflush(out) || ferror(out))
        return error_set(error, STATUS_IO, "standard output: %s", strerror(errno));
    return STATUS_OK;
}
