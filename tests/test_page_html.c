#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/digest.h"
#include "reports/emit.h"
#include "reports/page/chart_data.h"
#include "reports/page/html.h"
#include "tests/page_reader.h"

extern const struct page_writer page_html;

static const char drawing[] = "<svg role=\"img\" aria-label=\"x\"></svg>";
static const struct picture drawn[] = {{(char *)drawing, sizeof drawing - 1}, {(char *)drawing, sizeof drawing - 1}};

static struct chart *bars(const char *id, const char *text)
{
    struct chart *chart = chart_new(id, text);
    struct chart_panel *panel = chart_panel(chart, CHART_BARS, text, text, text);
    size_t series = chart_series(chart, panel, text), row = chart_row(chart, panel, "%s", text);

    chart_finding(chart, "%s", text);
    chart_foot(chart, "%s", text);
    chart_add(chart, panel, series, 47.41234, (double)row, 46.1, 48.8, text);
    chart_add(chart, panel, series, 1310000000, (double)row, NAN, NAN, NULL);
    return chart;
}

/* A page of every kind of block that says `text` wherever a text can stand. */
static void fill(struct page *page, const char *text)
{
    struct grid *grid;

    page_open(page, text, text);
    page_badge(page, "%s", text);
    page_section(page, "one", text);
    for (enum block_kind kind = BLOCK_TEXT; kind <= BLOCK_WARNING; kind++)
        page_text(page, kind, "%s", text);
    page_item(page, MARK_PART, "%s", text);
    page_pair(page, MARK_NO, text, "%s", text);
    page_link(page, "other.html", "%s", text);
    page_link(page, text, "%s", text);
    page_section(page, "two", text);
    grid = page_grid(page, "grid", text);
    grid->folded = true;
    grid->sortable = true;
    grid_column(grid, text, text, false);
    grid_column(grid, text, text, true);
    grid_text(grid, "%s", text);
    grid_href(grid, "a.html");
    grid_value(grid, 0.125, "%s", text);
    grid_href(grid, text);
    grid_share(grid, 0.43);
    grid_mark(grid, MARK_PREDICTED);
    page_chart(page, bars("bars", text));
    page_section(page, "empty", "Never seen");
    page_attach(page, text, text, "\0\xff{}", 4);
}

static char *written(const char *text, const struct page_style *style)
{
    struct page page;
    char *html;

    fill(&page, text);
    assert_false(page.failed);
    html = page_written(&page_html, &page, style);
    page_close(&page);
    return html;
}

static void test_rules_of_html(void **state)
{
    const struct page_style style = {.pictures = drawn, .sorts = true, .home = "../index.html"};
    char *html = written("plain", &style);

    (void)state;
    assert_nested(html);
    assert_ids(html);
    assert_lacks(html, "{{");
    assert_lacks(html, "Never seen");
    assert_int_equal(times(html, "<h1>"), 1);
    assert_int_equal(times(html, "<h2>"), 3);
    assert_has(html, "<html lang=\"en\">");
    assert_has(html, "<a href=\"../index.html\">");
    assert_has(html, "<th scope=\"row\"><a href=\"a.html\">plain</a></th>");
    assert_has(html, "<td class=\"number\" data-value=\"0.125\"><span class=\"sign \" aria-hidden=\"true\">○</span> "
                     "<span class=\"hidden\">predicted </span>");
    assert_has(html, "width=\"43.0\"");
    assert_has(html, drawing);
    free(html);
}

static void test_nothing_is_loaded(void **state)
{
    static const char *const loads[] = {" src=", "url(", "@import", "<link", "http:", "https:", " style=", "<iframe"};
    const struct page_style style = {.pictures = drawn};
    char *html = written("plain", &style);

    (void)state;
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
        assert_lacks(html, loads[i]);
    assert_lacks(html, "<script");
    assert_lacks(html, "data-value");
    assert_has(html, "default-src &#39;none&#39;");
    free(html);
}

/* The policy holds the hash of what stands between those tags. */
static void assert_allowed(const char *html, const char *directive, const char *open, const char *close)
{
    const char *from = strstr(html, open), *to = from ? strstr(from, close) : NULL;
    unsigned char digest[DIGEST_BYTES];
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    assert_non_null(to);
    assert_non_null(out);
    from += strlen(open);
    assert_true(digest_raw(from, (size_t)(to - from), digest));
    fprintf(out, "%s &#39;sha256-", directive);
    emit_base64(out, digest, sizeof digest);
    fputs("&#39;", out);
    fclose(out);
    assert_has(html, text);
    free(text);
}

