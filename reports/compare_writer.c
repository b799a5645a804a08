#include "reports/compare_writer.h"

#include <stdlib.h>
#include <string.h>

const struct compare_writer *compare_writer_for_path(const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; compare_writers[i]; i++) {
        size_t suffix = strlen(compare_writers[i]->suffix);
        if (length > suffix && strcmp(path + length - suffix, compare_writers[i]->suffix) == 0)
            return compare_writers[i];
    }
    return NULL;
}

enum status compare_writer_save(const struct compare_writer *writer, const struct comparison *comparison,
                                const char *path, struct error *error)
{
    static const struct writer_style style = {.colour = false, .utf8 = true, .width = 180};
    char *bytes = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&bytes, &count);
    enum status status;
    bool whole;

    if (!out)
        return error_set(error, STATUS_MEMORY, "%s: no memory to write it", path);
    status = writer->write(comparison, &style, out, error);
    whole = !ferror(out);
    if (fclose(out) != 0 || !whole)
        status = error_set(error, STATUS_MEMORY, "%s: no memory to write it", path);
    if (status == STATUS_OK)
        status = writer_save_bytes(path, bytes, count, error);
    free(bytes);
    return status;
}
