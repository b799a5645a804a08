/* The external meter: what it may print, how it may fail, and that it ends with its source. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devices/clock.h"
#include "tests/energy_source.h"

extern const struct energy_ops energy_meter;

static struct source open_meter(const char *command)
{
    return source_open(&energy_meter, NULL, &(struct energy_setting){.recorded = true, .meter = command});
}

static void expect_no_meter(const char *command, const char *words)
{
    const struct energy_setting setting = {.meter = command};
    struct energy_found found = {.count = 0};
    struct error error = {.text = ""};
    void *state = NULL;

    if (energy_meter.open(&state, &setting, &found, &error) != STATUS_IO)
        fail_msg("'%s' was taken", command);
    if (!strstr(error.text, words))
        fail_msg("'%s' does not say '%s'", error.text, words);
}

/* Reads until it fails or ten seconds are over; the last value, and the error's text. */
static double read_to_the_end(const struct source *meter, struct error *error)
{
    uint64_t start_ns = clock_now_ns();
    double value = 0;

    while (clock_seconds(start_ns, clock_now_ns()) < 10)
        if (meter->ops->read(meter->state, 0, &value, error) != STATUS_OK)
            return value;
    fail_msg("the meter never ended");
    return value;
}

static void test_watts_hold_until_the_next_line(void **state)
{
    static const char *const forms[] = {"20", "20 W", " 20.0W", "20000 mW", "0.02 kW", "2e1\\t W\\r"};

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char command[128];
        struct source meter;
        double before, after;
        uint64_t early_ns, late_ns;
        snprintf(command, sizeof command, "while :; do printf '%s\\n'; sleep 0.01; done", forms[i]);
        meter = open_meter(command);
        early_ns = clock_now_ns();
        before = source_read(&meter, "meter");
        usleep(50000);
        after = source_read(&meter, "meter");
        late_ns = clock_now_ns();
        source_close(&meter);
        assert_true(after - before > 20 * 0.05 * 0.999);
        assert_true(after - before < 20 * clock_seconds(early_ns, late_ns) * 1.001);
    }
}

static void test_joules_are_counted(void **state)
{
    struct source meter = open_meter("echo 5 J; echo '5000 mJ'; echo 0.007 kJ; sleep 0.2; echo '0.0025 Wh'; sleep 9");
    struct energy_channel known = meter.found.channels[0];
    uint64_t start_ns = clock_now_ns();

    (void)state;
    assert_true(known.whole && !known.power && known.scope == SCOPE_WALL);
    while (source_read(&meter, "meter") < 3.999 && clock_seconds(start_ns, clock_now_ns()) < 10)
        usleep(1000);
    expect_near(source_read(&meter, "meter"), 4, 1e-9);
    meter.ops->learn(meter.state, 0, &known);
    /* between two different readings, not between two lines; a busy machine may see the first of them late */
    assert_true(known.refresh_seconds >= 0.02);
    source_close(&meter);
}

static void test_counter_set_back(void **state)
{
    struct source meter = open_meter("echo 5 J; echo 6 J; echo 7 J; sleep 0.05; echo 1 J; echo 3 J; sleep 9");
    struct error error = {.text = ""};
    double joules;

    (void)state;
    read_to_the_end(&meter, &error);
    assert_non_null(strstr(error.text, "set back from 7 J to 1 J"));
    usleep(20000);
    joules = source_read(&meter, "meter"); /* what the fall hid is lost, what follows counts */
    expect_near(joules, 4, 1e-9);
    source_close(&meter);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *command, *words;
    } rows[] = {{"echo hello", "printed 'hello'"},
                {"echo -5 W", "printed '-5 W'"},
                {"echo 0x5", "0x5"},
                {"echo nan", "nan"},
                {"echo inf W", "inf"},
                {"echo 5 V", "5 V"},
                {"echo 5 W 5", "5 W 5"},
                {"printf '\\377\\376\\n'", "printed"},
                {"echo 5 W; echo 6 W; echo 7 J", "7 J"},
                {"head -c 9999 /dev/zero | tr '\\0' 9; echo", "printed '999"},
                {"echo; echo 5; exit 1", "ended after 1 lines"},
                {"no-such-command 2>/dev/null", "ended after 0 lines"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_no_meter(rows[i].command, rows[i].words);
}

static void test_dies_while_read(void **state)
{
    struct source meter = open_meter("for i in 1 2 3; do echo 5 W; sleep 0.01; done");
    struct error error = {.text = ""};

    (void)state;
    read_to_the_end(&meter, &error);
    assert_non_null(strstr(error.text, "the meter ended after 3 lines"));
    source_close(&meter);
}

static void test_garbage_between_costs_one_stretch(void **state)
{
    struct source meter = open_meter(
        "for i in 1 2 3 4; do echo 5 W; sleep 0.01; done; echo oops; while :; do echo 5 W; sleep 0.01; done");
    struct error error = {.text = ""};

    (void)state;
    read_to_the_end(&meter, &error);
    assert_non_null(strstr(error.text, "'oops'"));
    source_read(&meter, "meter");
    source_close(&meter);
}

/* Its whole process group is gone, also where it does not listen. */
static void test_ends_with_the_source(void **state)
{
    struct scratch_tree tree;
    struct source meter;
    char command[PATH_MAX + 128], path[PATH_MAX], text[32] = "";
    FILE *file;

    (void)state;
    scratch_open(&tree);
    scratch_path(&tree, "pid", path, sizeof path);
    snprintf(command, sizeof command, "trap '' TERM; sleep 60 & echo $! >%s; while :; do echo 1; sleep 0.01; done",
             path);
    meter = open_meter(command);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_true(atoi(text) > 1);
    source_close(&meter);
    for (int i = 0; i < 1000 && kill(atoi(text), 0) == 0; i++) {
        char stat_path[64], stat_text[128] = "";
        snprintf(stat_path, sizeof stat_path, "/proc/%d/stat", atoi(text));
        if ((file = fopen(stat_path, "r"))) {
            if (!fgets(stat_text, sizeof stat_text, file))
                stat_text[0] = '\0';
            fclose(file);
        }
        if (strstr(stat_text, ") Z")) /* dead, and not yet buried by whoever adopted it */
            break;
        usleep(5000);
        assert_true(i < 999);
    }
    scratch_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watts_hold_until_the_next_line),
        cmocka_unit_test(test_joules_are_counted),
        cmocka_unit_test(test_counter_set_back),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_dies_while_read),
        cmocka_unit_test(test_garbage_between_costs_one_stretch),
        cmocka_unit_test(test_ends_with_the_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
