/* Energy of a launch against a known truth: scripted sources advance by a known power while a launch works. The truth is as sharp as
 * the host lets the script be, so the script measures its own lateness, and the tolerance follows from it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "devices/clock.h"
#include "runner/launch.h"
#include "runner/launch_energy.h"
#include "runner/lines.h"
#include "tests/energy_source.h"

#define ZONE    "sys/class/powercap/intel-rapl:0/"
#define BATTERY "sys/class/power_supply/BAT0/"
#define HWMON   "sys/class/hwmon/hwmon0/"

/* ---- the script -------------------------------------------------------------------------------------------------- */

enum { RANGE_UJ = 200000000 };

enum script_kind { SCRIPT_RAPL, SCRIPT_BATTERY, SCRIPT_HWMON, SCRIPT_METER };

struct script {
    enum script_kind kind;
    struct scratch_tree tree;
    pthread_t thread;
    atomic_int milliwatts;
    atomic_bool stop;
    double joules;       /* of the counter, below its range */
    double late_seconds; /* longest time between two updates */
    unsigned wraps;
};

/* In one step, as the kernel does: a reader sees the old number or the new one. */
static void replace(const struct scratch_tree *tree, const char *path, const char *format, unsigned long long value)
{
    char from[PATH_MAX], to[PATH_MAX], text[32];

    snprintf(text, sizeof text, format, value);
    scratch_write(tree, "next", text);
    scratch_path(tree, "next", from, sizeof from);
    scratch_path(tree, path, to, sizeof to);
    if (rename(from, to))
        abort();
}

/* A battery's current wavers a little, so that its refresh can be seen. */
static void update(struct script *script, int milliwatts, unsigned turn)
{
    if (script->kind == SCRIPT_RAPL)
        replace(&script->tree, ZONE "energy_uj", "%llu\n", (unsigned long long)(script->joules * 1e6));
    else if (script->kind == SCRIPT_BATTERY)
        replace(&script->tree, BATTERY "current_now", "-%llu\n", (unsigned long long)milliwatts * 100 + turn % 100);
    else
        replace(&script->tree, HWMON "power1_average", "%llu\n", (unsigned long long)milliwatts * 1000);
}

static void *run_script(void *context)
{
    struct script *script = context;
    uint64_t last_ns = clock_now_ns();

    for (unsigned turn = 0; !script->stop; turn++) {
        uint64_t now_ns = clock_now_ns();
        double seconds = clock_seconds(last_ns, now_ns);
        int milliwatts = script->milliwatts;
        last_ns = now_ns;
        script->late_seconds = fmax(script->late_seconds, seconds);
        script->joules += milliwatts * 1e-3 * seconds;
        if (script->joules * 1e6 >= RANGE_UJ) {
            script->joules -= RANGE_UJ * 1e-6;
            script->wraps++;
        }
        update(script, milliwatts, turn);
        usleep(script->kind == SCRIPT_RAPL ? 500 : 30000);
    }
    return NULL;
}

/* left_joules: until the counter wraps. */
static void script_begin(struct script *script, enum script_kind kind, int milliwatts, double left_joules)
{
    *script = (struct script){.kind = kind, .milliwatts = milliwatts, .joules = RANGE_UJ * 1e-6 - left_joules};
    scratch_open(&script->tree);
    scratch_write(&script->tree, BATTERY "type", kind == SCRIPT_BATTERY ? "Battery\n" : "Mains\n");
    scratch_write(&script->tree, BATTERY "status", "Discharging\n");
    scratch_write(&script->tree, BATTERY "voltage_now", "10000000\n");
    if (kind == SCRIPT_RAPL)
        scratch_write(&script->tree, ZONE "name", "package-0\n");
    if (kind == SCRIPT_HWMON)
        scratch_write(&script->tree, HWMON "name", "power_meter\n");
    scratch_write(&script->tree, HWMON "power1_average_interval", "100\n");
    replace(&script->tree, ZONE "max_energy_range_uj", "%llu\n", RANGE_UJ);
    update(script, milliwatts, 0);
    if (pthread_create(&script->thread, NULL, run_script, script))
        abort();
}

static void script_end(struct script *script)
{
    script->stop = true;
    pthread_join(script->thread, NULL);
    scratch_close(&script->tree);
}

/* ---- launches ---------------------------------------------------------------------------------------------------- */

static struct options parse(const char *const *arguments, size_t count)
{
    char *argv[32];
    struct options options;
    struct error error = {.text = ""};

    for (size_t i = 0; i < count; i++)
        argv[i] = (char *)arguments[i];
    if (options_parse(&options, COMMAND_CHILD, (int)count, argv, &error))
        fail_msg("%s", error.text);
    return options;
}

