#include "reports/view.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/flags.h"
#include "reports/statistics.h"
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

/* ---- the device ------------------------------------------------------------------------------------------------------- */

enum { LINE_PARTS = 6, PART_PATHS = 4 };

struct line_form {
    const char *label;
    struct {
        const char *before, *after;
        const char *paths[PART_PATHS]; /* the first that is known */
    } parts[LINE_PARTS];
};

static const struct line_form device_forms[] = {
    {"Device", {{"", "", {"cpu.name", "cpu.codename", "device_id"}}, {"", "", {"kind"}}}},
    {"Processor",
     {{"", " cores", {"cpu.cores_physical", "cpu.cores"}},
      {"", " hardware threads", {"cpu.logical_cpus", "cpu.logical_cpus_count"}},
      {"", "", {"cpu.isa_levels", "cpu.isa"}},
      {"governor ", "", {"governor", "cpu.governor"}}}},
    {"Memory",
     {{"", "", {"memory.total_bytes", "memory_bytes"}},
      {"", " usable", {"memory.usable_bytes"}},
      {"", " swap", {"memory.swap_total_bytes"}}}},
    {"System", {{"", "", {"os.name"}}, {"", "", {"os.kernel"}}, {"under ", "", {"hypervisor", "os.hypervisor"}}}},
};

/* What is known of the parts; false where nothing is. */
static bool form_fill(char *out, size_t size, const struct line_form *form, const struct facts *facts)
{
    out[0] = '\0';
    for (size_t i = 0; i < LINE_PARTS && form->parts[i].before; i++) {
        char value[VIEW_TEXT_MAX];
        view_fact(value, sizeof value, facts, form->parts[i].paths);
        if (*value)
            append(out, size, "%s%s%s%s", *out ? ", " : "", form->parts[i].before, value, form->parts[i].after);
    }
    return *out;
}

bool view_device_line(const struct record *record, size_t index, struct view_line *line)
{
    const struct line_form *form = &device_forms[index];

    if (index >= sizeof device_forms / sizeof *device_forms)
        return false;
    snprintf(line->label, sizeof line->label, "%s", form->label);
    if (!form_fill(line->text, sizeof line->text, form, &record->device))
        snprintf(line->text, sizeof line->text, "–");
    return true;
}

/* ---- the machine in full ------------------------------------------------------------------------------------------------ */

static const struct line_form machine_forms[] = {
    {"Board",
     {{"", "", {"board.vendor"}},
      {"", "", {"board.product", "board.name"}},
      {"", "", {"board.soc"}},
      {"firmware ", "", {"board.firmware_version"}},
      {"of ", "", {"board.firmware_date"}}}},
    {"Identity",
     {{"", "", {"cpu.vendor"}},
      {"", "", {"cpu.codename"}},
      {"family ", "", {"cpu.family"}},
      {"model ", "", {"cpu.model"}},
      {"stepping ", "", {"cpu.stepping"}},
      {"microcode ", "", {"cpu.microcode"}}}},
    {"Topology",
     {{"packages ", "", {"cpu.packages"}},
      {"NUMA nodes ", "", {"memory.numa_nodes"}},
      {"clusters ", "", {"cpu.clusters"}},
      {"kinds of cores ", "", {"cpu.core_kinds"}},
      {"cores shared by hardware threads: ", "", {"cpu.smt"}}}},
    {"Instructions", {{"", "", {"cpu.instructions", "cpu.features"}}, {"AMX tiles ", "", {"cpu.amx_permission"}}}},
    {"Clocks",
     {{"at most ", "", {"cpu.max_hertz"}},
      {"driver ", "", {"sensors.clocks.driver"}},
      {"turbo: ", "", {"sensors.clocks.turbo"}},
      {"preference ", "", {"sensors.clocks.energy_performance_preference"}},
      {"profile ", "", {"sensors.clocks.platform_profile"}}}},
    {"Memory modules",
     {{"", "", {"memory.type"}},
      {"", "", {"memory.transfers_per_second"}},
      {"channels ", "", {"memory.channels"}},
      {"", " bits wide", {"memory.data_bits"}},
      {"nominal ", "", {"memory.nominal_bytes_per_second"}},
      {"", "", {"memory.nominal_basis"}}}},
    {"Memory limits",
     {{"usable by ", "", {"memory.usable_binding"}},
      {"control group ", "", {"memory.cgroup_bytes"}},
      {"address space ", "", {"memory.address_space_bytes"}},
      {"huge pages of ", "", {"memory.huge_page_bytes"}},
      {"transparent huge pages ", "", {"transparent_hugepage"}},
      {"placed ", "", {"memory.first_touch"}}}},
    {"Temperature",
     {{"", "", {"sensors.cpu_temperature.name"}}, {"limit ", "", {"sensors.cpu_temperature.limit_celsius"}}}},
    {"Throttling",
     {{"counters: ", "", {"sensors.throttle_counters"}},
      {"clocks readable: ", "", {"sensors.clocks.readable"}},
      {"long-term power limit ", "", {"sensors.power_limit_watts"}}}},
};

