#include "reports/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct likeness {
    uint32_t code;
    const char *ascii;
};

static const struct likeness likenesses[] = {
    {0xb1, "+/-"},  {0xb5, "u"},    {0xb7, "-"},   {0xb0, " "},    {0xd7, "x"},    {0xf7, "/"},     {0x2013, "-"},
    {0x2014, "-"},  {0x2018, "'"},  {0x2019, "'"}, {0x201c, "\""}, {0x201d, "\""}, {0x2026, "..."}, {0x2192, "->"},
    {0x2264, "<="}, {0x2265, ">="}, {0x2713, "+"}, {0x2717, "x"},  {0x2500, "-"},  {0x2502, "|"},   {0x253c, "+"},
    {0x2581, "_"},  {0x2582, "."},  {0x2583, "-"}, {0x2584, "~"},  {0x2585, "="},  {0x2586, "+"},   {0x2587, "*"},
    {0x2588, "#"},  {0x258c, "#"},  {0x25cf, "o"},
};

/* Length of a sequence and the least code point that needs it, by lead byte. */
static size_t sequence_length(unsigned char lead, uint32_t *code, uint32_t *least)
{
    static const uint32_t leasts[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;

    *code = length < 2 ? lead : lead & (0x7fu >> length);
    *least = leasts[length];
    return length;
}

uint32_t text_next(const char **cursor, const char *end, bool *valid)
{
    const unsigned char *at = (const unsigned char *)*cursor;
    uint32_t code, least;
    size_t length = sequence_length(*at, &code, &least), i = 1;

    if (length && length <= (size_t)(end - *cursor)) {
        for (; i < length && at[i] >> 6 == 2; i++)
            code = code << 6 | (at[i] & 0x3f);
        if (i == length && code >= least && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)) {
            *cursor += length;
            return code;
        }
    }
    if (valid)
        *valid = false;
    *cursor += 1;
    return TEXT_REPLACEMENT;
}

static const char *ascii_likeness(uint32_t code)
{
    for (size_t i = 0; i < sizeof likenesses / sizeof *likenesses; i++)
        if (likenesses[i].code == code)
            return likenesses[i].ascii;
    return "?";
}

/* Marks that turn the direction of what follows, and ends of lines that no newline makes: a name with one would rearrange the
 * line that it stands on. */
