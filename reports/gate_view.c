#include "reports/gate_view.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reports/compare_view.h"
#include "reports/units.h"

/* snprintf at the end of a text; what does not fit is cut. */
__attribute__((format(printf, 3, 4))) static void append(char *out, size_t size, const char *format, ...)
{
    size_t length = strlen(out);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(out + length, size - length, format, arguments);
    va_end(arguments);
}

/* Percent; less is printed as 0.0. */
static const double CHANGE_SHOWN = 0.05;

/* ---- figures -------------------------------------------------------------------------------------------------------------- */

static const char *direction(enum field field, bool worse)
{
    const char *unit = field_unit(field);
    size_t length = strlen(unit);

    if (length >= 10 && strcmp(unit + length - 10, "per_second") == 0)
        return worse ? "slower" : "faster";
    if (field_info(field)->better == BETTER_HIGHER)
        return worse ? "lower" : "higher";
    if (strcmp(unit, "seconds") == 0)
        return worse ? "longer" : "shorter";
    return worse ? "more" : "less";
}

static void value_text(char *out, size_t size, const struct cell *cell, enum field field)
{
    const struct figure *figure = &cell->figures[field];

    units_format(out, size, field_unit(field), figure->present ? figure->value : NAN);
}

static void append_change(char *out, size_t size, const struct comparison_row *row)
{
    bool worse = comparison_loss(row) > 0;
    double change = 100 * fabs(row->ratio.value - 1);
    double low = 100 * fabs(row->ratio.low - 1), high = 100 * fabs(row->ratio.high - 1);

    if (change < CHANGE_SHOWN)
        append(out, size, "unchanged");
    else
        append(out, size, "%.1f %% %s", change, direction(row->field, worse));
    if (!isfinite(low) || !isfinite(high))
        return;
    if ((row->ratio.low - 1) * (row->ratio.high - 1) < 0)
        append(out, size, " [%+.1f to %+.1f %%]", 100 * (row->ratio.low - 1), 100 * (row->ratio.high - 1));
    else
        append(out, size, " [%.1f to %.1f %%]", fmin(low, high), fmax(low, high));
}

bool gate_view_stands_out(const struct gate_row *row)
{
    return row->verdict == VERDICT_REGRESSED || row->verdict == VERDICT_NOT_COMPARABLE || row->open ||
           row->second == SECOND_CONTRADICTS;
}

/* ---- sentences ------------------------------------------------------------------------------------------------------------ */

void gate_view_finding(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    const struct comparison_row *decisive = row->decisive;
    char text[96];

    snprintf(out, size, "%s", row->cell->title);
    if (decisive) {
        compare_view_field(text, sizeof text, decisive->field);
        append(out, size, ": %s ", text);
    } else
        append(out, size, ": ");
    if (decisive && isfinite(decisive->ratio.value)) {
        append_change(out, size, decisive);
        value_text(text, sizeof text, decisive->base, decisive->field);
        append(out, size, ", %s → ", text);
        value_text(text, sizeof text, decisive->candidate, decisive->field);
        append(out, size, "%s", text);
    }
    if (*row->reason)
        append(out, size, "%s%s", decisive && isfinite(decisive->ratio.value) ? "; " : "", row->reason);
    if (gate->baseline_count > 1)
        append(out, size, " (against %s)", gate->baselines[row->baseline].source.name);
}

static size_t tests_of(const struct comparison *comparison)
{
    size_t tests = 0;

    for (size_t i = 0; i < comparison->row_count; i++)
        tests += !isnan(comparison->rows[i].p);
    return tests;
}

static void append_second(char *out, size_t size, const struct gate_row *row)
{
    if (row->second == SECOND_NONE) {
        if (row->verdict == VERDICT_REGRESSED)
            append(out, size, "; not confirmed yet: --rerun measures it again");
        return;
    }
    append(out, size, "; %s by a second sample of fresh launches, after ",
           row->second == SECOND_CONFIRMS ? "confirmed" : "not confirmed");
    append_change(out, size, row->first);
}

