/* How all this was measured, what disturbed it, what it rests on, and how to make this page again. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/flags.h"
#include "reports/page/blocks.h"
#include "reports/page/method_tables.h"
#include "reports/page/sections.h"
#include "reports/text.h"
#include "reports/units.h"
#include "reports/view.h"

enum { ITEMS_MAX = 30, NAMES_MAX = 12, TEXT_COLUMNS = 400 };

/* What the cells that are shown stand on, together. */
struct basis {
    size_t cells, repetitions, flagged;
    size_t least_launches, most_launches, least_n, most_n, without_interval;
    size_t stopped[STOP_ERROR + 1], flags[FLAG_COUNT];
};

static void add_launches(struct basis *basis, const struct figure *figure)
{
    if (!figure->present || !figure->launches)
        return;
    basis->least_launches =
        !basis->least_launches || figure->launches < basis->least_launches ? figure->launches : basis->least_launches;
    basis->most_launches = figure->launches > basis->most_launches ? figure->launches : basis->most_launches;
    basis->least_n = !basis->least_n || figure->n < basis->least_n ? figure->n : basis->least_n;
    basis->most_n = figure->n > basis->most_n ? figure->n : basis->most_n;
    basis->without_interval += !isfinite(figure->ci_high - figure->ci_low);
}

static void add_cells(struct basis *basis, const struct report_cell *cells, size_t count, enum field field)
{
    for (size_t i = 0; i < count; i++) {
        const struct cell *cell = cells[i].cell;
        basis->cells++;
        basis->stopped[cell->stop_reason]++;
        add_launches(basis, &cell->figures[field]);
        for (size_t k = 0; k < cell->repetition_count; k++) {
            const struct repetition *repetition = &cell->repetitions[k];
            if (repetition->phase != PHASE_MEASURED)
                continue;
            basis->repetitions++;
            basis->flagged += repetition->flags != 0;
            for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
                basis->flags[flag] += repetition->flags >> flag & 1;
        }
    }
}

/* "6", "2 to 6" */
static const char *range_text(char out[48], size_t least, size_t most)
{
    if (least == most)
        snprintf(out, 48, "%zu", most);
    else
        snprintf(out, 48, "%zu to %zu", least, most);
    return out;
}

/* ---- statistics ------------------------------------------------------------------------------------------------------------- */

static void tell_stops(const struct basis *basis, struct page *page)
{
    static const char *const words[] = {[STOP_PRECISION] = "the interval was narrow enough",
                                        [STOP_NOISE_STABLE] = "more launches made it no narrower",
                                        [STOP_REPETITIONS] = "all launches that were asked for were done",
                                        [STOP_TIME_BUDGET] = "the time was up",
                                        [STOP_INTERRUPTED] = "a signal came",
                                        [STOP_ERROR] = "something failed"};
    char text[512] = "";

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (basis->stopped[i])
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s: %zu", *text ? ", " : "", words[i],
                     basis->stopped[i]);
    page_pair(page, MARK_NONE, "Stopped because", "%s (cases)", text);
}

static void tell_statistics(const struct basis *basis, struct page *page)
{
    char launches[48], n[48];

    if (basis->most_launches)
        page_pair(page, MARK_NONE, "Launches", "%s a case; %s values behind a figure",
                  range_text(launches, basis->least_launches, basis->most_launches),
                  range_text(n, basis->least_n, basis->most_n));
    page_pair(page, MARK_NONE, "Estimator", "median over launches; for memory and the error of arithmetic the largest");
    page_pair(page, MARK_NONE, "Interval",
              "95 %%, by order statistics of the median, of no assumed distribution; from 6 launches on%s",
              basis->without_interval ? ", fewer have none" : "");
    tell_stops(basis, page);
    page_pair(page, MARK_NONE, "Left out of figures", "nothing: flagged repetitions count like all others");
    page_pair(page, basis->flagged ? MARK_WARNING : MARK_NONE, "Flagged", "%zu of %zu repetitions", basis->flagged,
              basis->repetitions);
}