static bool is_unruly(uint32_t code)
{
    return code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

/* What to write for the code point read from [at, end): bytes and how many of them. */
static const char *text_form_of(uint32_t code, const char *at, const char *end, bool valid, enum text_form form,
                                size_t *count)
{
    bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    const char *shown = NULL;

    if (form == TEXT_ASCII)
        shown = control ? "?" : code < 0x80 ? NULL : ascii_likeness(code);
    else if (!valid || ((control || is_unruly(code)) && form == TEXT_LINE))
        shown = "\xef\xbf\xbd";
    if (shown && control && (code == '\n' || code == '\t'))
        shown = " ";
    *count = shown ? strlen(shown) : (size_t)(end - at);
    return shown ? shown : at;
}

char *text_copy(const char *text, enum text_form form)
{
    const char *end = text + strlen(text);
    char *copy = malloc(3 * (size_t)(end - text) + 1), *out = copy;

    if (!copy)
        return NULL;
    while (text < end) {
        const char *at = text, *shown;
        bool valid = true;
        size_t count;
        uint32_t code = text_next(&text, end, &valid);
        shown = text_form_of(code, at, text, valid, form, &count);
        memcpy(out, shown, count);
        out += count;
    }
    *out = '\0';
    return copy;
}

char *text_fit(const char *text, enum text_form form, size_t columns)
{
    const char *dots = form == TEXT_ASCII ? ".." : "\xe2\x80\xa6";
    char *copy = text_copy(text, form);
    size_t total = copy ? text_columns(copy) : 0, kept = columns - text_columns(dots), head, tail;

    if (total <= columns)
        return copy;
    head = text_bytes(copy, kept - kept / 2);
    tail = text_bytes(copy, total - kept / 2);
    /* text_copy leaves three bytes for each one, so that the dots have room */
    memmove(copy + head + strlen(dots), copy + tail, strlen(copy + tail) + 1);
    memcpy(copy + head, dots, strlen(dots));
    return copy;
}

/* Bytes of the home folder that `path` begins with, up to a '/' or the end of the path; 0: none. */
static size_t home_length(const char *path)
{
    static const char *const parents[] = {"/home/", "/Users/"};
    static const char ends[] = "/ \t\n\"':;,)";
    const char *home = getenv("HOME");
    size_t length = home && home[0] == '/' && home[1] ? strlen(home) : 0;

    while (length && home[length - 1] == '/')
        length--;
    if (length > 1 && strncmp(path, home, length) == 0 && strchr(ends, path[length]))
        return length;
    if (strncmp(path, "/root", 5) == 0 && strchr(ends, path[5]))
        return 5;
    for (size_t i = 0; i < 2; i++) {
        size_t before = strlen(parents[i]), name;
        if (strncmp(path, parents[i], before) == 0 && (name = strcspn(path + before, ends)) > 0)
            return before + name;
    }
    return 0;
}

void text_hide_homes(char *text)
{
    char *out = text;
    size_t length;

    while (*text) {
        if (*text == '/' && (length = home_length(text)) > 0) {
            *out++ = '~';
            text += length;
        } else {
            *out++ = *text++;
        }
    }
    *out = '\0';
}

size_t text_columns(const char *text)
{
    const char *end = text + strlen(text);
    size_t columns = 0;

    for (; text < end; columns++)
        text_next(&text, end, NULL);
    return columns;
}

void text_cut(char *out, size_t size, const char *text, size_t columns)
{
    static const char more[] = "…";
    size_t length = strlen(text);

    if (text_columns(text) <= columns && length < size) {
        memcpy(out, text, length + 1);
        return;
    }
    length = text_bytes(text, columns - 1);
    while (length + sizeof more > size)
        length = text_bytes(text, --columns);
    snprintf(out, size, "%.*s%s", (int)length, text, more);
}

bool text_ends_in(const char *text, const char *suffix)
{
    size_t length = strlen(text), end = strlen(suffix);

    return length > end && strcmp(text + length - end, suffix) == 0;
}

size_t text_bytes(const char *text, size_t columns)
{
    const char *start = text, *end = text + strlen(text);

    while (text < end && columns--)
        text_next(&text, end, NULL);
    return (size_t)(text - start);
}

/* "dd" style fields: digits where the form has 'd', the same sign elsewhere. Returns what follows, NULL: no match. */
static const char *form_match(const char *text, const char *form)
{
    for (; *form; form++, text++)
        if (*form == 'd' ? *text < '0' || *text > '9' : *text != *form)
            return NULL;
    return text;
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month < 1 || month > 12 ? 0 : days[month - 1] + (month == 2 && leap);
}

bool text_is_date_time(const char *text)
{
    const char *rest = form_match(text, "dddd-dd-ddTdd:dd:dd");
    int year, month, day;

    if (!rest)
        return false;
    year = two_digits(text) * 100 + two_digits(text + 2);
    month = two_digits(text + 5);
    day = two_digits(text + 8);
    if (day < 1 || day > month_days(year, month) || two_digits(text + 11) > 23 || two_digits(text + 14) > 59 ||
        two_digits(text + 17) > 60)
        return false;
    if (*rest == '.') {
        size_t digits = strspn(rest + 1, "0123456789");
        if (!digits)
            return false;
        rest += 1 + digits;
    }
    if (*rest == 'Z')
        return rest[1] == '\0';
    if ((*rest != '+' && *rest != '-') || !form_match(rest + 1, "dd:dd") || rest[6] != '\0')
        return false;
    return two_digits(rest + 1) <= 23 && two_digits(rest + 4) <= 59;
}

void text_number(char out[TEXT_NUMBER_MAX], double value)
{
    if (value == 0) {
        strcpy(out, "0");
    } else if (value == floor(value) && fabs(value) < 0x1p53) {
        snprintf(out, TEXT_NUMBER_MAX, "%.0f", value);
    } else {
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(out, TEXT_NUMBER_MAX, "%.*g", digits, value);
            if (strtod(out, NULL) == value)
                break;
        }
    }
}
