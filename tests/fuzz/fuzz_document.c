/* Feeds arbitrary bytes to the reader of result documents. What it takes must be written again, and that must be readable. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record record, again;
    struct error error;
    char *text = NULL, *same = NULL;

    if (document_read((const char *)data, size, &record, &error) == STATUS_OK) {
        if (document_text(&record, &text, &error) != STATUS_OK ||
            document_read(text, strlen(text), &again, &error) != STATUS_OK ||
            document_text(&again, &same, &error) != STATUS_OK || strcmp(text, same) != 0)
            abort();
        record_close(&again);
        free(text);
        free(same);
    }
    record_close(&record);
    return 0;
}