/* Why nothing of a line is known; NULL where its facts are not there at all. */
static const char *form_reason(const struct line_form *form, const struct facts *facts)
{
    for (size_t i = 0; i < LINE_PARTS && form->parts[i].before; i++)
        for (size_t k = 0; k < PART_PATHS && form->parts[i].paths[k]; k++) {
            const struct fact *fact = facts_find(facts, form->parts[i].paths[k]);
            if (fact && fact->type == FACT_NULL)
                return fact->text;
        }
    return NULL;
}

/* "2 performance to 4.40 GHz, 4 efficient to 3.30 GHz"; false where the cores are of one kind, or it is not told. */
static bool write_kinds(const struct facts *device, struct view_line *line)
{
    snprintf(line->label, sizeof line->label, "Cores by kind");
    line->text[0] = '\0';
    for (size_t i = 0;; i++) {
        char paths[3][48], texts[3][64];
        static const char *const names[] = {"cores", "type", "max_hertz"};
        for (size_t k = 0; k < 3; k++) {
            snprintf(paths[k], sizeof paths[k], "cpu.kinds[%zu].%s", i, names[k]);
            view_fact(texts[k], sizeof texts[k], device, (const char *const[]){paths[k], NULL});
        }
        if (!*texts[0])
            return i > 0;
        append(line->text, sizeof line->text, "%s%s %s%s%s", i ? ", " : "", texts[0], texts[1], *texts[2] ? " to " : "",
               texts[2]);
    }
}

bool view_machine_line(const struct record *record, size_t index, struct view_line *line)
{
    if (write_kinds(&record->device, line) && !index--)
        return true;
    for (size_t i = 0; i < sizeof machine_forms / sizeof *machine_forms; i++) {
        const struct line_form *form = &machine_forms[i];
        bool known = form_fill(line->text, sizeof line->text, form, &record->device);
        const char *reason = form_reason(form, &record->device);
        if ((!known && !reason) || index--)
            continue;
        snprintf(line->label, sizeof line->label, "%s", form->label);
        if (!known)
            snprintf(line->text, sizeof line->text, "– (%s)", reason);
        return true;
    }
    return false;
}

/* ---- labelled facts ----------------------------------------------------------------------------------------------------- */

static bool labelled_line(const struct facts *facts, bool roofs, size_t index, struct view_line *line)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        const char *const paths[] = {fact->path, NULL};
        if (!fact->label || (strncmp(fact->path, "roofs.", 6) == 0) != roofs || index--)
            continue;
        snprintf(line->label, sizeof line->label, "%s", fact->label);
        if (fact->type == FACT_NULL)
            snprintf(line->text, sizeof line->text, "– (%s)", fact->text);
        else
            view_fact(line->text, sizeof line->text, facts, paths);
        return true;
    }
    return false;
}

bool view_roof_line(const struct record *record, size_t index, struct view_line *line)
{
    return labelled_line(&record->environment, true, index, line);
}

bool view_environment_line(const struct record *record, size_t index, struct view_line *line)
{
    return labelled_line(&record->environment, false, index, line);
}

/* ---- verification --------------------------------------------------------------------------------------------------------- */

static void model_title(char *out, size_t size, const struct cell *cell)
{
    static const char *const names[] = {"name", NULL}, *const formats[] = {"quantization", NULL};
    char format[64];

    view_fact(out, size, &cell->model, names);
    view_fact(format, sizeof format, &cell->model, formats);
    append(out, size, "%s%s", *out && *format ? " " : "", format);
}

static bool verified(const struct cell *cell)
{
    const struct figure *nmse = &cell->figures[FIELD_nmse_ratio];

    return nmse->present && isfinite(nmse->value) && !view_is_matmul(cell);
}

/* Has a cell before this one the same model, format and error? */
static bool verified_before(const struct record *record, size_t cell, const char *title)
{
    char other[VIEW_TEXT_MAX];

    for (size_t i = 0; i < cell; i++) {
        if (!verified(&record->cells[i]) ||
            record->cells[i].figures[FIELD_nmse_ratio].value != record->cells[cell].figures[FIELD_nmse_ratio].value)
            continue;
        model_title(other, sizeof other, &record->cells[i]);
        if (strcmp(title, other) == 0)
            return true;
    }
    return false;
}

