#include "reports/page/verdict_sentence.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page/blocks.h"
#include "reports/page/fit_list.h"
#include "reports/page/reading.h"
#include "reports/units.h"

enum { TEXT_MAX = 1024, NAME_MAX_BYTES = 512, RANKED_MAX = 8 };

static const enum field decode_field = FIELD_decode_tokens_per_second;

/* ---- words ---------------------------------------------------------------------------------------------------------------- */

void verdict_append(char *out, size_t size, const char *format, ...)
{
    size_t length = strlen(out);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(out + length, size - length, format, arguments);
    va_end(arguments);
}

void verdict_reading(char *out, size_t size, double tokens_per_second)
{
    static const char *const numbers[] = {"",
                                          "",
                                          "twice",
                                          "three times",
                                          "four times",
                                          "five times",
                                          "six times",
                                          "seven times",
                                          "eight times",
                                          "nine times",
                                          "ten times",
                                          "eleven times",
                                          "twelve times"};
    double ratio = tokens_per_second / READING_TOKENS_PER_SECOND;
    char digits[64];

    if (ratio >= 12.5)
        snprintf(digits, sizeof digits, "%.0f times", ratio);
    else if (ratio >= 1.5)
        snprintf(digits, sizeof digits, "%s", numbers[(int)round(ratio)]);
    if (ratio >= 1.5)
        snprintf(out, size, "about %s as fast as people read silently", digits);
    else if (ratio >= 0.9)
        snprintf(out, size, "about as fast as people read silently");
    else
        snprintf(out, size, "%.0f %% of the speed at which people read silently", fmax(1, 100 * ratio));
}

/* "Example Core 7 (10 cores, virtual machine)". */
static void device_words(char *out, size_t size, const struct report_device *device)
{
    const struct facts *facts = &device->source->record->device;
    double cores = facts_get_number(facts, "cpu.cores_physical");
    bool virtual = strcmp(facts_get_text(facts, "kind", ""), "vm") == 0;

    snprintf(out, size, "%s", device->name);
    if (cores > 0)
        verdict_append(out, size, " (%.0f core%s%s)", cores, cores == 1 ? "" : "s", virtual ? ", virtual machine" : "");
    else if (virtual)
        verdict_append(out, size, " (virtual machine)");
}

void verdict_case(char *out, size_t size, const struct report_cell *cell)
{
    char format[NAME_MAX_BYTES];

    report_model(out, size, cell);
    report_format(format, sizeof format, cell);
    if (*format)
        verdict_append(out, size, " in %s", format);
}

void verdict_speed(char *out, size_t size, const struct figure *figure)
{
    char text[64], *plus;

    report_say(text, sizeof text, figure, decode_field);
    if ((plus = strstr(text, " ±")))
        *plus = '\0';
    else
        text[strcspn(text, " ")] = '\0';
    snprintf(out, size, "%s tokens/s", text);
    if (plus) {
        plus[1 + strcspn(plus + 1, " ")] = '\0';
        verdict_append(out, size, " (%s)", plus + 1);
    }
}

/* ---- the verdict ------------------------------------------------------------------------------------------------------------ */

const struct report_cell *verdict_headline(const struct report *report, size_t device)
{
    const struct report_cell *best = NULL;
    bool best_empty = false;

    for (size_t i = 0; i < report->cell_count; i++) {
        const struct report_cell *cell = &report->cells[i];
        bool empty = !(facts_get_number(&cell->cell->parameters, "depth_tokens") > 0);
        double value = report_value(cell, decode_field);
        if (cell->device != device || isnan(value))
            continue;
        if (!best || empty > best_empty || (empty == best_empty && value > report_value(best, decode_field))) {
            best = cell;
            best_empty = empty;
        }
    }
    return best;
}

static void tell_device(struct page *page, const struct report *report, const struct report_cell *cell)
{
    struct fit_case item = {.measured = cell};
    double bytes = fit_case_bytes(&item), share = report_value(cell, FIELD_decode_utilization_ratio);
    char device[NAME_MAX_BYTES], name[NAME_MAX_BYTES], speed[128], reading[128], text[TEXT_MAX], memory[64];

    device_words(device, sizeof device, &report->devices[cell->device]);
    verdict_case(name, sizeof name, cell);
    verdict_speed(speed, sizeof speed, &cell->cell->figures[decode_field]);
    verdict_reading(reading, sizeof reading, report_value(cell, decode_field));
    snprintf(text, sizeof text, "%.200s writes %s with %.200s, %s", device, speed, name, reading);
    if (!isnan(bytes))
        verdict_append(text, sizeof text, ", in %s of memory", units_format(memory, sizeof memory, "bytes", bytes));
    if (!isnan(share))
        verdict_append(text, sizeof text, "; that is %.0f %% of what its memory can deliver", 100 * share);
    page_text(page, BLOCK_LEAD, "%s.", text);
}