/* Hears all that was written, and frees it. */
static void hear(struct outcome *outcome, FILE *out, char **text)
{
    struct error error = {.text = ""};
    char *lines;

    fclose(out);
    lines = *text;
    assert_int_equal(outcome_open(outcome, &error), STATUS_OK);
    for (char *line; (line = strsep(&lines, "\n")) && *line;)
        outcome_take(outcome, line, 0);
    if (outcome->error.status)
        fail_msg("%s", outcome->error.text);
    free(*text);
}

/* A launch of the null engine over a tree, heard. */
static void launch(const char *root, const char *prompt, const char *work_seconds, const char *meter,
                   struct outcome *outcome)
{
    const char *arguments[] = {
        "launch",         "-m",         "llama-3.2-1b",     "-e", "null",    "-p", prompt, "-n", "1000", "--root", root,
        "--work-seconds", work_seconds, "--energy-seconds", "5",  "--meter", meter};
    struct options options = parse(arguments, sizeof arguments / sizeof *arguments - (meter ? 0 : 2));
    struct error error = {.text = ""};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out || launch_model(&options, out, &error))
        fail_msg("%s", error.text);
    hear(outcome, out, &text);
    options_close(&options);
}

static const struct figure *figure_of(struct outcome *outcome, enum field field)
{
    return &outcome_cell(outcome)->figures[field];
}

