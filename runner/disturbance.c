#include "runner/disturbance.h"

#include <math.h>
#include <stdlib.h>

#include "devices/clock.h"

#define RATIO_MOST 10.0

static enum status read_ratio(const char *name, double *ratio, struct error *error)
{
    const char *text = getenv(name);
    char *end;

    *ratio = 0;
    if (!text || !*text)
        return STATUS_OK;
    *ratio = strtod(text, &end);
    if (*end || !(*ratio >= 0 && *ratio <= RATIO_MOST))
        return error_set(error, STATUS_MISUSE, "%s: '%.40s' is no ratio from 0 to %g, such as 0.05", name, text,
                         RATIO_MOST);
    return STATUS_OK;
}

/* splitmix64 (Steele, Lea, Flood 2014), as a number in (0, 1). */
static double uniform(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

/* Box and Muller 1958. */
static double normal(uint64_t state)
{
    double radius = sqrt(-2 * log(uniform(&state)));

    return radius * cos(2 * M_PI * uniform(&state));
}

enum status disturbance_read(struct disturbance *disturbance, uint64_t seed, uint64_t launch, struct error *error)
{
    double slowdown, noise = 0;
    enum status status = read_ratio("POCKETMARK_TEST_SLOWDOWN", &slowdown, error);

    if (!status)
        status = read_ratio("POCKETMARK_TEST_NOISE", &noise, error);
    noise *= fmax(0, 3 + normal(seed * 0xd1b54a32d192ed03u + launch)); /* time can only be added */
    *disturbance = (struct disturbance){.decode_ratio = noise + slowdown * (1 + noise), .prefill_ratio = noise};
    return status;
}

void disturbance_wait(double ratio, uint64_t start_ns)
{
    uint64_t now_ns = clock_now_ns(), end_ns = now_ns + (uint64_t)(ratio * (double)(now_ns - start_ns));

    while (clock_now_ns() < end_ns)
        ;
}
