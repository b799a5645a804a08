/* The sections memory, energy and products of a report; and these and sustained, machine and method from all stored results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "reports/page/blocks.h"
#include "reports/text.h"
#include "tests/report_rig.h"
#include "tests/sample_record.h"

#define FOLDER "tests/results/v1.0/"

/* ---- memory --------------------------------------------------------------------------------------------------------------- */

static void test_memory_parts(void **state)
{
    const struct chart_panel *panel;
    const struct grid *grid;

    (void)state;
    sample_record(rig_record(&rig, "a.json"));
    facts_integer(&rig.records[0].device, "memory.usable_bytes", NULL, 2000000000);
    rig_build(&rig, "memory", section_memory);
    grid = rig_grid(&rig, "memory-table");
    assert_int_equal(grid_rows(grid), 2);
    assert_string_equal(rig_cell(grid, 0, "weights")->text, "695 MB");
    assert_string_equal(rig_cell(grid, 0, "off by")->text, "+0.4 %");
    assert_string_equal(rig_cell(grid, 1, "of")->text, "66.9 %");
    assert_float_equal(rig_cell(grid, 1, "of")->share, 0.669, 0.001);
    assert_true(rig_says(&rig, "llama-3.2-1b q8_0 takes the most memory: 1.34 GB at its peak, 66.9 % of the 2.00 GB"));
    panel = &rig_chart(&rig, "memory-use")->panels[0];
    assert_int_equal(panel->kind, CHART_STACK);
    assert_int_equal(panel->label_count, 2);
    assert_float_equal(panel->series[0].points[1].x, 1.313, 1e-9);
    assert_true(panel->series[4].limit);
    assert_int_equal(panel->rule_count, 1);
    assert_float_equal(panel->rules[0].at, 2, 1e-9);
}

/* A limit far away would squeeze the bars. */
static void test_memory_limit_far(void **state)
{
    (void)state;
    sample_record(rig_record(&rig, "a.json"));
    facts_integer(&rig.records[0].device, "memory.usable_bytes", NULL, 24000000000);
    rig_build(&rig, "memory", section_memory);
    assert_int_equal(rig_chart(&rig, "memory-use")->panels[0].rule_count, 0);
    assert_true(rig_says(&rig, "far to the right: 24.0 GB"));
}

static void test_memory_unknown(void **state)
{
    const struct chart_panel *panel;

    (void)state;
    rig_read(&rig, FOLDER "quick.json");
    rig_build(&rig, "memory", section_memory);
    assert_string_equal(rig_cell(rig_grid(&rig, "memory-table"), 0, "cache")->text, "–");
    assert_true(isnan(rig_cell(rig_grid(&rig, "memory-table"), 0, "cache")->value));
    assert_string_equal(rig_cell(rig_grid(&rig, "memory-table"), 0, "of")->text, "–");
    panel = &rig_chart(&rig, "memory-use")->panels[0];
    assert_string_equal(panel->series[1].name, "cache");
    assert_int_equal(panel->series[1].count, 0);
    assert_int_equal(panel->rule_count, 0);
    assert_false(rig_says(&rig, "100 %"));
    assert_true(rig_says(&rig, "unknown parts not among them"));
}

/* ---- energy --------------------------------------------------------------------------------------------------------------- */

static void give_energy(struct cell *cell, double joules, double speed, const char *scope)
{
    static const enum field with[] = {FIELD_energy_joules_per_token, FIELD_decode_tokens_per_second};
    const double values[] = {joules, speed};

    for (size_t i = 0; i < 2; i++)
        cell->figures[with[i]] = (struct figure){.present = true,
                                                 .value = values[i],
                                                 .ci_low = 0.99 * values[i],
                                                 .ci_high = 1.01 * values[i],
                                                 .n = 6,
                                                 .launches = 6,
                                                 .error_ratio = 0.02};
    snprintf(cell->figures[with[0]].source, sizeof cell->figures[0].source, "rapl");
    snprintf(cell->figures[with[0]].scope, sizeof cell->figures[0].scope, "%s", scope);
}

