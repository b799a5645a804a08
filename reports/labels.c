#include "reports/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/units.h"

enum { NAME_MAX_BYTES = 32 };

/* What stands between `start` and `end` of a path; false where the path is not of that form. */
static bool name_between(const char *path, const char *start, const char *end, char name[NAME_MAX_BYTES])
{
    size_t before = strlen(start), length = strlen(path), after = strlen(end);

    if (length <= before + after || length - before - after >= NAME_MAX_BYTES || strncmp(path, start, before) != 0 ||
        strcmp(path + length - after, end) != 0)
        return false;
    snprintf(name, NAME_MAX_BYTES, "%.*s", (int)(length - before - after), path + before);
    return !strchr(name, '.');
}

bool label_of_path(const char *path, char label[LABEL_MAX])
{
    char name[NAME_MAX_BYTES], size[32];

    if (name_between(path, "roofs.read.", "kib.bytes_per_second", name))
        snprintf(label, LABEL_MAX, "read, %s", units_format(size, sizeof size, "bytes", 1024 * strtod(name, NULL)));
    else if (name_between(path, "roofs.int8.", ".macs_per_second", name))
        snprintf(label, LABEL_MAX, "INT8, %s", name);
    else if (strcmp(path, "roofs.fp32.macs_per_second") == 0)
        snprintf(label, LABEL_MAX, "FP32");
    else if (strcmp(path, "roofs.latency.seconds") == 0)
        snprintf(label, LABEL_MAX, "latency of dependent loads");
    else if (name_between(path, "fit.formats.", ".read_bytes_per_second", name))
        snprintf(label, LABEL_MAX, "%s weights are read at", name);
    else if (name_between(path, "fit.formats.", ".macs_per_second", name))
        snprintf(label, LABEL_MAX, "%s weights are multiplied at", name);
    else if (name_between(path, "fit.", "_residual_ratio", name))
        snprintf(label, LABEL_MAX, "%s of the probes off by", name);
    else
        return false;
    return true;
}
