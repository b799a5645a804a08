#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart.h"
#include "reports/chart_layout.h"
#include "reports/chart_scale.h"
#include "reports/chart_svg.h"
#include "tests/scratch_tree.h"
#include "tests/svg_check.h"

static struct chart *small_chart(const char *id)
{
    struct chart *chart = chart_new(id, "Small");
    struct chart_panel *panel = chart_panel(chart, CHART_BARS, "", "seconds", "");

    chart_series(chart, panel, "one");
    chart_add(chart, panel, 0, 3, (double)chart_row(chart, panel, "row"), 2, 4, NULL);
    return chart;
}

/* ---- scales ------------------------------------------------------------------------------------------------------------ */

static struct scale scale_of(double low, double high, bool log, bool zero)
{
    struct scale scale = {.log = log};

    scale_include(&scale, low);
    scale_include(&scale, high);
    scale_end(&scale, zero, 0.05);
    return scale;
}

static void expect_ticks(double low, double high, bool log, size_t wanted, const char *expected)
{
    struct scale scale = scale_of(low, high, log, false);
    struct scale_tick ticks[SCALE_TICKS_MAX];
    char text[512] = "";
    size_t count = scale_ticks(&scale, wanted, ticks), length = 0;

    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i ? " " : "", ticks[i].text);
    assert_string_equal(text, expected);
}

static void test_ticks(void **state)
{
    (void)state;
    expect_ticks(0, 60, false, 4, "0 20 40 60");
    expect_ticks(0.95, 1.1, false, 4, "0.95 1.00 1.05 1.10");
    expect_ticks(-3, 1, false, 4, "-3 -2 -1 0 1");
    expect_ticks(0, 2.5e6, false, 3, "0M 1M 2M");
    expect_ticks(1e9, 1e9, false, 2, "0.95G 1.00G 1.05G");
    expect_ticks(1, 1e4, true, 5, "1 10 100 1000 10000");
    expect_ticks(1e-6, 1e6, true, 5, "10⁻⁶ 0.001 1 1000 1M");
    expect_ticks(10, 60, true, 4, "10 20 50");
    expect_ticks(1e10, 8e11, true, 6, "10G 20G 50G 100G 200G 500G");
    expect_ticks(40, 44, true, 4, "35 40 45 50 55");
}

static void test_ticks_anywhere(void **state)
{
    (void)state;
    for (int low = -40; low <= 40; low += 5)
        for (int high = low; high <= 40; high += 5)
            for (int k = 0; k < 4; k++) {
                struct scale scale = scale_of((k & 2 ? -1 : 1) * pow(10, low), pow(10, high), k & 1, k & 1);
                struct scale_tick ticks[SCALE_TICKS_MAX];
                size_t count = scale_ticks(&scale, 5, ticks);
                assert_true(isfinite(scale.low) && isfinite(scale.high) && scale.low < scale.high);
                assert_true(count >= 1 && count <= SCALE_TICKS_MAX);
                for (size_t i = 0; i < count; i++) {
                    double place = scale_place(&scale, ticks[i].at);
                    assert_true(*ticks[i].text && strlen(ticks[i].text) < 16);
                    assert_true(place >= 0 && place <= 1);
                    assert_true(i == 0 || ticks[i].at > ticks[i - 1].at);
                }
            }
}

static void test_scale(void **state)
{
    struct scale scale = scale_of(10, 20, false, true);

    (void)state;
    assert_true(scale.low == 0 && scale.high > 20);
    scale = scale_of(0, 0, false, true);
    assert_true(scale.low == 0 && scale.high >= 1);
    scale = scale_of(NAN, 1e300, false, true);
    assert_false(scale.used);
    assert_true(scale_place(&scale, INFINITY) == 1 && scale_place(&scale, -1e300) == 0);
    scale = scale_of(-5, 100, true, false);
    assert_false(scale_takes(&scale, 0));
    assert_true(scale.low > 0 && scale.low < 100 && scale.high > 100);
}

static void test_numbers(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0, "0"},         {48.13, "48.1"},      {9.996, "10.0"},      {999.6, "1000"},
                {1234.4, "1234"}, {99999, "99999"},     {123456, "123k"},     {7.6e11, "760G"},
                {-2.5, "-2.50"},  {0.00123, "0.00123"}, {4.5e-7, "4.50e-07"}, {1e29, "1.00e+29"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[SCALE_TEXT_MAX];
        scale_number(text, rows[i].value);
        assert_string_equal(text, rows[i].text);
    }
}

/* ---- layout ------------------------------------------------------------------------------------------------------------ */

static void test_texts(void **state)
{
    char *text = layout_text("a\nb\x1b\xff", 200, 14);

    (void)state;
    assert_string_equal(text, "a b��");
    free(text);
    text = layout_text("a name that is too long", 80, 14);
    assert_true(layout_text_width(text, 14) <= 80);
    assert_string_equal(text + strlen(text) - 3, "…");
    assert_int_equal(strncmp(text, "a name", 6), 0);
    free(text);
    text = layout_text("abc", 1, 14);
    assert_string_equal(text, "…");
    free(text);
    text = layout_text(NULL, 100, 14);
    assert_string_equal(text, "");
    free(text);
}

