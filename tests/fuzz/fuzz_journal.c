/* Feeds arbitrary bytes to the reader of journals: as they are, and with the hashes of each line set right, which no mutation
 * finds by itself. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reports/digest.h"
#include "reports/document_journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_text(const char *text, size_t length)
{
    struct events events;
    struct error error;

    if (events_read(&events, text, length, &error) == STATUS_OK && events.good_bytes > length)
        abort();
    events_close(&events);
}