/* late_seconds: of the script. The window is at least a thousand steps of 200 µs long. */
static bool is_true(struct outcome *outcome, double watts, double late_seconds, const char *source)
{
    double tolerance = 0.02 + 2 * late_seconds / 0.2, found = outcome->whole[FIELD_average_power_watts];
    double joules = outcome->whole[FIELD_energy_joules_per_token];
    const struct figure *figure = figure_of(outcome, FIELD_energy_joules_per_token);
    bool good = fabs(found / watts - 1) <= tolerance && joules >= watts * (1 - tolerance) * 200e-6 &&
                strcmp(figure->source, source) == 0 && figure->error_ratio > 0 && figure->error_ratio <= 0.10;

    if (!good)
        print_error("%s: %g W instead of %g ± %.1f %%; %g J per token ± %g; %s\n", figure->source, found, watts,
                    100 * tolerance, joules, figure->error_ratio, figure->reason);
    return good;
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void test_rapl_across_a_wrap(void **state)
{
    struct script script;
    struct outcome outcome;

    (void)state;
    script_begin(&script, SCRIPT_RAPL, 20000, 15);
    launch(script.tree.root, "8000", "0.6", NULL, &outcome);
    script_end(&script);
    assert_true(script.wraps > 0);
    assert_true(is_true(&outcome, 20, script.late_seconds, "rapl"));
    assert_string_equal(figure_of(&outcome, FIELD_energy_joules_per_token)->scope, "package");
    assert_true(outcome.whole[FIELD_prefill_energy_joules_per_token] > 0);
    /* idle takes as much as work here */
    assert_true(isnan(outcome.whole[FIELD_energy_net_joules_per_token]));
    assert_non_null(strstr(figure_of(&outcome, FIELD_energy_net_joules_per_token)->reason, "idle machine takes"));
    expect_near(facts_find(&outcome.facts, "energy.rapl.idle_before_watts")->number, 20, 20);
    outcome_close(&outcome);
}

/* A meter that was asked for stands alone: a counter of another scope does not take its place. */
static void test_broken_meter(void **state)
{
    struct outcome outcome;

    (void)state;
    launch("tests/machines/dual-server", "0", "0.01", "echo 17.5 Volt", &outcome);
    assert_true(isnan(outcome.whole[FIELD_energy_joules_per_token]));
    assert_non_null(strstr(figure_of(&outcome, FIELD_energy_joules_per_token)->reason, "17.5 Volt"));
    assert_null(strstr(figure_of(&outcome, FIELD_energy_joules_per_token)->reason, "rapl"));
    outcome_close(&outcome);
}

static void test_stuck_counter(void **state)
{
    struct outcome outcome;

    (void)state;
    launch("tests/machines/dual-server", "0", "0.01", NULL, &outcome);
    assert_true(isnan(outcome.whole[FIELD_energy_joules_per_token]));
    assert_non_null(strstr(figure_of(&outcome, FIELD_energy_joules_per_token)->reason, "rapl (package) stood still"));
    assert_non_null(strstr(figure_of(&outcome, FIELD_average_power_watts)->reason, "stood still"));
    outcome_close(&outcome);
}

/* Gross is all, net is what idle does not take: 10 W idle, 40 W at work. */
static void test_net_of_idle(void **state)
{
    struct script script;
    struct outcome outcome;
    struct launch_energy *energy;
    struct options options;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    double tolerance;

    (void)state;
    script_begin(&script, SCRIPT_RAPL, 10000, 150);
    options = parse((const char *[]){"launch", "-p", "0", "-n", "100", "--root", script.tree.root}, 7);
    energy = launch_energy_open(&options, out);
    assert_non_null(energy);
    script.milliwatts = 40000;
    usleep(2000);
    launch_energy_begin(energy);
    usleep(250000);
    launch_energy_end(energy, ENERGY_DECODE, 100);
    script.milliwatts = 10000;
    assert_false(launch_energy_is_short(energy, ENERGY_DECODE));
    launch_energy_close(energy, true);
    script_end(&script);
    hear(&outcome, out, &text);
    tolerance = 0.02 + 2 * script.late_seconds / 0.25;
    expect_near(outcome.whole[FIELD_average_power_watts], 40, 40 * tolerance);
    if (tolerance < 0.05) /* else the net figure may rightly be refused */
        expect_near(outcome.whole[FIELD_energy_net_joules_per_token] / outcome.whole[FIELD_energy_joules_per_token],
                    0.75, tolerance);
    outcome_close(&outcome);
    options_close(&options);
}

static void test_slow_source_is_refused(void **state)
{
    struct scratch_tree tree;
    struct outcome outcome;
    struct options options;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct launch_energy *energy;

    (void)state;
    scratch_open(&tree);
    scratch_write(&tree, HWMON "name", "power_meter\n");
    scratch_write(&tree, HWMON "power1_average", "30000000\n");
    scratch_write(&tree, HWMON "power1_average_interval", "300000\n");
    options =
        parse((const char *[]){"launch", "-n", "0", "-p", "8", "--energy-seconds", "0.1", "--root", tree.root}, 9);
    energy = launch_energy_open(&options, out);
    launch_energy_begin(energy);
    usleep(1000);
    launch_energy_end(energy, ENERGY_PREFILL, 8);
    assert_false(launch_energy_is_short(energy, ENERGY_PREFILL)); /* longer would not help */
    launch_energy_close(energy, true);
    hear(&outcome, out, &text);
    assert_non_null(strstr(figure_of(&outcome, FIELD_prefill_energy_joules_per_token)->reason,
                           "hwmon-power_meter-1 (board) is refreshed every 300 s"));
    assert_non_null(strstr(figure_of(&outcome, FIELD_prefill_energy_joules_per_token)->reason, "--energy-seconds"));
    outcome_close(&outcome);
    options_close(&options);
    scratch_close(&tree);
}

/* ---- slow sources: in processes of their own, beside the tests above ----------------------------------------------- */

enum { SLOW_SOURCES = 3 };

static pid_t slow_pids[SLOW_SOURCES];

static int run_slow(enum script_kind kind, const char *source)
{
    const char *meter = kind == SCRIPT_METER ? "while :; do echo 8 W; sleep 0.02; done" : NULL;
    struct script script;
    struct outcome outcome;
    const char *reason;
    bool good;

    script_begin(&script, kind, 8000, 100);
    launch(meter ? "tests/machines/vm-bare" : script.tree.root, "0", "0.1", meter, &outcome);
    script_end(&script);
    reason = figure_of(&outcome, FIELD_energy_joules_per_token)->reason;
    /* where the host stalls, a source that must show its refresh shows a slow one */
    if (kind != SCRIPT_HWMON && isnan(outcome.whole[FIELD_energy_joules_per_token]))
        good = strstr(reason, "--energy-seconds allows 5") != NULL;
    else
        good = is_true(&outcome, 8, 0, source);
    if (!good)
        print_error("%s: %s\n", source, reason);
    outcome_close(&outcome);
    return good ? 0 : 1;
}

static pid_t start_slow(enum script_kind kind, const char *source)
{
    pid_t pid = fork();

    if (pid == 0)
        exit(run_slow(kind, source));
    return pid;
}

static void await_slow(pid_t pid)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_battery(void **state)
{
    (void)state;
    await_slow(slow_pids[0]);
}

static void test_hwmon(void **state)
{
    (void)state;
    await_slow(slow_pids[1]);
}

static void test_meter_command(void **state)
{
    (void)state;
    await_slow(slow_pids[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rapl_across_a_wrap),
        cmocka_unit_test(test_broken_meter),
        cmocka_unit_test(test_stuck_counter),
        cmocka_unit_test(test_net_of_idle),
        cmocka_unit_test(test_slow_source_is_refused),
        cmocka_unit_test(test_battery),
        cmocka_unit_test(test_hwmon),
        cmocka_unit_test(test_meter_command),
    };

    slow_pids[0] = start_slow(SCRIPT_BATTERY, "battery");
    slow_pids[1] = start_slow(SCRIPT_HWMON, "hwmon-power_meter-1");
    slow_pids[2] = start_slow(SCRIPT_METER, "meter");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
