#include "reports/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name, *symbol;
    double factor;         /* value × factor is in units of symbol */
    int smallest, largest; /* decimal prefixes in use, as powers of 1000 */
    bool whole;            /* small values are whole numbers */
};

/* Longest names first, as units_of_name needs it. */
static const struct unit units[] = {
    {"transfers_per_second", "T/s", 1, 0, 5, true},
    {"tokens_per_second", "tok/s", 1, 0, 0, false},
    {"bytes_per_second", "B/s", 1, 0, 5, true},
    {"joules_per_token", "J/tok", 1, -3, 1, false},
    {"macs_per_second", "MAC/s", 1, 0, 5, true},
    {"seconds", "s", 1, -3, 0, false},
    {"celsius", "°C", 1, 0, 0, false},
    {"joules", "J", 1, -3, 3, false},
    {"bytes", "B", 1, 0, 5, true},
    {"count", "", 1, 0, 5, true},
    {"hertz", "Hz", 1, 0, 4, true},
    {"ratio", "%", 100, 0, 0, false},
    {"watts", "W", 1, -3, 3, false},
};

enum { UNIT_COUNT = sizeof units / sizeof *units, PREFIX_ZERO = 3 };
static const char *const prefixes[] = {"n", "µ", "m", "", "k", "M", "G", "T", "P"};

/* A ratio below this is told as a power of ten: errors, not shares. */
static const double SMALL_RATIO = 1e-4;

static const struct unit *unit_find(const char *name)
{
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

/* Digits after the point that leave three significant ones. */
static int decimals_of(double magnitude)
{
    int leading = magnitude > 0 ? (int)floor(log10(magnitude)) : 0;
    int decimals = 2 - leading;

    return decimals < 0 ? 0 : decimals > 12 ? 12 : decimals;
}

/* Rounded to three significant digits first, so that 999.7 becomes 1000 before its prefix is chosen. */
static double round_three(double value)
{
    char digits[32];

    snprintf(digits, sizeof digits, "%.2e", value);
    return strtod(digits, NULL);
}

char *units_format(char *out, size_t size, const char *unit_name, double value)
{
    static const struct unit plain = {"", "", 1, 0, 0, true};
    const struct unit *unit = unit_find(unit_name);
    double magnitude, shown;
    int prefix = 0, decimals;

    if (!unit)
        unit = &plain;
    if (!isfinite(value)) {
        snprintf(out, size, "–");
        return out;
    }
    shown = value * unit->factor;
    if (unit->factor > 1 && value != 0 && fabs(value) < SMALL_RATIO) {
        snprintf(out, size, "%.2e", value);
        return out;
    }
    magnitude = fabs(round_three(shown));
    while (prefix < unit->largest && magnitude >= 1000)
        prefix++, magnitude /= 1000, shown /= 1000;
    while (prefix > unit->smallest && magnitude > 0 && magnitude < 0.9999)
        prefix--, magnitude *= 1000, shown *= 1000;
    decimals = decimals_of(magnitude * (1 + 1e-9)); /* 0.1 × 1000³ may fall a hair short of a power of ten */
    if (magnitude == 0 || (unit->whole && prefix == 0 && shown == floor(shown)))
        decimals = 0;
    snprintf(out, size, "%.*f%s%s%s", decimals, shown, *unit->symbol || prefix ? " " : "",
             prefixes[prefix + PREFIX_ZERO], unit->symbol);
    return out;
}

const char *units_of_name(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < UNIT_COUNT; i++) {
        size_t tail = strlen(units[i].name);
        if (length < tail || strcmp(name + length - tail, units[i].name) != 0)
            continue;
        if (length == tail || name[length - tail - 1] == '_' || name[length - tail - 1] == '.')
            return units[i].name;
    }
    return "";
}

struct suffix {
    const char *unit, *text;
    double factor;
};

static const struct suffix suffixes[] = {
    {"count", "", 1},        {"count", "k", 1e3},      {"count", "K", 1e3},     {"count", "M", 1e6},
    {"count", "G", 1e9},     {"count", "T", 1e12},     {"count", "Ki", 0x1p10}, {"count", "Mi", 0x1p20},
    {"count", "Gi", 0x1p30}, {"count", "Ti", 0x1p40},  {"bytes", "", 1},        {"bytes", "B", 1},
    {"bytes", "k", 1e3},     {"bytes", "kB", 1e3},     {"bytes", "K", 1e3},     {"bytes", "KB", 1e3},
    {"bytes", "M", 1e6},     {"bytes", "MB", 1e6},     {"bytes", "G", 1e9},     {"bytes", "GB", 1e9},
    {"bytes", "T", 1e12},    {"bytes", "TB", 1e12},    {"bytes", "Ki", 0x1p10}, {"bytes", "KiB", 0x1p10},
    {"bytes", "Mi", 0x1p20}, {"bytes", "MiB", 0x1p20}, {"bytes", "Gi", 0x1p30}, {"bytes", "GiB", 0x1p30},
    {"bytes", "Ti", 0x1p40}, {"bytes", "TiB", 0x1p40}, {"seconds", "", 1},      {"seconds", "s", 1},
    {"seconds", "ms", 1e-3}, {"seconds", "us", 1e-6},  {"seconds", "µs", 1e-6}, {"seconds", "ns", 1e-9},
    {"seconds", "min", 60},  {"seconds", "h", 3600},   {"percent", "", 1},      {"percent", "%", 1},
    {"number", "", 1},
};

bool units_parse(const char *text, const char *unit, double *value)
{
    const char digits[] = "0123456789";
    size_t whole = strspn(text, digits), length = whole;
    double number;

    if (!whole)
        return false;
    if (text[length] == '.') {
        size_t fraction = strspn(text + length + 1, digits);
        if (!fraction)
            return false;
        length += 1 + fraction;
    }
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        if (strcmp(suffixes[i].unit, unit) != 0 || strcmp(suffixes[i].text, text + length) != 0)
            continue;
        number = strtod(text, NULL) * suffixes[i].factor;
        if (!isfinite(number) || (strcmp(unit, "count") == 0 && number != floor(number)))
            return false;
        *value = number;
        return true;
    }
    return false;
}
