/* sensors.*: heat and clocks. */
#include <math.h>

#include "devices/sensors.h"
#include "runner/detect_parts.h"

static void put_temperature(struct facts *facts, const struct thermal *thermal)
{
    static const char none[] = "no temperature of the processor in sys/class/hwmon or sys/class/thermal";
    size_t sensor = 0;
    double celsius = thermal_processor_celsius(thermal, &sensor);
    bool known = !isnan(celsius);

    facts_text_or_null(facts, "sensors.cpu_temperature.name", "temperature", known ? thermal->sensors[sensor].name : "",
                       none);
    facts_text_or_null(facts, "sensors.cpu_temperature.source", NULL, known ? thermal->sensors[sensor].source : "",
                       none);
    if (known && !isnan(thermal->sensors[sensor].limit_celsius))
        facts_number(facts, "sensors.cpu_temperature.limit_celsius", "  limit", thermal->sensors[sensor].limit_celsius);
    else
        facts_null(facts, "sensors.cpu_temperature.limit_celsius", NULL, known ? not_told : none);
    facts_integer(facts, "sensors.temperature_count", "temperatures", (int64_t)thermal->sensor_count);
    facts_integer(facts, "sensors.cooling_device_count", NULL, (int64_t)thermal->brake_count);
}

static void put_policy(struct facts *facts, const struct clock_policy *policy)
{
    const struct {
        const char *path, *label, *text;
    } texts[] = {{"sensors.clocks.driver", "clock driver", policy->driver},
                 {"sensors.clocks.energy_performance_preference", "clock preference", policy->preference},
                 {"sensors.clocks.platform_profile", "platform profile", policy->profile}};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        facts_text_or_null(facts, texts[i].path, detect_label(texts[i].label, *texts[i].text), texts[i].text, not_told);
    if (policy->turbo >= 0)
        facts_boolean(facts, "sensors.clocks.turbo", "turbo", policy->turbo);
    else
        facts_null(facts, "sensors.clocks.turbo", NULL, not_told);
    if (isnan(policy->power_limit_watts))
        facts_null(facts, "sensors.power_limit_watts", NULL, not_told);
    else
        facts_number(facts, "sensors.power_limit_watts", "long-term power limit", policy->power_limit_watts);
}

void detect_sensors(struct facts *facts, const struct host *host, const char *root)
{
    struct thermal thermal;
    struct clocks clocks;
    struct clock_policy policy;
    double hertz[CLOCK_TYPES];
    bool told = false;

    thermal_find(&thermal, root);
    put_temperature(facts, &thermal);
    clocks_find(&clocks, host, root);
    clocks_read_hertz(&clocks, hertz);
    for (int type = 0; type < CLOCK_TYPES; type++)
        told |= !isnan(hertz[type]);
    facts_boolean(facts, "sensors.clocks.readable", "clocks readable", told);
    facts_boolean(facts, "sensors.throttle_counters", "throttle counters", !isnan(clocks_throttle_count(&clocks)));
    clocks_read_policy(&policy, root);
    put_policy(facts, &policy);
}