static void list_flags(const struct basis *basis, struct page *page)
{
    struct grid *grid;

    if (!basis->flagged || !(grid = page_grid(page, "method-flags", "What repetitions are flagged for")))
        return;
    grid_column(grid, "flag", "", false);
    grid_column(grid, "repetitions", "", true);
    grid_column(grid, "beyond", "", true);
    grid_column(grid, "meaning", "", false);
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++) {
        bool canary = flag == FLAG_CANARY;
        double limit = canary ? FLAGS_CANARY_RATIO : noise_info((enum noise_kind)flag)->limit;
        const char *unit = canary ? "ratio" : units_of_name(flag_name(flag));
        if (!basis->flags[flag])
            continue;
        grid_text(grid, "%s", flag_name(flag));
        blocks_count(grid, (double)basis->flags[flag]);
        if (isfinite(limit))
            blocks_quantity(grid, unit, limit);
        else
            grid_text(grid, "three times the median of the case");
        grid_text(grid, "%s",
                  canary ? "the probe of reading memory beside the launch was off the run's median"
                         : noise_info((enum noise_kind)flag)->meaning);
    }
}

/* ---- a result ------------------------------------------------------------------------------------------------------------- */

/* A labelled line of one fact; unknown with its reason, nothing where the fact is not there. */
static void tell_fact(struct page *page, const struct facts *facts, const char *path, const char *label)
{
    const struct fact *fact = facts_find(facts, path);
    char text[VIEW_TEXT_MAX], cut[VIEW_TEXT_MAX];

    if (!fact)
        return;
    view_fact(text, sizeof text, facts, (const char *const[]){path, NULL});
    text_cut(cut, sizeof cut, fact->type == FACT_NULL ? fact->text : text, TEXT_COLUMNS);
    if (fact->type == FACT_NULL)
        page_pair(page, MARK_NONE, label, "%s (%s)", blocks_unknown, cut);
    else
        page_pair(page, MARK_NONE, label, "%s", cut);
}

static void tell_canary(const struct facts *environment, struct page *page)
{
    static const char *const paths[] = {"canary.least_bytes_per_second", "canary.median_bytes_per_second",
                                        "canary.largest_bytes_per_second"};
    double least = facts_get_number(environment, paths[0]), median = facts_get_number(environment, paths[1]),
           largest = facts_get_number(environment, paths[2]);
    char text[64];

    view_fact(text, sizeof text, environment, (const char *const[]){paths[1], NULL});
    if (isfinite(largest - least) && median > 0)
        page_pair(page, MARK_NONE, "Canary", "median %s, from %+.1f %% to %+.1f %% of it", text,
                  100 * (least / median - 1), 100 * (largest / median - 1));
}

static void tell_program(const struct record *record, struct page *page)
{
    static const struct {
        const char *path, *label;
    } program[] = {{"version", "Program"}, {"git_commit", "Commit"}, {"compiler", "Compiler"},
                   {"flags", "Flags"},     {"libc", "C library"},    {"build_id_sha256", "Binary, SHA-256"}},
      workload[] = {{"name", "Profile"},
                    {"version", "Version of the profile"},
                    {"mode", "Mode"},
                    {"definition_sha256", "Definition, SHA-256"},
                    {"seed", "Seed"}};

    for (size_t i = 0; i < sizeof program / sizeof *program; i++)
        tell_fact(page, &record->tool, program[i].path, program[i].label);
    for (size_t i = 0; i < sizeof workload / sizeof *workload; i++)
        tell_fact(page, &record->workload, workload[i].path, workload[i].label);
    if (*record->comparability_key)
        page_pair(page, MARK_NONE, "Comparability key", "%s", record->comparability_key);
    if (*record->payload)
        page_pair(page, MARK_NONE, "Payload, SHA-256", "%s", record->payload);
}

static void tell_conditions(const struct record *record, struct page *page)
{
    static const struct {
        const char *path, *label;
    } conditions[] = {{"virtualized", "Virtualised"},
                      {"power_source", "Power"},
                      {"governor", "Governor"},
                      {"turbo", "Turbo"},
                      {"load1_before", "Load before, one minute"},
                      {"busy_processors_before", "Busy processors before"},
                      {"cpu_temperature_before_celsius", "Temperature before"},
                      {"roofs", "Roofs"},
                      {"interleaved_with", "In the same rounds as"}};
    char noise[VIEW_TEXT_MAX], path[48];

    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        tell_fact(page, &record->environment, conditions[i].path, conditions[i].label);
    tell_canary(&record->environment, page);
    view_noise(noise, sizeof noise, record);
    if (*noise)
        page_pair(page, MARK_NONE, "Noise", "%s", noise);
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        const char *finding;
        char text[VIEW_TEXT_MAX];
        snprintf(path, sizeof path, "preflight[%zu]", i);
        finding = facts_get_text(&record->environment, path, "");
        if (!*finding)
            return;
        text_cut(text, sizeof text, finding, TEXT_COLUMNS);
        page_pair(page, MARK_WARNING, "Before the run", "%s", text);
    }
}

