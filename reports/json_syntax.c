#include "reports/json_syntax.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"

enum { NUMBER_MAX = 63 };

struct scan {
    const char *start, *at, *end;
    const char *problem; /* the rule that is broken at `at` */
    unsigned depth;
};

static bool scan_value(struct scan *scan);

static bool scan_fail(struct scan *scan, const char *problem)
{
    scan->problem = problem;
    return false;
}

static int scan_peek(const struct scan *scan)
{
    return scan->at < scan->end ? (unsigned char)*scan->at : -1;
}

static bool scan_accept(struct scan *scan, char wanted)
{
    if (scan_peek(scan) != wanted)
        return false;
    scan->at++;
    return true;
}

static void scan_space(struct scan *scan)
{
    while (scan->at < scan->end && memchr(" \t\r\n", *scan->at, 4))
        scan->at++;
}

static bool scan_word(struct scan *scan, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
        return scan_fail(scan, "a value must be an object, an array, a string, a number, true, false or null");
    scan->at += length;
    return true;
}

static size_t scan_digits(struct scan *scan)
{
    const char *first = scan->at;

    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return (size_t)(scan->at - first);
}

static bool scan_number(struct scan *scan)
{
    const char *first = scan->at;
    char digits[NUMBER_MAX + 1];
    size_t whole, length;
    bool zero;

    scan_accept(scan, '-');
    zero = scan_peek(scan) == '0';
    whole = scan_digits(scan);
    if (!whole || (zero && whole > 1))
        return scan_fail(scan, "a number must begin with one 0 or with a digit from 1 to 9");
    if (scan_accept(scan, '.') && !scan_digits(scan))
        return scan_fail(scan, "a number needs a digit behind its point");
    if (scan_accept(scan, 'e') || scan_accept(scan, 'E')) {
        if (!scan_accept(scan, '+'))
            scan_accept(scan, '-');
        if (!scan_digits(scan))
            return scan_fail(scan, "a number needs a digit in its exponent");
    }
    length = (size_t)(scan->at - first);
    if (length > NUMBER_MAX)
        return scan_fail(scan, "a number may have 63 characters at most");
    memcpy(digits, first, length);
    digits[length] = '\0';
    if (!isfinite(strtod(digits, NULL)))
        return scan_fail(scan, "a number must be less than 1.8e308");
    return true;
}

static bool scan_hex(struct scan *scan, unsigned *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, scan->at++) {
        int c = scan_peek(scan);
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0)
            return scan_fail(scan, "\\u needs four hexadecimal digits");
        *code = *code << 4 | (unsigned)digit;
    }
    return true;
}

static bool scan_escape(struct scan *scan)
{
    unsigned code, second;
    int c = scan_peek(scan);

    if (c < 0 || !strchr("\"\\/bfnrtu", c) || c == 0)
        return scan_fail(scan, "an escape must be one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
    scan->at++;
    if (c != 'u')
        return true;
    if (!scan_hex(scan, &code))
        return false;
    if (code == 0)
        return scan_fail(scan, "\\u0000 is not taken");
    if (code < 0xd800 || code > 0xdfff)
        return true;
    if (code > 0xdbff || !scan_accept(scan, '\\') || !scan_accept(scan, 'u'))
        return scan_fail(scan, "a surrogate must be one of a pair");
    if (!scan_hex(scan, &second))
        return false;
    return (second >= 0xdc00 && second <= 0xdfff) || scan_fail(scan, "a surrogate must be one of a pair");
}

static bool scan_string(struct scan *scan)
{
    if (!scan_accept(scan, '"'))
        return scan_fail(scan, "a name must be a string");
    while (scan->at < scan->end) {
        const char *before = scan->at;
        bool valid = true;
        uint32_t code = text_next(&scan->at, scan->end, &valid);
        if (code == '"')
            return true;
        if (code == '\\') {
            if (!scan_escape(scan))
                return false;
        } else if (code < 0x20 || !valid) {
            scan->at = before;
            return scan_fail(scan, valid ? "a control character in a string must be escaped" : "not valid UTF-8");
        }
    }
    return scan_fail(scan, "the text ends within a string");
}

/* Object or array, after its opening bracket. */
static bool scan_members(struct scan *scan, bool object, char closing)
{
    if (++scan->depth > JSON_DEPTH_MAX)
        return scan_fail(scan, "nested more than 64 deep");
    scan_space(scan);
    if (!scan_accept(scan, closing))
        for (;;) {
            scan_space(scan);
            if (object) {
                if (!scan_string(scan))
                    return false;
                scan_space(scan);
                if (!scan_accept(scan, ':'))
                    return scan_fail(scan, "a name must be followed by ':'");
            }
            if (!scan_value(scan))
                return false;
            if (scan_accept(scan, closing))
                break;
            if (!scan_accept(scan, ','))
                return scan_fail(scan, object ? "expected ',' or '}'" : "expected ',' or ']'");
        }
    scan->depth--;
    return true;
}

/* A value with the space around it. */
static bool scan_value(struct scan *scan)
{
    bool good;

    scan_space(scan);
    switch (scan_peek(scan)) {
    case -1:
        return scan_fail(scan, "the text ends where a value must stand");
    case '{':
        scan->at++;
        good = scan_members(scan, true, '}');
        break;
    case '[':
        scan->at++;
        good = scan_members(scan, false, ']');
        break;
    case '"':
        good = scan_string(scan);
        break;
    case 't':
        good = scan_word(scan, "true");
        break;
    case 'f':
        good = scan_word(scan, "false");
        break;
    case 'n':
        good = scan_word(scan, "null");
        break;
    default:
        good = strchr("-0123456789", *scan->at) && *scan->at ? scan_number(scan) : scan_word(scan, "true");
    }
    if (good)
        scan_space(scan);
    return good;
}

enum status json_syntax_check(const char *text, size_t length, struct error *error)
{
    struct scan scan = {text, text, text + length, NULL, 0};
    size_t line = 1, column = 1;

    if (scan_value(&scan) && scan.at < scan.end)
        scan_fail(&scan, "nothing may follow the document");
    if (!scan.problem)
        return STATUS_OK;
    for (const char *at = text; at < scan.at; at++) {
        column = *at == '\n' ? 1 : column + 1;
        line += *at == '\n';
    }
    return error_set(error, STATUS_FORMAT, "not JSON: line %zu, column %zu: %s", line, column, scan.problem);
}
