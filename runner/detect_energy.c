#include "runner/detect_energy.h"

#include <stdarg.h>
#include <stdio.h>

#include "devices/energy.h"

enum { PATH_CAPACITY = 96 };

/* "LIST[2].channels[0].name": static storage is the caller's. */
static const char *path_of(char path[PATH_CAPACITY], const char *format, ...) __attribute__((format(printf, 2, 3)));

static const char *path_of(char path[PATH_CAPACITY], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(path, PATH_CAPACITY, format, arguments);
    va_end(arguments);
    return path;
}

static void tell_channel(struct facts *facts, const char *list, size_t source, size_t index,
                         const struct energy_channel *channel)
{
    char path[PATH_CAPACITY], at[PATH_CAPACITY];

    path_of(at, "%.32s[%zu].channels[%zu]", list, source, index);
    facts_text(facts, path_of(path, "%.80s.name", at), NULL, channel->name);
    facts_text(facts, path_of(path, "%.80s.scope", at), NULL, energy_scope_name(channel->scope));
    facts_boolean(facts, path_of(path, "%.80s.whole", at), NULL, channel->whole);
    facts_text(facts, path_of(path, "%.80s.unit", at), NULL, channel->power ? "W" : "J");
    facts_number(facts, path_of(path, "%.80s.refresh_seconds", at), NULL, channel->refresh_seconds);
    if (!channel->power)
        facts_number(facts, path_of(path, "%.80s.step_joules", at), NULL, channel->step_joules);
}

/* All channels in one line, for people: "rapl (package), rapl-core (core)". */
static void tell_offers(struct facts *facts, const char *list, size_t source, const struct energy_found *found)
{
    char path[PATH_CAPACITY], text[ENERGY_CHANNELS_MAX * (ENERGY_NAME_MAX + 12)] = "";
    size_t length = 0;

    for (size_t i = 0; i < found->count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s (%s)", i ? ", " : "",
                                   found->channels[i].name, energy_scope_name(found->channels[i].scope));
    if (length)
        facts_text(facts, path_of(path, "%.32s[%zu].offers", list, source), "  offers", text);
}

void detect_energy(struct facts *facts, const char *list, const char *root)
{
    const struct energy_setting setting = {.root = root, .recorded = root != NULL};
    const struct energy_ops *ops;

    for (size_t i = 0; (ops = energy_by_rank(i)); i++) {
        struct energy_state state;
        char path[PATH_CAPACITY], label[PATH_CAPACITY];
        enum energy_scope scope;

        energy_look(&state, ops, &setting);
        scope = state.found.count ? state.found.channels[0].scope : ops->scope;
        facts_text(facts, path_of(path, "%.32s[%zu].name", list, i), NULL, ops->name);
        facts_text(facts, path_of(path, "%.32s[%zu].scope", list, i), NULL, energy_scope_name(scope));
        snprintf(label, sizeof label, "%s (%s)", ops->name, energy_scope_name(scope));
        facts_text(facts, path_of(path, "%.32s[%zu].state", list, i), label, state.word);
        path_of(path, "%.32s[%zu].reason", list, i);
        snprintf(label, sizeof label, "energy source %s: why", ops->name);
        if (*state.reason)
            facts_text(facts, path, label, state.reason);
        else
            facts_null(facts, path, NULL, "nothing is wrong");
        facts_text(facts, path_of(path, "%.32s[%zu].summary", list, i), NULL, ops->summary);
        tell_offers(facts, list, i, &state.found);
        for (size_t j = 0; j < state.found.count; j++)
            tell_channel(facts, list, i, j, &state.found.channels[j]);
    }
}