/* A model cell with that energy, in watts and joules of a scope. */
static void add_energy(struct record *record, const char *model, double joules, double speed, const char *scope)
{
    struct cell *cell = sample_model(record, model, model, "q4_0", 400, 48, 7e8);

    give_energy(cell, joules, speed, scope);
}

static void test_energy_none(void **state)
{
    struct record *record = rig_record(&rig, "a.json");

    (void)state;
    sample_record(record);
    facts_text(&record->device, "energy_sources[0].name", NULL, "rapl");
    facts_text(&record->device, "energy_sources[0].scope", NULL, "package");
    facts_text(&record->device, "energy_sources[0].state", NULL, "no permission");
    facts_text(&record->device, "energy_sources[0].reason", NULL, "run as root");
    facts_text(&record->device, "energy_sources[1].name", NULL, "meter");
    facts_text(&record->device, "energy_sources[1].state", NULL, "on request");
    rig_build(&rig, "energy", section_energy);
    assert_true(rig_says(&rig, "No energy on Example Core 7 1234U: of the 2 sources looked for, none gave a figure."));
    assert_string_equal(rig_pair(&rig, "rapl (package)")->text, "no permission: run as root");
    assert_int_equal(rig_pair(&rig, "rapl (package)")->mark, MARK_NO);
    assert_int_equal(rig_pair(&rig, "meter")->mark, MARK_PART);
    assert_null(rig_grid(&rig, "energy-table"));
    assert_null(rig_chart(&rig, "energy-tokens"));
    assert_false(rig_says(&rig, " J"));
}

/* A source that is ready and yet gave nothing: the figures' reason tells why. */
static void test_energy_ready(void **state)
{
    struct record *record = rig_record(&rig, "a.json");

    (void)state;
    sample_record(record);
    facts_text(&record->device, "energy_sources[0].name", NULL, "battery");
    facts_text(&record->device, "energy_sources[0].state", NULL, "ready");
    rig_build(&rig, "energy", section_energy);
    assert_true(rig_says(&rig, "Not had: energy_joules_per_token, average_power_watts (no energy source: no powercap"));
}

static void test_energy_untold(void **state)
{
    (void)state;
    rig_read(&rig, FOLDER "quick.json");
    rig_build(&rig, "energy", section_energy);
    assert_true(rig_says(&rig, "do not tell which sources were looked for"));
}

static void test_energy_figures(void **state)
{
    const struct grid *grid;

    (void)state;
    rig_read(&rig, FOLDER "emulated-energy.json");
    rig_build(&rig, "energy", section_energy);
    grid = rig_grid(&rig, "energy-table");
    assert_string_equal(rig_cell(grid, 0, "decode, gross")->text, "0.317 ±0.005");
    assert_string_equal(rig_cell(grid, 0, "decode, net")->text, "–");
    assert_string_equal(rig_cell(grid, 0, "scope")->text, "package");
    assert_string_equal(rig_cell(grid, 0, "error")->text, "±1.5 %");
    assert_true(rig_says(&rig, "317 ±5 mJ/tok in decode, gross (package, sensors emulated)"));
    assert_non_null(rig_chart(&rig, "energy-tokens"));
    assert_null(rig_chart(&rig, "energy-pareto"));
    assert_false(rig_says(&rig, "No energy on"));
}

/* A million tokens at 0.3 J are 0.0833 kWh. */
static void test_energy_price(void **state)
{
    struct record *record = rig_record(&rig, "a.json");
    struct error error = {0};

    (void)state;
    record_open(record);
    sample_blocks(record);
    add_energy(record, "one", 0.3, 40, "package");
    assert_int_equal(report_open(&rig.report, rig.sources, rig.count, &error), STATUS_OK);
    rig.report.price_per_kwh = 0.36;
    page_open(&rig.page, "", "");
    page_section(&rig.page, "energy", "");
    section_energy(&rig.report, &rig.page);
    assert_string_equal(rig_cell(rig_grid(&rig, "energy-table"), 0, "electricity")->text, "0.03");
}

