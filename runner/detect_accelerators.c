/* NPUs and GPUs, the state of each, and what its maker claims. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/accelerators.h"
#include "runner/detect_parts.h"

static const double operations_per_tera = 1e12;

/* "accelerators[2].NAME", in static storage of the caller's. */
static const char *path_of(char path[DETECT_PATH_MAX], size_t index, const char *name)
{
    snprintf(path, DETECT_PATH_MAX, "accelerators[%zu].%s", index, name);
    return path;
}

static const char *title_of(enum accelerator_kind kind)
{
    return kind == ACCELERATOR_NPU ? "NPU" : "GPU";
}

static void tell_state(struct facts *facts, size_t index, const char *label, enum accelerator_state state,
                       const char *reason)
{
    char path[DETECT_PATH_MAX];

    facts_text(facts, path_of(path, index, "state"), label, accelerator_state_name(state));
    facts_text_or_null(facts, path_of(path, index, "reason"), NULL, reason, "nothing is wrong");
}

static void tell_absent(struct facts *facts, size_t index, enum accelerator_kind kind, const char *looked)
{
    char path[DETECT_PATH_MAX];

    facts_text(facts, path_of(path, index, "kind"), NULL, accelerator_kind_name(kind));
    tell_state(facts, index, title_of(kind), ACCELERATOR_ABSENT, looked);
}

static void tell_claim(struct facts *facts, size_t index, const struct accelerator_claim *claim)
{
    char path[DETECT_PATH_MAX], summary[120], range[32] = "";

    if (!claim) {
        facts_null(facts, path_of(path, index, "claim"), NULL, "none known");
        return;
    }
    if (claim->least_tops < claim->most_tops)
        snprintf(range, sizeof range, "%g to ", claim->least_tops);
    snprintf(summary, sizeof summary, "%s%g TOPS, %s%s; the maker's claim, not measured", range, claim->most_tops,
             claim->sparse ? "sparse " : "", claim->precision ? claim->precision : "precision not told");
    facts_text(facts, path_of(path, index, "claim.summary"), "  claim", summary);
    facts_number(facts, path_of(path, index, "claim.least_operations_per_second"), NULL,
                 claim->least_tops * operations_per_tera);
    facts_number(facts, path_of(path, index, "claim.most_operations_per_second"), NULL,
                 claim->most_tops * operations_per_tera);
    facts_text_or_null(facts, path_of(path, index, "claim.precision"), NULL, claim->precision,
                       "the maker does not tell");
    facts_boolean(facts, path_of(path, index, "claim.sparse"), NULL, claim->sparse);
    facts_text(facts, path_of(path, index, "claim.basis"), NULL, "claim");
    facts_text(facts, path_of(path, index, "claim.source"), NULL, claim->source);
}

/* Where it was found. */
static void tell_source(struct facts *facts, size_t index, const struct accelerator *accelerator)
{
    char path[DETECT_PATH_MAX], source[96];

    if (strcmp(accelerator->bus, "pci") == 0 || strcmp(accelerator->bus, "platform") == 0)
        snprintf(source, sizeof source, "sys/bus/%s/devices/%s", accelerator->bus, accelerator->address);
    else
        snprintf(source, sizeof source, "%s",
                 strcmp(accelerator->bus, "node") == 0 ? accelerator->id + 1
                                                       : "proc/device-tree/compatible, system/build.prop");
    facts_text(facts, path_of(path, index, "source"), NULL, source);
}

static void tell_driver(struct facts *facts, size_t index, const struct accelerator *accelerator)
{
    char path[DETECT_PATH_MAX];
    const char *unknown = *accelerator->driver ? not_told : "no driver is bound";

    facts_text_or_null(facts, path_of(path, index, "driver"), detect_label("  driver", *accelerator->driver),
                       accelerator->driver, unknown);
    facts_text_or_null(facts, path_of(path, index, "driver_version"),
                       detect_label("  driver's version", *accelerator->driver_version), accelerator->driver_version,
                       *accelerator->driver ? "that of the kernel, or the driver does not tell" : unknown);
    facts_text_or_null(facts, path_of(path, index, "firmware"), detect_label("  firmware", *accelerator->firmware),
                       accelerator->firmware, *accelerator->driver ? "the driver does not tell" : unknown);
    facts_text_or_null(facts, path_of(path, index, "node"), detect_label("  node", *accelerator->node),
                       accelerator->node, "none was found");
    facts_text_or_null(facts, path_of(path, index, "runtime"), detect_label("  runtime", *accelerator->runtime),
                       accelerator->runtime, "none was found, or it was not looked for yet");
    detect_count(facts, path_of(path, index, "memory_bytes"),
                 detect_label("  memory of its own", accelerator->memory_bytes > 0), accelerator->memory_bytes,
                 "the driver does not tell; parts of a processor share the machine's memory");
}

static void tell_accelerator(struct facts *facts, size_t index, const struct accelerator *accelerator)
{
    char path[DETECT_PATH_MAX], name[sizeof accelerator->vendor + sizeof accelerator->name];
    bool named = strncmp(accelerator->name, accelerator->vendor, strlen(accelerator->vendor)) == 0;

    snprintf(name, sizeof name, "%s%s%s", named ? "" : accelerator->vendor, named ? "" : " ", accelerator->name);
    facts_text(facts, path_of(path, index, "kind"), NULL, accelerator_kind_name(accelerator->kind));
    facts_text(facts, path_of(path, index, "name"), title_of(accelerator->kind), name);
    facts_text_or_null(facts, path_of(path, index, "vendor"), NULL, accelerator->vendor, not_told);
    tell_state(facts, index, "  state", accelerator->state, accelerator->reason);
    tell_source(facts, index, accelerator);
    facts_text(facts, path_of(path, index, "bus"), NULL, accelerator->bus);
    facts_text_or_null(facts, path_of(path, index, "id"), NULL, accelerator->id, not_told);
    facts_text_or_null(facts, path_of(path, index, "address"), NULL, accelerator->address, "on no bus that was seen");
    facts_integer(facts, path_of(path, index, "units"), accelerator->units > 1 ? "  units" : NULL,
                  (int64_t)accelerator->units);
    tell_driver(facts, index, accelerator);
    tell_claim(facts, index, accelerator->claim);
}

void detect_accelerators(struct facts *facts, const char *root)
{
    struct accelerators *found = malloc(sizeof *found);
    size_t index = 0;

    if (!found) {
        facts->failed = true;
        return;
    }
    accelerators_read(found, root);
    for (int kind = ACCELERATOR_NPU; kind <= ACCELERATOR_GPU; kind++) {
        size_t before = index;
        for (size_t i = 0; i < found->count; i++)
            if ((int)found->items[i].kind == kind)
                tell_accelerator(facts, index++, &found->items[i]);
        if (index == before)
            tell_absent(facts, index++, (enum accelerator_kind)kind, found->looked);
    }
    free(found);
}
