#include "reports/chart_scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* From here on numbers get a suffix, below that smallness an exponent. */
#define SUFFIX_FROM   1e5
#define EXPONENT_FROM 1e-3

bool scale_takes(const struct scale *scale, double value)
{
    return isfinite(value) && fabs(value) <= SCALE_LARGEST && (!scale->log || value >= SCALE_SMALLEST);
}

void scale_include(struct scale *scale, double value)
{
    if (!scale_takes(scale, value))
        return;
    if (fabs(value) < SCALE_SMALLEST)
        value = 0;
    scale->low = scale->used ? fmin(scale->low, value) : value;
    scale->high = scale->used ? fmax(scale->high, value) : value;
    scale->used = true;
}

static void end_log(struct scale *scale, double room)
{
    double low = log10(scale->low), high = log10(scale->high), width;

    if (high - low < 0.2) {
        low -= 0.1;
        high += 0.1;
    }
    width = high - low;
    scale->low = pow(10, low - room * width);
    scale->high = pow(10, high + room * width);
}

void scale_end(struct scale *scale, bool zero, double room)
{
    double least, low, high, width;

    if (!scale->used) {
        scale->low = scale->log ? 1 : 0;
        scale->high = scale->log ? 10 : 1;
        return;
    }
    if (scale->log) {
        end_log(scale, room);
        return;
    }
    low = zero ? fmin(scale->low, 0) : scale->low;
    high = zero ? fmax(scale->high, 0) : scale->high;
    /* narrower, and ticks could no longer be told apart */
    least = 1e-6 * fmax(fabs(low), fabs(high));
    if (high - low <= least) {
        least = high != 0 ? 0.05 * fabs(high) : 1;
        low = zero && low == 0 ? 0 : low - least;
        high = zero && high == 0 && low < 0 ? 0 : high + least;
    }
    width = high - low;
    scale->low = zero && low == 0 ? 0 : low - room * width;
    scale->high = zero && high == 0 ? 0 : high + room * width;
}

double scale_place(const struct scale *scale, double value)
{
    double place;

    if (!scale_takes(scale, value))
        return value > 0 ? 1 : 0;
    if (scale->log)
        place = (log10(value) - log10(scale->low)) / (log10(scale->high) - log10(scale->low));
    else
        place = (value - scale->low) / (scale->high - scale->low);
    return fmin(fmax(place, 0), 1);
}

/* The power of 1000 that a number of this size is told in, as an index into the suffixes; 0 where it stands as it is. */
static int suffix_of(double size)
{
    int power = size >= SUFFIX_FROM ? (int)floor(log10(size) / 3 + 1e-9) : 0;

    return power > 6 ? 0 : power;
}

static void put_number(char out[SCALE_TEXT_MAX], double value, int power, int decimals)
{
    static const char *const suffixes[] = {"", "k", "M", "G", "T", "P", "E"};
    double scaled = value / pow(1000, power);

    snprintf(out, SCALE_TEXT_MAX, "%.*f%s", decimals < 0 ? 0 : decimals, scaled, suffixes[power]);
    if (strspn(out, "-0.") == strlen(out))
        snprintf(out, SCALE_TEXT_MAX, "0");
}

void scale_number(char out[SCALE_TEXT_MAX], double value)
{
    char digits[SCALE_TEXT_MAX];
    double size;

    if (fabs(value) >= 999.5 && fabs(value) < SUFFIX_FROM) {
        snprintf(out, SCALE_TEXT_MAX, "%.0f", value);
        return;
    }
    snprintf(digits, sizeof digits, "%.2e", value);
    sscanf(digits, "%lf", &value); /* rounded first: 9.996 is 10.0 */
    size = fabs(value);
    if (value == 0)
        snprintf(out, SCALE_TEXT_MAX, "0");
    else if (size < EXPONENT_FROM || (size >= SUFFIX_FROM && suffix_of(size) == 0))
        snprintf(out, SCALE_TEXT_MAX, "%s", digits);
    else
        put_number(out, value, suffix_of(size), 2 - (int)floor(log10(size / pow(1000, suffix_of(size))) + 1e-9));
}

/* "10⁻⁶" */
static void put_power(char out[SCALE_TEXT_MAX], int exponent)
{
    static const char *const raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    int size = exponent < 0 ? -exponent : exponent;

    snprintf(out, SCALE_TEXT_MAX, "10%s%s%s", exponent < 0 ? "⁻" : "", size > 9 ? raised[size / 10 % 10] : "",
             raised[size % 10]);
}

/* A tick that is `factor` times a power of ten. */
static void put_tick(char out[SCALE_TEXT_MAX], int factor, int exponent)
{
    double value = factor * pow(10, exponent);

    if (exponent >= -3 && exponent < 18)
        put_number(out, value, suffix_of(value * (1 + 1e-9)), -(exponent - 3 * suffix_of(value * (1 + 1e-9))));
    else if (factor == 1)
        put_power(out, exponent);
    else
        snprintf(out, SCALE_TEXT_MAX, "%de%d", factor, exponent);
}

static size_t ticks_linear(const struct scale *scale, size_t wanted, struct scale_tick *ticks)
{
    double rough = (scale->high - scale->low) / (double)wanted, power = pow(10, floor(log10(rough)));
    double step = power * (rough / power <= 1.4 ? 1 : rough / power <= 2.8 ? 2 : rough / power <= 7 ? 5 : 10);
    double largest = fmax(fabs(scale->low), fabs(scale->high)), first = ceil(scale->low / step - 1e-9);
    int scaled = suffix_of(largest);
    size_t count = 0;

    for (; count < SCALE_TICKS_MAX; count++) {
        double at = (first + (double)count) * step;
        if (at > scale->high + 1e-9 * step)
            break;
        ticks[count].at = at;
        if (at != 0 && (largest < EXPONENT_FROM || (largest >= SUFFIX_FROM && !scaled)))
            snprintf(ticks[count].text, SCALE_TEXT_MAX, "%.6g", at);
        else
            put_number(ticks[count].text, at, scaled, -(int)floor(log10(step / pow(1000, scaled)) + 1e-9));
    }
    return count;
}

static size_t ticks_log(const struct scale *scale, size_t wanted, struct scale_tick *ticks)
{
    static const int factors[] = {1, 2, 5};
    double decades = log10(scale->high) - log10(scale->low);
    int every = decades > (double)wanted ? (int)ceil(decades / (double)wanted) : 1;
    size_t kinds = decades * 3 <= (double)wanted + 1 ? 3 : 1, count = 0;

    for (int exponent = (int)floor(log10(scale->low)); exponent <= (int)ceil(log10(scale->high)); exponent++)
        for (size_t i = 0; i < kinds && count < SCALE_TICKS_MAX && exponent % every == 0; i++) {
            double at = factors[i] * pow(10, exponent);
            if (at < scale->low * (1 - 1e-9) || at > scale->high * (1 + 1e-9))
                continue;
            ticks[count].at = at;
            put_tick(ticks[count++].text, factors[i], exponent);
        }
    return count;
}

size_t scale_ticks(const struct scale *scale, size_t wanted, struct scale_tick ticks[SCALE_TICKS_MAX])
{
    size_t count = 0;

    wanted = wanted < 2 ? 2 : wanted > SCALE_TICKS_MAX / 2 ? SCALE_TICKS_MAX / 2 : wanted;
    if (scale->log)
        count = ticks_log(scale, wanted, ticks);
    /* within less than a decade, where 1, 2 and 5 are too far apart */
    return count < 2 ? ticks_linear(scale, wanted, ticks) : count;
}
