#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/json_syntax.h"
#include "reports/text.h"

static void assert_copy(const char *text, enum text_form form, const char *want)
{
    char *copy = text_copy(text, form);

    assert_non_null(copy);
    assert_string_equal(copy, want);
    free(copy);
}

static void test_repairs_utf8(void **state)
{
    (void)state;
    assert_copy("llama ±µ – 模型 🦙", TEXT_UTF8, "llama ±µ – 模型 🦙");
    assert_copy("a\xff"
                "b",
                TEXT_UTF8,
                "a\xef\xbf\xbd"
                "b");
    assert_copy("\xc0\xaf", TEXT_UTF8, "\xef\xbf\xbd\xef\xbf\xbd");                 /* overlong */
    assert_copy("\xed\xa0\x80", TEXT_UTF8, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* surrogate */
    assert_copy("\xf4\x90\x80\x80", TEXT_UTF8, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_copy("\xe2\x82", TEXT_UTF8, "\xef\xbf\xbd\xef\xbf\xbd"); /* cut off */
    assert_copy("\xef\xbf\xbd", TEXT_UTF8, "\xef\xbf\xbd");         /* U+FFFD itself is fine */
    assert_copy("a\nb\x1b[31m", TEXT_UTF8, "a\nb\x1b[31m");
}

static void test_one_line(void **state)
{
    (void)state;
    assert_copy("a\nb\tc", TEXT_LINE, "a b c");
    assert_copy("\x1b[31m\x7f", TEXT_LINE, "\xef\xbf\xbd[31m\xef\xbf\xbd");
    assert_copy("\xc2\x9b", TEXT_LINE, "\xef\xbf\xbd"); /* C1: a control sequence on some terminals */
    assert_copy("48 ±0.4 µs – 模", TEXT_ASCII, "48 +/-0.4 us - ?");
    assert_copy("\xff\x1b\n", TEXT_ASCII, "?? ");
}

static void assert_fit(const char *text, enum text_form form, size_t columns, const char *want)
{
    char *shown = text_fit(text, form, columns);

    assert_string_equal(shown, want);
    free(shown);
}

static void test_fits(void **state)
{
    (void)state;
    assert_fit("", TEXT_LINE, 3, "");
    assert_fit("abcdef", TEXT_LINE, 6, "abcdef");
    assert_fit("abcdef", TEXT_LINE, 5, "ab…ef");
    assert_fit("abcdef", TEXT_LINE, 4, "ab…f");
    assert_fit("abcdef", TEXT_LINE, 3, "a…f");
    assert_fit("abcdef", TEXT_ASCII, 5, "ab..f");
    assert_fit("äöüßéè", TEXT_LINE, 5, "äö…éè");
    assert_fit("模模模模模模", TEXT_ASCII, 4, "?..?");
}

/* A mark that turns the direction would rearrange the line that the name stands on. */
static void test_direction(void **state)
{
    (void)state;
    assert_copy("a\xe2\x80\xae"
                "b",
                TEXT_LINE,
                "a\xef\xbf\xbd"
                "b");
    assert_copy("\xe2\x81\xa6\xe2\x81\xa9\xd8\x9c\xe2\x80\x8f", TEXT_LINE,
                "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_copy("a\xe2\x80\xa8"
                "b",
                TEXT_LINE,
                "a\xef\xbf\xbd"
                "b");
    assert_copy("a\xe2\x80\xae"
                "b",
                TEXT_UTF8,
                "a\xe2\x80\xae"
                "b");
    assert_copy("a\xe2\x80\xae"
                "b",
                TEXT_ASCII, "a?b");
}

static void test_hides_homes(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"/home/ann/my model.gguf: cannot read", "~/my model.gguf: cannot read"},
        {"cannot open '/home/ann': gone, /Users/bob/x", "cannot open '~': gone, ~/x"},
        {"/root/a /rooted/b /root", "~/a /rooted/b ~"},
        {"/srv/people/eve/x /srv/people/evelyn/x", "~/x /srv/people/evelyn/x"},
        {"/home/ /homes/x /sys/class/powercap", "/home/ /homes/x /sys/class/powercap"},
        {"-fdebug-prefix-map=/home/ann/build=.", "-fdebug-prefix-map=~/build=."},
    };
    const char *before = getenv("HOME");
    char *home = before ? strdup(before) : NULL, text[100];

    (void)state;
    setenv("HOME", "/srv/people/eve/", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        strcpy(text, cases[i][0]);
        text_hide_homes(text);
        assert_string_equal(text, cases[i][1]);
    }
    setenv("HOME", "/", 1);
    strcpy(text, "/usr/share");
    text_hide_homes(text);
    assert_string_equal(text, "/usr/share");
    if (home)
        setenv("HOME", home, 1);
    else
        unsetenv("HOME");
    free(home);
}

