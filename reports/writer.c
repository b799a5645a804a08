#include "reports/writer.h"

#include <stdlib.h>
#include <string.h>

#include "reports/save.h"
#include "reports/text.h"

const struct writer *writer_for_path(const char *path)
{
    for (size_t i = 0; writers[i]; i++)
        if (text_ends_in(path, writers[i]->suffix))
            return writers[i];
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

enum status writer_save_printed(struct printed *printed, enum status status, struct error *error)
{
    status = printed_close(printed, status, error);
    if (status == STATUS_OK)
        status = writer_save_bytes(printed->what, printed->bytes, printed->length, error);
    free(printed->bytes);
    return status;
}

enum status writer_save(const struct writer *writer, const struct record *record, const char *path, struct error *error)
{
    static const struct writer_style style = {.colour = false, .utf8 = true, .width = 100};
    struct printed printed;
    enum status status = printed_open(&printed, path, error);

    return status ? status : writer_save_printed(&printed, writer->write(record, &style, printed.out, error), error);
}

enum status writer_probe(const char *path, struct error *error)
{
    return strcmp(path, "-") == 0 ? STATUS_OK : save_probe(path, error);
}