bool view_verified_line(const struct record *record, size_t index, struct view_line *line)
{
    char title[VIEW_TEXT_MAX];

    for (size_t i = 0; i < record->cell_count; i++) {
        if (!verified(&record->cells[i]))
            continue;
        model_title(title, sizeof title, &record->cells[i]);
        if (verified_before(record, i, title) || index--)
            continue;
        snprintf(line->label, sizeof line->label, "%.90s", title);
        snprintf(line->text, sizeof line->text, "NMSE %.1e against float64%s",
                 record->cells[i].figures[FIELD_nmse_ratio].value,
                 record->cells[i].status == CELL_FAILED ? " (failed)" : "");
        return true;
    }
    return false;
}

/* ---- what is missing ------------------------------------------------------------------------------------------------------ */

static int64_t failed_launches(const struct cell *cell)
{
    const struct fact *count = facts_find(&cell->observations, "launches.failed_count");

    return count && count->type == FACT_INTEGER ? count->integer : 0;
}

/* A case that stands for all that, and yet lost launches. */
static void write_lost(const struct cell *cell, struct view_line *line)
{
    int64_t count = failed_launches(cell);
    char path[64], reason[VIEW_TEXT_MAX];

    snprintf(path, sizeof path, "launches.failures[%lld].reason", (long long)count - 1);
    view_fact(reason, sizeof reason, &cell->observations, (const char *const[]){path, NULL});
    snprintf(line->label, sizeof line->label, "lost");
    snprintf(line->text, sizeof line->text, "%s: %lld launch%s failed, the last one: %.200s", cell->title,
             (long long)count, count == 1 ? "" : "es", reason);
}

bool view_left_out_line(const struct record *record, size_t index, struct view_line *line)
{
    for (size_t i = 0; i < record->cell_count; i++) {
        const struct cell *cell = &record->cells[i];
        if ((cell->status == CELL_OK && !failed_launches(cell)) || index--)
            continue;
        if (cell->status == CELL_OK) {
            write_lost(cell, line);
            return true;
        }
        snprintf(line->label, sizeof line->label, "%s", cell->status == CELL_FAILED ? "failed" : "skipped");
        snprintf(line->text, sizeof line->text, "%s: %.300s", cell->title,
                 *cell->reason ? cell->reason : "no reason was given");
        return true;
    }
    return false;
}

static const char *missing_reason(const struct cell *cell, int field)
{
    const struct figure *figure = &cell->figures[field];

    return cell->status == CELL_OK && !figure->present && *figure->reason ? figure->reason : NULL;
}

/* Is this the first place, cell by cell and field by field, where the reason stands? */
static bool reason_first(const struct record *record, size_t cell, int field, const char *reason)
{
    for (size_t i = 0; i <= cell; i++)
        for (int k = 0; k < (i == cell ? field : FIELD_COUNT); k++) {
            const char *other = missing_reason(&record->cells[i], k);
            if (other && strcmp(other, reason) == 0)
                return false;
        }
    return true;
}

static bool reason_explains(const struct record *record, int field, const char *reason)
{
    for (size_t i = 0; i < record->cell_count; i++) {
        const char *other = missing_reason(&record->cells[i], field);
        if (other && strcmp(other, reason) == 0)
            return true;
    }
    return false;
}

static void note_write(const struct record *record, const char *reason, struct view_line *line)
{
    bool first = true;

    snprintf(line->label, sizeof line->label, "not had");
    snprintf(line->text, sizeof line->text, "%s (", reason);
    for (int field = 0; field < FIELD_COUNT; field++)
        if (reason_explains(record, field, reason)) {
            append(line->text, sizeof line->text, "%s%s", first ? "" : ", ", field_info((enum field)field)->name);
            first = false;
        }
    append(line->text, sizeof line->text, ")");
}

bool view_note_line(const struct record *record, size_t index, struct view_line *line)
{
    for (size_t i = 0; i < record->cell_count; i++)
        for (int field = 0; field < FIELD_COUNT; field++) {
            const char *reason = missing_reason(&record->cells[i], field);
            if (!reason || !reason_first(record, i, field, reason) || index--)
                continue;
            note_write(record, reason, line);
            return true;
        }
    return false;
}

/* ---- the run ---------------------------------------------------------------------------------------------------------------- */