/* Each figure of a row has a slot of its own; what belongs to it stands in the same. */
static void test_slots(void **state)
{
    struct chart *chart = chart_new("slots", "");
    struct chart_panel *panel = chart_panel(chart, CHART_BARS, "", "", "");
    struct layout layout;
    double half, first, second;

    (void)state;
    for (int i = 0; i < 4; i++)
        chart_series(chart, panel, "");
    panel->series[2].raw = true;
    panel->series[2].like = 1;
    panel->series[3].limit = true;
    chart_row(chart, panel, "row");
    chart_row(chart, panel, "row");
    chart_add(chart, panel, 0, 1, 1, NAN, NAN, NULL);
    chart_add(chart, panel, 1, 2, 0, NAN, NAN, NULL);
    chart_add(chart, panel, 1, 3, 1, NAN, NAN, NULL);
    chart_add(chart, panel, 2, 3, 1, NAN, NAN, NULL);
    chart_add(chart, panel, 3, 3, 1, NAN, NAN, NULL);
    assert_int_equal(layout_slot_of(panel, 0, 0), 0);
    assert_int_equal(layout_slot_of(panel, 1, 0), 0);
    assert_int_equal(layout_slot_of(panel, 1, 1), 1);
    assert_int_equal(layout_slot_of(panel, 2, 0), 1);
    assert_true(layout_slot_of(panel, 3, 0) == SIZE_MAX);
    layout_open(&layout, chart, false);
    assert_false(layout.failed);
    assert_int_equal(layout.panel[0].row[0].slots, 1);
    assert_int_equal(layout.panel[0].row[1].slots, 2);
    first = layout_slot(&layout.panel[0].row[1], 0, &half);
    second = layout_slot(&layout.panel[0].row[1], 1, &half);
    assert_true(second - first >= 2 * half - 1e-9 && half > 8);
    assert_true(layout.panel[0].row[0].bottom < layout.panel[0].row[1].top);
    assert_true(layout.height > layout.panel[0].bottom && layout.left < layout.right && layout.values < LAYOUT_WIDTH);
    layout_close(&layout);
    chart_free(chart);
}

/* ---- SVG --------------------------------------------------------------------------------------------------------------- */

static void test_svg(void **state)
{
    static const char drawn[] =
        "<?xml version=\"1.0\"?>\n<svg \n viewBox=\"0 0 560 9\"\n xmlns=\"http://www.w3.org/2000/svg\"\n>\n"
        "<title>Gnuplot</title>\n<desc>Produced by GNUPLOT</desc>\n<g id=\"canvas\">\n<defs><circle id='gpDot' "
        "r='0.5'/>"
        "<filter id='textbox' x='0'><feFlood result='b'/></filter></defs>\n"
        "<pattern id='p'><path style='fill:none; stroke:rgb(0,1,2)' d='M0'/></pattern>\n"
        "<use xlink:href='#gpDot' color='red'/><polygon  fill = 'url(#p)' points = '1,2'/>\n"
        "<g id=\"plot_1\" ><title>plot_1</title><text font-family=\"sans-serif:Bold\">a &lt;b> "
        "c</text></g></g>\n</svg>\nrest";
    struct chart *chart = chart_new("c1", "A & B");
    struct picture picture;
    struct error error = {0};

    (void)state;
    assert_int_equal(chart_svg(chart, drawn, sizeof drawn - 1, &picture, &error), STATUS_OK);
    svg_check(picture.bytes, picture.length, "c1");
    assert_non_null(strstr(picture.bytes, "<use xlink:href=\"#c1-gpDot\" color=\"red\"/>"));
    assert_non_null(strstr(picture.bytes, "<polygon fill=\"url(#c1-p)\" points=\"1,2\"/>"));
    assert_non_null(strstr(picture.bytes, "<path fill=\"none\" stroke=\"rgb(0,1,2)\" d=\"M0\"/>"));
    assert_non_null(strstr(picture.bytes, "<g id=\"c1-plot_1\"><text font-weight=\"bold\">a &lt;b&gt; c</text></g>"));
    assert_null(strstr(picture.bytes, "filter"));
    assert_null(strstr(picture.bytes, "rest"));
    free(picture.bytes);
    for (size_t length = 0; length < sizeof drawn - 10; length++) {
        char *part = malloc(length + 1);
        assert_non_null(part);
        memcpy(part, drawn, length);
        assert_int_equal(chart_svg(chart, part, length, &picture, &error), STATUS_FAILED);
        assert_null(picture.bytes);
        free(part);
    }
    chart_free(chart);
}

/* ---- gnuplot ----------------------------------------------------------------------------------------------------------- */

