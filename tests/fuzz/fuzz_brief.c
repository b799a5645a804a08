/* Feeds arbitrary bytes to the quick reader of result documents. */
#include <stddef.h>
#include <stdint.h>

#include "reports/brief.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct brief brief = {0};
    struct error error;

    brief_read(&brief, (const char *)data, size, &error);
    brief_close(&brief);
    return 0;
}
