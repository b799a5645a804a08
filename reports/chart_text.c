#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart_layout.h"
#include "reports/text.h"

/* More than any picture has room for: what lies behind is not even looked at. */
enum { COLUMNS_MAX = 400 };

/* Widths in hundredths of the font's height, after DejaVu Sans, which is wide as such fonts go. */
static unsigned letter_width(uint32_t code)
{
    if (code < 0x80 && strchr("ijl.,:;'|!", (int)code))
        return 32;
    if (code < 0x80 && strchr(" ft()[]{}/\\rI-\"", (int)code))
        return 40;
    if (code < 0x80 && strchr("mwMW%@", (int)code))
        return 95;
    if ((code >= 'A' && code <= 'Z') || code == 0x2026 || code == 0xfffd)
        return 72;
    return code < 0x1100 || (code >= 0x2000 && code < 0x2e80) ? 63 : 100;
}

double layout_text_width(const char *text, double font)
{
    const char *end = text + strlen(text);
    unsigned width = 0;

    while (text < end)
        width += letter_width(text_next(&text, end, NULL));
    return font * width / 100;
}

/* The two code points that UTF-8 can spell and XML forbids become U+FFFD, which is as long. */
static void text_clean(char *text)
{
    for (; (text = strstr(text, "\xef\xbf")) != NULL; text++)
        if ((unsigned char)text[2] >= 0xbe)
            text[2] = (char)0xbd;
}

char *layout_text(const char *text, double width, double font)
{
    size_t bytes = text ? text_bytes(text, COLUMNS_MAX) : 0, fits = 0;
    char *part = strndup(text ? text : "", bytes), *clean = part ? text_copy(part, TEXT_LINE) : NULL, *cut = NULL;
    double room = width - layout_text_width("…", font);

    free(part);
    if (!clean)
        return NULL;
    text_clean(clean);
    if (layout_text_width(clean, font) <= width && (!text || !text[bytes]))
        return clean;
    for (const char *at = clean, *end = clean + strlen(clean); at < end;) {
        room -= font * letter_width(text_next(&at, end, NULL)) / 100;
        if (room < 0)
            break;
        fits = (size_t)(at - clean);
    }
    while (fits && clean[fits - 1] == ' ')
        fits--;
    if (asprintf(&cut, "%.*s…", (int)fits, clean) < 0)
        cut = NULL;
    free(clean);
    return cut;
}
