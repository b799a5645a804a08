#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/page_reader.h"
#include "tests/scratch_tree.h"

extern const struct page_writer page_pdf;

/* A folder in place of PATH and TMPDIR. */
struct bench {
    struct scratch_tree tree;
    char *path;
};

static int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    scratch_open(&bench->tree);
    bench->path = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    assert_non_null(bench->path);
    setenv("PATH", bench->tree.root, 1);
    setenv("TMPDIR", bench->tree.root, 1);
    *state = bench;
    return 0;
}

static int bench_close(void **state)
{
    struct bench *bench = *state;

    setenv("PATH", bench->path, 1);
    unsetenv("TMPDIR");
    scratch_close(&bench->tree);
    free(bench->path);
    free(bench);
    return 0;
}

static void weasyprint(const struct bench *bench, const char *script)
{
    char path[PATH_MAX];

    scratch_write(&bench->tree, "weasyprint", script);
    scratch_path(&bench->tree, "weasyprint", path, sizeof path);
    assert_int_equal(chmod(path, 0755), 0);
}

static void fill(struct page *page)
{
    struct chart *chart = chart_new("curve", "A <curve>");
    struct chart_panel *panel = chart_panel(chart, CHART_LINES, "", "x", "y");

    page_open(page, "Title", "");
    page_section(page, "s", "S");
    for (int i = 0; i < 100; i++)
        chart_add(chart, panel, i ? 0 : chart_series(chart, panel, ""), i, 12345.5, NAN, NAN, NULL);
    page_chart(page, chart);
    page_attach(page, "../a b\".json", "application/json", "first", 5);
    page_attach(page, "../a b\".json", "application/json", "second", 6);
}

static enum status write_page(char **text, size_t *length, struct error *error)
{
    const struct page_style style = {0};
    struct page page;
    enum status status;
    FILE *out = open_memstream(text, length);

    assert_non_null(out);
    fill(&page);
    status = page_pdf.write(&page, &style, out, error);
    assert_int_equal(fclose(out), 0);
    page_close(&page);
    return status;
}

/* A weasyprint that hands back what it was given, and the files it was told of. */
static void test_what_weasyprint_gets(void **state)
{
    static const char script[] = "#!/bin/sh\nPATH=/usr/bin:/bin\ntee \"$TMPDIR/page\"\necho \"$@ $SOURCE_DATE_EPOCH\"\n"
                                 "for f in $(sed -n 's/.*href=\"file:..\\([^\"]*\\)\">$/\\1/p' \"$TMPDIR/page\"); do\n"
                                 "echo \"${f##*/}:\"; head -n 1 \"$f\"; echo; done\n";
    struct error error = {0};
    char *text, *end;
    size_t length;
    const struct bench *bench = *state;
    char files[PATH_MAX];

    weasyprint(bench, script);
    assert_int_equal(write_page(&text, &length, &error), STATUS_OK);
    assert_int_equal(error.status, STATUS_UNSUPPORTED); /* no gnuplot in that PATH: a warning */
    assert_non_null(strstr(error.text, "gnuplot"));
    end = strstr(text, "</html>\n");
    assert_non_null(end);
    end += strlen("</html>\n");
    assert_string_equal(end, "--quiet --encoding utf-8 - - 0\n_._a_b_.json:\nfirst\n2-_._a_b_.json:\nsecond\n"
                             "curve.csv:\npanel,quantity,series,row,x,value,low,high,label\r\n\n");
    *end = '\0';
    assert_nested(text);
    assert_ids(text);
    assert_lacks(text, " download=");
    assert_lacks(text, "base64,");
    assert_has(text, "A &#60;curve&#62;");
    assert_has(text, "The chart shows 100 values");
    assert_lacks(text, "12345"); /* too many to be printed */
    assert_has(text, " kB, attached to this document");
    free(text);
    /* the folder of the files is gone */
    scratch_path(&bench->tree, "weasyprint", files, sizeof files);
    assert_int_equal(access(files, F_OK), 0);
    snprintf(files, sizeof files, "ls -d '%s'/pocketmark-* >/dev/null 2>&1", bench->tree.root);
    setenv("PATH", "/usr/bin:/bin", 1);
    assert_int_not_equal(system(files), 0);
    setenv("PATH", bench->tree.root, 1);
}

static void test_without_weasyprint(void **state)
{
    struct error error = {0};
    char *text;
    size_t length;

    unlink(strcat(strcpy((char[PATH_MAX]){0}, ((struct bench *)*state)->tree.root), "/weasyprint"));
    assert_int_equal(write_page(&text, &length, &error), STATUS_UNSUPPORTED);
    assert_has(error.text, "weasyprint is not installed");
    assert_has(error.text, "PDF was not written");
    assert_int_equal(length, 0);
    free(text);
    weasyprint(*state, "#!/bin/sh\necho 'no font' >&2\nexit 3\n");
    assert_int_equal(write_page(&text, &length, &error), STATUS_FAILED);
    assert_has(error.text, "no font");
    assert_int_equal(length, 0);
    free(text);
}

static void test_without_a_folder(void **state)
{
    struct error error = {0};
    char *text;
    size_t length;

    setenv("TMPDIR", "/nowhere/at/all", 1);
    assert_int_equal(write_page(&text, &length, &error), STATUS_IO);
    assert_has(error.text, "/nowhere/at/all");
    assert_has(error.text, "TMPDIR");
    free(text);
    setenv("TMPDIR", ((struct bench *)*state)->tree.root, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_weasyprint_gets),
        cmocka_unit_test(test_without_weasyprint),
        cmocka_unit_test(test_without_a_folder),
    };

    return cmocka_run_group_tests(tests, bench_open, bench_close);
}