static void test_energy_pareto(void **state)
{
    struct record *record = rig_record(&rig, "a.json");
    const struct chart_panel *panel;

    (void)state;
    record_open(record);
    sample_blocks(record);
    add_energy(record, "fast", 0.9, 50, "package");
    add_energy(record, "thrifty", 0.2, 10, "package");
    add_energy(record, "between", 0.4, 30, "package");
    for (char model[] = "beaten-a"; model[7] < 'k'; model[7]++)
        add_energy(record, model, 0.5, 20, "package");
    rig_build(&rig, "energy", section_energy);
    panel = &rig_chart(&rig, "energy-pareto")->panels[0];
    assert_true(panel->x_log && panel->y_log);
    assert_int_equal(panel->series[0].count, 3);
    assert_float_equal(panel->series[0].points[2].x, 50, 0);
    assert_non_null(panel->series[0].points[0].label);
    assert_int_equal(panel->series[1].count, 10);
    assert_null(panel->series[1].points[0].label);
    assert_true(panel->series[2].slope);
    assert_int_equal(panel->series[2].count, 5); /* three spots and the two steps between them */
    assert_float_equal(panel->series[2].points[1].x, 10, 0);
    assert_float_equal(panel->series[2].points[1].y, 0.4, 0);
    assert_true(rig_says(&rig, "3 of 13 cases are on the front"));
    assert_true(rig_says(&rig, "thrifty q4_0 takes the least energy: 200"));
}

/* One that beats all others is the whole front: there is no line. */
static void test_energy_best(void **state)
{
    struct record *record = rig_record(&rig, "a.json");

    (void)state;
    record_open(record);
    sample_blocks(record);
    add_energy(record, "best", 0.1, 50, "package");
    add_energy(record, "second", 0.2, 40, "package");
    add_energy(record, "third", 0.4, 30, "package");
    rig_build(&rig, "energy", section_energy);
    assert_int_equal(rig_chart(&rig, "energy-pareto")->panels[0].series_count, 2);
    assert_true(rig_says(&rig, "best q4_0 is the fastest and takes the least energy for a token."));
}

/* Scopes that differ, and sensors that were recorded, stand apart. */
static void test_energy_apart(void **state)
{
    struct record *record = rig_record(&rig, "a.json");

    (void)state;
    record_open(record);
    sample_blocks(record);
    add_energy(record, "one", 0.3, 40, "package");
    add_energy(record, "two", 9, 40, "wall");
    rig_read(&rig, FOLDER "emulated-energy.json");
    rig_build(&rig, "energy", section_energy);
    assert_int_equal(grid_rows(rig_grid(&rig, "energy-table")), 1);
    assert_int_equal(grid_rows(rig_grid(&rig, "energy-table-2")), 1);
    assert_int_equal(grid_rows(rig_grid(&rig, "energy-table-3")), 1);
    assert_string_equal(rig_grid(&rig, "energy-table-2")->caption, "Energy, wall");
    assert_string_equal(rig_grid(&rig, "energy-table-3")->caption, "Energy, package, sensors emulated");
}

/* ---- products ------------------------------------------------------------------------------------------------------------- */

static void test_products(void **state)
{
    const struct chart_panel *panel;

    (void)state;
    rig_read(&rig, FOLDER "matmul.json");
    rig_build(&rig, "products", section_products);
    assert_true(rig_says(&rig, "reach 58.7 %"));
    panel = &rig_chart(&rig, "products-roof")->panels[0];
    assert_int_equal(panel->label_count, 2);
    assert_float_equal(panel->rules[0].at, 100, 0);
    assert_string_equal(rig_cell(rig_grid(&rig, "products-table"), 0, "matrix")->text, "llama-3.2-1b.ffn_up");
    assert_string_equal(rig_cell(rig_grid(&rig, "products-table"), 0, "of roof")->text, "87.1 %");
    assert_float_equal(rig_cell(rig_grid(&rig, "products-table"), 0, "of roof")->share, 0.871, 1e-9);
}

