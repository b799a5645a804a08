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

static const char seal_key[] = ",\"sha256\":\"", prev_key[] = "\"prev\":\"";

/* Copies a line whose seal lies at `body` bytes, the hash of the line before it and its own set right; returns its length. */
static size_t seal_line(const char *line, size_t body, char hash[DIGEST_HEX], char *out)
{
    const char *prev = memmem(line, body, prev_key, sizeof prev_key - 1), *rest = NULL;
    size_t used = 0;

    if (prev) {
        prev += sizeof prev_key - 1;
        rest = memchr(prev, '"', body - (size_t)(prev - line));
    }
    if (rest) {
        used = (size_t)(prev - line);
        memcpy(out, line, used);
        memcpy(out + used, hash, strlen(hash));
        used += strlen(hash);
        line += rest - line;
        body -= used - strlen(hash) + (size_t)(rest - prev);
    }
    memcpy(out + used, line, body);
    used += body;
    digest_bytes(out, used, hash);
    memcpy(out + used, seal_key, sizeof seal_key - 1);
    used += sizeof seal_key - 1;
    memcpy(out + used, hash, strlen(hash));
    used += strlen(hash);
    memcpy(out + used, "\"}\n", 3);
    return used + 3;
}

/* The same text with each line sealed anew; lines without a seal are copied as they are. */
static size_t seal_text(const char *text, size_t length, char *out)
{
    char hash[DIGEST_HEX] = "";
    size_t used = 0;

    while (length) {
        const char *end = memchr(text, '\n', length);
        size_t line = end ? (size_t)(end - text) + 1 : length;
        const char *seal = memmem(text, line, seal_key, sizeof seal_key - 1);
        if (seal)
            used += seal_line(text, (size_t)(seal - text), hash, out + used);
        else {
            memcpy(out + used, text, line);
            used += line;
        }
        text += line;
        length -= line;
    }
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { LINE_GROWTH = 2 * DIGEST_HEX + sizeof seal_key + 8 };
    size_t lines = 1;
    char *text, *sealed;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    text = malloc(size + 1);
    sealed = malloc(size + lines * LINE_GROWTH);
    if (text && sealed) {
        memcpy(text, data, size);
        text[size] = '\0';
        read_text(text, size);
        size = seal_text(text, size, sealed);
        sealed[size] = '\0';
        read_text(sealed, size);
    }
    free(text);
    free(sealed);
    return 0;
}