void view_title(char *out, size_t size, const struct record *record)
{
    static const char *const words[] = {
        [RUN_COMPLETE] = "complete", [RUN_PARTIAL] = "partial", [RUN_FAILED] = "failed"};
    static const char *const tool[] = {"version", NULL}, *const workload[] = {"name", NULL};
    char value[VIEW_TEXT_MAX];

    view_fact(value, sizeof value, &record->tool, tool);
    snprintf(out, size, "pocketmark%s%s", *value ? " " : "", value);
    view_fact(value, sizeof value, &record->workload, workload);
    append(out, size, "%s%s · %s · %s", *value ? " · " : "", value, record->created, words[record->status]);
    if (record->origin != ORIGIN_NATIVE)
        append(out, size, " · %s", origin_name(record->origin));
    if (*record->status_reason)
        append(out, size, ": %s", record->status_reason);
}

struct spread {
    double largest, total;
    bool known;
};

static void spread_add(struct spread *spread, double value)
{
    if (!isfinite(value))
        return;
    spread->largest = spread->known ? fmax(spread->largest, value) : value;
    spread->total += value;
    spread->known = true;
}

/* How many repetitions are flagged, and for what. */
static void note_flags(char *out, size_t size, const struct record *record)
{
    size_t any = flags_count(record, FLAG_COUNT);
    bool first = true;

    if (!any)
        return;
    append(out, size, "%s%zu repetition%s flagged (", *out ? "; " : "", any, any == 1 ? "" : "s");
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++) {
        size_t count = flags_count(record, flag);
        if (count)
            append(out, size, "%s%s %zu", first ? "" : ", ", flag_name(flag), count);
        first &= !count;
    }
    append(out, size, ")");
}

void view_noise(char *out, size_t size, const struct record *record)
{
    struct spread steal = {0}, foreign = {0}, switches = {0}, faults = {0};

    for (size_t i = 0; i < record->cell_count; i++)
        for (size_t k = 0; k < record->cells[i].repetition_count; k++) {
            const struct repetition *repetition = &record->cells[i].repetitions[k];
            if (repetition->phase != PHASE_MEASURED)
                continue;
            spread_add(&steal, repetition->noise[NOISE_steal_ratio]);
            spread_add(&foreign, repetition->noise[NOISE_foreign_load_ratio]);
            spread_add(&switches, repetition->noise[NOISE_involuntary_switches_count]);
            spread_add(&faults, repetition->noise[NOISE_major_faults_count]);
        }
    out[0] = '\0';
    if (steal.known)
        append(out, size, "stolen time at most %.1f %%", 100 * steal.largest);
    if (foreign.known)
        append(out, size, "%sforeign load at most %.1f %%", *out ? ", " : "", 100 * foreign.largest);
    if (switches.known)
        append(out, size, "%s%.0f involuntary switches (at most %.0f in a repetition)", *out ? ", " : "",
               switches.total, switches.largest);
    if (faults.known)
        append(out, size, "%s%.0f major faults", *out ? ", " : "", faults.total);
    note_flags(out, size, record);
}

/* Fewest and most launches behind the medians of a table; 0: none. */
static void launches_range(const struct view_table *table, const struct record *record, size_t *least, size_t *most)
{
    *least = *most = 0;
    for (size_t i = 0; i < record->cell_count; i++)
        for (int field = 0; field < FIELD_COUNT && table->shows(&record->cells[i]); field++) {
            const struct figure *figure = &record->cells[i].figures[field];
            if (!figure->present || !figure->launches || field_info((enum field)field)->estimator != ESTIMATOR_MEDIAN)
                continue;
            *least = !*least || figure->launches < *least ? figure->launches : *least;
            *most = figure->launches > *most ? figure->launches : *most;
        }
}

void view_common(char *out, size_t size, const struct view_table *table, const struct record *record)
{
    char text[VIEW_TEXT_MAX];
    size_t least, most;

    out[0] = '\0';
    for (size_t i = 0; i < table->column_count; i++)
        if (view_column_common(table, &table->columns[i], record, text) && *text)
            append(out, size, "%s%s %s%s%s", *out ? ", " : "", table->columns[i].title, text,
                   *table->columns[i].subtitle ? " " : "", table->columns[i].subtitle);
    launches_range(table, record, &least, &most);
    if (most && least == most)
        append(out, size, "%s%zu launch%s", *out ? "; " : "", most, most == 1 ? "" : "es");
    else if (most)
        append(out, size, "%s%zu to %zu launches", *out ? "; " : "", least, most);
}