void gate_view_certainty(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    const struct comparison_row *decisive = row->decisive;
    const struct gate_baseline *baseline = &gate->baselines[row->baseline];

    *out = '\0';
    if (!decisive)
        return;
    if (isfinite(decisive->p_holm)) {
        size_t tests = tests_of(row->second ? &baseline->second : &baseline->first);
        char p[32];
        compare_view_p(p, sizeof p, decisive->p_holm);
        append(out, size, "p %s over %zu test%s, ", p, tests, tests == 1 ? "" : "s");
    }
    append(out, size, "%zu against %zu launches, a change of %.1f %% matters", decisive->base_launches,
           decisive->candidate_launches, 100 * decisive->delta_ratio);
    if (isfinite(decisive->detectable_ratio))
        append(out, size, " and one of %.1f %% could be seen", 100 * decisive->detectable_ratio);
    append_second(out, size, row);
}

void gate_view_headline(char *out, size_t size, const struct gate *gate)
{
    size_t refused = 0;

    for (size_t i = 0; i < gate->baseline_count; i++)
        refused += *gate->baselines[i].refusal != '\0';
    snprintf(out, size, "%s: ", gate_outcome_name(gate->outcome));
    switch (gate->outcome) {
    case GATE_REGRESSED:
        append(out, size, "%zu of %zu figures worse", gate->verdicts[VERDICT_REGRESSED], gate->row_count);
        break;
    case GATE_NOT_COMPARABLE:
        if (refused)
            append(out, size, "%zu of %zu baselines refused", refused, gate->baseline_count);
        else
            append(out, size, "%zu of %zu figures cannot be judged", gate->verdicts[VERDICT_NOT_COMPARABLE],
                   gate->row_count);
        break;
    case GATE_INCONCLUSIVE:
        append(out, size, "%zu of %zu figures may be worse, these launches cannot tell", gate->open_count,
               gate->row_count);
        break;
    case GATE_PASSED:
        append(out, size, "none of %zu figures is worse", gate->row_count);
        break;
    }
}

/* ---- notes ---------------------------------------------------------------------------------------------------------------- */

static void describe_pair(char *out, size_t size, const struct gate_baseline *baseline)
{
    const struct comparison_pair *pair = &baseline->first.pairs[0];

    snprintf(out, size, "baseline %s: ", baseline->source.name);
    if (baseline->same_build)
        append(out, size, "the same build as the candidate, so any difference is noise");
    else if (pair->factor == FACTOR_NONE)
        append(out, size, "nothing recorded differs");
    else
        append(out, size, "%s %s, candidate %s", pair->factor_name, pair->base_value, pair->candidate_value);
    append(out, size, pair->interleaved ? "; launches took turns" : "; measured at another time");
    if (pair->mixed)
        append(out, size, "; more than that differs (--allow-mixed)");
    if (pair->foreign)
        append(out, size, "; figures of another program, unverified");
}

bool gate_view_note(char *out, size_t size, const struct gate *gate, size_t index)
{
    for (size_t i = 0; i < gate->baseline_count; i++) {
        const struct gate_baseline *baseline = &gate->baselines[i];
        if (index == 0 && *baseline->refusal)
            snprintf(out, size, "baseline %s is refused: %s", baseline->source.name, baseline->refusal);
        else if (index == 0)
            describe_pair(out, size, baseline);
        if (index-- == 0)
            return true;
        if (index < baseline->first.note_count) {
            snprintf(out, size, "%s", baseline->first.notes[index]);
            return true;
        }
        index -= baseline->first.note_count;
    }
    return false;
}

