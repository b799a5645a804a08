/* runner/sampler: what it tells of a scripted machine, and what it costs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "devices/clock.h"
#include "reports/sustained.h"
#include "runner/lines.h"
#include "runner/sampler.h"
#include "tests/scratch_tree.h"

#define CPU "sys/devices/system/cpu/cpu0/"

struct rig {
    struct scratch_tree tree;
    struct host *host;
    struct sensor_set set;
    struct sampler *sampler;
    char *text;
    size_t size;
    FILE *out;
    struct outcome outcome;
    uint64_t start_ns;
};

static void rig_open(struct rig *rig, double hertz)
{
    static const unsigned busy[] = {0};

    *rig = (struct rig){.host = test_calloc(1, sizeof *rig->host)};
    scratch_open(&rig->tree);
    rig->host->cpu_count = rig->host->logical_cpus = 1;
    rig->host->cpus[0] = (struct host_cpu){.kind = -1, .first_of_core = true, .allowed = true};
    scratch_write(&rig->tree, "sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n");
    scratch_write(&rig->tree, "sys/class/thermal/thermal_zone0/temp", "54000\n");
    scratch_write(&rig->tree, CPU "cpufreq/scaling_cur_freq", "4000000\n");
    rig->set.root = rig->tree.root;
    thermal_find(&rig->set.thermal, rig->tree.root);
    clocks_find(&rig->set.clocks, rig->host, rig->tree.root);
    rig->out = open_memstream(&rig->text, &rig->size);
    assert_non_null(rig->out);
    rig->start_ns = clock_now_ns();
    rig->sampler = sampler_open(&(struct sampler_setting){
        .host = rig->host, .set = &rig->set, .hertz = hertz, .busy_cpus = busy, .busy_count = 1});
}

/* Ends the sampler and hears what it told. */
static struct cell *rig_hear(struct rig *rig)
{
    struct error error;

    sampler_close(rig->sampler, rig->out);
    rig->sampler = NULL;
    assert_int_equal(fclose(rig->out), 0);
    assert_int_equal(outcome_open(&rig->outcome, &error), STATUS_OK);
    for (char *line = rig->text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        outcome_take(&rig->outcome, line, rig->start_ns);
    }
    assert_int_equal(rig->outcome.error.status, STATUS_OK);
    return outcome_cell(&rig->outcome);
}

static void rig_close(struct rig *rig)
{
    outcome_close(&rig->outcome);
    free(rig->text);
    scratch_close(&rig->tree);
    test_free(rig->host);
}

static void wait_milliseconds(long milliseconds)
{
    const struct timespec time = {.tv_nsec = milliseconds * 1000000};

    nanosleep(&time, NULL);
}

static void test_tells_series_and_cost(void **state)
{
    struct rig rig;
    struct cell *cell;
    const struct series *series;
    const struct fact *cost;

    (void)state;
    rig_open(&rig, 100);
    wait_milliseconds(50);
    sampler_tell(rig.sampler, rig.out); /* no second is complete */
    assert_int_equal(fflush(rig.out), 0);
    assert_int_equal(rig.size, 0);
    cell = rig_hear(&rig);
    series = series_find(cell, "cpu_temperature_celsius");
    assert_non_null(series);
    assert_int_equal(series->count, 1);
    assert_true(series->values[0] == 54);
    assert_true(series->offsets_seconds[0] >= 0 && series->offsets_seconds[0] < 10);
    series = series_find(cell, "clock_performance_hertz");
    assert_non_null(series);
    assert_true(series->values[0] == 4e9);
    assert_null(series_find(cell, "clock_efficient_hertz"));
    assert_null(series_find(cell, "thermal_brake_ratio"));
    cost = facts_find(&rig.outcome.facts, "sampler.cpu_ratio");
    assert_non_null(cost);
    assert_true(cost->number > 0 && cost->number < 1);
    assert_int_equal(facts_find(&rig.outcome.facts, "sampler.lost_count")->integer, 0);
    rig_close(&rig);
}

static void test_a_temperature_that_breaks(void **state)
{
    struct rig rig;
    struct cell *cell;

    (void)state;
    rig_open(&rig, 100);
    scratch_write(&rig.tree, "sys/class/thermal/thermal_zone0/temp", "broken\n");
    scratch_remove(&rig.tree, CPU "cpufreq/scaling_cur_freq");
    wait_milliseconds(20);
    cell = rig_hear(&rig);
    for (size_t i = 0; i < cell->series_count; i++)
        for (size_t j = 0; j < cell->series[i].count; j++)
            assert_true(isfinite(cell->series[i].values[j]));
    rig_close(&rig);
}

static void test_clocks_of_two_halves(void **state)
{
    struct rig rig;
    uint64_t start_ns, middle_ns, end_ns;
    double first, last;

    (void)state;
    rig_open(&rig, 1000);
    start_ns = clock_now_ns();
    wait_milliseconds(60);
    scratch_write(&rig.tree, CPU "cpufreq/scaling_cur_freq", "3000000\n");
    middle_ns = clock_now_ns();
    end_ns = middle_ns + (middle_ns - start_ns);
    while (clock_now_ns() < end_ns)
        wait_milliseconds(5);
    sampler_clocks(rig.sampler, start_ns, end_ns, &first, &last);
    if (!isnan(first)) { /* the machine may be too busy for enough samples */
        assert_true(first > 3.5e9 && first <= 4e9);
        assert_true(last >= 3e9 && last < 3.5e9);
    }
    sampler_clocks(rig.sampler, end_ns, end_ns + 1, &first, &last); /* not enough */
    assert_true(isnan(first) && isnan(last));
    rig_hear(&rig);
    rig_close(&rig);
}

static void test_off(void **state)
{
    struct rig rig;
    double first, last;

    (void)state;
    rig_open(&rig, 0);
    assert_null(rig.sampler);
    sampler_tell(NULL, rig.out);
    sampler_clocks(NULL, 0, 1, &first, &last);
    assert_true(isnan(first) && isnan(last));
    assert_int_equal(rig_hear(&rig)->series_count, 0);
    assert_int_equal(rig.size, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tells_series_and_cost),
        cmocka_unit_test(test_a_temperature_that_breaks),
        cmocka_unit_test(test_clocks_of_two_halves),
        cmocka_unit_test(test_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
