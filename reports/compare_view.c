#include "reports/compare_view.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reports/units.h"

static const char UNKNOWN[] = "–";

/* snprintf at the end of a text; what does not fit is cut. */
__attribute__((format(printf, 3, 4))) static void append(char *out, size_t size, const char *format, ...)
{
    size_t length = strlen(out);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(out + length, size - length, format, arguments);
    va_end(arguments);
}

/* ---- parts ---------------------------------------------------------------------------------------------------------------- */

static size_t stem_length(enum field field)
{
    const char *name = field_info(field)->name;
    size_t length = strlen(name), unit = strlen(field_unit(field));

    return unit && unit + 1 < length ? length - unit - 1 : length;
}

static bool stem_shared(enum field field)
{
    const char *name = field_info(field)->name;
    size_t length = stem_length(field);

    for (int i = 0; i < FIELD_COUNT; i++)
        if (i != (int)field && stem_length((enum field)i) == length &&
            strncmp(field_info((enum field)i)->name, name, length) == 0)
            return true;
    return false;
}

void compare_view_field(char *out, size_t size, enum field field)
{
    static const char headline[] = "_tokens_per_second"; /* "decode" needs no more than its name */
    const char *name = field_info(field)->name;
    size_t length = stem_length(field);

    if (stem_shared(field) && !strstr(name, headline))
        length = strlen(name);
    snprintf(out, size, "%.*s", (int)length, name);
    for (; *out; out++)
        if (*out == '_')
            *out = ' ';
}

void compare_view_figure(char *out, size_t size, const struct figure *figure, enum field field)
{
    double half = fmax(figure->ci_high - figure->value, figure->value - figure->ci_low);

    units_format(out, size, field_unit(field), figure->present ? figure->value : NAN);
    if (figure->present && isfinite(half) && figure->value > 0)
        append(out, size, " ±%.1f %%", 100 * half / figure->value);
}

/* Three digits of a ratio, or as many as a large one needs. */
static void append_ratio(char *out, size_t size, double ratio)
{
    append(out, size, ratio < 10 ? "%.3f" : "%.3g", ratio);
}

void compare_view_ratio(char *out, size_t size, const struct interval *ratio)
{
    *out = '\0';
    if (!isfinite(ratio->value)) {
        append(out, size, "%s", UNKNOWN);
        return;
    }
    append_ratio(out, size, ratio->value);
    if (!isfinite(ratio->low) || !isfinite(ratio->high))
        return;
    append(out, size, " [");
    append_ratio(out, size, ratio->low);
    append(out, size, " ");
    append_ratio(out, size, ratio->high);
    append(out, size, "]");
}

void compare_view_p(char *out, size_t size, double p)
{
    if (!isfinite(p))
        snprintf(out, size, "%s", UNKNOWN);
    else if (p < 0.0001)
        snprintf(out, size, "< 0.0001");
    else
        snprintf(out, size, "%.2g", p);
}

/* ---- columns ------------------------------------------------------------------------------------------------------------ */

static const char *case_of(const struct comparison_row *row)
{
    return *row->base->title ? row->base->title : row->base->id;
}

#define COLUMN(name)                                                                                                   \
    static void name(char *out, size_t size, const struct comparison *comparison, const struct comparison_row *row)

COLUMN(column_verdict)
{
    (void)comparison;
    snprintf(out, size, "%s", verdict_name(row->verdict));
}

COLUMN(column_case)
{
    (void)comparison;
    snprintf(out, size, "%s", case_of(row));
}

COLUMN(column_against)
{
    const struct comparison_pair *pair = &comparison->pairs[row->pair];

    if (pair->base == pair->candidate)
        snprintf(out, size, "%s ÷ %s", pair->candidate_value, pair->base_value);
    else
        snprintf(out, size, "%s", pair->candidate_name);
}

COLUMN(column_field)
{
    (void)comparison;
    compare_view_field(out, size, row->field);
}

COLUMN(column_base)
{
    (void)comparison;
    compare_view_figure(out, size, &row->base->figures[row->field], row->field);
}

COLUMN(column_candidate)
{
    (void)comparison;
    compare_view_figure(out, size, &row->candidate->figures[row->field], row->field);
}

COLUMN(column_ratio)
{
    (void)comparison;
    compare_view_ratio(out, size, &row->ratio);
}

COLUMN(column_launches)
{
    (void)comparison;
    if (row->base_launches == row->candidate_launches)
        snprintf(out, size, "%zu", row->base_launches);
    else
        snprintf(out, size, "%zu/%zu", row->base_launches, row->candidate_launches);
}

COLUMN(column_p)
{
    (void)comparison;
    compare_view_p(out, size, row->p_holm);
}

COLUMN(column_visible)
{
    (void)comparison;
    if (isfinite(row->detectable_ratio))
        snprintf(out, size, "%.1f %%", 100 * row->detectable_ratio);
    else
        snprintf(out, size, "%s", UNKNOWN);
}

