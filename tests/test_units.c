#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "reports/record.h"
#include "reports/units.h"

static void test_format(void **state)
{
    static const struct {
        const char *unit;
        double value;
        const char *text;
    } want[] = {
        {"bytes", 1.5e9, "1.50 GB"},
        {"bytes", 512, "512 B"},
        {"bytes", 0, "0 B"},
        {"bytes", 1000, "1.00 kB"},
        {"bytes", 999999, "1.00 MB"},
        {"bytes", 16777216000, "16.8 GB"},
        {"bytes", 1e19, "10000 PB"},
        {"bytes_per_second", 2.134e10, "21.3 GB/s"},
        {"macs_per_second", 7.6e11, "760 GMAC/s"},
        {"macs_per_second", 9.996e11, "1.00 TMAC/s"},
        {"macs_per_second", 0.1e12, "100 GMAC/s"},
        {"ratio", 0.94, "94.0 %"},
        {"ratio", 1.234, "123 %"},
        {"ratio", 0.00402, "0.402 %"},
        {"ratio", 0.99996, "100 %"},
        {"ratio", 3.21e-7, "3.21e-07"},
        {"ratio", 0, "0 %"},
        {"seconds", 0.0021, "2.10 ms"},
        {"seconds", 9.3e-8, "93.0 ns"},
        {"seconds", 1e-3, "1.00 ms"},
        {"seconds", 0.9996, "1.00 s"},
        {"seconds", 0.0009996, "1.00 ms"},
        {"seconds", 4321.4, "4321 s"},
        {"seconds", 3e-10, "0.300 ns"},
        {"seconds", -0.25, "-250 ms"},
        {"tokens_per_second", 48.13, "48.1 tok/s"},
        {"tokens_per_second", 1234.4, "1234 tok/s"},
        {"tokens_per_second", 0.01234, "0.0123 tok/s"},
        {"tokens_per_second", 9.996, "10.0 tok/s"},
        {"joules_per_token", 0.41, "410 mJ/tok"},
        {"joules_per_token", 1.25, "1.25 J/tok"},
        {"watts", 6.5, "6.50 W"},
        {"joules", 1.5e6, "1.50 MJ"},
        {"hertz", 3.4e9, "3.40 GHz"},
        {"celsius", 61.5, "61.5 °C"},
        {"count", 3, "3"},
        {"count", 1234567, "1.23 M"},
        {"count", 0.5, "0.500"},
        {"", 42, "42"},
        {"furlongs", 2.5, "2.50"},
        {"bytes", NAN, "–"},
        {"seconds", INFINITY, "–"},
        {"ratio", -INFINITY, "–"},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_string_equal(units_format(out, sizeof out, want[i].unit, want[i].value), want[i].text);
    assert_string_equal(units_format(out, 4, "bytes", 1.5e9), "1.5");
}

static void test_of_name(void **state)
{
    static const struct {
        const char *name, *unit;
    } want[] = {
        {"decode_read_bytes_per_second", "bytes_per_second"},
        {"decode_tokens_per_second", "tokens_per_second"},
        {"energy_joules_per_token", "joules_per_token"},
        {"prefill_macs_per_second", "macs_per_second"},
        {"roofs.read.524288kib.bytes_per_second", "bytes_per_second"},
        {"roofs.latency.seconds", "seconds"},
        {"peak_rss_bytes", "bytes"},
        {"bytes", "bytes"},
        {"nmse_ratio", "ratio"},
        {"average_power_watts", "watts"},
        {"cores_count", "count"},
        {"kilobytes", ""},
        {"account", ""},
        {"operations_per_second", ""},
        {"bytes_", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_string_equal(units_of_name(want[i].name), want[i].unit);
    for (int i = 0; i < FIELD_COUNT; i++)
        assert_true(strlen(field_unit((enum field)i)) > 0);
}

static void test_parse(void **state)
{
    static const struct {
        const char *text, *unit;
        double value;
    } want[] = {
        {"512", "count", 512},     {"4k", "count", 4000},
        {"4K", "count", 4000},     {"4Ki", "count", 4096},
        {"1.5M", "count", 1.5e6},  {"0", "count", 0},
        {"0.5k", "count", 500},    {"2Gi", "bytes", 2147483648.0},
        {"1.5G", "bytes", 1.5e9},  {"64MiB", "bytes", 67108864},
        {"10MB", "bytes", 1e7},    {"7B", "bytes", 7},
        {"90s", "seconds", 90},    {"2min", "seconds", 120},
        {"1h", "seconds", 3600},   {"250ms", "seconds", 0.25},
        {"3", "seconds", 3},       {"10us", "seconds", 1e-5},
        {"10µs", "seconds", 1e-5},
    };
    double value;

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_true(units_parse(want[i].text, want[i].unit, &value));
        assert_true(fabs(value - want[i].value) <= 1e-12 * fabs(want[i].value));
    }
}

static void test_parse_refuses(void **state)
{
    static const char *const bad[] = {"",    " ",    "-1", "+1",  "1 ",   " 1",  "1 k",   "1e3",   "0x10", "inf",
                                      "nan", ".5",   "1.", "1.k", "1..5", "1,5", "1kk",   "1Q",    "k",    "1.5",
                                      "1ki", "1min", "1s", "1B",  "1\n",  "１",  "1.2.3", "1.5Kii"};
    char huge[400];
    double value = 17;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(units_parse(bad[i], "count", &value));
    memset(huge, '9', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    assert_false(units_parse(huge, "bytes", &value));
    assert_false(units_parse("1k", "seconds", &value));
    assert_false(units_parse("1s", "bytes", &value));
    assert_false(units_parse("1", "furlongs", &value));
    assert_true(value == 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_of_name),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
