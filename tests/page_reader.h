/* Pages as a test looks at them: written to memory, searched, and held against the rules of HTML that matter here. */
#ifndef POCKETMARK_TESTS_PAGE_READER_H
#define POCKETMARK_TESTS_PAGE_READER_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "reports/page/writers.h"
#include "reports/text.h"

enum { READER_DEPTH = 40, READER_IDS = 400, READER_NAME = 80 };

/* The page as that writer makes it, to be freed. */
static inline char *page_written(const struct page_writer *writer, const struct page *page,
                                 const struct page_style *style)
{
    char *text = NULL;
    size_t length;
    struct error error = {0};
    FILE *out = open_memstream(&text, &length);

    assert_non_null(out);
    assert_int_equal(writer->write(page, style, out, &error), STATUS_OK);
    assert_int_equal(fclose(out), 0);
    return text;
}

static inline size_t times(const char *text, const char *word)
{
    size_t count = 0;

    for (; (text = strstr(text, word)) != NULL; text += strlen(word))
        count++;
    return count;
}

static inline void assert_has(const char *text, const char *word)
{
    if (!strstr(text, word))
        fail_msg("the page lacks: %s", word);
}

static inline void assert_lacks(const char *text, const char *word)
{
    if (strstr(text, word))
        fail_msg("the page has: %s", word);
}

static inline bool is_void(const char *name)
{
    static const char *const names[] = {"meta", "link", "img", "input", "br"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Reads the tag at `at`, checks its attributes' quotes and returns what follows it. */
static inline const char *tag_read(const char *at, char name[READER_NAME], bool *closes, bool *empty)
{
    size_t length = 0;

    *closes = at[1] == '/';
    at += 1 + *closes;
    while (isalnum((unsigned char)*at) && length < READER_NAME - 1)
        name[length++] = *at++;
    name[length] = '\0';
    assert_true(length > 0);
    while (*at && *at != '>') {
        if (*at == '"' && !(at = strchr(at + 1, '"')))
            fail_msg("a quote stays open in <%s>", name);
        at++;
    }
    assert_int_equal(*at, '>');
    *empty = at[-1] == '/' || is_void(name);
    return at + 1;
}

/* Every element is closed in its turn, and nothing but tags has an angle bracket. */
static inline void assert_nested(const char *page)
{
    char open[READER_DEPTH][READER_NAME], name[READER_NAME];
    size_t depth = 0;
    const char *at = page + strlen("<!DOCTYPE html>");

    assert_memory_equal(page, "<!DOCTYPE html>", strlen("<!DOCTYPE html>"));
    while ((at = strpbrk(at, "<>")) != NULL) {
        bool closes, empty;

        if (*at == '>')
            fail_msg("a stray angle bracket: %.60s", at - 20);
        at = tag_read(at, name, &closes, &empty);
        if (closes) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
        } else if (!empty) {
            assert_true(depth < READER_DEPTH);
            strcpy(open[depth++], name);
            if (strcmp(name, "style") == 0 || strcmp(name, "script") == 0)
                at = strstr(at, "</");
        }
    }
    assert_int_equal(depth, 0);
}

/* No id twice, and each that is referred to exists. */
static inline void assert_ids(const char *page)
{
    static char ids[READER_IDS][READER_NAME];
    static const char *const references[] = {" href=\"#", " aria-labelledby=\"", " for=\""};
    size_t count = 0;
    char wanted[READER_NAME + 8];

    for (const char *at = page; (at = strstr(at, " id=\"")) != NULL; at++) {
        size_t length = strcspn(at + 5, "\"");

        assert_true(length > 0 && length < READER_NAME && count < READER_IDS);
        snprintf(ids[count], READER_NAME, "%.*s", (int)length, at + 5);
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(ids[i], ids[count]);
        count++;
    }
    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        for (const char *at = page; (at = strstr(at, references[i])) != NULL; at++) {
            const char *id = at + strlen(references[i]);
            snprintf(wanted, sizeof wanted, " id=\"%.*s\"", (int)strcspn(id, "\" "), id);
            assert_has(page, wanted);
        }
}

static inline void assert_utf8(const char *page)
{
    const char *end = page + strlen(page);
    bool valid = true;

    while (page < end)
        text_next(&page, end, &valid);
    assert_true(valid);
}

#endif
