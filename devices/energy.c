#include "devices/energy.h"

#include <stdio.h>
#include <string.h>

const char *energy_scope_name(enum energy_scope scope)
{
    static const char *const names[] = {
        [SCOPE_WALL] = "wall",       [SCOPE_BATTERY] = "battery", [SCOPE_BOARD] = "board",
        [SCOPE_PACKAGE] = "package", [SCOPE_CORE] = "core",       [SCOPE_DEVICE] = "device",
    };

    return names[scope];
}

void energy_open(struct energy *energy, const char *root)
{
    size_t length = 0;

    memset(energy, 0, sizeof *energy);
    for (const struct energy_ops *const *source = energy_sources; *source; source++) {
        struct error error = {.text = ""};

        if ((*source)->open(&energy->state, root, &error) == STATUS_OK) {
            energy->ops = *source;
            energy->reason[0] = '\0';
            return;
        }
        if (length < sizeof energy->reason)
            length += (size_t)snprintf(energy->reason + length, sizeof energy->reason - length, "%s%s: %s",
                                       length ? "; " : "", (*source)->name, error.text);
    }
    energy->state = NULL;
    if (!length)
        snprintf(energy->reason, sizeof energy->reason, "this build has no energy source");
}

enum status energy_read(struct energy *energy, double *joules, struct error *error)
{
    if (!energy->ops)
        return error_set(error, STATUS_UNSUPPORTED, "%s", energy->reason);
    return energy->ops->read(energy->state, joules, error);
}

void energy_close(struct energy *energy)
{
    if (energy->ops)
        energy->ops->close(energy->state);
    memset(energy, 0, sizeof *energy);
}
