/* Is this a well-formed SVG that can stand in a page beside others? */
#ifndef POCKETMARK_TESTS_SVG_CHECK_H
#define POCKETMARK_TESTS_SVG_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"

enum { SVG_NAMES_MAX = 2048, SVG_DEPTH_MAX = 64, SVG_NAME_MAX = 96 };

struct svg_check {
    char names[SVG_NAMES_MAX][SVG_NAME_MAX], references[SVG_NAMES_MAX][SVG_NAME_MAX];
    size_t name_count, reference_count, depth;
    char open[SVG_DEPTH_MAX][32];
};

static inline void svg_keep(char names[SVG_NAMES_MAX][SVG_NAME_MAX], size_t *count, const char *at, size_t length)
{
    assert_true(*count < SVG_NAMES_MAX);
    assert_true(length > 0 && length < SVG_NAME_MAX);
    memcpy(names[*count], at, length);
    names[(*count)++][length] = '\0';
}

static inline void svg_check_text(const char *at, const char *end)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#"};

    for (; at < end; at++) {
        bool known = false;
        assert_int_not_equal(*at, '<');
        assert_int_not_equal(*at, '>'); /* "]]>" is forbidden, so none is let by */
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            known |= strncmp(at, entities[i], strlen(entities[i])) == 0;
        assert_true(*at != '&' || known);
    }
}

/* One NAME="VALUE"; returns what is behind it. */
static inline const char *svg_check_attribute(struct svg_check *check, const char *id, const char *at)
{
    size_t name = strcspn(at, "= >"), value;
    const char *text;

    if (strncmp(at + name, "=\"", 2) != 0)
        fail_msg("no attribute: %.60s", at);
    text = at + name + 2;
    value = strcspn(text, "\"");
    assert_int_equal(text[value], '"');
    svg_check_text(text, text + value);
    if (strncmp(at, "style=", 6) == 0 || strncmp(at, "on", 2) == 0)
        fail_msg("against the rules of strict pages: %.60s", at);
    if (strncmp(at, "id=", 3) == 0) {
        if (strncmp(text, id, strlen(id)) != 0 || text[strlen(id)] != '-')
            fail_msg("does not begin with %s-: %.60s", id, at);
        svg_keep(check->names, &check->name_count, text, value);
    } else if (strncmp(at, "xlink:href=", 11) == 0) {
        assert_int_equal(*text, '#');
        svg_keep(check->references, &check->reference_count, text + 1, value - 1);
    } else if (strncmp(text, "url(", 4) == 0) {
        assert_int_equal(text[4], '#');
        svg_keep(check->references, &check->reference_count, text + 5, value - 6);
    }
    return text + value + 1;
}

/* One tag, `at` behind its "<"; returns what is behind it. */
static inline const char *svg_check_tag(struct svg_check *check, const char *id, const char *at)
{
    bool closing = *at == '/';
    const char *name = at + closing;
    size_t length = strcspn(name, " >/");

    assert_true(length > 0 && length < 32);
    if (closing) {
        if (!check->depth || strncmp(check->open[check->depth - 1], name, length) != 0 || name[length] != '>')
            fail_msg("closes what is not open: %.40s", at);
        check->depth--;
        return name + length + 1;
    }
    assert_true(check->depth < SVG_DEPTH_MAX);
    snprintf(check->open[check->depth++], 32, "%.*s", (int)length, name);
    if (strcmp(check->open[check->depth - 1], "script") == 0 || strcmp(check->open[check->depth - 1], "b") == 0)
        fail_msg("a name became markup: %.40s", at);
    for (at = name + length; *at != '>' && *at != '/';) {
        assert_int_equal(*at, ' ');
        at = svg_check_attribute(check, id, at + 1);
    }
    if (*at == '/') {
        check->depth--;
        at++;
    }
    assert_int_equal(*at, '>');
    return at + 1;
}

/* Fails the test where it is not. */
static inline void svg_check(const char *svg, size_t length, const char *id)
{
    struct svg_check *check = calloc(1, sizeof *check);
    const char *at = svg, *end = svg + length;
    char title[SVG_NAME_MAX];
    bool valid = true;

    assert_non_null(check);
    assert_int_equal(strlen(svg), length);
    assert_int_equal(strncmp(svg, "<svg ", 5), 0);
    for (const char *cursor = svg; cursor < end;) {
        uint32_t code = text_next(&cursor, end, &valid);
        assert_true(code == '\n' || code == '\t' || (code >= 0x20 && code != 0xfffe && code != 0xffff));
    }
    assert_true(valid);
    while (at < end && *at == '<') {
        const char *next;
        at = svg_check_tag(check, id, at + 1);
        next = strchr(at, '<') ? strchr(at, '<') : end;
        svg_check_text(at, next);
        assert_true(check->depth > 0 || next == end);
        at = next;
    }
    assert_int_equal(check->depth, 0);
    for (size_t i = 0; i < check->name_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(check->names[i], check->names[k]) == 0)
                fail_msg("twice: %s", check->names[i]);
    for (size_t i = 0; i < check->reference_count; i++) {
        size_t k = 0;
        while (k < check->name_count && strcmp(check->names[k], check->references[i]) != 0)
            k++;
        if (k == check->name_count)
            fail_msg("leads nowhere: %s", check->references[i]);
    }
    snprintf(title, sizeof title, "<title id=\"%s-title\">", id);
    assert_non_null(strstr(svg, title));
    assert_ptr_equal(strstr(svg, "<title"), strstr(svg, title));
    assert_null(strstr(strstr(svg, title) + 1, "<title"));
    assert_non_null(strstr(svg, "role=\"img\" aria-labelledby=\""));
    assert_null(strstr(svg, "Produced by"));
    free(check);
}

#endif
