#include "reports/json_scan.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Brackets within brackets of what is skipped. */
enum { SKIP_DEPTH_MAX = 64, NUMBER_MAX = 63 };

static bool fail(struct json_scan *scan)
{
    scan->failed = true;
    scan->at = scan->end;
    return false;
}

static void blanks(struct json_scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
        scan->at++;
}

bool json_scan_is(struct json_scan *scan, char first)
{
    blanks(scan);
    return scan->at < scan->end && *scan->at == first;
}

bool json_scan_enter(struct json_scan *scan, char bracket)
{
    if (scan->failed || !json_scan_is(scan, bracket))
        return fail(scan);
    scan->at++;
    return true;
}

/* The character before, blanks apart, tells whether a comma must come: it does not after the opening bracket. */
static bool next_item(struct json_scan *scan, char closing)
{
    const char *before = scan->at;
    char opening = closing == '}' ? '{' : '[';

    if (scan->failed)
        return false;
    blanks(scan);
    if (scan->at < scan->end && *scan->at == closing) {
        scan->at++;
        return false;
    }
    if (before[-1] == opening)
        return scan->at < scan->end || fail(scan);
    if (scan->at == scan->end || *scan->at != ',')
        return fail(scan);
    scan->at++;
    blanks(scan);
    return (scan->at < scan->end && *scan->at != closing) || fail(scan);
}

static bool hex_unit(struct json_scan *scan, uint32_t *unit)
{
    *unit = 0;
    if (scan->end - scan->at < 4)
        return false;
    for (int i = 0; i < 4; i++, scan->at++) {
        char c = *scan->at;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        *unit = *unit << 4 | digit;
    }
    return true;
}

/* The code point of \uXXXX, with its second half where it has one; a lone half is U+FFFD. */
static bool unicode_escape(struct json_scan *scan, uint32_t *code)
{
    uint32_t low;

    if (!hex_unit(scan, code))
        return false;
    if (*code >= 0xd800 && *code < 0xdc00 && scan->end - scan->at >= 6 && scan->at[0] == '\\' && scan->at[1] == 'u') {
        scan->at += 2;
        if (!hex_unit(scan, &low))
            return false;
        *code = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
    } else if (*code >= 0xd800 && *code < 0xe000) {
        *code = 0xfffd;
    }
    return *code != 0;
}

