#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/flags.h"
#include "reports/page/blocks.h"
#include "reports/page/cases.h"
#include "reports/page/fit_list.h"
#include "reports/page/sections.h"
#include "reports/page/verdict_sentence.h"
#include "reports/text.h"
#include "reports/units.h"

enum { TEXT_MAX = 1024, NAME_MAX_BYTES = 512, REASON_COLUMNS = 120 };

#define JOULES_PER_KWH 3.6e6

static const enum field decode_field = FIELD_decode_tokens_per_second;

/* ---- what people ask next --------------------------------------------------------------------------------------------------- */

/* The largest model that fits, predicted or measured. */
static void pair_largest(struct page *page, const struct report *report, const struct fit_list *list, size_t device)
{
    const struct fit_case *largest = NULL;
    char name[NAME_MAX_BYTES], speed[128], text[TEXT_MAX], bytes[64];
    const struct figure *decode;
    enum mark mark;

    for (size_t i = 0; i < list->count; i++) {
        const struct fit_case *item = &list->items[i];
        bool fits = fit_case_fits(item) == MARK_YES || fit_case_fits(item) == MARK_PART;
        if (item->device == device && fits && item->parameters > 0 &&
            (!largest || item->parameters > largest->parameters))
            largest = item;
    }
    if (!largest)
        return;
    verdict_case(name, sizeof name, fit_case_cell(largest));
    snprintf(text, sizeof text, "%.200s, %.1f billion parameters", name, largest->parameters / 1e9);
    if ((decode = fit_case_figure(largest, decode_field, &mark))) {
        fit_figure_text(speed, sizeof speed, decode, mark);
        verdict_append(text, sizeof text, ": %s tokens/s, %s", speed, mark_word(mark));
    }
    if (!isnan(fit_case_bytes(largest)))
        verdict_append(text, sizeof text, "; %s", units_format(bytes, sizeof bytes, "bytes", fit_case_bytes(largest)));
    if (!isnan(fit_usable_bytes(&report->devices[device])))
        verdict_append(text, sizeof text, " of %s",
                       units_format(bytes, sizeof bytes, "bytes", fit_usable_bytes(&report->devices[device])));
    page_pair(page, MARK_NONE, largest->prediction ? "Largest model that fits" : "Largest model that ran", "%s", text);
}

static void pair_first_token(struct page *page, const struct report_cell *cell)
{
    const enum field field = FIELD_time_to_first_token_seconds;
    double prompt = facts_get_number(&cell->cell->parameters, "prompt_tokens");
    char name[NAME_MAX_BYTES], text[64];

    verdict_case(name, sizeof name, cell);
    report_say(text, sizeof text, &cell->cell->figures[field], field);
    if (!report_figure(cell, field))
        page_pair(page, MARK_NONE, "Time to first token", "no figure%s%s",
                  *cell->cell->figures[field].reason ? ": " : "", cell->cell->figures[field].reason);
    else if (prompt > 0)
        page_pair(page, MARK_NONE, "Time to first token", "%s behind a prompt of %.0f tokens, with %s", text, prompt,
                  name);
    else
        page_pair(page, MARK_NONE, "Time to first token", "%s with %s", text, name);
}

/* What a million tokens cost here, by the price of electricity that was stated, and against the cloud's. */
static void pair_price(struct page *page, const struct report *report, const struct report_cell *cell)
{
    double kwh = 1e6 * report_value(cell, FIELD_energy_joules_per_token) / JOULES_PER_KWH;
    double hours = 1e6 / report_value(cell, decode_field) / 3600, cost = kwh * report->price_per_kwh;
    char text[TEXT_MAX];

    if (isnan(kwh)) {
        page_pair(page, MARK_NONE, "A million tokens", "no price without a figure of energy; %.3g hours", hours);
        return;
    }
    snprintf(text, sizeof text, "%.3g kWh and %.3g hours of decode", kwh, hours);
    if (isfinite(cost))
        verdict_append(text, sizeof text, "; electricity %.3g at the stated %.4g per kWh", cost, report->price_per_kwh);
    if (isfinite(cost) && report->cloud_price > 0)
        verdict_append(text, sizeof text, ", %.3g %% of the %.4g stated for a cloud", 100 * cost / report->cloud_price,
                       report->cloud_price);
    else if (report->cloud_price > 0)
        verdict_append(text, sizeof text, "; a cloud costs as much from %.3g per kWh on", report->cloud_price / kwh);
    page_pair(page, MARK_NONE, "A million tokens", "%s", text);
}

