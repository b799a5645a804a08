/* The roof probes on small footprints: what is measured is there, sound and told apart. No figure is held against a limit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/roof.h"

static struct host *read_host(void)
{
    static struct host host;
    struct error error;

    assert_int_equal(host_read(&host, NULL, &error), STATUS_OK);
    return &host;
}

static void assert_sound(const struct roof_figure *figure, bool higher_is_better)
{
    assert_true(figure->count >= 5);
    for (size_t i = 0; i < figure->count; i++) {
        assert_true(isfinite(figure->samples[i]) && figure->samples[i] > 0);
        assert_true(higher_is_better ? figure->samples[i] <= figure->value : figure->samples[i] >= figure->value);
    }
    assert_true(higher_is_better ? figure->median <= figure->value : figure->median >= figure->value);
}

static void test_every_roof_is_measured(void **state)
{
    struct host *host = read_host();
    struct roof_options options = {
        .footprints = {1 << 20, 3 << 20}, .footprint_count = 2, .seconds = 0.001, .isa = host->isa};
    struct roofs roofs;
    struct error error;

    (void)state;
    assert_int_equal(roof_measure(&roofs, host, &options, &error), STATUS_OK);
    assert_int_equal(roofs.threads, host_performance_cpus(host, NULL, 0));
    assert_int_equal(roofs.read_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(roofs.reads[i].footprint_bytes, options.footprints[i]);
        assert_sound(&roofs.reads[i].figure, true);
        assert_true(roofs.reads[i].streams >= 1 && roofs.reads[i].streams <= 8);
    }
    for (int isa = ISA_AVX2; isa < ISA_COUNT; isa++) {
        if (!(host->isa >> isa & 1)) {
            assert_int_equal(roofs.int8[isa].count, 0);
            continue;
        }
        assert_sound(&roofs.int8[isa], true);
        assert_sound(&roofs.int8_one[isa], true);
    }
    assert_sound(&roofs.fp32, true);
    assert_sound(&roofs.fp32_one, true);
    assert_sound(&roofs.latency, false);
}

static void test_lower_levels_have_roofs_of_their_own(void **state)
{
    struct roof_options options = {.threads = 1, .seconds = 0.001, .isa = 1 << ISA_SCALAR};
    struct roofs roofs;
    struct error error;

    (void)state;
    assert_int_equal(roof_measure(&roofs, read_host(), &options, &error), STATUS_OK);
    assert_int_equal(roofs.threads, 1);
    assert_int_equal(roofs.read_count, 0);
    for (int isa = 0; isa < ISA_COUNT; isa++)
        assert_int_equal(roofs.int8[isa].count, 0);
    assert_sound(&roofs.fp32, true);
}

static void test_too_many_threads_are_refused(void **state)
{
    struct roof_options options = {.threads = HOST_CPUS_MAX + 1, .seconds = 0.001, .isa = 1};
    struct roofs roofs;
    struct error error;

    (void)state;
    assert_int_equal(roof_measure(&roofs, read_host(), &options, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "--threads"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_roof_is_measured),
        cmocka_unit_test(test_lower_levels_have_roofs_of_their_own),
        cmocka_unit_test(test_too_many_threads_are_refused),
    };
    return cmocka_run_group_tests_name("roof", tests, NULL, NULL);
}
