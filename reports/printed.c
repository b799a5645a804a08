#include "reports/printed.h"

static enum status no_memory(const struct printed *printed, struct error *error)
{
    return error_set(error, STATUS_MEMORY, "%s: no memory to write it", printed->what);
}

enum status printed_open(struct printed *printed, const char *what, struct error *error)
{
    *printed = (struct printed){.what = what};
    printed->out = open_memstream(&printed->bytes, &printed->length);
    return printed->out ? STATUS_OK : no_memory(printed, error);
}

enum status printed_close(struct printed *printed, enum status status, struct error *error)
{
    bool whole = !ferror(printed->out);

    if (fclose(printed->out) != 0)
        whole = false;
    printed->out = NULL;
    return whole ? status : no_memory(printed, error);
}