/* Which sources were looked for; their own words stand in the section of energy. */
static void no_energy_words(char *out, size_t size, const struct report_cell *cell)
{
    const char *reason = cell->cell->figures[FIELD_energy_joules_per_token].reason;
    const struct facts *device = &cell->source->record->device;
    char path[64];

    snprintf(out, size, "of ");
    for (size_t i = 0;; i++) {
        snprintf(path, sizeof path, "energy_sources[%zu].name", i);
        if (!*facts_get_text(device, path, ""))
            break;
        verdict_append(out, size, "%s%s", i ? ", " : "", facts_get_text(device, path, ""));
    }
    if (strlen(out) > strlen("of "))
        verdict_append(out, size, " none could be read");
    else
        text_cut(out, size, *reason ? reason : "the result has none", REASON_COLUMNS);
}

/* Of the headline's device; of the headline itself where it has one. */
static void pair_energy(struct page *page, const struct report *report, const struct report_cell *headline)
{
    const struct report_cell *known = NULL;
    char name[NAME_MAX_BYTES], text[64];

    for (size_t i = 0; i < report->cell_count; i++)
        if (report_figure(&report->cells[i], FIELD_energy_joules_per_token) &&
            report->cells[i].device == headline->device && (!known || &report->cells[i] == headline))
            known = &report->cells[i];
    if (known) {
        const struct figure *figure = report_figure(known, FIELD_energy_joules_per_token);
        verdict_case(name, sizeof name, known);
        report_say(text, sizeof text, figure, FIELD_energy_joules_per_token);
        page_pair(page, MARK_NONE, "Energy of decode", "%s with %s, gross%s%s%s%s", text, name,
                  *figure->scope ? "; scope: " : "", figure->scope, *figure->source ? ", source: " : "",
                  figure->source);
    } else {
        no_energy_words(name, sizeof name, headline);
        page_pair(page, MARK_NONE, "Energy of decode", "no energy figure: %s", name);
    }
    if (isfinite(report->price_per_kwh) || isfinite(report->cloud_price))
        pair_price(page, report, known ? known : headline);
}

/* Launches, interval and flags of all results. */
static void pair_sure(struct page *page, const struct report *report)
{
    const enum field field = report->cell_count ? decode_field : FIELD_matmul_macs_per_second;
    size_t measured = 0, flagged = 0;
    char launches[64] = "", flags[NAME_MAX_BYTES] = "";
    struct cases cases;
    bool interval = false;

    if (report->cell_count ? !cases_open(&cases, report, report->cells, report->cell_count)
                           : !cases_open(&cases, report, report->products, report->product_count))
        page->failed = true;
    cases_launches(launches, sizeof launches, &cases, field);
    for (size_t i = 0; i < cases.count; i++)
        interval |= isfinite(cases.items[i].cell->figures[field].ci_low);
    cases_close(&cases);
    for (size_t i = 0; i < report->source_count; i++) {
        const struct record *record = report->sources[i].record;
        flagged += flags_count(record, FLAG_COUNT);
        for (size_t k = 0; k < record->cell_count; k++)
            for (size_t n = 0; n < record->cells[k].repetition_count; n++)
                measured += record->cells[k].repetitions[n].phase == PHASE_MEASURED;
    }
    if (!measured)
        return;
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++) {
        size_t count = 0;
        for (size_t i = 0; i < report->source_count; i++)
            count += flags_count(report->sources[i].record, flag);
        if (count)
            verdict_append(flags, sizeof flags, "%s%s %zu", *flags ? ", " : " (", flag_name(flag), count);
    }
    page_pair(page, flagged ? MARK_WARNING : MARK_NONE, "How sure", "%s%s%s; %zu of %zu repetitions flagged%s%s",
              *launches ? launches : "launches unknown", *launches ? " a case, each a process of its own; " : "; ",
              interval ? "± is half the 95 % interval of the median" : "no interval: it takes six launches", flagged,
              measured, flags, *flags ? ")" : "");
}