void gate_view_method(char *out, size_t size, const struct gate *gate)
{
    double least = INFINITY, largest = 0;

    for (size_t i = 0; i < gate->row_count; i++) {
        double seen = gate->rows[i].decisive ? gate->rows[i].decisive->detectable_ratio : NAN;
        if (isfinite(seen)) {
            least = fmin(least, seen);
            largest = fmax(largest, seen);
        }
    }
    snprintf(
        out, size,
        "One value per launch. Regressed: Holm's p < 0.01 over all figures, a loss of at least what matters, and a "
        "95 %% interval without 1. Equal builds come out so in less than 1 of 100 checks, and hardly ever with "
        "--rerun.");
    if (largest > 0)
        append(out, size, " Smallest changes these launches could show: %.1f to %.1f %%.", 100 * least, 100 * largest);
}

/* ---- columns -------------------------------------------------------------------------------------------------------------- */

static void column_verdict(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    (void)gate;
    snprintf(out, size, "%s%s", verdict_name(row->verdict),
             row->second == SECOND_CONFIRMS ? ", confirmed"
             : row->second                  ? ", was regressed"
                                            : "");
}

static void column_case(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    (void)gate;
    snprintf(out, size, "%s", row->cell->title);
}

static void column_field(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    (void)gate;
    if (row->decisive)
        compare_view_field(out, size, row->decisive->field);
    else
        snprintf(out, size, "all");
}

static void column_baseline(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    snprintf(out, size, "%s", gate->baselines[row->baseline].source.name);
}

static void column_base(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    (void)gate;
    snprintf(out, size, "–");
    if (row->decisive && row->decisive->base)
        compare_view_figure(out, size, &row->decisive->base->figures[row->decisive->field], row->decisive->field);
}

static void column_candidate(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    (void)gate;
    snprintf(out, size, "–");
    if (row->decisive && row->decisive->candidate)
        compare_view_figure(out, size, &row->decisive->candidate->figures[row->decisive->field], row->decisive->field);
}

static void column_change(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    const struct comparison_row *decisive = row->decisive;

    (void)gate;
    snprintf(out, size, "–");
    if (!decisive || !isfinite(decisive->ratio.value))
        return;
    snprintf(out, size, "%s%+.1f %%", row->verdict == VERDICT_EQUIVALENT ? "~ " : "",
             100 * (decisive->ratio.value - 1));
    if (isfinite(decisive->ratio.low) && isfinite(decisive->ratio.high))
        append(out, size, " [%+.1f, %+.1f]", 100 * (decisive->ratio.low - 1), 100 * (decisive->ratio.high - 1));
}

static void column_p(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    (void)gate;
    compare_view_p(out, size, row->decisive ? row->decisive->p_holm : NAN);
}

static void column_launches(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    (void)gate;
    if (row->decisive)
        snprintf(out, size, "%zu/%zu", row->decisive->base_launches, row->decisive->candidate_launches);
    else
        snprintf(out, size, "–");
}

static void column_matters(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    (void)gate;
    snprintf(out, size, "–");
    if (row->decisive)
        snprintf(out, size, "%.1f %%", 100 * row->decisive->delta_ratio);
}

static void column_seen(char *out, size_t size, const struct gate *gate, const struct gate_row *row)
{
    (void)gate;
    snprintf(out, size, "–");
    if (row->decisive && isfinite(row->decisive->detectable_ratio))
        snprintf(out, size, "%.1f %%", 100 * row->decisive->detectable_ratio);
}

const struct gate_column gate_columns[] = {
    {"verdict", false, 0, column_verdict},     {"case", false, 0, column_case},
    {"figure", false, 0, column_field},        {"against", false, 4, column_baseline},
    {"baseline", true, 2, column_base},        {"candidate", true, 1, column_candidate},
    {"change [95 %]", true, 0, column_change}, {"p", true, 3, column_p},
    {"launches", true, 5, column_launches},    {"matters", true, 6, column_matters},
    {"visible", true, 7, column_seen},         {0},
};

bool gate_view_column_used(const struct gate *gate, const struct gate_column *column)
{
    return column->text != column_baseline || gate->baseline_count > 1;
}