static size_t utf8_put(char bytes[4], uint32_t code)
{
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        bytes[0] = (char)(0xc0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        bytes[0] = (char)(0xe0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    bytes[0] = (char)(0xf0 | code >> 18);
    bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
    bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
    bytes[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* One character or escape, as bytes; 0: malformed. */
static size_t take_character(struct json_scan *scan, char bytes[4])
{
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *escape;
    uint32_t code;

    if ((unsigned char)*scan->at < 0x20)
        return 0;
    if (*scan->at != '\\') {
        bytes[0] = *scan->at++;
        return 1;
    }
    if (++scan->at == scan->end)
        return 0;
    if (*scan->at == 'u') {
        scan->at++;
        return unicode_escape(scan, &code) ? utf8_put(bytes, code) : 0;
    }
    escape = *scan->at ? strchr(escapes, *scan->at) : NULL;
    if (!escape)
        return 0;
    scan->at++;
    bytes[0] = meanings[escape - escapes];
    return 1;
}

static bool take_string(struct json_scan *scan, char *text, size_t size)
{
    size_t used = 0;
    char bytes[4];
    bool full = false;

    text[0] = '\0';
    if (scan->failed || !json_scan_is(scan, '"'))
        return fail(scan);
    scan->at++;
    while (scan->at < scan->end && *scan->at != '"') {
        size_t count = take_character(scan, bytes);
        if (!count)
            return fail(scan);
        full = full || used + count >= size;
        if (full)
            continue;
        memcpy(text + used, bytes, count);
        used += count;
    }
    if (scan->at == scan->end)
        return fail(scan);
    scan->at++;
    /* cut within a character: its first bytes go as well */
    while (full && used && ((unsigned char)text[used - 1] & 0x80)) {
        bool lead = ((unsigned char)text[used - 1] & 0xc0) == 0xc0;
        used--;
        if (lead)
            break;
    }
    text[used] = '\0';
    return true;
}

bool json_scan_member(struct json_scan *scan, char *name, size_t size)
{
    if (!next_item(scan, '}') || !take_string(scan, name, size))
        return false;
    if (!json_scan_is(scan, ':'))
        return fail(scan);
    scan->at++;
    return true;
}

bool json_scan_element(struct json_scan *scan)
{
    return next_item(scan, ']');
}

void json_scan_text(struct json_scan *scan, char *text, size_t size)
{
    text[0] = '\0';
    if (json_scan_is(scan, '"'))
        take_string(scan, text, size);
    else
        json_scan_skip(scan, NULL);
}

double json_scan_number(struct json_scan *scan)
{
    char digits[NUMBER_MAX + 1], *rest;
    const char *from;
    double value;
    size_t length;

    json_scan_skip(scan, &from);
    length = (size_t)(scan->at - from);
    if (scan->failed || length > NUMBER_MAX || (*from != '-' && (*from < '0' || *from > '9')))
        return NAN;
    memcpy(digits, from, length);
    digits[length] = '\0';
    value = strtod(digits, &rest);
    if (*rest || !isfinite(value)) {
        fail(scan);
        return NAN;
    }
    return value;
}

/* Behind the closing quote; scan->at is behind the opening one. */
static bool skip_string(struct json_scan *scan)
{
    while (scan->at < scan->end) {
        const char *quote = memchr(scan->at, '"', (size_t)(scan->end - scan->at)), *slash;
        size_t slashes = 0;
        if (!quote)
            break;
        for (slash = quote; slash > scan->at && slash[-1] == '\\'; slash--)
            slashes++;
        scan->at = quote + 1;
        if (slashes % 2 == 0)
            return true;
    }
    return fail(scan);
}

static bool skip_scalar(struct json_scan *scan)
{
    const char *from = scan->at;

    while (scan->at < scan->end && !strchr(" \t\r\n,:[]{}\"", *scan->at))
        scan->at++;
    return scan->at > from || fail(scan);
}

/* What of a group is worth a look; most of a result is numbers and blanks. */
static const char stops[UCHAR_MAX + 1] = {['"'] = 1, ['{'] = 1, ['}'] = 1, ['['] = 1, [']'] = 1};

static bool skip_group(struct json_scan *scan)
{
    char closing[SKIP_DEPTH_MAX];
    size_t depth = 0;

    do {
        const char *at = scan->at, *end = scan->end;
        char c;
        while (at < end && !stops[(unsigned char)*at])
            at++;
        scan->at = at;
        if (at == end)
            break;
        c = *scan->at++;
        if (c == '"') {
            if (!skip_string(scan))
                return false;
        } else if (c == '{' || c == '[') {
            if (depth == SKIP_DEPTH_MAX)
                return fail(scan);
            closing[depth++] = c == '{' ? '}' : ']';
        } else if (c == '}' || c == ']') {
            if (c != closing[--depth])
                return fail(scan);
        }
    } while (depth && scan->at < scan->end);
    return depth == 0 || fail(scan);
}

void json_scan_skip(struct json_scan *scan, const char **from)
{
    blanks(scan);
    if (from)
        *from = scan->at;
    if (scan->failed || scan->at == scan->end) {
        fail(scan);
    } else if (*scan->at == '"') {
        scan->at++;
        skip_string(scan);
    } else if (*scan->at == '{' || *scan->at == '[') {
        skip_group(scan);
    } else {
        skip_scalar(scan);
    }
}

bool json_scan_done(struct json_scan *scan)
{
    blanks(scan);
    return !scan->failed && scan->at == scan->end;
}