static void pair_verified(struct page *page, const struct report *report)
{
    double most = NAN;
    size_t count = 0, foreign = 0;
    char text[64];

    for (size_t i = 0; i < report->cell_count; i++) {
        double nmse = report_value(&report->cells[i], FIELD_nmse_ratio);
        count += !isnan(nmse);
        most = fmax(most, nmse);
        foreign += report->cells[i].source->record->origin == ORIGIN_IMPORTED;
    }
    if (count)
        page_pair(page, MARK_YES, "Verified", "%zu of %zu cases against float64; error (NMSE) at most %s", count,
                  report->cell_count, units_format(text, sizeof text, "ratio", most));
    if (report->cell_count > count)
        page_pair(page, MARK_WARNING, count ? "Not verified" : "Verified",
                  foreign == report->cell_count - count ? "%zu imported case%s: nobody checked the arithmetic"
                                                        : "no figure of the error in %zu case%s",
                  report->cell_count - count, report->cell_count - count == 1 ? "" : "s");
}

/* One line a device, where there are several. */
static void pair_device(struct page *page, const struct report *report, size_t device)
{
    const struct report_cell *cell = verdict_headline(report, device);
    char name[NAME_MAX_BYTES], speed[128], reading[128], text[2 * TEXT_MAX], joules[64];
    double cost;

    if (!cell) {
        page_pair(page, MARK_NONE, report->devices[device].name, "no speed was measured");
        return;
    }
    verdict_case(name, sizeof name, cell);
    verdict_speed(speed, sizeof speed, &cell->cell->figures[decode_field]);
    verdict_reading(reading, sizeof reading, report_value(cell, decode_field));
    snprintf(text, sizeof text, "%s with %s, %s", speed, name, reading);
    cost = report_value(cell, FIELD_energy_joules_per_token) / JOULES_PER_KWH * 1e6 * report->price_per_kwh;
    if (report_figure(cell, FIELD_energy_joules_per_token)) {
        report_say(joules, sizeof joules, &cell->cell->figures[FIELD_energy_joules_per_token],
                   FIELD_energy_joules_per_token);
        verdict_append(text, sizeof text, "; %s", joules);
    }
    if (isfinite(cost))
        verdict_append(text, sizeof text, ", electricity for a million tokens %.3g", cost);
    page_pair(page, MARK_MEASURED, report->devices[device].name, "%s", text);
}

static void tell_nothing(struct page *page, const struct report *report)
{
    size_t skipped = 0, failed = 0;

    for (size_t i = 0; i < report->source_count; i++)
        for (size_t k = 0; k < report->sources[i].record->cell_count; k++) {
            skipped += report->sources[i].record->cells[k].status == CELL_SKIPPED;
            failed += report->sources[i].record->cells[k].status == CELL_FAILED;
        }
    if (report->product_count)
        page_text(page, BLOCK_LEAD, "No model was measured, but %zu product%s of single matrices.",
                  report->product_count, report->product_count == 1 ? "" : "s");
    else if (skipped + failed)
        page_text(page, BLOCK_LEAD, "Nothing was measured: %zu case%s skipped, %zu failed.", skipped,
                  skipped == 1 ? " was" : "s were", failed);
    else
        page_text(page, BLOCK_LEAD, "Nothing was measured.");
}

/* ---- the section ------------------------------------------------------------------------------------------------------------ */

void section_summary(const struct report *report, struct page *page)
{
    const struct report_cell *headline = report->device_count == 1 ? verdict_headline(report, 0) : NULL;
    struct fit_list list;

    if (!fit_list_open(&list, report))
        page->failed = true;
    if (!verdict_tell(report, page))
        tell_nothing(page, report);
    for (size_t i = 0; i < report->device_count && report->device_count > 1; i++)
        pair_device(page, report, i);
    if (report->device_count == 1)
        pair_largest(page, report, &list, 0);
    if (headline)
        pair_first_token(page, headline);
    if (headline)
        pair_energy(page, report, headline);
    pair_sure(page, report);
    pair_verified(page, report);
    fit_list_close(&list);
}
