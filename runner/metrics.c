#include "runner/metrics.h"

#include <math.h>
#include <string.h>

#include "reports/units.h"
#include "workloads/nearest.h"

enum { NAME_MAX_BYTES = 96, PERCENT_MOST = 1000 };

enum status metrics_find(const char *name, enum option_id option, enum field *field, struct error *error)
{
    const char *names[FIELD_COUNT], *nearest;

    if (field_from_name(name, field))
        return STATUS_OK;
    for (int i = 0; i < FIELD_COUNT; i++)
        names[i] = field_info((enum field)i)->name;
    nearest = nearest_word(name, names, FIELD_COUNT);
    if (nearest)
        return error_set(error, STATUS_MISUSE, "--%s: there is no metric '%s'; did you mean '%s'?",
                         options_name(option), name, nearest);
    return error_set(error, STATUS_MISUSE, "--%s: there is no metric '%s'; 'pocketmark list metrics' has them all",
                     options_name(option), name);
}

enum status metrics_list(const struct options *options, enum option_id option, enum field fields[FIELD_COUNT],
                         size_t *count, struct error *error)
{
    enum status status = STATUS_OK;

    /* values are distinct words, so there are no more than fields */
    for (*count = 0; *count < options_count(options, option) && !status; ++*count) {
        enum field field = FIELD_COUNT;
        status = metrics_find(options_text(options, option, *count), option, &field, error);
        if (!status)
            fields[*count] = field;
    }
    return status;
}

static enum status take_ratio(const char *text, enum option_id option, double ratios[FIELD_COUNT], struct error *error)
{
    const char *equals = strchr(text, '=');
    char name[NAME_MAX_BYTES];
    enum field field;
    double percent;
    enum status status;

    if (!equals || (size_t)(equals - text) >= sizeof name)
        return error_set(error, STATUS_MISUSE, "--%s: '%s' is not METRIC=PERCENT, such as decode_tokens_per_second=3",
                         options_name(option), text);
    memcpy(name, text, (size_t)(equals - text));
    name[equals - text] = '\0';
    status = metrics_find(name, option, &field, error);
    if (status)
        return status;
    if (!units_parse(equals + 1, "percent", &percent) || !(percent > 0 && percent <= PERCENT_MOST))
        return error_set(error, STATUS_MISUSE, "--%s %s: '%s' is not a percentage above 0, such as 3 or 0.5%%",
                         options_name(option), name, equals + 1);
    ratios[field] = percent / 100;
    return STATUS_OK;
}

enum status metrics_ratios(const struct options *options, enum option_id option, double ratios[FIELD_COUNT],
                           struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < options_count(options, option) && !status; i++)
        status = take_ratio(options_text(options, option, i), option, ratios, error);
    return status;
}