static void test_products_no_roof(void **state)
{
    struct record *record = rig_record(&rig, "a.json");
    struct cell *cell;

    (void)state;
    record_open(record);
    sample_blocks(record);
    cell = sample_matmul(record, "matmul", "ffn_up", "q4_0", 1, 6e10, NAN);
    cell_explain(cell, FIELD_matmul_utilization_ratio, "roofs were not measured");
    rig_build(&rig, "products", section_products);
    assert_null(rig_chart(&rig, "products-roof"));
    assert_string_equal(rig_cell(rig_grid(&rig, "products-table"), 0, "of roof")->text, "–");
    assert_true(isnan(rig_cell(rig_grid(&rig, "products-table"), 0, "of roof")->share));
    assert_true(rig_says(&rig, "Not had: matmul_utilization_ratio (roofs were not measured)."));
}

/* ---- everything ----------------------------------------------------------------------------------------------------------- */

static const char *const stored[] = {FOLDER "quick.json",
                                     FOLDER "gguf.json",
                                     FOLDER "matmul.json",
                                     FOLDER "interrupted.json",
                                     FOLDER "failed.json",
                                     FOLDER "emulated-energy.json",
                                     FOLDER "sustained-series.json",
                                     FOLDER "hostile-names.json",
                                     FOLDER "imported.json"};

enum { STORED = sizeof stored / sizeof *stored };

static const struct {
    const char *id;
    section_builder *builder;
} sections[] = {{"memory", section_memory},     {"energy", section_energy},   {"sustained", section_sustained},
                {"products", section_products}, {"machine", section_machine}, {"method", section_method}};

static void check_id(const char *id, char seen[][64], size_t *count)
{
    assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(id));
    assert_true(*id && *count < 256);
    for (size_t i = 0; i < *count; i++)
        assert_string_not_equal(id, seen[i]);
    snprintf(seen[(*count)++], 64, "%s", id);
}

/* Rows are whole; what has no value is "–" and never a number; what has one is never "–". */
static void check_grid(const struct grid *grid)
{
    assert_true(grid->column_count > 0 && grid->cell_count % grid->column_count == 0);
    for (size_t i = 0; i < grid->cell_count; i++) {
        const struct grid_cell *cell = &grid->cells[i];
        assert_true(strlen(cell->text) < 2000);
        if (!grid->columns[i % grid->column_count].numeric)
            continue;
        assert_int_equal(isnan(cell->value), !cell->text[strcspn(cell->text, "0123456789")]);
        assert_true(isnan(cell->share) || (cell->share >= 0 && cell->share <= 1));
    }
}

static void check_chart(const struct chart *chart)
{
    assert_false(chart->failed);
    assert_true(*chart->finding && *chart->title);
    for (size_t i = 0; i < chart->panel_count; i++)
        for (size_t k = 0; k < chart->panels[i].series_count; k++)
            for (size_t n = 0; n < chart->panels[i].series[k].count; n++) {
                const struct chart_point *point = &chart->panels[i].series[k].points[n];
                assert_true(isfinite(point->x) && isfinite(point->y));
                if (chart->panels[i].kind == CHART_BARS || chart->panels[i].kind == CHART_STACK)
                    assert_true(point->y < (double)chart->panels[i].label_count && point->x != 0);
            }
}

static void check_page(const struct page *page)
{
    static char seen[256][64];
    size_t count = 0;

    assert_false(page->failed);
    for (size_t i = 0; i < page->section_count; i++) {
        check_id(page->sections[i].id, seen, &count);
        for (size_t k = 0; k < page->sections[i].block_count; k++) {
            const struct block *block = &page->sections[i].blocks[k];
            if (block->grid) {
                check_id(block->grid->id, seen, &count);
                check_grid(block->grid);
            }
            if (block->chart) {
                check_id(block->chart->id, seen, &count);
                check_chart(block->chart);
            }
        }
    }
}

