#include "reports/gate_writer.h"

#include <string.h>

#include "reports/printed.h"
#include "reports/text.h"

const struct gate_writer *gate_writer_find(const char *name)
{
    for (size_t i = 0; gate_writers[i]; i++)
        if (strcmp(gate_writers[i]->name, name) == 0)
            return gate_writers[i];
    return NULL;
}

const struct gate_writer *gate_writer_for_path(const char *path)
{
    for (size_t i = 0; gate_writers[i]; i++)
        if (gate_writers[i]->suffix && text_ends_in(path, gate_writers[i]->suffix))
            return gate_writers[i];
    return NULL;
}

enum status gate_writer_text(const struct gate_writer *writer, const struct gate *gate,
                             const struct writer_style *style, char **text, size_t *length, struct error *error)
{
    struct printed printed;
    enum status status = printed_open(&printed, "the verdict", error);

    if (status == STATUS_OK)
        status = printed_close(&printed, writer->write(gate, style, printed.out, error), error);
    *text = printed.bytes;
    *length = printed.length;
    return status;
}
