#include "reports/emit.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"

static const char replacement[] = "\xef\xbf\xbd";

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/* Reads one code point and moves on; true where its bytes, from *at on, may stand as they are. */
static bool take(const char **cursor, const char *end, const char **at, uint32_t *code)
{
    bool valid = true;

    *at = *cursor;
    *code = text_next(cursor, end, &valid);
    return valid;
}

static void put_bytes(FILE *out, const char *from, const char *to)
{
    fwrite(from, 1, (size_t)(to - from), out);
}

void emit_json_text(FILE *out, const char *text)
{
    const char *end = text + strlen(text), *at;
    uint32_t code;

    putc('"', out);
    while (text < end) {
        bool valid = take(&text, end, &at, &code);
        if (!valid)
            fputs(replacement, out);
        else if (is_control(code))
            fprintf(out, "\\u%04x", (unsigned)code);
        else if (code == '"' || code == '\\')
            fprintf(out, "\\%c", (char)code);
        else
            put_bytes(out, at, text);
    }
    putc('"', out);
}

void emit_json_number(FILE *out, double value)
{
    char digits[TEXT_NUMBER_MAX] = "null";

    if (isfinite(value))
        text_number(digits, value);
    fputs(digits, out);
}

void emit_xml_text(FILE *out, const char *text)
{
    const char *end = text + strlen(text), *at;
    uint32_t code;

    while (text < end) {
        bool valid = take(&text, end, &at, &code);
        if (code == '\n' || code == '\t')
            fprintf(out, "&#%u;", (unsigned)code);
        else if (!valid || is_control(code) || code == 0xfffe || code == 0xffff)
            fputs(replacement, out);
        else if (code == '&' || code == '<' || code == '>' || code == '"')
            fprintf(out, "&#%u;", (unsigned)code);
        else
            put_bytes(out, at, text);
    }
}

/* Embeddings, overrides and isolates: they would reorder what stands around them. */
static bool turns_direction(uint32_t code)
{
    return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void emit_html_text(FILE *out, const char *text)
{
    const char *end = text + strlen(text), *at;
    uint32_t code;

    while (text < end) {
        bool valid = take(&text, end, &at, &code);
        if (code == '\n' || code == '\t' || code == '\r' || code == 0x2028 || code == 0x2029)
            putc(' ', out);
        else if (!valid || is_control(code) || turns_direction(code) || (code & 0xfffe) == 0xfffe)
            fputs(replacement, out);
        else if (code == '&' || code == '<' || code == '>' || code == '"' || code == '\'')
            fprintf(out, "&#%u;", (unsigned)code);
        else
            put_bytes(out, at, text);
    }
}

void emit_base64(FILE *out, const void *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = bytes;

    for (size_t taken; count; at += taken, count -= taken) {
        taken = count < 3 ? count : 3;
        uint32_t bits = (uint32_t)at[0] << 16 | (taken > 1 ? (uint32_t)at[1] << 8 : 0) | (taken > 2 ? at[2] : 0);
        char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63], digits[bits >> 6 & 63], digits[bits & 63]};

        for (size_t i = taken + 1; i < 4; i++)
            four[i] = '=';
        fwrite(four, 1, sizeof four, out);
    }
}

/* Without controls, on one line, `doubled` twice. */
static void put_line(FILE *out, const char *text, char doubled)
{
    const char *end = text + strlen(text), *at;
    uint32_t code;

    while (text < end) {
        bool valid = take(&text, end, &at, &code);
        if (code == '\n' || code == '\t')
            putc(' ', out);
        else if (!valid || is_control(code))
            fputs(replacement, out);
        else
            put_bytes(out, at, text);
        if (doubled && code == (unsigned char)doubled)
            putc(doubled, out);
    }
}

void emit_csv_text(FILE *out, const char *text)
{
    bool quoted = strpbrk(text, ",\"") != NULL;

    if (quoted)
        putc('"', out);
    put_line(out, text, quoted ? '"' : '\0');
    if (quoted)
        putc('"', out);
}

void emit_csv_number(FILE *out, double value)
{
    if (isfinite(value))
        emit_json_number(out, value);
}

void emit_sql_text(FILE *out, const char *text)
{
    putc('\'', out);
    put_line(out, text, '\'');
    putc('\'', out);
}

void emit_label_text(FILE *out, const char *text)
{
    const char *end = text + strlen(text), *at;
    uint32_t code;

    putc('"', out);
    while (text < end) {
        bool valid = take(&text, end, &at, &code);
        if (code == '\n')
            fputs("\\n", out);
        else if (!valid || is_control(code))
            fputs(replacement, out);
        else if (code == '"' || code == '\\')
            fprintf(out, "\\%c", (char)code);
        else
            put_bytes(out, at, text);
    }
    putc('"', out);
}

void emit_markdown_text(FILE *out, const char *text)
{
    char *clean = text_copy(text, TEXT_LINE);

    for (const char *at = clean ? clean : ""; *at; at++) {
        if (*at == '<')
            fputs("&lt;", out);
        else if (*at == '&')
            fputs("&amp;", out);
        else if (*at == '@')
            fputs("@&#8203;", out);
        else if (*at == '_' && at > clean && isalnum((unsigned char)at[-1]) && isalnum((unsigned char)at[1]))
            putc('_', out); /* within a word it is no markup */
        else if (strchr("\\`*_[]|~", *at))
            fprintf(out, "\\%c", *at);
        else
            putc(*at, out);
    }
    free(clean);
}