static void test_policy(void **state)
{
    const struct page_style still = {.pictures = drawn}, sorts = {.pictures = drawn, .sorts = true};
    struct page page;
    char *html = written("plain", &sorts);

    (void)state;
    assert_allowed(html, "style-src", "<style>", "</style>");
    assert_allowed(html, "script-src", "<script>", "</script>");
    free(html);
    html = written("plain", &still);
    assert_lacks(html, "script-src");
    free(html);
    page_open(&page, "no table", ""); /* and so nothing to sort */
    html = page_written(&page_html, &page, &sorts);
    assert_lacks(html, "script");
    assert_nested(html);
    free(html);
    page_close(&page);
}

static void test_hostile_texts(void **state)
{
    static const char *const texts[] = {
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</style></title><b>",
        "javascript:alert(1)",
        "{{{title}}}",
        "--><!--",
        "\xff\xfe\x80<\xc0",
        "a\nb\x1b\xe2\x80\xae<i>",
        "%s%n",
        "",
        "//evil.example/x",
        "<![CDATA[",
        "&lt;b&gt;",
    };
    const struct page_style style = {.pictures = drawn, .sorts = true, .home = "javascript:alert(1)"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *html = written(texts[i], &style);

        assert_nested(html);
        assert_ids(html);
        assert_utf8(html);
        assert_int_equal(times(html, "<script"), 1); /* our own */
        assert_lacks(html, "<img");
        assert_lacks(html, "<b>");
        assert_lacks(html, "href=\"javascript");
        assert_lacks(html, "href=\"//");
        assert_lacks(html, "\xe2\x80\xae");
        free(html);
    }
}

/* Every place a text can stand in says it, unchanged but for its escapes. */
static void test_every_text_is_there(void **state)
{
    const struct page_style style = {.pictures = drawn};
    char *plain = written("q%7w", &style), *marked = written("q<7w", &style);

    (void)state;
    assert_int_equal(times(plain, "q%7w"), times(marked, "q&#60;7w"));
    assert_lacks(marked, "q<7w");
    assert_true(times(marked, "q&#60;7w") > 25);
    free(plain);
    free(marked);
}

/* Validators take 70 characters, of the source. */
static void test_title_of_the_window(void **state)
{
    static const char *const titles[][2] = {
        {"", ""},
        {"1234567890123456789012345678901234567890123456789012345678901234567890",
         "1234567890123456789012345678901234567890123456789012345678901234567890"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901",
         "123456789012345678901234567890123456789012345678901234567890123456789…"},
        {"<<<<<<<<<<<<<<<<<<<<", "&#60;&#60;&#60;&#60;&#60;&#60;&#60;&#60;&#60;&#60;&#60;&#60;&#60;…"},
    };
    const struct page_style style = {0};

    (void)state;
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        char want[200], *html;
        struct page page;

        page_open(&page, titles[i][0], "");
        html = page_written(&page_html, &page, &style);
        snprintf(want, sizeof want, "<title>%s</title>", titles[i][1]);
        assert_has(html, want);
        free(html);
        page_close(&page);
    }
}

static void test_long_texts_are_cut(void **state)
{
    const struct page_style style = {.pictures = drawn};
    static char text[10001];
    char *html;

    (void)state;
    memset(text, 'a', sizeof text - 1);
    html = written(text, &style);
    assert_nested(html);
    assert_has(html, "a…</h1>");
    assert_has(html, "a…</a></th>");
    assert_true(times(html, "…") > 20);
    assert_true(strlen(html) < 300000); /* addresses and the data of charts stay whole */
    free(html);
}

