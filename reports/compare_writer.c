#include "reports/compare_writer.h"

#include "reports/text.h"

const struct compare_writer *compare_writer_for_path(const char *path)
{
    for (size_t i = 0; compare_writers[i]; i++)
        if (text_ends_in(path, compare_writers[i]->suffix))
            return compare_writers[i];
    return NULL;
}

enum status compare_writer_save(const struct compare_writer *writer, const struct comparison *comparison,
                                const char *path, struct error *error)
{
    static const struct writer_style style = {.colour = false, .utf8 = true, .width = 180};
    struct printed printed;
    enum status status = printed_open(&printed, path, error);

    return status ? status
                  : writer_save_printed(&printed, writer->write(comparison, &style, printed.out, error), error);
}