/* The newest result of each device in full; the table below has all. */
static void tell_device(const struct report *report, size_t device, struct page *page)
{
    const struct report_source *source = report->devices[device].sources[0];
    struct view_line line;
    char name[256];

    text_cut(name, sizeof name, source->name, 80);
    if (report->source_count > 1)
        page_text(page, BLOCK_LEAD, "%s%s%s", report->device_count > 1 ? report->devices[device].name : "",
                  report->device_count > 1 ? ": " : "", name);
    tell_program(source->record, page);
    tell_conditions(source->record, page);
    for (size_t i = 0; i < ITEMS_MAX && view_verified_line(source->record, i, &line); i++)
        page_pair(page, MARK_NONE, "Verified", "%s: %s", line.label, line.text);
}

/* ---- what is missing ------------------------------------------------------------------------------------------------------ */

static void list_left_out(const struct report *report, struct page *page)
{
    size_t listed = 0, more = 0;

    for (size_t i = 0; i < report->source_count; i++) {
        const struct report_source *source = &report->sources[i];
        struct view_line line;
        char name[256];
        text_cut(name, sizeof name, source->name, 60);
        for (size_t k = 0; view_left_out_line(source->record, k, &line); k++) {
            if (listed == ITEMS_MAX) {
                more++;
                continue;
            }
            if (!listed++)
                page_text(page, BLOCK_TEXT, "What was skipped, what failed, and what was lost of the rest:");
            page_item(page, strcmp(line.label, "skipped") == 0 ? MARK_PART : MARK_NO, "%s: %s%s%s%s", line.label,
                      line.text, report->source_count > 1 ? " (" : "", report->source_count > 1 ? name : "",
                      report->source_count > 1 ? ")" : "");
        }
    }
    if (more)
        page_text(page, BLOCK_NOTE, "%zu more stand in the results.", more);
}

/* ---- the command ---------------------------------------------------------------------------------------------------------- */

/* One more word, as a shell takes it; false where it does not fit. */
static bool append_word(char *out, size_t size, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+=:,@%-";
    size_t used = strlen(out);
    bool simple = *word && word[strspn(word, plain)] == '\0';

    if (used + 4 * strlen(word) + sizeof " './'" > size)
        return false;
    used += (size_t)sprintf(out + used, " %s%s", simple ? "" : "'", *word == '-' ? "./" : "");
    for (; *word; word++)
        used += (size_t)sprintf(out + used, *word == '\'' ? "'\\''" : "%c", *word);
    strcpy(out + used, simple ? "" : "'");
    return true;
}

static void tell_command(const struct report *report, struct page *page)
{
    char words[4096] = "", prices[96] = "";
    bool all = report->source_count <= NAMES_MAX;

    for (size_t i = 0; i < report->source_count && all; i++)
        all = append_word(words, sizeof words, report->sources[i].name);
    if (isfinite(report->price_per_kwh))
        snprintf(prices, sizeof prices, " --price %g", report->price_per_kwh);
    if (isfinite(report->cloud_price))
        snprintf(prices + strlen(prices), sizeof prices - strlen(prices), " --cloud-price %g", report->cloud_price);
    page_pair(page, MARK_NONE, "This page again", "pocketmark report%s%s -o report.html%s",
              all ? words : " RESULT.json …", prices, all ? "" : ", with the results of the table");
}

/* Figures of other programs stand on what those did. */
static bool has_origin(const struct report *report, bool imported)
{
    for (size_t i = 0; i < report->source_count; i++)
        if ((report->sources[i].record->origin == ORIGIN_IMPORTED) == imported)
            return true;
    return false;
}

void section_method(const struct report *report, struct page *page)
{
    struct basis basis = {0};

    add_cells(&basis, report->cells, report->cell_count, FIELD_decode_tokens_per_second);
    add_cells(&basis, report->products, report->product_count, FIELD_matmul_macs_per_second);
    if (has_origin(report, false))
        page_text(page, BLOCK_TEXT,
                  "A launch is one process, and the unit of statistics: every case runs in processes of its own, and a "
                  "launch gives one value, the median of its repetitions. No case is timed before its arithmetic was "
                  "compared with float64.");
    if (has_origin(report, true))
        page_text(page, BLOCK_TEXT, "Imported figures stand on what another program did, and were not verified.");
    if (basis.cells) {
        tell_statistics(&basis, page);
        list_flags(&basis, page);
    }
    for (size_t i = 0; i < report->device_count; i++)
        tell_device(report, i, page);
    list_left_out(report, page);
    method_models(report, page);
    method_results(report, page);
    tell_command(report, page);
}
