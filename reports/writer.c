#include "reports/writer.h"

#include <stdlib.h>
#include <string.h>

#include "reports/save.h"

const struct writer *writer_for_path(const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; writers[i]; i++) {
        size_t suffix = strlen(writers[i]->suffix);
        if (length > suffix && strcmp(path + length - suffix, writers[i]->suffix) == 0)
            return writers[i];
    }
    return NULL;
}

static enum status write_stdout(const char *bytes, size_t count, struct error *error)
{
    if (fwrite(bytes, 1, count, stdout) == count && fflush(stdout) == 0)
        return STATUS_OK;
    return save_error("standard output", "write", error);
}

enum status writer_save_bytes(const char *path, const char *bytes, size_t count, struct error *error)
{
    struct save save;
    enum status status;

    if (strcmp(path, "-") == 0)
        return write_stdout(bytes, count, error);
    status = save_open(&save, path, error);
    if (status)
        return status;
    status = save_write(&save, bytes, count, error);
    if (!status)
        return save_commit(&save, error);
    save_abandon(&save);
    return status;
}

enum status writer_save(const struct writer *writer, const struct record *record, const char *path, struct error *error)
{
    static const struct writer_style style = {.colour = false, .utf8 = true, .width = 100};
    char *bytes = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&bytes, &count);
    enum status status;
    bool whole;

    if (!out)
        return error_set(error, STATUS_MEMORY, "%s: no memory to write it", path);
    status = writer->write(record, &style, out, error);
    whole = !ferror(out);
    if (fclose(out) != 0 || !whole)
        status = error_set(error, STATUS_MEMORY, "%s: no memory to write it", path);
    if (status == STATUS_OK)
        status = writer_save_bytes(path, bytes, count, error);
    free(bytes);
    return status;
}

enum status writer_probe(const char *path, struct error *error)
{
    return strcmp(path, "-") == 0 ? STATUS_OK : save_probe(path, error);
}