static void test_columns(void **state)
{
    (void)state;
    assert_int_equal(text_columns(""), 0);
    assert_int_equal(text_columns("±0.4 –"), 6);
    assert_int_equal(text_bytes("±±±", 2), 4);
    assert_int_equal(text_bytes("ab", 9), 2);
}

static void test_date_time(void **state)
{
    static const char *const good[] = {"2026-11-22T15:04:05Z", "2024-02-29T23:59:60Z", "2026-11-22T15:04:05.123456789Z",
                                       "2026-11-22T15:04:05+05:30", "2000-02-29T00:00:00-00:00"};
    static const char *const bad[] = {"",
                                      "2026-11-22",
                                      "2026-11-22T15:04:05",
                                      "2026-11-22 15:04:05Z",
                                      "2026-13-22T15:04:05Z",
                                      "2026-00-22T15:04:05Z",
                                      "2026-02-29T15:04:05Z",
                                      "1900-02-29T15:04:05Z",
                                      "2026-11-31T15:04:05Z",
                                      "2026-11-22T24:04:05Z",
                                      "2026-11-22T15:60:05Z",
                                      "2026-11-22T15:04:61Z",
                                      "2026-11-22T15:04:05.Z",
                                      "2026-11-22T15:04:05Zx",
                                      "2026-11-22T15:04:05+0530",
                                      "2026-11-22T15:04:05+24:00",
                                      "26-11-22T15:04:05Z",
                                      "2026-11-22T15:04:5Z"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(text_is_date_time(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(text_is_date_time(bad[i]));
}

static void test_numbers_read_back(void **state)
{
    static const double values[] = {
        0.1,      1.0 / 3, 0.1 + 0.2, 1e308,  5e-324, 2.2250738585072014e-308, 1e22,
        123456.7, 1e15,    1e16 + 2,  0x1p53, -17.25, 9007199254740993.0,      6.02214076e23};
    char out[TEXT_NUMBER_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        text_number(out, values[i]);
        assert_true(strtod(out, NULL) == values[i]);
    }
    text_number(out, 0.1);
    assert_string_equal(out, "0.1");
    text_number(out, -0.0);
    assert_string_equal(out, "0");
    text_number(out, 1e15);
    assert_string_equal(out, "1000000000000000");
    text_number(out, 42);
    assert_string_equal(out, "42");
}

static enum status check_json(const char *text, struct error *error)
{
    return json_syntax_check(text, strlen(text), error);
}

static void test_json_good(void **state)
{
    static const char *const good[] = {"{}",
                                       "[]",
                                       " null ",
                                       "true",
                                       "\"\"",
                                       "-0",
                                       "0.5e-3",
                                       "1E+2",
                                       "[1, [2, {\"a\": []}]]",
                                       "{\"a\":1,\"a\":2}",
                                       "\"\\u00e9\\ud83e\\udd99\\n\\/\"",
                                       "\"模 \x7f\"",
                                       "1e308",
                                       "1e-400",
                                       "\t{\r\n\"a\" : 1 , \"b\" : 2 }\n"};
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(check_json(good[i], &error), STATUS_OK);
}

static void test_json_bad(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{a:1}",
        "{'a':1}",
        "{\"a\" 1}",
        "[1 2]",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "0x10",
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "1e309",
        "-1e999",
        "nul",
        "truex",
        "[] []",
        "\"a",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"a\nb\"",
        "\"\t\"",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\xef\xbb\xbf{}",
        "// x\n1",
        "[1]x",
        "\"\\",
        "\"\\u1",
        "{\"a\":}",
        "{1:2}",
        "tru",
        "f",
        "1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111"};
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(check_json(bad[i], &error), STATUS_FORMAT);
        assert_non_null(strstr(error.text, "line "));
    }
    assert_int_equal(json_syntax_check("[1]\0", 4, &error), STATUS_FORMAT);
    assert_int_equal(json_syntax_check("\"a\0b\"", 5, &error), STATUS_FORMAT);
    assert_int_equal(check_json("{\n  \"a\": nil\n}", &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "line 2, column 8"));
}

static void test_json_depth(void **state)
{
    enum { DEEP = 1000000 };
    char *text = malloc(DEEP), good[2 * JSON_DEPTH_MAX + 1] = "";
    struct error error;

    (void)state;
    assert_non_null(text);
    memset(text, '[', DEEP);
    assert_int_equal(json_syntax_check(text, DEEP, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "64 deep"));
    memset(good, '[', JSON_DEPTH_MAX);
    memset(good + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    assert_int_equal(check_json(good, &error), STATUS_OK);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repairs_utf8), cmocka_unit_test(test_one_line),          cmocka_unit_test(test_fits),
        cmocka_unit_test(test_direction),    cmocka_unit_test(test_hides_homes),       cmocka_unit_test(test_columns),
        cmocka_unit_test(test_date_time),    cmocka_unit_test(test_numbers_read_back), cmocka_unit_test(test_json_good),
        cmocka_unit_test(test_json_bad),     cmocka_unit_test(test_json_depth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
