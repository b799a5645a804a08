/* Feeds arbitrary bytes to the import of llama-bench; what it takes must make a valid document. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reports/document.h"
#include "reports/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record record;
    struct error error = {0};
    char *text = NULL;

    if (import_llama_bench((const char *)data, size, &record, &error) == STATUS_OK &&
        (document_text(&record, &text, &error) != STATUS_OK ||
         document_validate(text, strlen(text), &error) != STATUS_OK))
        abort();
    free(text);
    record_close(&record);
    return 0;
}
