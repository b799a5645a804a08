#include "reports/gate_writer.h"

#include <stdlib.h>
#include <string.h>

const struct gate_writer *gate_writer_find(const char *name)
{
    for (size_t i = 0; gate_writers[i]; i++)
        if (strcmp(gate_writers[i]->name, name) == 0)
            return gate_writers[i];
    return NULL;
}

const struct gate_writer *gate_writer_for_path(const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; gate_writers[i]; i++) {
        size_t suffix = gate_writers[i]->suffix ? strlen(gate_writers[i]->suffix) : length;
        if (length > suffix && strcmp(path + length - suffix, gate_writers[i]->suffix) == 0)
            return gate_writers[i];
    }
    return NULL;
}

enum status gate_writer_text(const struct gate_writer *writer, const struct gate *gate,
                             const struct writer_style *style, char **text, size_t *length, struct error *error)
{
    FILE *out;
    enum status status;
    bool whole;

    *text = NULL;
    *length = 0;
    out = open_memstream(text, length);
    if (!out)
        return error_set(error, STATUS_MEMORY, "no memory for the verdict");
    status = writer->write(gate, style, out, error);
    whole = !ferror(out);
    if (fclose(out) != 0 || !whole)
        status = error_set(error, STATUS_MEMORY, "no memory for the verdict");
    return status;
}
