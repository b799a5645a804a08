/* Feeds arbitrary bytes to the reader of result documents. */
#include <stddef.h>
#include <stdint.h>

#include "reports/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error;

    document_validate((const char *)data, size, &error);
    return 0;
}