const struct compare_column compare_columns[] = {
    {"verdict", "", false, false, 0, column_verdict},    {"case", "", false, false, 0, column_case},
    {"against", "", false, false, 0, column_against},    {"figure", "", false, false, 0, column_field},
    {"base", "", true, false, 2, column_base},           {"candidate", "", true, false, 1, column_candidate},
    {"ratio", "[95 %]", true, false, 0, column_ratio},   {"", "", false, true, 7, compare_view_drawing},
    {"n", "", true, false, 4, column_launches},          {"p", "Holm", true, false, 3, column_p},
    {"visible", "from", true, false, 6, column_visible}, {NULL, NULL, false, false, 0, NULL},
};

/* The case that all rows are about; NULL: there are several. */
static const char *only_case(const struct comparison *comparison)
{
    for (size_t i = 1; i < comparison->row_count; i++)
        if (strcmp(case_of(&comparison->rows[i]), case_of(&comparison->rows[0])) != 0)
            return NULL;
    return comparison->row_count ? case_of(&comparison->rows[0]) : NULL;
}

bool compare_view_column_used(const struct comparison *comparison, const struct compare_column *column)
{
    if (column->text == column_case)
        return !only_case(comparison);
    return column->text != column_against || comparison->pair_count > 1;
}

/* ---- sentences ---------------------------------------------------------------------------------------------------------- */

bool compare_view_pair(char *out, size_t size, const struct comparison *comparison, size_t index)
{
    const struct comparison_pair *pair = &comparison->pairs[index];
    bool self;

    if (index >= comparison->pair_count)
        return false;
    self = pair->base == pair->candidate;
    snprintf(out, size, "%s", self ? pair->base_name : pair->candidate_name);
    if (!self)
        append(out, size, " against %s", pair->base_name);
    if (pair->factor == FACTOR_NONE)
        append(out, size, ": nothing differs, the same was measured again");
    else
        append(out, size, ": %s: %s against %s%s", pair->factor_name, pair->candidate_value, pair->base_value,
               pair->mixed ? "; more factors than one differ, so none explains the change" : "");
    if (pair->interleaved)
        append(out, size, "; launches took turns");
    if (pair->foreign)
        append(out, size, "; foreign, unverified");
    return true;
}

void compare_view_summary(char *out, size_t size, const struct comparison *comparison)
{
    const char *separator = "";

    *out = '\0';
    if (only_case(comparison))
        append(out, size, "%s: ", only_case(comparison));
    for (int i = 0; i < VERDICT_COUNT; i++)
        if (comparison->verdicts[i]) {
            append(out, size, "%s%zu %s", separator, comparison->verdicts[i], verdict_name((enum verdict)i));
            separator = ", ";
        }
    if (!comparison->row_count)
        append(out, size, "neither side has any of the figures");
}

static bool reason_told(const struct comparison *comparison, size_t index)
{
    const struct comparison_row *row = &comparison->rows[index];

    for (size_t i = 0; i < index; i++)
        if (comparison->rows[i].verdict == row->verdict && strcmp(comparison->rows[i].reason, row->reason) == 0)
            return true;
    return false;
}

bool compare_view_reason(char *out, size_t size, const struct comparison *comparison, size_t *cursor)
{
    enum { SHOWN_MOST = 6 };
    const struct comparison_row *row;
    char field[96];
    size_t shown = 0;

    while (*cursor < comparison->row_count && (!*comparison->rows[*cursor].reason || reason_told(comparison, *cursor)))
        ++*cursor;
    if (*cursor >= comparison->row_count)
        return false;
    row = &comparison->rows[(*cursor)++];
    snprintf(out, size, "%s: ", verdict_name(row->verdict));
    for (size_t i = (size_t)(row - comparison->rows); i < comparison->row_count; i++) {
        const struct comparison_row *other = &comparison->rows[i];
        if (other->verdict != row->verdict || strcmp(other->reason, row->reason) != 0)
            continue;
        if (shown++ >= SHOWN_MOST)
            continue;
        compare_view_field(field, sizeof field, other->field);
        append(out, size, "%s%s %s", shown > 1 ? ", " : "", case_of(other), field);
    }
    if (shown > SHOWN_MOST)
        append(out, size, " and %zu more", shown - SHOWN_MOST);
    append(out, size, ": %s", row->reason);
    return true;
}

void compare_view_method(char *out, size_t size, const struct comparison *comparison)
{
    size_t tests = 0;

    for (size_t i = 0; i < comparison->row_count; i++)
        tests += isfinite(comparison->rows[i].p_holm);
    snprintf(
        out, size,
        "ratio: candidate ÷ base over launches, Hodges–Lehmann with 95 %% interval; p: rank test, corrected by Holm "
        "over %zu tests; regressed and improved: p < 0.01 and no less than the figure's threshold; equivalent: the "
        "whole interval is within it; visible: the smallest change these launches would have shown nine times in ten",
        tests);
}