static void test_hrefs(void **state)
{
    static const char *const good[] = {"a.html", "../b/c.html#d",         "#top", "?x=1:2",
                                       "a/b:c",  "https://example.org/x", "/x"};
    static const char *const bad[] = {"",
                                      "javascript:alert(1)",
                                      "java\nscript:x",
                                      " javascript:x",
                                      "data:text/html,x",
                                      "//host/x",
                                      "\\\\host",
                                      "/\\host",
                                      "/\t/host",
                                      "http://plain.example/",
                                      "C:\\x"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(html_href_allowed(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(html_href_allowed(bad[i]));
}

static void test_files(void **state)
{
    const struct page_style style = {0};
    struct page page;
    char *html, *large = calloc(1, 8000000);

    (void)state;
    assert_non_null(large);
    page_open(&page, "files", "");
    page_attach(&page, "a b.json", "application/json", "f\0\xff", 3);
    page_attach(&page, "bad", "text/html,<script>", "foo", 3);
    html = page_written(&page_html, &page, &style);
    assert_nested(html);
    assert_has(html, "<a download=\"a b.json\" href=\"data:application/json;base64,ZgD/\">a b.json</a>, 3 B");
    assert_has(html, "href=\"data:application/octet-stream;base64,Zm9v\"");
    assert_has(html, "SHA-256 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
    assert_has(html, "<a href=\"#files\">Files</a>");
    free(html);
    page_attach(&page, "large", "text/plain", large, 8000000 - 6); /* just so many as are carried */
    html = page_written(&page_html, &page, &style);
    assert_int_equal(times(html, " download="), 3);
    free(html);
    page_attach(&page, "one more", "text/plain", "x", 1);
    html = page_written(&page_html, &page, &style);
    assert_lacks(html, " download=");
    assert_has(html, "too large to be carried");
    assert_int_equal(times(html, "SHA-256"), 4);
    assert_true(strlen(html) < 20000);
    free(html);
    free(large);
    page_close(&page);
}

static void test_charts_not_drawn(void **state)
{
    const struct picture none[2] = {{NULL, 0}, {NULL, 0}};
    const struct page_style style = {.pictures = none, .undrawn = "no <gnuplot>"};
    char *html = written("plain", &style);

    (void)state;
    assert_nested(html);
    assert_has(html, "This chart is not drawn: no &#60;gnuplot&#62;.");
    assert_has(html, "<details open>");
    assert_has(html, ">47.41</td>");
    assert_has(html, ">46.1 – 48.8</td>");
    assert_has(html, ">1310000000</td>");
    assert_lacks(html, "<svg role");
    free(html);
}

static void test_chart_data(void **state)
{
    struct chart *chart = chart_new("over-time", "Over time");
    struct chart_panel *panel = chart_panel(chart, CHART_LINES, "Clock, GHz", "minutes", "GHz");
    char *bytes, name[CHART_DATA_NAME];
    size_t length;
    struct page page;
    const struct grid *grid;

    (void)state;
    for (int i = 0; i < 3; i++)
        chart_add(chart, panel, i ? 0 : chart_series(chart, panel, "a \"b\""), i / 3., 2.5, 2, NAN, i ? NULL : "x");
    assert_true(chart_data_file(chart, name, &bytes, &length));
    assert_string_equal(name, "over-time.csv");
    assert_int_equal(length, strlen(bytes));
    assert_string_equal(bytes, "panel,quantity,series,row,x,value,low,high,label\r\n"
                               "\"Clock, GHz\",GHz,\"a \"\"b\"\"\",,0,2.5,2,,x\r\n"
                               "\"Clock, GHz\",GHz,\"a \"\"b\"\"\",,0.3333333333333333,2.5,2,,\r\n"
                               "\"Clock, GHz\",GHz,\"a \"\"b\"\"\",,0.6666666666666666,2.5,2,,\r\n");
    free(bytes);
    page_open(&page, "", "");
    page_section(&page, "s", "S");
    chart_data_grids(chart, &page, 2);
    grid = page.sections[0].blocks[0].grid;
    assert_int_equal(grid->column_count, 5);
    assert_int_equal(grid_rows(grid), 2); /* no more than asked for */
    assert_string_equal(grid->cells[6].text, "0.3333");
    assert_string_equal(grid->cells[8].text, "–");
    assert_int_equal(chart_data_count(chart), 3);
    page_close(&page);
    chart_free(chart);
}

static void test_lost_content_is_no_page(void **state)
{
    const struct page_style style = {0};
    struct error error = {0};
    struct page page;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    assert_non_null(out);
    page_open(&page, "", "");
    page.failed = true;
    assert_int_equal(page_html.write(&page, &style, out, &error), STATUS_MEMORY);
    assert_int_equal(error.status, STATUS_MEMORY);
    fclose(out);
    assert_int_equal(length, 0);
    free(text);
    page_close(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_of_html),
        cmocka_unit_test(test_nothing_is_loaded),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_every_text_is_there),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_title_of_the_window),
        cmocka_unit_test(test_hrefs),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_charts_not_drawn),
        cmocka_unit_test(test_chart_data),
        cmocka_unit_test(test_lost_content_is_no_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
