#include "runner/launch_heat.h"

#include <math.h>

#include "runner/lines.h"

void launch_heat_find(struct sensor_set *sensors, const struct host *host, const struct options *options)
{
    sensors_find(sensors, host, options_count(options, OPTION_ROOT) ? options_text(options, OPTION_ROOT, 0) : NULL);
}

/* What the verdict on heat needs beside the samples. */
static void tell_limits(const struct sensor_set *sensors, FILE *out)
{
    struct clock_policy policy;
    struct facts facts = {0};
    size_t sensor;

    if (!isnan(thermal_processor_celsius(&sensors->thermal, &sensor)) &&
        !isnan(sensors->thermal.sensors[sensor].limit_celsius))
        facts_number(&facts, "thermal.limit_celsius", NULL, sensors->thermal.sensors[sensor].limit_celsius);
    clocks_read_policy(&policy, sensors->root);
    if (!isnan(policy.power_limit_watts))
        facts_number(&facts, "power.limit_watts", NULL, policy.power_limit_watts);
    lines_facts(out, &facts);
    facts_free(&facts);
}

struct sampler *launch_heat_watch(const struct sensor_set *sensors, const struct workbench *bench,
                                  const struct options *options, FILE *out)
{
    const struct engine_options *asked = &bench->engine_options;
    unsigned cpus[HOST_CPUS_MAX];
    size_t count;
    struct error ignored = {0};

    if (host_choose_cpus(&bench->host, asked->threads, asked->choice, cpus, &count, &ignored))
        count = 0;
    tell_limits(sensors, out);
    return sampler_open(&(struct sampler_setting){.host = &bench->host,
                                                  .set = sensors,
                                                  .hertz = options_number(options, OPTION_SAMPLE_HERTZ, 0),
                                                  .busy_cpus = cpus,
                                                  .busy_count = count});
}