/* Draws two charts with a gnuplot of our making; without script: with none. */
static enum status draw_with(const char *script, enum chart_form form, struct error *error)
{
    struct chart *first = small_chart("first"), *second = small_chart("second");
    const struct chart *const charts[] = {first, second};
    struct picture pictures[2] = {{(char *)"x", 1}, {(char *)"x", 1}};
    char *path = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin"), full[PATH_MAX];
    struct scratch_tree tree;
    enum status status;

    scratch_open(&tree);
    if (script) {
        scratch_write(&tree, "gnuplot", script);
        scratch_path(&tree, "gnuplot", full, sizeof full);
        assert_int_equal(chmod(full, 0755), 0);
    }
    setenv("PATH", tree.root, 1);
    status = chart_draw(charts, 2, form, pictures, error);
    setenv("PATH", path, 1);
    scratch_close(&tree);
    for (int i = 0; i < 2; i++)
        assert_true(status == STATUS_OK || (!pictures[i].bytes && !pictures[i].length));
    for (int i = 0; i < 2; i++)
        free(pictures[i].bytes);
    chart_free(first);
    chart_free(second);
    free(path);
    return status;
}

static void test_without_gnuplot(void **state)
{
    struct error error = {0};

    (void)state;
    assert_int_equal(draw_with(NULL, CHART_SVG, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "gnuplot is not installed, so the charts were left out"));
    assert_non_null(strstr(error.text, "gnuplot-nox"));
}

static void test_gnuplot_fails(void **state)
{
    static const char half[] = "#!/bin/sh\nprintf '<svg>\\n</svg>\\n\\n<<pocketmark picture 0>>\\n<svg>'\n";
    struct error error = {0};

    (void)state;
    assert_int_equal(draw_with("#!/bin/sh\necho 'no such terminal' >&2\nexit 1\n", CHART_PNG, &error), STATUS_FAILED);
    assert_non_null(strstr(error.text, "no such terminal"));
    assert_int_equal(draw_with("#!/bin/sh\nkill -SEGV $$\n", CHART_PNG, &error), STATUS_FAILED);
    assert_int_equal(draw_with("#!/bin/sh\nexit 0\n", CHART_SVG, &error), STATUS_FAILED);
    assert_non_null(strstr(error.text, "first"));
    assert_int_equal(draw_with(half, CHART_SVG, &error), STATUS_FAILED);
    assert_non_null(strstr(error.text, "second"));
    assert_int_equal(draw_with(half, CHART_PDF, &error), STATUS_FAILED);
    assert_non_null(strstr(error.text, "no picture of first"));
}

/* In one process, each with its own ids; the same again gives the same bytes. */
static void test_together(void **state)
{
    struct chart *first = small_chart("first"), *second = small_chart("second");
    const struct chart *const charts[] = {first, second};

    (void)state;
    for (enum chart_form form = CHART_SVG; form <= CHART_PDF; form++) {
        struct picture once[2], again[2];
        struct error error = {0};
        enum status status = chart_draw(charts, 2, form, once, &error);
        if (status == STATUS_UNSUPPORTED)
            break;
        assert_int_equal(status, STATUS_OK);
        assert_int_equal(chart_draw(charts, 2, form, again, &error), STATUS_OK);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(once[i].length, again[i].length);
            assert_memory_equal(once[i].bytes, again[i].bytes, once[i].length);
            if (form <= CHART_SVG_FILE)
                svg_check(once[i].bytes, once[i].length, charts[i]->id);
            free(once[i].bytes);
            free(again[i].bytes);
        }
    }
    chart_free(first);
    chart_free(second);
}

static void test_save(void **state)
{
    struct chart *chart = small_chart("saved"), *empty = chart_new("empty", "Empty");
    struct scratch_tree tree;
    struct error error = {0};
    char base[96], path[128];
    enum status status;

    (void)state;
    scratch_open(&tree);
    snprintf(base, sizeof base, "%s/it's `a` \"b\"", tree.root);
    status = chart_save(chart, base, &error);
    if (status != STATUS_UNSUPPORTED) {
        assert_int_equal(status, STATUS_OK);
        snprintf(path, sizeof path, "%s.svg", base);
        assert_int_equal(access(path, R_OK), 0);
        snprintf(path, sizeof path, "%s.png", base);
        assert_int_equal(access(path, R_OK), 0);
    }
    assert_int_equal(chart_save(empty, base, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "nothing to draw"));
    assert_int_equal(chart_save(chart, "/nonexistent/folder/r", &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/nonexistent/folder/r.svg"));
    scratch_close(&tree);
    chart_free(chart);
    chart_free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticks),         cmocka_unit_test(test_ticks_anywhere),
        cmocka_unit_test(test_scale),         cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_texts),         cmocka_unit_test(test_slots),
        cmocka_unit_test(test_svg),           cmocka_unit_test(test_without_gnuplot),
        cmocka_unit_test(test_gnuplot_fails), cmocka_unit_test(test_together),
        cmocka_unit_test(test_save),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
