#include <stdlib.h>

#include "reports/document.h"
#include "reports/writer.h"

static enum status json_write(const struct record *record, const struct writer_style *style, FILE *out,
                              struct error *error)
{
    char *text;
    enum status status = document_text(record, &text, error);

    (void)style;
    if (status == STATUS_OK) {
        fputs(text, out);
        putc('\n', out);
    }
    free(text);
    return status;
}

const struct writer write_json = {"json", ".json", "the result document, schema pocketmark.result 1.x", json_write};