/* Where only predictions are known. */
static bool tell_predicted(struct page *page, const struct report *report, size_t device)
{
    const struct report_cell *best = NULL;
    char name[NAME_MAX_BYTES], text[128], reading[128], words[NAME_MAX_BYTES];
    size_t count = 0, fits = 0;

    for (size_t i = 0; i < report->prediction_count; i++) {
        const struct report_cell *cell = &report->predictions[i];
        if (cell->device != device)
            continue;
        count++;
        fits += cell->cell->status == CELL_OK;
        if (cell->cell->status == CELL_OK && report_figure(cell, decode_field) &&
            (!best || report_value(cell, decode_field) > report_value(best, decode_field)))
            best = cell;
    }
    if (!count)
        return false;
    device_words(words, sizeof words, &report->devices[device]);
    if (!best) {
        page_text(page, BLOCK_LEAD, "Of %zu cases, models in one format each, %zu fit on %s; no speed was predicted.",
                  count, fits, words);
        return true;
    }
    verdict_case(name, sizeof name, best);
    fit_figure_text(text, sizeof text, &best->cell->figures[decode_field], MARK_PREDICTED);
    verdict_reading(reading, sizeof reading, report_value(best, decode_field));
    page_text(page, BLOCK_LEAD,
              "%s should run %zu of %zu models and formats; with %s it is predicted to write %s tokens/s, %s.", words,
              fits, count, name, text, reading);
    return true;
}

/* ---- several devices -------------------------------------------------------------------------------------------------------- */

static int speed_compare(const void *a, const void *b)
{
    const struct report_cell *const *x = a, *const *y = b;
    double p = report_value(*x, decode_field), q = report_value(*y, decode_field);

    return (p < q) - (p > q);
}

/* Each native device's fastest cell of that key; returns how many devices have one. */
static size_t cells_of_key(const struct report *report, const char *key, const struct report_cell **cells)
{
    size_t count = 0;

    for (size_t i = 0; i < report->cell_count; i++) {
        const struct report_cell *cell = &report->cells[i], **last = count ? &cells[count - 1] : NULL;
        if (strcmp(cell->key, key) != 0 || cell->source->record->origin != ORIGIN_NATIVE ||
            isnan(report_value(cell, decode_field)))
            continue;
        if (!last || (*last)->device != cell->device)
            cells[count++] = cell;
        else if (report_value(cell, decode_field) > report_value(*last, decode_field))
            *last = cell;
    }
    return count;
}

/* Devices of that origin that have a speed; *first gets one of them. */
static size_t devices_of(const struct report *report, bool native, size_t *first)
{
    size_t count = 0;

    for (size_t i = report->device_count; i--;) {
        if ((report->devices[i].source->record->origin == ORIGIN_NATIVE) != native || !verdict_headline(report, i))
            continue;
        *first = i;
        count++;
    }
    return count;
}

/* "With llama-3.2-1b in q4_0 A writes 47.4 tokens/s (±1.4), B 30.1: A is 1.57 times as fast as B." */
static void rank_tell(struct page *page, const struct report *report, const struct report_cell **cells, size_t count)
{
    char name[NAME_MAX_BYTES], speed[128], text[2 * TEXT_MAX];
    const struct report_cell *first = cells[0], *last = cells[count - 1];

    verdict_case(name, sizeof name, first);
    snprintf(text, sizeof text, "With %.200s", name);
    for (size_t i = 0; i < count && i < RANKED_MAX; i++) {
        verdict_speed(speed, sizeof speed, &cells[i]->cell->figures[decode_field]);
        verdict_append(text, sizeof text, "%s %s%s %s", i ? "," : "", report->devices[cells[i]->device].name,
                       i ? "" : " writes", speed);
    }
    if (count > RANKED_MAX)
        verdict_append(text, sizeof text, " and %zu devices less", count - RANKED_MAX);
    page_text(page, BLOCK_LEAD, "%s: the first is %.2f times as fast as the last.", text,
              report_value(first, decode_field) / report_value(last, decode_field));
}

/* In the first case that all of them ran. */
static void tell_ranking(struct page *page, const struct report *report, size_t devices)
{
    const struct report_cell **cells = calloc(report->cell_count + 1, sizeof *cells);
    size_t count = 0;

    page->failed |= !cells;
    for (size_t i = 0; cells && i < report->cell_count && count < devices; i++)
        count = cells_of_key(report, report->cells[i].key, cells);
    if (cells && count == devices) {
        qsort(cells, count, sizeof *cells, speed_compare);
        rank_tell(page, report, cells, count);
    } else {
        page_text(page, BLOCK_LEAD, "The %zu devices have no case in common, so they are not ranked.", devices);
    }
    free(cells);
}

bool verdict_tell(const struct report *report, struct page *page)
{
    size_t first = 0, native = devices_of(report, true, &first);

    if (native > 1)
        tell_ranking(page, report, native);
    else if (native == 1 || devices_of(report, false, &first))
        tell_device(page, report, verdict_headline(report, first));
    for (size_t i = 0; i < report->device_count && !native; i++)
        if (!verdict_headline(report, i) && tell_predicted(page, report, i))
            return true;
    return native || devices_of(report, false, &first);
}