static void build_all(void)
{
    struct error error = {0};

    assert_int_equal(report_open(&rig.report, rig.sources, rig.count, &error), STATUS_OK);
    page_open(&rig.page, "", "");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        page_section(&rig.page, sections[i].id, sections[i].id);
        sections[i].builder(&rig.report, &rig.page);
    }
    check_page(&rig.page);
}

static void test_stored_each(void **state)
{
    (void)state;
    for (size_t i = 0; i < STORED; i++) {
        rig_read(&rig, stored[i]);
        build_all();
        rig_close(&rig);
    }
}

static void test_stored_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < STORED; i++)
        rig_read(&rig, stored[i]);
    build_all();
}

static void test_nothing(void **state)
{
    struct record *record = rig_record(&rig, "");

    (void)state;
    record_open(record);
    build_all();
}

/* Names of 10 kB, of markup, of format signs and of broken UTF-8. */
static void test_hostile(void **state)
{
    static char name[10001];
    struct record *record = rig_record(&rig, name);
    static const char *const paths[] = {"cpu.name",
                                        "energy_sources[0].name",
                                        "energy_sources[0].state",
                                        "energy_sources[0].reason",
                                        "energy_sources[0].scope",
                                        "accelerators[0].name",
                                        "accelerators[0].state",
                                        "board.vendor"};
    struct cell *cell;

    (void)state;
    for (size_t i = 0; i < sizeof name - 1; i++)
        name[i] = "<b>%s%n\xff\xe2\x80\xae\n"[i % 13];
    record_open(record);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        facts_text(&record->device, paths[i], NULL, name);
    facts_text(&record->environment, "preflight[0]", NULL, name);
    facts_text(&record->tool, "compiler", NULL, name);
    cell = sample_model(record, "a", name, name, 400, 40, 7e8);
    cell_explain(cell, FIELD_energy_joules_per_token, "%s", name);
    facts_text(&cell->observations, "thermal.verdict", NULL, name);
    sample_matmul(record, "b", name, name, 1, 6e10, 0.9);
    build_all();
    for (size_t i = 0; i < rig.page.section_count; i++)
        for (size_t k = 0; k < rig.page.sections[i].block_count; k++) {
            const struct block *block = &rig.page.sections[i].blocks[k];
            assert_true(!block->text || strlen(block->text) < 4000);
            for (size_t n = 0; n < block->pair_count; n++)
                assert_true(strlen(block->pairs[n].text) < 4000);
        }
}

static void test_cut(void **state)
{
    char text[16];

    (void)state;
    text_cut(text, sizeof text, "short", 5);
    assert_string_equal(text, "short");
    text_cut(text, sizeof text, "longer", 5);
    assert_string_equal(text, "long…");
    text_cut(text, sizeof text, "ääääääääääääääää", 40); /* room for 15 bytes */
    assert_string_equal(text, "ääääää…");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_memory_parts, close_rig),
        cmocka_unit_test_teardown(test_memory_limit_far, close_rig),
        cmocka_unit_test_teardown(test_memory_unknown, close_rig),
        cmocka_unit_test_teardown(test_energy_none, close_rig),
        cmocka_unit_test_teardown(test_energy_ready, close_rig),
        cmocka_unit_test_teardown(test_energy_untold, close_rig),
        cmocka_unit_test_teardown(test_energy_figures, close_rig),
        cmocka_unit_test_teardown(test_energy_price, close_rig),
        cmocka_unit_test_teardown(test_energy_pareto, close_rig),
        cmocka_unit_test_teardown(test_energy_best, close_rig),
        cmocka_unit_test_teardown(test_energy_apart, close_rig),
        cmocka_unit_test_teardown(test_products, close_rig),
        cmocka_unit_test_teardown(test_products_no_roof, close_rig),
        cmocka_unit_test_teardown(test_stored_each, close_rig),
        cmocka_unit_test_teardown(test_stored_together, close_rig),
        cmocka_unit_test_teardown(test_nothing, close_rig),
        cmocka_unit_test_teardown(test_hostile, close_rig),
        cmocka_unit_test(test_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
